//! UEFI capsules (`.cap`): a header that names its length, in front of the image of the flash chip, or of the items of a
//! firmware management capsule (`fmp`).
//!
//! Sources: UEFI specification, EFI_CAPSULE_HEADER (GUID, header size, flags, whole size); UEFITool common/ffs.h (the
//! GUIDs; AMI's header continues with the offset of the ROM image at 0x1c).

use super::fmp;
use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::item::{CheckName, Item, ItemKind};
use crate::image::pc::guid::Guid;
use crate::span::Span;

const KIND: ItemKind = ItemKind::new("uefi-capsule");
const HEADER_LEN: u32 = 0x1c;

/// Firmware management: items with headers of their own.
const FMP: Guid = Guid::of("6DCBD5ED-E82D-4C44-BDA1-7194199AD92A");

/// The GUIDs there are: who has it, and whether the header has AMI's ROM offset.
const GUIDS: [(Guid, &str, bool); 8] = [
    (Guid::of("4A3CA68B-7723-48FB-803D-578CC1FEC44D"), "AMI Aptio, signed", true),
    (Guid::of("14EEBB90-890A-43DB-AED1-5D3C4588A418"), "AMI Aptio", true),
    (Guid::of("3B6686BD-0D76-4030-B70E-B5519E2FC5A0"), "UEFI", false),
    (Guid::of("539182B9-ABB5-4391-B69A-E3A943F72FCC"), "Intel", false),
    (Guid::of("E20BAFD3-9914-4F4F-9537-3129E090EB3C"), "Lenovo", false),
    (Guid::of("25B5FE76-8243-4A5C-A9BD-7EE3246198B5"), "Lenovo", false),
    (Guid::of("3BE07062-1D51-45D2-832B-F093257ED461"), "Toshiba", false),
    (FMP, "firmware management", false),
];

/// Reads a capsule: its GUID alone is one, and lengths that do not agree are said.
pub(super) fn capsule(look: &mut Look) -> Option<Wrapped> {
    let head = slice(look.bytes, 0, HEADER_LEN as usize + 4)?;
    let (_, maker, has_offset) = GUIDS.iter().find(|(guid, ..)| head.starts_with(&guid.0))?;
    let (header_len, flags, whole) =
        (u32_at(head, 0x10, Little)?, u32_at(head, 0x14, Little)?, u32_at(head, 0x18, Little)?);
    let start = if *has_offset { u32::from(u16_at(head, 0x1c, Little)?) } else { header_len };
    let name = "UEFI capsule";
    if header_len < HEADER_LEN || start < HEADER_LEN || header_len >= whole || start >= whole {
        let detail = format!(
            "the header says that it has {header_len:#x} bytes, that the image starts at {start:#x}, and that all is {whole:#x} bytes long"
        );
        let item = Item::new(KIND, 0, look.bytes.len() as u64).with("maker", *maker);
        let item = item.check(CheckName::AGREES, false, detail);
        return Some(Wrapped { name, item, inside: Inside::Closed("its header contradicts itself") });
    }
    let item = Item::new(KIND, 0, u64::from(whole))
        .with("maker", *maker)
        .with_hex("header_size", header_len)
        .with_hex("flags", flags)
        .with_hex("image_offset", start)
        .check_fits(look.bytes.len());
    let body = Span::new(u64::from(start), item.end().max(u64::from(start)));
    if !head.starts_with(&FMP.0) {
        return Some(Wrapped { name, item, inside: Inside::Bytes(body) });
    }
    Some(match fmp::items(look.bytes, body) {
        Ok(parts) => Wrapped { name, item: item.with("items", parts.len()), inside: Inside::Parts(parts) },
        Err(why) => Wrapped {
            name,
            item: item.check(fmp::ITEMS, false, why),
            inside: Inside::Closed("its items are not whole"),
        },
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::image::container::item::Outcome;

    pub(crate) fn make(which: usize, header_len: u32, start: u16, body: usize) -> Vec<u8> {
        let mut file = GUIDS[which].0.0.to_vec();
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
        for bad in [make(0, 0, 0x800, 9), make(0, 0x800, 0x10, 0x40), make(2, 0xffff, 0x800, 9)] {
            let found = capsule(&mut Look::new(&bad)).unwrap();
            assert_eq!((found.item.result("agrees"), found.inside.image()), (Some(Outcome::Bad), None));
        }
        assert!(capsule(&mut Look::new(&[0x5a; 0x1000])).is_none());
    }
}
