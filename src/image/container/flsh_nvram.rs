//! The NVRAM of Broadcom's BCM47xx and BCM53xx boards: `name=value` texts under a CRC of 8 bits. A CFE has one with the
//! defaults in it, at 0x400 or 0x1000; the board's own is at the end of the flash.
//!
//! Sources: Linux drivers/firmware/broadcom/bcm47xx_nvram.c (header, texts, places); Broadcom's bcmnvram.h and OpenWrt
//! package/utils/nvram (the CRC starts at byte 9, with FF; its table is that of the reflected polynomial AB).

use super::budget::Look;
use super::bytes::{Endianness::Little, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("bcm47xx-nvram");
/// How a header starts.
pub const MAGIC: &[u8] = b"FLSH";

const HEADER_LEN: usize = 20;
const CRC_AT: usize = 8;
const COVERED_FROM: usize = 9;
/// The largest space that a board has for it.
const LONGEST: usize = 0x2_0000;
/// Names worth showing: whose board it is.
const SHOWN: [&str; 4] = ["et0macaddr", "boardtype", "boardnum", "boot_hw_model"];

/// The CRC of Broadcom's `hndcrc8`.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0xff, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| (crc >> 1) ^ if crc & 1 == 1 { 0xab } else { 0 })
    })
}

/// The texts up to the empty one that ends them; `None` where one is no `name=value`.
fn pairs(data: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut list = Vec::new();
    for entry in data.split(|b| *b == 0) {
        if entry.is_empty() {
            break;
        }
        list.push(std::str::from_utf8(entry).ok()?.split_once('=').filter(|(name, _)| is_name(name))?);
    }
    (!list.is_empty()).then_some(list)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && text(name.as_bytes()).is_some_and(|text| text.len() == name.len())
}

/// Reads the NVRAM at `at`; only one that holds texts counts.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let len = u32_at(head, 4, Little)? as usize;
    if !(HEADER_LEN + 4..=LONGEST).contains(&len) {
        return None;
    }
    let there = slice(look.bytes, at, len).or_else(|| look.bytes.get(at..))?;
    if !look.may_sum(2 * len as u64) {
        return None;
    }
    let texts = pairs(&there[HEADER_LEN..])?;
    let mut item = Item::new(KIND, at as u64, len as u64)
        .with("version", head[9])
        .with("variables", texts.len())
        .check_fits(look.bytes.len());
    for (name, value) in texts.iter().filter(|(name, _)| SHOWN.contains(name)) {
        item = item.with(name, *value);
    }
    let (holds, detail) = match there.len() == len {
        true => (crc8(&there[COVERED_FROM..]) == head[CRC_AT], ""),
        false => (false, "it is cut short"),
    };
    Some(Found::leaf(item.check(CheckName::CRC, holds, detail)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::item::Outcome;
    use crate::image::container::noise::is_no_item;

    /// By the fields in the sources.
    pub(crate) fn made(texts: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.resize(HEADER_LEN, 0);
        bytes.extend(texts);
        bytes.resize((bytes.len() + 2).next_multiple_of(4), 0);
        let len = (bytes.len() as u32).to_le_bytes();
        bytes[4..8].copy_from_slice(&len);
        (bytes[9], bytes[12]) = (1, 0x62);
        bytes[CRC_AT] = crc8(&bytes[COVERED_FROM..]);
        bytes
    }

    /// The first and the last entries of the table in Broadcom's source.
    #[test]
    fn the_crc_is_that_of_the_table() {
        let entry = |index: u8| crc8(&[0xff ^ index]);
        assert_eq!([1, 2, 3, 4, 16, 32].map(entry), [0xf7, 0xb9, 0x4e, 0x25, 0x94, 0x7f]);
    }

    #[test]
    fn texts_under_their_crc() {
        let mut file = made(b"boardtype=0x0472\0et0macaddr=00:90:4c:c0:00:08\0os_ram_addr=80001000\0");
        file.extend([0xff; 64]);
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert!(item.is_sound() && item.size == file.len() as u64 - 64, "{item:?}");
        assert_eq!(
            (&item.attributes["variables"], &item.attributes["boardtype"]),
            (&3.into(), &"0x0472".into())
        );
        assert_eq!(item.attributes["et0macaddr"], "00:90:4c:c0:00:08");
        assert!(!find(&mut Look::new(&file[..52]), 0).unwrap().item.is_sound(), "cut short");
        file[50] ^= 1;
        assert_eq!(find(&mut Look::new(&file), 0).unwrap().item.result("crc"), Some(Outcome::Bad));
        assert!(find(&mut Look::new(&made(b"no pair\0")), 0).is_none());
        is_no_item(find, MAGIC, 0);
    }
}
