//! U-Boot legacy images: the 64-byte header, its CRC and the data's.
//!
//! Vendors change the magic number, so at an erase block's edge a header with a right CRC counts under any magic.
//! Facts: U-Boot include/image.h (fields, ids).

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, array, hex, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("uimage");

/// Length of the header.
pub const HEADER_LEN: usize = 0x40;
/// U-Boot's magic number.
pub const MAGIC: [u8; 4] = [0x27, 0x05, 0x19, 0x56];
/// `OKLI`, OpenWrt's for a kernel after its own loader.
pub const OKLI: [u8; 4] = *b"OKLI";

const OS: &[(u8, &str)] = &[(0, "invalid"), (2, "netbsd"), (5, "linux"), (14, "vxworks"), (17, "u-boot")];
const ARCH: &[(u8, &str)] = &[
    (2, "arm"),
    (3, "x86"),
    (5, "mips"),
    (6, "mips64"),
    (7, "powerpc"),
    (22, "arm64"),
    (24, "x86-64"),
    (26, "riscv"),
];
const TYPE: &[(u8, &str)] = &[
    (1, "standalone"),
    (KERNEL, "kernel"),
    (3, "ramdisk"),
    (MULTI, "multi"),
    (5, "firmware"),
    (6, "script"),
    (7, "filesystem"),
    (8, "flat-dt"),
    (KERNEL_NOLOAD, "kernel-noload"),
];
const TYPE_AT: usize = 0x1e;
const KERNEL: u8 = 2;
const MULTI: u8 = 4;
const KERNEL_NOLOAD: u8 = 14;
const COMPRESSION: &[(u8, &str)] =
    &[(0, "none"), (1, "gzip"), (2, "bzip2"), (3, "lzma"), (4, "lzo"), (5, "lz4"), (6, "zstd")];

/// The header's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UimageHeader {
    /// The magic number.
    pub magic: [u8; 4],
    /// True when the header's own CRC holds.
    pub crc_holds: bool,
    /// Length of the data after the header.
    pub data_len: u32,
    /// CRC of the data.
    pub data_crc: u32,
    /// Compression id, 3 is LZMA.
    pub compression: u8,
    /// The image's name.
    pub name: String,
}

/// Reads the header at `at`; the magic number is not looked at.
pub fn parse(bytes: &[u8], at: usize) -> Option<UimageHeader> {
    let head: [u8; HEADER_LEN] = array(bytes, at)?;
    let mut cleared = head;
    cleared[4..8].fill(0);
    Some(UimageHeader {
        magic: array(&head, 0)?,
        crc_holds: u32_at(&head, 4, Big)? == crc32fast::hash(&cleared),
        data_len: u32_at(&head, 0xc, Big)?,
        data_crc: u32_at(&head, 0x18, Big)?,
        compression: head[0x1f],
        name: text(&head[0x20..]).unwrap_or_default(),
    })
}

/// The type of the image at the start of `bytes`, `kernel`, where the header's CRC holds.
pub(crate) fn used_for(bytes: &[u8]) -> Option<String> {
    let id = bytes.get(TYPE_AT).filter(|_| parse(bytes, 0).is_some_and(|header| header.crc_holds))?;
    // A kernel that needs no place of its own, or has its initial file system with it, is started as any other.
    let id = if matches!(*id, KERNEL_NOLOAD | MULTI) { KERNEL } else { *id };
    Some(named(TYPE, id))
}

/// What an id means, or its number.
fn named(table: &[(u8, &str)], id: u8) -> String {
    let known = table.iter().find(|(known, _)| *known == id);
    known.map_or_else(|| id.to_string(), |(_, name)| (*name).to_owned())
}

/// A header under a known magic number.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let header = parse(look.bytes, at)?;
    // The four bytes alone are met in code and data too.
    let ids = &look.bytes[at + 0x1c..at + 0x20];
    let known = ids[0] < 64 && ids[1] < 64 && ids[2] < 64 && ids[3] < 16;
    (header.crc_holds || (known && header.data_len > 0)).then(|| describe(look, at, &header))
}

/// A header under any other magic number, at an erase block's edge.
pub(crate) fn find_foreign(look: &mut Look, at: usize) -> Option<Found> {
    let ids = slice(look.bytes, at + 0x1c, 4)?;
    // Cheap first: Linux, and a known type and compression.
    if ids[0] != 5 || ids[1] >= 64 || !(1..64).contains(&ids[2]) || ids[3] > 6 {
        return None;
    }
    let header = parse(look.bytes, at)?;
    (header.crc_holds && header.data_len > 0).then(|| describe(look, at, &header))
}

fn describe(look: &mut Look, at: usize, header: &UimageHeader) -> Found {
    let head = &look.bytes[at..at + HEADER_LEN];
    let word = |offset| u32_at(head, offset, Big).unwrap_or(0);
    let item = Item::new(KIND, at as u64, HEADER_LEN as u64 + u64::from(header.data_len))
        .with_some("name", Some(header.name.as_str()))
        .with("os", named(OS, head[0x1c]))
        .with("architecture", named(ARCH, head[0x1d]))
        .with("type", named(TYPE, head[TYPE_AT]))
        .with("compression", named(COMPRESSION, header.compression))
        .with_hex("load", word(0x10))
        .with_hex("entry", word(0x14))
        .with("time", word(8))
        .with_some("magic", (header.magic != MAGIC).then(|| hex(&header.magic)))
        .check(CheckName::HEADER_CRC, header.crc_holds, "")
        .check_fits(look.bytes.len());
    let data = slice(look.bytes, at + HEADER_LEN, header.data_len as usize);
    let item = match data {
        None => item.check(CheckName::DATA_CRC, Outcome::Bad, "the data is cut short"),
        Some(data) if look.may_sum(data.len() as u64) => {
            item.check_equal(CheckName::DATA_CRC, header.data_crc, crc32fast::hash(data))
        }
        Some(_) => item.check(CheckName::DATA_CRC, Outcome::CannotTell, NOT_MADE),
    };
    Found::holder(item, HEADER_LEN)
}
