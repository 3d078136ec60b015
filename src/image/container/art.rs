//! Radio calibration of Atheros chips: the `art` partition with the board's addresses and the chips' eeproms in it.
//!
//! AR9300 and later: version 2, template, address, 20 bytes of text. The address may be blank: many boards have it only
//! at the partition's start. AR5416 and its family: magic A55A, the header's
//! words xor to FFFF. ath10k: length, checksum, MAC, the same xor. Facts: Linux ath9k (ar9003_eeprom.h,
//! eeprom_def.c, eeprom_4k.c, eeprom_9287.c), OpenWrt caldata.sh for ath10k.

use super::budget::Look;
use super::bytes::{Endianness, array, mac_at, mac_text, slice, u16_at};
use super::item::{Found, Item, ItemKind, Outcome};
use super::mtk_eeprom::judge_mac;
use super::placeholder;
use crate::image::is_blank;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("art");

/// The partition's length where it has one of its own.
const PARTITION: usize = 0x10000;
/// Where in a partition the eeproms are.
const PLACES: [usize; 2] = [0x1000, 0x5000];
/// Lengths of an ath10k block: QCA988x, QCA99x0 and IPQ4019.
const ATH10K: [u16; 2] = [2116, 12064];
const AR9300: &str = "AR9300";
/// Length of an AR9300's block.
const EEPROM: usize = 0x400;
/// Where the header of the AR5416 family is, counted from the magic number: AR5416 and AR9160, AR9287, AR9285.
const AR5416_HEADERS: [usize; 3] = [0x200, 0x100, 0x80];

/// One chip's calibration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Where it is.
    pub offset: u64,
    /// `AR9300`, `AR5416`, `ath10k`: the family, not the exact chip.
    pub family: &'static str,
    /// Its MAC, where it has one.
    pub mac: Option<[u8; 6]>,
    /// Where the MAC is.
    pub mac_offset: u64,
    /// Where the checksum is that a change of the MAC makes stale, with the covered length.
    pub checksum: Option<(u64, u64)>,
}

/// Reads a chip's calibration at `at`; one with a checksum that does not hold is none.
pub fn parse(bytes: &[u8], at: usize) -> Option<Calibration> {
    ar9300(bytes, at).or_else(|| ar5416(bytes, at)).or_else(|| ath10k(bytes, at))
}

fn ar9300(bytes: &[u8], at: usize) -> Option<Calibration> {
    let head = slice(bytes, at, 0x40)?;
    let mac = station_or_blank(head, 2)?;
    let text = head[8..28].iter().all(|b| *b == 0 || (0x20..0x7f).contains(b));
    // One to three chains for each direction.
    let chains = [head[32] & 0xf, head[32] >> 4].iter().all(|mask| (1..=7).contains(mask));
    (head[0] == 2 && (2..=8).contains(&head[1]) && text && chains).then_some(Calibration {
        offset: at as u64,
        family: AR9300,
        mac,
        mac_offset: at as u64 + 2,
        checksum: None,
    })
}

/// A station's address, or `Some(None)` for a blank one; `None` for what is neither.
fn station_or_blank(bytes: &[u8], at: usize) -> Option<Option<[u8; 6]>> {
    let found: [u8; 6] = array(bytes, at)?;
    let blank = found == [0; 6] || found == [0xff; 6];
    let mac = mac_at(bytes, at);
    (blank || mac.is_some()).then_some(mac)
}

/// An AR9300 whose text and chains say nothing, in its usual place after 4 KiB that hold little but addresses.
fn bare_ar9300(bytes: &[u8], partition: usize, at: usize) -> Option<Calibration> {
    const MOST_FILLED: usize = 64;
    let head = slice(bytes, at, 8)?;
    let mac = station_or_blank(head, 2)?;
    // Without an address, two bytes alone are none: there must be calibration.
    let body = slice(bytes, at, EEPROM).unwrap_or_default();
    let calibrated = body.iter().filter(|b| !matches!(b, 0 | 0xff)).count() > MOST_FILLED;
    let before = slice(bytes, partition, PLACES[0])?;
    let filled = before.iter().filter(|b| !matches!(b, 0 | 0xff)).count();
    let known = head[..2] == [2, 2] && filled <= MOST_FILLED && (mac.is_some() || calibrated);
    known.then_some(Calibration {
        offset: at as u64,
        family: AR9300,
        mac,
        mac_offset: at as u64 + 2,
        checksum: None,
    })
}

