//! UBI: the erase counter headers at the start of each erase block, counted and not opened.
//!
//! Source: Linux drivers/mtd/ubi/ubi-media.h (struct ubi_ec_hdr; the CRC is the register without its final inversion).

use super::budget::Look;
use super::bytes::{Endianness::Big, slice, u32_at};
use super::item::{CheckName, Found, Item, ItemKind};
use crate::image::container::bytes::jamcrc;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("ubi");
/// How a header starts.
pub const MAGIC: &[u8; 4] = b"UBI#";

const HEADER_LEN: usize = 64;
const CRC_AT: usize = 60;
/// Erase blocks of NOR and NAND flash.
const BLOCKS: std::ops::RangeInclusive<u32> = 12..=21;

/// True for a header whose CRC holds.
fn is_header(bytes: &[u8], at: usize) -> bool {
    slice(bytes, at, HEADER_LEN).is_some_and(|head| {
        head.starts_with(MAGIC) && head[4] == 1 && u32_at(head, CRC_AT, Big) == Some(jamcrc(&head[..CRC_AT]))
    })
}

/// Reads the erase blocks that start at `at`. One alone has no length: two headers at a block's distance are needed.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    if !is_header(look.bytes, at) {
        return None;
    }
    let block = BLOCKS.map(|bits| 1usize << bits).find(|block| is_header(look.bytes, at + block))?;
    let mut count = 2;
    while is_header(look.bytes, at + count * block) {
        count += 1;
    }
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let item = Item::new(KIND, at as u64, (count * block) as u64)
        .with("block_size", block)
        .with("blocks", count)
        .with_hex("volume_header", u32_at(head, 16, Big)?)
        .with_hex("data", u32_at(head, 20, Big)?)
        .with_hex("image_sequence", u32_at(head, 24, Big)?)
        .check(CheckName::HEADER_CRC, true, "")
        .check_fits(look.bytes.len());
    Some(Found::leaf(item))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Three erase blocks of 128 KiB.
    pub(crate) fn made() -> Vec<u8> {
        let mut head = MAGIC.to_vec();
        head.resize(HEADER_LEN, 0);
        (head[4], head[19], head[22]) = (1, 0x40, 1);
        let crc = jamcrc(&head[..CRC_AT]).to_be_bytes();
        head[CRC_AT..].copy_from_slice(&crc);
        head.resize(0x2_0000, 0x5a);
        head.repeat(3)
    }

    #[test]
    fn blocks_are_counted_by_their_headers() {
        let mut image = made();
        let item = find(&mut Look::new(&image), 0).unwrap().item;
        assert_eq!((item.size, item.attributes["block_size"].as_u64()), (0x6_0000, Some(0x2_0000)));
        assert!(item.is_sound());
        image[0x4_0030] ^= 1;
        assert_eq!(find(&mut Look::new(&image), 0).unwrap().item.size, 0x4_0000);
        image[0x2_0030] ^= 1;
        assert!(find(&mut Look::new(&image), 0).is_none());
        assert!(
            find(&mut Look::new(&[&MAGIC[..], &crate::image::synthetic::noise(1, 0x3000)].concat()), 0)
                .is_none()
        );
    }
}
