//! First loaders for the boot ROM of MediaTek's ARM chips (preloader, SPL, BL2), and images of their LK.
//!
//! Source: U-Boot tools/mtk_image.h and mtk_image.c (device header, BRLYT, the headers `MMM`, the SHA-256 after the image; LK's
//! header of 512 bytes with FF after its fields), mtk_nand_headers.h (the headers for NAND). `mkimage -T mtk_image` makes both;
//! MT7621's is a uImage.

use sha2::Sha256;

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Little, slice, text, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::image::whole::is_blank;
use crate::units::sum;

/// The kind of a first loader.
pub const KIND: ItemKind = ItemKind::new("mtk-loader");
/// The kind of an LK image.
pub const LK_KIND: ItemKind = ItemKind::new("mtk-lk");
/// How a device header starts: the names of the media SPI NOR, eMMC, SD; for NAND a header of its own, in three forms.
pub const MAGICS: [&[u8]; 6] =
    [b"SF_BOOT\0", b"EMMC_BOOT\0", b"SDMMC_BOOT\0", NANDS[0].0, NANDS[1].0, NANDS[2].0];
/// The headers for NAND, where each has the length of a page, and pages before the image: the oldest has the layout after
/// its first one.
const NANDS: [(&[u8], usize, usize); 3] =
    [(b"BOOTLOADER!\0V006NFIINFO\0", 0x18, 2), (b"SPINAND!", 0x10, 1), (b"NANDCFG!", 0x20, 1)];
/// The lengths of pages that NAND has.
const PAGES: std::ops::RangeInclusive<u32> = 0x200..=0x4000;
/// How an LK image starts.
pub const LK_MAGIC: [u8; 4] = [0x88, 0x16, 0x88, 0x58];

/// The device header with the layout after it.
const DEVICE_LEN: usize = 0x600;
const LAYOUT_AT: usize = 0x200;
const LAYOUT_MAGIC: u32 = 0x4242_4242;
const FILE_INFO_LEN: usize = 0x38;
const SHA256_SIGNATURE: u8 = 1;
const SHA256_LEN: usize = 32;
const LK_HEADER_LEN: usize = 0x200;
/// So many blank bytes follow an image in flash.
const BLANK_AFTER: usize = 16;
/// Where LK's fields end.
const LK_FIELDS_LEN: usize = 48;

/// Reads a first loader whose device header is at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let (device_len, medium) = device(look.bytes.get(at..)?)?;
    let info = slice(look.bytes, at + device_len, FILE_INFO_LEN)?;
    if !info.starts_with(b"MMM") || &info[8..18] != b"FILE_INFO\0" {
        return None;
    }
    let word = |offset| u32_at(info, offset, Little).unwrap_or(0);
    let (load, total, signature_len) = (word(28), word(32) as usize, word(44) as usize);
    if total <= FILE_INFO_LEN {
        return None;
    }
    let item = Item::new(KIND, at as u64, (device_len + total) as u64)
        .with("medium", medium)
        .with_hex("load", load)
        .with_hex("entry", u64::from(load) + u64::from(word(48)))
        .check_fits(look.bytes.len());
    let image = slice(look.bytes, at + device_len, total);
    let item = match (image, info[27] == SHA256_SIGNATURE && signature_len == SHA256_LEN) {
        (_, false) => item.check(CheckName::HASH, Outcome::CannotTell, "it has a signature of another kind"),
        (None, _) => item.check(CheckName::HASH, Outcome::Bad, "the image is cut short"),
        (Some(image), _) if total > SHA256_LEN && look.may_sum(total as u64) => {
            let (covered, hash) = image.split_at(total - SHA256_LEN);
            item.check(CheckName::HASH, sum::<Sha256>(covered).as_slice() == hash, "")
        }
        (Some(_), _) => item.check(CheckName::HASH, Outcome::CannotTell, NOT_MADE),
    };
    Some(Found::leaf(item))
}