fn ar5416(bytes: &[u8], at: usize) -> Option<Calibration> {
    let order = match u16_at(bytes, at, Endianness::Big)? {
        0xa55a => Endianness::Big,
        0x5aa5 => Endianness::Little,
        _ => return None,
    };
    AR5416_HEADERS.iter().find_map(|header| {
        let base = at + header;
        let len = usize::from(u16_at(bytes, base, order)?);
        let covered = slice(bytes, base, len)?;
        ((0x40..0x1000).contains(&len) && xor(covered) == 0xffff).then_some(Calibration {
            offset: at as u64,
            family: "AR5416",
            mac: mac_at(bytes, base + 0xc),
            mac_offset: base as u64 + 0xc,
            checksum: Some((base as u64 + 2, len as u64)),
        })
    })
}

fn ath10k(bytes: &[u8], at: usize) -> Option<Calibration> {
    let len = u16_at(bytes, at, Endianness::Little)?;
    let covered = slice(bytes, at, usize::from(len))?;
    (ATH10K.contains(&len) && xor(covered) == 0xffff).then_some(Calibration {
        offset: at as u64,
        family: "ath10k",
        mac: mac_at(bytes, at + 6),
        mac_offset: at as u64 + 6,
        checksum: Some((at as u64 + 2, u64::from(len))),
    })
}

/// The words of `bytes`, xored; the same in either byte order when it comes out as FFFF.
fn xor(bytes: &[u8]) -> u16 {
    bytes.chunks(2).fold(0, |sum, pair| sum ^ u16::from_le_bytes([pair[0], *pair.get(1).unwrap_or(&0)]))
}

/// What is odd about a chip's address: blank, a group's, a placeholder. Its board may have another one elsewhere.
fn odd_address(bytes: &[u8], chip: &Calibration) -> Option<String> {
    let (outcome, detail) = judge_mac(array(bytes, usize::try_from(chip.mac_offset).ok()?)?);
    (outcome != Outcome::Ok).then(|| format!("{} at {:#x}: {detail}", chip.family, chip.offset))
}

/// True for an AR9300 of which nothing but its first bytes is left.
fn is_blank_after_address(bytes: &[u8], chip: &Calibration) -> bool {
    const HEAD: usize = 8;
    let body =
        usize::try_from(chip.offset).ok().and_then(|at| bytes.get(at + HEAD..bytes.len().min(at + EEPROM)));
    chip.family == AR9300 && body.is_some_and(|body| !body.is_empty() && is_blank(body))
}

