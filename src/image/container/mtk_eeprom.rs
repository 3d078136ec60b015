//! Radio calibration of MediaTek and Ralink chips ("radio", "factory"): chip id, version, address, calibration.
//!
//! There is no sum, and two bytes of an id are soon found in noise. So a block must start with the id of a chip there is,
//! have a station's address and contents after it, and lie free: blank or nothing before and after it, or on one side with a
//! version of two small numbers (drivers do not look at it, and its bytes change places from chip to chip). Facts: Linux
//! mt76 (eeprom.c and eeprom.h of each driver: ids, MT_EE_MAC_ADDR 4; its *_EEPROM_SIZE) and rt2x00 (rt2x00.h: ids;
//! rt2800.h: EEPROM_MAC_ADDR_0, word 2; 200h bytes); MT7600 is what TP-Link writes for a MT7628 (patch to mt7603/eeprom.c).

use super::budget::Look;
use super::bytes::{Endianness::Little, array, mac_at, mac_text, u16_at};
use super::item::{Found, Item, ItemKind, Outcome};
use super::placeholder;
use crate::image::is_blank;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("mtk-eeprom");

/// Where the address is.
pub const MAC_AT: usize = 4;
/// Length of what comes before the calibration: id, version, address.
pub const HEAD: usize = 10;
/// Fewer bytes than these after the head are settings at most and no calibration.
const LEAST_FILLED: usize = 16;
/// Both bytes of a version are below this.
const VERSIONS: u8 = 0x10;
/// As many bytes before and after a block that lies free are blank.
const FREE: usize = 16;

/// Chip ids, the chip's usual name, how long its block is, and the driver that says so.
const CHIPS: [(u16, &str, u64); 51] = [
    // rt2x00: the chips' own numbers, and the PCI ids of those whose blocks have them.
    (0x2860, "RT2860", 0x200),
    (0x2872, "RT2872", 0x200),
    (0x2880, "RT2880", 0x200),
    (0x2883, "RT2883", 0x200),
    (0x3050, "RT3050", 0x200),
    (0x3052, "RT3052", 0x200),
    (0x3060, "RT3060", 0x200),
    (0x3062, "RT3062", 0x200),
    (0x3070, "RT3070", 0x200),
    (0x3071, "RT3071", 0x200),
    (0x3090, "RT3090", 0x200),
    (0x3091, "RT3091", 0x200),
    (0x3092, "RT3092", 0x200),
    (0x3290, "RT3290", 0x200),
    (0x3350, "RT3350", 0x200),
    (0x3352, "RT3352", 0x200),
    (0x3370, "RT3370", 0x200),
    (0x3390, "RT3390", 0x200),
    (0x3562, "RT3562", 0x200),
    (0x3572, "RT3572", 0x200),
    (0x3592, "RT3592", 0x200),
    (0x3593, "RT3593", 0x200),
    (0x3883, "RT3883", 0x200),
    (0x5350, "RT5350", 0x200),
    (0x5360, "RT5360", 0x200),
    (0x5370, "RT5370", 0x200),
    (0x5372, "RT5372", 0x200),
    (0x5390, "RT5390", 0x200),
    (0x5392, "RT5392", 0x200),
    (0x5572, "RT5572", 0x200),
    (0x5592, "RT5592", 0x200),
    (0x6352, "MT7620", 0x200),
    (0x7620, "MT7620", 0x200),
    // mt76x0, mt76x2: 200h.
    (0x7610, "MT7610", 0x200),
    (0x7650, "MT7650", 0x200),
    (0x7602, "MT7602", 0x200),
    (0x7612, "MT7612", 0x200),
    (0x7662, "MT7662", 0x200),
    // mt7603: 400h.
    (0x7600, "MT7628", 0x400),
    (0x7603, "MT7603", 0x400),
    (0x7628, "MT7628", 0x400),
    // mt7615: 400h; MT7663, 600h, which a MT7613 is too (7613 as its id: inferred, not seen).
    (0x7615, "MT7615", 0x400),
    (0x7622, "MT7622", 0x400),
    (0x7613, "MT7613", 0x600),
    (0x7663, "MT7663", 0x600),
    // mt7915: e00h, and 1000h from MT7916 on.
    (0x7915, "MT7915", 0xe00),
    (0x7916, "MT7916", 0x1000),
    (0x7981, "MT7981", 0x1000),
    (0x7986, "MT7986", 0x1000),
    // mt7996: 1e00h.
    (0x7990, "MT7996", 0x1e00),
    (0x7992, "MT7992", 0x1e00),
];

