//! The NVRAM of a Broadcom BCM63xx board, which is inside its CFE boot loader: boot line, board, address, under a CRC.
//! The loader is known by it: where it starts, and its version.
//!
//! Source: Linux include/linux/bcm963xx_nvram.h (fields, the two sizes, the CRC without its final inversion) and
//! drivers/mtd/parsers/bcm63xxpart.c (0x580 after the loader's first byte, the loader's marks),
//! arch/mips/bcm63xx/boards/board_bcm963xx.c (the version).

use super::budget::Look;
use super::bytes::{Endianness::Big, mac_at, mac_text, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("cfe-nvram");
/// The boot line starts with the board's own address, after the version.
pub const MAGIC: &[u8] = b"e=";

/// Where the boot line is, after the version.
const BOOT_LINE: usize = 4;
const V4_LEN: usize = 300;
const V5_LEN: usize = 1024;
/// The first version with the longer form.
const V5: u32 = 5;
/// Later versions than this are not known.
const LATEST: u32 = 8;

/// Where the NVRAM and two marks are in the loader.
const NVRAM_AT: usize = 0x580;
const VERSION_AT: usize = 0x570;
const SEAL_AT: usize = 0x4e0;

/// Where the loader starts whose NVRAM is at `at`, and its version; older loaders have no version.
fn loader(bytes: &[u8], at: usize) -> Option<(usize, Option<String>)> {
    let start = at.checked_sub(NVRAM_AT)?;
    let mark = slice(bytes, start + VERSION_AT, 10)?;
    let number = mark.strip_prefix(b"cfe-v");
    let version = number.map(|v| format!("{}.{}.{}-{}.{}", v[0], v[1], v[2], v[3], v[4]));
    let sealed = slice(bytes, start + SEAL_AT, 8)? == b"CFE1CFE1";
    (sealed || version.is_some()).then_some((start, version))
}

/// Reads the NVRAM whose boot line is at `line`; only one whose CRC holds counts.
pub(crate) fn find(look: &mut Look, line: usize) -> Option<Found> {
    let at = line.checked_sub(BOOT_LINE)?;
    let version = u32_at(look.bytes, at, Big).filter(|version| (1..=LATEST).contains(version))?;
    let len = if version >= V5 { V5_LEN } else { V4_LEN };
    let area = slice(look.bytes, at, len)?;
    let board = text(&area[260..276]).filter(|board| !board.is_empty())?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&area[..len - 4]);
    hasher.update(&[0; 4]);
    if !look.may_sum(len as u64) || u32_at(area, len - 4, Big) != Some(!hasher.finalize()) {
        return None;
    }
    let boot_line = area[4..260]
        .split(|b| *b == 0)
        .next()
        .map(|line| String::from_utf8_lossy(line).trim_end().to_owned());
    let cfe = loader(look.bytes, at);
    let item = Item::new(KIND, at as u64, len as u64)
        .with("version", version)
        .with("board", board)
        .with_some("boot_line", boot_line)
        .with("addresses", u32_at(area, 284, Big)?)
        .with_some("mac", mac_at(area, 288).map(|mac| mac_text(&mac)))
        .with_some("loader", cfe.as_ref().map(|(start, _)| format!("{start:#x}")))
        .with_some("loader_version", cfe.and_then(|(_, version)| version))
        .check(CheckName::CRC, true, "");
    Some(Found::leaf(item))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::bytes::jamcrc;

    /// A loader's first bytes with the area in it, in the older or the newer form.
    pub(crate) fn made(newer: bool) -> Vec<u8> {
        let (version, len) = if newer { (6u32, V5_LEN) } else { (4, V4_LEN) };
        let mut area = vec![0; len];
        area[..4].copy_from_slice(&version.to_be_bytes());
        area[4..37].copy_from_slice(b"e=192.168.1.1:ffffff00 h= g= r=f ");
        area[260..268].copy_from_slice(b"96328avn");
        area[287] = 11;
        area[288..294].copy_from_slice(&[2, 0x10, 0x18, 1, 2, 3]);
        let crc = jamcrc(&area).to_be_bytes();
        area[len - 4..].copy_from_slice(&crc);
        [&[0x10; 0x580][..], &area, &[0xff; 64]].concat()
    }

    #[test]
    fn both_forms_by_their_crc() {
        for (newer, len) in [(false, V4_LEN), (true, V5_LEN)] {
            let mut file = made(newer);
            let item = find(&mut Look::new(&file), 0x584).unwrap().item;
            assert_eq!((item.offset, item.size), (0x580, len as u64));
            assert_eq!(
                (&item.attributes["board"], &item.attributes["mac"]),
                (&"96328avn".into(), &"02:10:18:01:02:03".into())
            );
            assert!(!item.attributes.contains_key("loader"), "{item:?}");
            file[0x4e0..0x4e8].copy_from_slice(b"CFE1CFE1");
            let item = find(&mut Look::new(&file), 0x584).unwrap().item;
            assert_eq!(item.attributes["loader"], "0x0");
            file[0x570..0x57a].copy_from_slice(b"cfe-v\x01\0\x25\x6a\x18");
            let item = find(&mut Look::new(&file), 0x584).unwrap().item;
            assert_eq!(item.attributes["loader_version"], "1.0.37-106.24");
            file[0x590] ^= 1;
            assert!(find(&mut Look::new(&file), 0x584).is_none());
        }
        assert!(find(&mut Look::new(b"e=1"), 0).is_none());
        let noise = [&[0, 0, 0, 4][..], MAGIC, &crate::image::synthetic::noise(1, 2000)].concat();
        assert!(find(&mut Look::new(&noise), 4).is_none());
    }
}