/// Reads an `art` partition at an erase block's edge, or a chip's calibration on its own.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let places = if at.is_multiple_of(PARTITION) { &PLACES[..] } else { &[] };
    let inside: Vec<Calibration> = places
        .iter()
        .filter_map(|place| parse(bytes, at + place).or_else(|| bare_ar9300(bytes, at, at + place)))
        .collect();
    let (chips, size) =
        if inside.is_empty() { (vec![parse(bytes, at)?], 0x1000) } else { (inside, PARTITION) };
    let list: Vec<serde_json::Value> = chips
        .iter()
        .map(|chip| {
            serde_json::json!({
                "offset": chip.offset, "family": chip.family, "mac": chip.mac.map(|mac| mac_text(&mac)),
                "mac_note": chip.mac.and_then(|mac| placeholder::name(&mac)),
            })
        })
        .collect();
    let board: Vec<String> = if chips[0].offset == at as u64 {
        Vec::new()
    } else {
        [0, 6].iter().filter_map(|o| mac_at(bytes, at + o)).map(|mac| mac_text(&mac)).collect()
    };
    let item = Item::new(KIND, at as u64, size.min(bytes.len() - at) as u64)
        .with_some("macs", (!board.is_empty()).then_some(board))
        .with("chips", list);
    // Only a block whose words xor to FFFF was taken for one with a checksum.
    let summed = chips.iter().any(|chip| chip.checksum.is_some());
    let item = if summed { item.check("checksum", true, "") } else { item };
    let blank = chips.iter().find(|chip| is_blank_after_address(bytes, chip));
    let item = match blank {
        Some(chip) => item.check(
            "calibration",
            false,
            format!("{} at {:#x}: blank after the address", chip.family, chip.offset),
        ),
        None => item,
    };
    let odd = chips.iter().find_map(|chip| odd_address(bytes, chip));
    Some(Found::leaf(match odd {
        Some(detail) => item.check("mac", Outcome::CannotTell, detail),
        None => item.check("mac", true, ""),
    }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAC: [u8; 6] = [0x14, 0xcc, 0x20, 1, 2, 3];

    /// With the addresses at 10000h and an AR9300 at 11000h.
    pub(crate) fn art() -> Vec<u8> {
        let mut bytes = vec![0xff; 0x20000];
        bytes[0x10000..0x10006].copy_from_slice(&MAC);
        bytes[0x11000..0x11040].fill(0);
        bytes[0x11000..0x11008].copy_from_slice(&[2, 2, MAC[0], MAC[1], MAC[2], MAC[3], MAC[4], MAC[5]]);
        bytes[0x11020] = 0x33;
        bytes
    }

    #[test]
    fn the_partition_with_its_board_mac_and_chip() {
        let item = find(&mut Look::new(&art()), 0x10000).unwrap().item;
        assert_eq!((item.offset, item.size), (0x10000, 0x10000));
        assert_eq!(item.attributes["macs"][0], "14:cc:20:01:02:03");
        assert_eq!(item.attributes["chips"][0]["offset"], 0x11000);
        assert_eq!(item.attributes["chips"][0]["family"], "AR9300");
    }

    #[test]
    fn a_chip_without_text_counts_after_a_block_of_macs_only() {
        let mut bytes = art();
        bytes[0x11008..0x11040].fill(0xff);
        assert!(find(&mut Look::new(&bytes), 0x10000).is_some());
        bytes[0x10000..0x11000].fill(0x31);
        assert!(find(&mut Look::new(&bytes), 0x10000).is_none());
    }

    #[test]
    fn a_chip_with_a_blank_or_placeholder_address_counts_and_one_with_a_group_address_does_not() {
        for (mac, words) in [([0xff; 6], "blank"), ([0; 6], "blank"), ([0, 2, 3, 4, 5, 6], "placeholder")] {
            let mut bytes = art();
            bytes[0x11002..0x11008].copy_from_slice(&mac);
            let item = find(&mut Look::new(&bytes), 0x10000).unwrap().item;
            let check = item.checks.iter().find(|check| check.name == "mac").unwrap();
            assert!(item.is_sound() && check.detail.contains(words), "{check:?}");
            assert_eq!(item.attributes["macs"][0], "14:cc:20:01:02:03");
            // Without text and chains it needs calibration.
            bytes[0x11008..0x11040].fill(0xff);
            if words == "blank" {
                assert!(find(&mut Look::new(&bytes), 0x10000).is_none());
            }
            bytes[0x11040..0x11200].fill(0x21);
            assert!(find(&mut Look::new(&bytes), 0x10000).is_some());
        }
        let mut bytes = art();
        bytes[0x11002] |= 1;
        assert!(find(&mut Look::new(&bytes), 0x10000).is_none());
    }

    #[test]
    fn a_chip_that_is_blank_after_its_address_has_lost_its_calibration() {
        for fill in [0, 0xff] {
            let mut bytes = art();
            bytes[0x11008..0x12000].fill(fill);
            let item = find(&mut Look::new(&bytes), 0x10000).unwrap().item;
            assert_eq!(item.result("calibration"), Some(Outcome::Bad));
            bytes[0x11100] = 0x21;
            assert!(find(&mut Look::new(&bytes), 0x10000).unwrap().item.is_sound());
        }
    }

    #[test]
    fn checksummed_kinds_count_with_a_right_checksum_only() {
        let mut bytes = vec![0; 0x1000];
        bytes[..2].copy_from_slice(&[0xa5, 0x5a]);
        bytes[0x200..0x202].copy_from_slice(&0x180u16.to_be_bytes());
        bytes[0x20c..0x212].copy_from_slice(&MAC);
        let sum = xor(&bytes[0x200..0x380]) ^ 0xffff;
        bytes[0x202..0x204].copy_from_slice(&sum.to_le_bytes());
        let found = parse(&bytes, 0).unwrap();
        assert_eq!((found.family, found.mac, found.mac_offset), ("AR5416", Some(MAC), 0x20c));
        assert_eq!(found.checksum, Some((0x202, 0x180)));
        bytes[0x300] ^= 1;
        assert_eq!(parse(&bytes, 0), None);

        let mut bytes = vec![0; 2116];
        bytes[..2].copy_from_slice(&2116u16.to_le_bytes());
        bytes[6..12].copy_from_slice(&MAC);
        let sum = xor(&bytes) ^ 0xffff;
        bytes[2..4].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(parse(&bytes, 0).unwrap().family, "ath10k");
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x300), at in 0usize..0x320) {
            let _ = (parse(&bytes, at), parse(&[&[0xa5, 0x5a], bytes.as_slice()].concat(), at));
        }
    }
}
