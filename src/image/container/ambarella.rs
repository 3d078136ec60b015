//! Partitions of Ambarella cameras' firmware files: a header of 256 bytes and the CRC of what follows.
//!
//! Sources: Ambarella's boot loader AMBoot, flash/flpart.h (`partimg_header_t`); dji-firmware-tools amba_fwpak.py (the CRC is that of
//! zip; the rest of the header is zero). In flash the same fields are in a table of their own, which is not read here.

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Little, slice, u32_at};
use super::damage::is_damaged;
use super::item::{CheckName, Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("ambarella-partition");
/// The magic number after the fields.
pub const MAGIC: [u8; 4] = [0x90, 0xeb, 0x24, 0xa3];
/// Where it is.
pub const MAGIC_AT: usize = 24;

const HEADER_LEN: usize = 256;
/// No such flash has a longer partition.
const LONGEST: u32 = 128 << 20;

/// Reads the header whose magic number is at `magic`.
pub(crate) fn find(look: &mut Look, magic: usize) -> Option<Found> {
    let at = magic.checked_sub(MAGIC_AT)?;
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let word = |offset| u32_at(head, offset, Little).unwrap_or(0);
    let (version, date, len) = (word(4), word(8), word(12));
    // What is after the flags is reserved.
    if !(1..=LONGEST).contains(&len) || head[32..].iter().any(|b| *b != 0) {
        return None;
    }
    let item = Item::new(KIND, at as u64, HEADER_LEN as u64 + u64::from(len))
        .with("version", format!("{}.{}", version >> 16, version & 0xffff))
        .with("date", format!("{:04}-{:02}-{:02}", date >> 16, date >> 8 & 0xff, date & 0xff))
        .with_hex("load", word(16))
        .with_hex("flags", word(20))
        .check_fits(look.bytes.len());
    let item = match slice(look.bytes, at + HEADER_LEN, len as usize) {
        None => item.check(CheckName::CRC, Outcome::Bad, "the image is cut short"),
        Some(data) if look.may_sum(data.len() as u64) => {
            item.check_equal(CheckName::CRC, word(0), crc32fast::hash(data))
        }
        Some(_) => item.check(CheckName::CRC, Outcome::CannotTell, NOT_MADE),
    };
    let data_at = at + HEADER_LEN;
    let stands = item.is_sound() || is_damaged(look, at, data_at as u64 + u64::from(len), &[data_at]);
    stands.then(|| Found::holder(item, HEADER_LEN))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;
    use crate::image::synthetic;

    /// By the fields in the sources.
    pub(crate) fn made() -> Vec<u8> {
        let data = synthetic::noise(9, 0x3000);
        let words =
            [crc32fast::hash(&data), 0x1_0002, 0x07df_0915, data.len() as u32, 0xa000_0000, 0, 0xa324_eb90];
        let mut head: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        head.resize(256, 0);
        [head, data].concat()
    }

    #[test]
    fn a_partition_by_its_crc() {
        let mut file = made();
        let item = find(&mut Look::new(&file), MAGIC_AT).unwrap().item;
        assert!(item.is_sound() && (item.offset, item.size) == (0, file.len() as u64), "{item:?}");
        assert_eq!(
            (&item.attributes["version"], &item.attributes["date"]),
            (&"1.2".into(), &"2015-09-21".into())
        );
        assert!(!find(&mut Look::new(&file[..0x1000]), MAGIC_AT).unwrap().item.is_sound());
        file[0x1000] ^= 1;
        assert!(!find(&mut Look::new(&file), MAGIC_AT).unwrap().item.is_sound());
        file[200] = 1;
        assert!(find(&mut Look::new(&file), MAGIC_AT).is_none());
        is_no_item(find, &MAGIC, MAGIC_AT);
    }
}
