//! UEFI capsules (`.cap`): a header that names its length, in front of the image of the flash chip.
//!
//! Sources: UEFI specification, EFI_CAPSULE_HEADER (GUID, header size, flags, whole size); UEFITool common/ffs.h (the
//! GUIDs; AMI's header goes on with the offset of the ROM image at 0x1c).

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::item::{Item, ItemKind};
use crate::span::Span;

const HEADER_LEN: u32 = 0x1c;

/// A GUID as it is in memory.
const fn guid(a: u32, b: u16, c: u16, rest: [u8; 8]) -> [u8; 16] {
    let (a, b, c) = (a.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes());
    let [d0, d1, d2, d3, d4, d5, d6, d7] = rest;
    [a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d0, d1, d2, d3, d4, d5, d6, d7]
}

/// The GUIDs there are: who has it, and whether the header has AMI's ROM offset.
const GUIDS: [([u8; 16], &str, bool); 7] = [
    (
        guid(0x4a3c_a68b, 0x7723, 0x48fb, [0x80, 0x3d, 0x57, 0x8c, 0xc1, 0xfe, 0xc4, 0x4d]),
        "AMI Aptio, signed",
        true,
    ),
    (guid(0x14ee_bb90, 0x890a, 0x43db, [0xae, 0xd1, 0x5d, 0x3c, 0x45, 0x88, 0xa4, 0x18]), "AMI Aptio", true),
    (guid(0x3b66_86bd, 0x0d76, 0x4030, [0xb7, 0x0e, 0xb5, 0x51, 0x9e, 0x2f, 0xc5, 0xa0]), "UEFI", false),
    (guid(0x5391_82b9, 0xabb5, 0x4391, [0xb6, 0x9a, 0xe3, 0xa9, 0x43, 0xf7, 0x2f, 0xcc]), "Intel", false),
    (guid(0xe20b_afd3, 0x9914, 0x4f4f, [0x95, 0x37, 0x31, 0x29, 0xe0, 0x90, 0xeb, 0x3c]), "Lenovo", false),
    (guid(0x25b5_fe76, 0x8243, 0x4a5c, [0xa9, 0xbd, 0x7e, 0xe3, 0x24, 0x61, 0x98, 0xb5]), "Lenovo", false),
    (guid(0x3be0_7062, 0x1d51, 0x45d2, [0x83, 0x2b, 0xf0, 0x93, 0x25, 0x7e, 0xd4, 0x61]), "Toshiba", false),
];

/// Reads a capsule whose lengths agree.
pub(super) fn capsule(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, HEADER_LEN as usize + 4)?;
    let (_, maker, has_offset) = GUIDS.iter().find(|(guid, ..)| head.starts_with(guid))?;
    let (header_len, flags, whole) =
        (u32_at(head, 0x10, Little)?, u32_at(head, 0x14, Little)?, u32_at(head, 0x18, Little)?);
    let start = if *has_offset { u32::from(u16_at(head, 0x1c, Little)?) } else { header_len };
    if header_len < HEADER_LEN || start < HEADER_LEN || header_len >= whole || start >= whole {
        return None;
    }
    let item = Item::new(ItemKind::new("uefi-capsule"), 0, u64::from(whole))
        .with("maker", *maker)
        .with_hex("header_size", header_len)
        .with_hex("flags", flags)
        .with_hex("image_offset", start)
        .check_fits(look.bytes.len());
    let inside = Inside::Bytes(Span::new(u64::from(start), item.end().max(u64::from(start))));
    Some(Wrapped { name: "UEFI capsule", item, inside })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn make(which: usize, header_len: u32, start: u16, body: usize) -> Vec<u8> {
        let mut file = GUIDS[which].0.to_vec();
        for word in [header_len, 0x5_0000, u32::from(start) + body as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(start.to_le_bytes());
        file.resize(usize::from(start), 0);
        file.resize(usize::from(start) + body, 0xa5);
        file
    }

    #[test]
    fn the_image_starts_where_the_header_says() {
        for (which, header_len, start) in
            [(0, 0x800, 0x800), (1, 0x20, 0x1000), (2, 0x1c, 0x1c), (6, 0x800, 0x800)]
        {
            let file = make(which, header_len, start, 0x4000);
            let found = capsule(&mut Look::new(&file)).unwrap();
            assert!(found.item.is_sound(), "{found:?}");
            assert_eq!(found.inside, Inside::Bytes(Span::new(start.into(), file.len() as u64)));
            let cut = capsule(&mut Look::new(&file[..file.len() - 1])).unwrap();
            assert!(!cut.item.is_sound());
        }
        for bad in [make(0, 0, 0x800, 9), make(0, 0x800, 0x10, 9), make(2, 0xffff, 0x800, 9)] {
            assert!(capsule(&mut Look::new(&bad)).is_none());
        }
        assert!(capsule(&mut Look::new(&[0x5a; 0x1000])).is_none());
    }
}