/// A calibration block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eeprom {
    /// The chip's id, `7620`.
    pub chip_id: u16,
    /// The chip's name.
    pub chip: &'static str,
    /// The block's version word.
    pub version: u16,
    /// Its address, where it has one that a single station can have.
    pub mac: Option<[u8; 6]>,
    /// Length of the block.
    pub len: u64,
    /// True where something follows the address; blank is what lost calibration looks like.
    pub filled: bool,
}

/// The name of the chip with this id; `None` for an id of none.
pub fn chip_name(id: u16) -> Option<&'static str> {
    CHIPS.iter().find(|(own, ..)| *own == id).map(|(_, name, _)| *name)
}

/// True where `block` has calibration after its head, wherever in it that is.
pub fn is_filled(block: &[u8]) -> bool {
    let body = block.get(HEAD..).unwrap_or_default();
    body.iter().filter(|b| !matches!(b, 0 | 0xff)).take(LEAST_FILLED).count() == LEAST_FILLED
}

/// Reads the block at `at`, whose place is known to hold one: only the id is asked for.
pub fn parse(bytes: &[u8], at: usize) -> Option<Eeprom> {
    let chip_id = u16_at(bytes, at, Little)?;
    let (_, chip, len) = *CHIPS.iter().find(|(id, ..)| *id == chip_id)?;
    let version = u16_at(bytes, at + 2, Little)?;
    let end = bytes.len().min(at + len as usize);
    let filled = is_filled(&bytes[at..end]);
    let mac = mac_at(bytes, at + MAC_AT);
    (mac.is_some() || filled).then_some(Eeprom { chip_id, chip, version, mac, len, filled })
}

/// Reads the block at `at`, where nothing says that there is one.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let found = parse(bytes, at)?;
    let versioned = found.version.to_le_bytes().iter().all(|b| *b < VERSIONS);
    let sides = free_sides(bytes, at, found.len as usize);
    let wanted = if versioned && found.mac.is_some() { 1 } else { 2 };
    if (!versioned && found.mac.is_none()) || sides < wanted {
        return None;
    }
    let item = Item::new(KIND, at as u64, found.len)
        .with("chip", found.chip)
        .with("chip_id", format!("{:04x}", found.chip_id))
        .with("version", found.version)
        .with_some("mac", found.mac.map(|mac| mac_text(&mac)))
        .check_fits(bytes.len());
    let detail = if found.filled { "" } else { "blank after the address" };
    let (mac, mac_detail) = judge_mac(array(bytes, at + MAC_AT)?);
    Some(Found::leaf(item.check("calibration", found.filled, detail).check("mac", mac, mac_detail)))
}

/// On how many of its two sides the block at `at` touches no other data.
fn free_sides(bytes: &[u8], at: usize, len: usize) -> usize {
    let before = &bytes[at.saturating_sub(FREE)..at];
    let after = bytes.get(at + len..).unwrap_or_default();
    [before, &after[..after.len().min(FREE)]].into_iter().filter(|side| is_blank(side)).count()
}

