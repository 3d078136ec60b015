//! Squashfs superblocks: version 4 in full, versions 2 and 3 of either byte order as far as they state their size.
//!
//! There is no checksum over the whole; what can be checked is that the superblock agrees with itself.
//! Facts: Linux fs/squashfs/squashfs_fs.h (version 4); versions 2 and 3 after squashfs-tools 3 [from memory].

use super::budget::Look;
use super::bytes::{Endianness, slice, u16_at, u32_at, u64_at};
use super::item::{Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("squashfs");

const COMPRESSION: [&str; 7] = ["none", "gzip", "lzma", "lzo", "xz", "lz4", "zstd"];
/// Length of a version 4 superblock.
const SUPERBLOCK_LEN: usize = 0x60;

/// The magic numbers, with byte order; the last four are vendors' with LZMA.
pub(crate) const MAGICS: [(&[u8; 4], Endianness); 6] = [
    (b"hsqs", Endianness::Little),
    (b"sqsh", Endianness::Big),
    (b"shsq", Endianness::Little),
    (b"qshs", Endianness::Big),
    (b"hsqt", Endianness::Little),
    (b"tqsh", Endianness::Big),
];

/// Reads the superblock at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, SUPERBLOCK_LEN)?;
    let order = MAGICS.iter().find(|(magic, _)| head.starts_with(&magic[..]))?.1;
    match u16_at(head, 0x1c, order)? {
        4 => version_4(look, at, head, order),
        major @ 2..=3 => older(look, at, head, order, major),
        _ => None,
    }
}

fn version_4(look: &Look, at: usize, head: &[u8], order: Endianness) -> Option<Found> {
    let block_size = u32_at(head, 0xc, order)?;
    let block_log = u16_at(head, 0x16, order)?;
    let used = u64_at(head, 0x28, order)?;
    let compression = u16_at(head, 0x14, order)?;
    if !(0x1000..=0x10_0000).contains(&block_size) || used < SUPERBLOCK_LEN as u64 || compression > 6 {
        return None;
    }
    // Ids, xattrs, inodes, directories, fragments, lookup: all ones where there is no such table.
    let tables = [0x30, 0x38, 0x40, 0x48, 0x50, 0x58].map(|table| u64_at(head, table, order).unwrap_or(0));
    let inside = tables.iter().all(|t| *t == u64::MAX || (SUPERBLOCK_LEN as u64..used).contains(t));
    let log_agrees = block_size.is_power_of_two() && u32::from(block_log) == block_size.trailing_zeros();
    let item = Item::new(KIND, at as u64, used)
        .with("version", format!("4.{}", u16_at(head, 0x1e, order)?))
        .with("compression", COMPRESSION[usize::from(compression)])
        .with("endianness", order.name())
        .with("block_size", block_size)
        .with("inodes", u32_at(head, 4, order)?)
        .with("time", u32_at(head, 8, order)?)
        .check("superblock", log_agrees && inside, if inside { "" } else { "a table lies outside" })
        .check_fits(look.bytes.len());
    Some(finish(item))
}

fn older(look: &Look, at: usize, head: &[u8], order: Endianness, major: u16) -> Option<Found> {
    let used = if major == 3 { u64_at(head, 0x3f, order)? } else { u64::from(u32_at(head, 8, order)?) };
    let minor = u16_at(head, 0x1e, order)?;
    if minor > 1 || used < 0x40 || used > u64::from(u32::MAX) {
        return None;
    }
    let vendor = head[..4] != *b"hsqs" && head[..4] != *b"sqsh";
    let item = Item::new(KIND, at as u64, used)
        .with("version", format!("{major}.{minor}"))
        .with("compression", if vendor { "lzma" } else { "gzip" })
        .with("endianness", order.name())
        .with("inodes", u32_at(head, 4, order)?)
        .check_fits(look.bytes.len());
    Some(finish(item))
}

/// Nothing is searched inside a file system that is all there; one whose superblock is wrong hides nothing.
fn finish(item: Item) -> Found {
    if item.is_sound() { Found::leaf(item) } else { Found::holder(item, 4) }
}
