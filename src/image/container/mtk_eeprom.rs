//! Radio calibration of MediaTek and Ralink chips ("radio", "factory"): chip id, version, MAC.
//!
//! There is no checksum. A block counts that starts with the id of a chip there is and a sensible version, and has a
//! MAC or is filled. Facts: Linux mt76 (eeprom.h of mt76x0, mt76x2, mt7603, mt7615, mt7915) and rt2x00; the MAC at 4.

use super::bytes::{Endianness::Little, mac_at, mac_text, slice, u16_at};
use crate::image::item::{Found, Item, Look, Outcome};

/// Chip ids, the chip's usual name and how long its block is.
const CHIPS: [(u16, &str, u64); 26] = [
    (0x2860, "RT2860", 0x200),
    (0x3052, "RT3052", 0x200),
    (0x3062, "RT3062", 0x200),
    (0x3092, "RT3092", 0x200),
    (0x3352, "RT3352", 0x200),
    (0x3593, "RT3593", 0x200),
    (0x3883, "RT3883", 0x200),
    (0x5350, "RT5350", 0x200),
    (0x5390, "RT5390", 0x200),
    (0x5592, "RT5592", 0x200),
    (0x7602, "MT7602", 0x200),
    (0x7603, "MT7603", 0x400),
    (0x7610, "MT7610", 0x200),
    (0x7612, "MT7612", 0x200),
    (0x7615, "MT7615", 0x400),
    (0x7620, "MT7620", 0x200),
    (0x7628, "MT7628", 0x400),
    (0x7650, "MT7650", 0x200),
    (0x7662, "MT7662", 0x200),
    (0x7663, "MT7663", 0x600),
    (0x7915, "MT7915", 0xe00),
    (0x7916, "MT7916", 0x1000),
    (0x7981, "MT7981", 0x1000),
    (0x7986, "MT7986", 0x1000),
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
    /// Its MAC, where it has one.
    pub mac: Option<[u8; 6]>,
    /// Length of the block.
    pub len: u64,
    /// True where something stands behind the MAC; blank is what lost calibration looks like.
    pub filled: bool,
}

/// Reads the block at `at`.
pub fn parse(bytes: &[u8], at: usize) -> Option<Eeprom> {
    let chip_id = u16_at(bytes, at, Little)?;
    let (_, chip, len) = *CHIPS.iter().find(|(id, ..)| *id == chip_id)?;
    let version = u16_at(bytes, at + 2, Little)?;
    let mac = mac_at(bytes, at + 4);
    // The part every chip fills.
    let body = slice(bytes, at + 10, 0x76)?;
    let filled = body.iter().filter(|b| !matches!(b, 0 | 0xff)).count() >= 16;
    (version < 0x100 && (mac.is_some() || filled)).then_some(Eeprom {
        chip_id,
        chip,
        version,
        mac,
        len,
        filled,
    })
}

/// Reads the block at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let found = parse(look.bytes, at)?;
    let item = Item::new("mtk-eeprom", at as u64, found.len)
        .with("chip", found.chip)
        .with("chip_id", format!("{:04x}", found.chip_id))
        .with("version", found.version)
        .with_some("mac", found.mac.map(|mac| mac_text(&mac)))
        .check_fits(look.bytes.len());
    let detail = if found.filled { "" } else { "blank behind the MAC" };
    let item = item.check("calibration", found.filled, detail);
    let item = match found.mac {
        Some(_) => item.check("mac", true, ""),
        None => item.check("mac", Outcome::Bad, "blank or not one station's address"),
    };
    Some(Found::leaf(item))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block() -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..0x200).map(|i| (i * 37) as u8).collect();
        bytes[..10].copy_from_slice(&[0x20, 0x76, 2, 0, 0x30, 0xb5, 0xc2, 0xa1, 0xb2, 0xc3]);
        bytes
    }

    #[test]
    fn a_filled_block_of_a_known_chip() {
        let item = find(&mut Look::new(&block()), 0).unwrap().item;
        assert_eq!((item.size, &item.attributes["chip"]), (0x200, &"MT7620".into()));
        assert_eq!(item.attributes["mac"], "30:b5:c2:a1:b2:c3");
        assert!(item.is_sound());
    }

    #[test]
    fn a_group_mac_and_blank_calibration_are_bad_and_a_blank_block_is_none() {
        let mut bytes = block();
        bytes[4] |= 1;
        assert_eq!(find(&mut Look::new(&bytes), 0).unwrap().item.result("mac"), Some(Outcome::Bad));
        let mut bytes = block();
        bytes[10..].fill(0xff);
        assert_eq!(find(&mut Look::new(&bytes), 0).unwrap().item.result("calibration"), Some(Outcome::Bad));
        bytes[4..].fill(0xff);
        assert_eq!(parse(&bytes, 0), None);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x100), at in 0usize..0x120) {
            let _ = parse(&[&[0x20, 0x76, 0, 0], bytes.as_slice()].concat(), at);
        }
    }
}