/// What an address in a block of calibration is worth.
pub(super) fn judge_mac(mac: [u8; 6]) -> (Outcome, String) {
    match (mac_at(&mac, 0), placeholder::name(&mac)) {
        (Some(_), None) => (Outcome::Ok, String::new()),
        (Some(mac), Some(kind)) => (Outcome::CannotTell, format!("{}: {kind}", mac_text(&mac))),
        (None, _) if mac == [0; 6] || mac == [0xff; 6] => {
            (Outcome::CannotTell, "blank: the board may have it elsewhere".to_owned())
        }
        (None, _) => (Outcome::Bad, format!("{} is not one station's address", mac_text(&mac))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::synthetic::noise;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const MAC: [u8; 6] = [0x30, 0xb5, 0xc2, 0xa1, 0xb2, 0xc3];

    fn block(id: u16, version: [u8; 2], len: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = noise(u64::from(id), len).iter().map(|b| (*b).max(1)).collect();
        bytes[..2].copy_from_slice(&id.to_le_bytes());
        bytes[2..4].copy_from_slice(&version);
        bytes[4..10].copy_from_slice(&MAC);
        bytes
    }

    fn item(bytes: &[u8], at: usize) -> Option<Item> {
        find(&mut Look::new(bytes), at).map(|found| found.item)
    }

    #[test]
    fn a_filled_block_of_every_chip_and_any_order_of_its_version() {
        assert_eq!(CHIPS.iter().map(|(id, ..)| id).collect::<BTreeSet<_>>().len(), CHIPS.len());
        for (id, chip, len) in CHIPS {
            for version in [[0, 0], [2, 0], [0, 2], [5, 1], [1, 1]] {
                let found = item(&block(id, version, len as usize), 0).unwrap();
                assert_eq!((found.size, &found.attributes["chip"]), (len, &chip.into()));
                assert_eq!(found.attributes["mac"], "30:b5:c2:a1:b2:c3");
                assert!(found.is_sound(), "{found:?}");
            }
        }
    }

    #[test]
    fn a_block_that_lies_free_may_have_any_version_and_one_among_data_may_not() {
        let own = block(0x7628, [0x34, 0x12], 0x400);
        let free = [&[0xff; 0x1000][..], &own, &[0xff; 0x1000]].concat();
        assert!(item(&free, 0x1000).is_some() && item(&own, 0).is_some());
        let (noise, blank) = (noise(1, 0x1000), vec![0xff; 0x1000]);
        let small = block(0x7628, [0, 2], 0x400);
        for (before, after, odd_version, small_version) in
            [(&noise, &noise, false, false), (&noise, &blank, false, true), (&blank, &noise, false, true)]
        {
            let among = |own: &[u8]| item(&[&before[..], own, after].concat(), 0x1000).is_some();
            assert_eq!((among(&own), among(&small)), (odd_version, small_version));
        }
    }

    #[test]
    fn calibration_may_start_far_after_the_address() {
        for fill in [0, 0xff] {
            let mut bytes = vec![fill; 0x1000];
            bytes[..10].copy_from_slice(&block(0x7916, [0, 0], 0x10)[..10]);
            assert_eq!(item(&bytes, 0).unwrap().result("calibration"), Some(Outcome::Bad));
            bytes[0x30..0x3c].fill(0x70);
            assert_eq!(item(&bytes, 0).unwrap().result("calibration"), Some(Outcome::Bad), "settings only");
            bytes[0x441..0x451].fill(0x21);
            assert!(item(&bytes, 0).unwrap().is_sound());
        }
    }

    #[test]
    fn addresses_of_no_unit() {
        let mac = |mac: [u8; 6]| {
            let mut bytes = block(0x7620, [2, 0], 0x200);
            bytes[4..10].copy_from_slice(&mac);
            item(&bytes, 0).unwrap().checks.into_iter().find(|check| check.name == "mac").unwrap()
        };
        assert_eq!(mac([0x31, 0xb5, 0xc2, 1, 2, 3]).result, Outcome::Bad, "a group's");
        assert_eq!(mac([0xff; 6]).result, Outcome::CannotTell);
        let ralink = mac([0x00, 0x0c, 0x43, 0x26, 0x60, 0x00]);
        assert!(ralink.result == Outcome::CannotTell && ralink.detail.contains("Ralink"), "{ralink:?}");
        assert!(mac([0, 2, 3, 4, 5, 6]).detail.contains("placeholder"));
    }

    #[test]
    fn neither_a_blank_block_nor_an_id_in_noise_is_one() {
        let mut bytes = block(0x7620, [2, 0], 0x200);
        bytes[4..].fill(0xff);
        assert_eq!(parse(&bytes, 0), None);
        let mut bytes = noise(620, 0x1000);
        bytes[..10].copy_from_slice(&[0x28, 0x76, 0x3c, 0x9f, 0x03, 0x11, 0x22, 0x33, 0x44, 0x55]);
        assert!(item(&bytes, 0).is_none());
        // An id with a station's address, every 4 KiB of 1 MiB of noise.
        let mut bytes = noise(621, 0x10_0000);
        for at in (0..bytes.len()).step_by(0x1000) {
            bytes[at..at + 2].copy_from_slice(&0x7628u16.to_le_bytes());
            bytes[at + 3] |= 0x40;
            bytes[at + 4] &= 0xfe;
        }
        assert!((0..bytes.len()).step_by(0x1000).all(|at| item(&bytes, at).is_none()));
        // With a version of small numbers as well.
        (0..bytes.len()).step_by(0x1000).for_each(|at| bytes[at + 2..at + 4].copy_from_slice(&[2, 0]));
        assert!((0..bytes.len()).step_by(0x1000).filter(|at| item(&bytes, *at).is_some()).count() <= 1);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x100), at in 0usize..0x120) {
            let all = [&[0x20, 0x76, 0, 0], bytes.as_slice()].concat();
            let _ = (parse(&all, at), item(&all, at), is_filled(&all));
        }
    }
}