/// The length of a device header and the name of its medium.
fn device(bytes: &[u8]) -> Option<(usize, String)> {
    let is_layout = |at: usize| {
        bytes.get(at..).is_some_and(|layout| layout.starts_with(b"BRLYT\0"))
            && u32_at(bytes, at + 20, Little) == Some(LAYOUT_MAGIC)
    };
    if let Some((magic, page_at, pages)) = NANDS.iter().find(|(magic, ..)| bytes.starts_with(magic)) {
        // The oldest form states 16 bits of it.
        let page = u32_at(bytes, *page_at, Little)?;
        let page = if *pages == 2 { page >> 16 } else { page };
        let is_page = page.is_power_of_two() && PAGES.contains(&page);
        let page = page as usize;
        let name = if *pages == 2 { "BOOTLOADER!".to_owned() } else { text(magic)? };
        return (is_page && (*pages == 1 || is_layout(page))).then_some((page * pages, name));
    }
    let head = slice(bytes, 0, DEVICE_LEN)?;
    let is_device = u32_at(head, 12, Little)? == 1 && u32_at(head, 16, Little)? as usize == LAYOUT_AT;
    (is_device && is_layout(LAYOUT_AT)).then_some((DEVICE_LEN, text(&head[..12])?))
}

/// Reads an LK image at `at`: it has no sum; the rest of its header is blank.
pub(crate) fn find_lk(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, LK_HEADER_LEN)?;
    let (len, mode) = (u32_at(head, 4, Little)?, u32_at(head, 44, Little)?);
    let name = text(&head[8..40]).filter(|name| !name.is_empty())?;
    if len == 0 || mode == 0 || head[LK_FIELDS_LEN..].iter().any(|b| *b != 0xff) {
        return None;
    }
    // In a flash its length has to lead to the end or to blank bytes; at a file's start it is a file of its own.
    let end = at.checked_add(LK_HEADER_LEN)?.checked_add(len as usize)?;
    let after = look.bytes.get(end..).map(|after| &after[..after.len().min(BLANK_AFTER)]);
    if at != 0 && !after.is_some_and(is_blank) {
        return None;
    }
    let item = Item::new(LK_KIND, at as u64, LK_HEADER_LEN as u64 + u64::from(len))
        .with("name", name)
        .with_hex("load", u32_at(head, 40, Little)?)
        .check_fits(look.bytes.len());
    Some(Found::holder(item, LK_HEADER_LEN))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;

    /// By the fields in U-Boot's tool; tests/tools/loaders.rs has images that it made.
    pub(crate) fn made() -> Vec<u8> {
        let mut file = vec![0xff; DEVICE_LEN];
        file[..12].copy_from_slice(b"SF_BOOT\0\xff\xff\xff\xff");
        file[12..20].copy_from_slice(&[1, 0, 0, 0, 0, 2, 0, 0]);
        file[LAYOUT_AT..LAYOUT_AT + 8].copy_from_slice(b"BRLYT\0\0\0");
        file[LAYOUT_AT + 20..LAYOUT_AT + 24].copy_from_slice(&LAYOUT_MAGIC.to_le_bytes());
        let mut image = b"MMM\x01\x38\0\0\0FILE_INFO\0\0\0".to_vec();
        image.resize(0x1000, 0x5a);
        image[26..28].copy_from_slice(&[5, SHA256_SIGNATURE]);
        for (at, word) in [(28, 0x20_1000), (32, 0x1020), (44, 32), (48, 0x300)] {
            image[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
        }
        let hash = sum::<Sha256>(&image);
        [&file[..], &image, &hash].concat()
    }

    /// By the fields in U-Boot's tool.
    pub(crate) fn lk() -> Vec<u8> {
        let mut file = vec![0xff; LK_HEADER_LEN];
        file[..4].copy_from_slice(&LK_MAGIC);
        file[4..40].fill(0);
        file[5] = 0x10;
        file[8..14].copy_from_slice(b"U-Boot");
        [file, vec![0x5a; 0x1000]].concat()
    }

    #[test]
    fn a_first_loader_by_its_hash_and_an_lk_by_its_header() {
        let mut file = made();
        let item = find(&mut Look::new(&file), 0).unwrap().item;
        assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
        assert_eq!(
            (&item.attributes["medium"], &item.attributes["entry"]),
            (&"SF_BOOT".into(), &"0x201300".into())
        );
        file[0xa00] ^= 1;
        assert_eq!(find(&mut Look::new(&file), 0).unwrap().item.result("hash"), Some(Outcome::Bad));
        assert!(!find(&mut Look::new(&file[..0x1000]), 0).unwrap().item.is_sound());
        MAGICS.iter().for_each(|magic| is_no_item(find, magic, 0));

        let mut file = lk();
        let item = find_lk(&mut Look::new(&file), 0).unwrap().item;
        assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
        assert!(!find_lk(&mut Look::new(&file[..0x800]), 0).unwrap().item.is_sound());
        file[0x100] = 0;
        assert!(find_lk(&mut Look::new(&file), 0).is_none());
        is_no_item(find_lk, &LK_MAGIC, 0);
    }
}
