//! Image tags of Broadcom BCM63xx boards: what their CFE boots, lengths as text, each part under a CRC.
//!
//! Source: Linux include/linux/bcm963xx_tag.h (fields), drivers/mtd/parsers/parser_imagetag.c (the header's CRC: the register
//! without its final inversion). Vendors put texts of their own in the company's place: only Broadcom's own is known here.

use super::budget::Look;
use super::bytes::{Endianness::Big, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::image::container::bytes::jamcrc;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("bcm-tag");
/// The company, after the version.
pub const MAGIC: &[u8] = b"Broadcom Corporatio";
/// Where the company is.
pub const MAGIC_AT: usize = 4;

const LEN: usize = 256;
const HEADER_CRC_AT: usize = 236;
const IMAGE_CRC_AT: usize = 216;

/// Reads the tag whose company is at `company`; only one whose header's CRC holds counts.
pub(crate) fn find(look: &mut Look, company: usize) -> Option<Found> {
    let at = company.checked_sub(MAGIC_AT)?;
    let tag = slice(look.bytes, at, LEN)?;
    if u32_at(tag, HEADER_CRC_AT, Big)? != jamcrc(&tag[..HEADER_CRC_AT]) {
        return None;
    }
    // Decimal digits.
    let number = |field: std::ops::Range<usize>| text(&tag[field])?.trim().parse::<u32>().ok();
    let total = number(62..72)?;
    let (loader, root, kernel) = (number(84..94), number(106..116), number(128..138));
    let item = Item::new(KIND, at as u64, LEN as u64 + u64::from(total))
        .with_some("version", text(&tag[..4]))
        .with_some("chip", text(&tag[38..44]))
        .with_some("board", text(&tag[44..60]))
        .with_some("loader", loader.filter(|len| *len > 0).map(|len| format!("{len:#x}")))
        .with_some("rootfs", root.map(|len| format!("{len:#x}")))
        .with_some("kernel", kernel.map(|len| format!("{len:#x}")))
        .check(CheckName::HEADER_CRC, true, "")
        .check_fits(look.bytes.len());
    let image = slice(look.bytes, at + LEN, total as usize).filter(|image| look.may_sum(image.len() as u64));
    let holds = image.is_some_and(|image| u32_at(tag, IMAGE_CRC_AT, Big) == Some(jamcrc(image)));
    let (result, detail) = match (image, holds) {
        (Some(_), true) => (Outcome::Ok, ""),
        (Some(_), false) => (Outcome::CannotTell, "some vendors sum up a part of the image only"),
        (None, _) => (Outcome::CannotTell, "the image is not whole"),
    };
    Some(Found::holder(item.check(CheckName::CRC, result, detail), LEN))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;
    use crate::image::synthetic;

    /// By the fields in the kernel's header.
    pub(crate) fn made() -> Vec<u8> {
        let image = synthetic::noise(8, 0x3000);
        let mut tag = vec![0; 256];
        let total = image.len().to_string();
        let texts: [(usize, &[u8]); 9] = [
            (0, b"6"),
            (4, b"Broadcom Corporatio"),
            (24, b"ver. 2.0"),
            (38, b"6358"),
            (44, b"96358VW"),
            (62, total.as_bytes()),
            (84, b"0"),
            (106, b"8192"),
            (128, b"4096"),
        ];
        for (at, text) in texts {
            tag[at..at + text.len()].copy_from_slice(text);
        }
        let crc = jamcrc(&image).to_be_bytes();
        tag[216..220].copy_from_slice(&crc);
        let crc = jamcrc(&tag[..236]).to_be_bytes();
        tag[236..240].copy_from_slice(&crc);
        [tag, image].concat()
    }

    #[test]
    fn a_tag_by_its_crc() {
        let mut file = made();
        let item = find(&mut Look::new(&file), MAGIC_AT).unwrap().item;
        assert!(item.is_sound() && (item.offset, item.size) == (0, file.len() as u64), "{item:?}");
        assert_eq!((item.result("crc"), &item.attributes["board"]), (Some(Outcome::Ok), &"96358VW".into()));
        let cut = find(&mut Look::new(&file[..0x1000]), MAGIC_AT).unwrap().item;
        assert_eq!(cut.result("size"), Some(Outcome::Bad));
        file[0x1000] ^= 1;
        let changed = find(&mut Look::new(&file), MAGIC_AT).unwrap().item;
        assert_eq!(changed.result("crc"), Some(Outcome::CannotTell));
        file[50] ^= 1;
        assert!(find(&mut Look::new(&file), MAGIC_AT).is_none());
        is_no_item(find, MAGIC, MAGIC_AT);
    }
}
