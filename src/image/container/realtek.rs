//! Images of Realtek's RTL819x loaders: a header of 16 bytes, and a body whose 16-bit words sum up to zero.
//!
//! Sources: Realtek's SDK, cvimg (the header, the signatures), as rewritten by Weijie Gao for OpenWrt; the loader of an
//! RTL8197F as read by the authors of rtk_mkimg.py (what of which signature goes to flash, the sums).

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Big, slice, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("realtek-image");
/// The signatures: kernel, kernel with root file system after it, root file system; of older and later chips.
pub const MAGICS: [&[u8]; 6] = [b"cs6b", b"cs6c", b"cr6b", b"cr6c", b"r6br", b"r6cr"];

const HEADER_LEN: usize = 16;
/// No flash of these boards is larger.
const MOST: u32 = 64 << 20;

/// The 16-bit sum of the big-endian words; a last odd byte is in none.
fn sum(body: &[u8]) -> u16 {
    let words = body.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    words.fold(0, u16::wrapping_add)
}

/// Reads the header at `at`; only one whose sum holds counts, or a kernel's where one belongs: at its own offset in the flash,
/// or at a file's start.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let (start, burn, len) = (u32_at(head, 4, Big)?, u32_at(head, 8, Big)?, u32_at(head, 12, Big)?);
    if burn >= MOST || !(4..MOST).contains(&len) || !burn.is_multiple_of(0x100) {
        return None;
    }
    let (role, is_kernel) = match &head[..4] {
        b"cs6b" | b"cs6c" => ("kernel", true),
        b"cr6b" | b"cr6c" => ("kernel with root file system", true),
        _ => ("root file system", false),
    };
    // The kernel's address is in the cached segment of a MIPS processor.
    let is_kernel = is_kernel && start >> 28 == 8 && start.is_multiple_of(4);
    let is_known = is_kernel && (at == 0 || at == burn as usize);
    let item = Item::new(KIND, at as u64, HEADER_LEN as u64 + u64::from(len))
        .with("signature", String::from_utf8_lossy(&head[..4]).into_owned())
        .with("role", role)
        .with_hex("start", start)
        .with_hex("flash_offset", burn)
        .check_fits(look.bytes.len());
    let (holds, detail) = match slice(look.bytes, at + HEADER_LEN, len as usize) {
        None => (Outcome::Bad, "the image is cut short"),
        Some(body) if look.may_sum(body.len() as u64) => (Outcome::from(sum(body) == 0), ""),
        Some(_) => (Outcome::CannotTell, NOT_MADE),
    };
    (is_known || holds == Outcome::Ok)
        .then(|| Found::holder(item.check(CheckName::new("sum"), holds, detail), HEADER_LEN))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;
    use crate::image::synthetic;

    /// By the fields in the sources.
    pub(crate) fn made(signature: &[u8], start: u32) -> Vec<u8> {
        let mut body = synthetic::noise(7, 0x3000);
        let words = body.chunks(2).map(|pair| u32::from(pair[0]) * 0x100 + u32::from(pair[1]));
        let total = words.sum::<u32>() % 0x1_0000;
        body.extend(((0x1_0000 - total) as u16).to_be_bytes());
        let words = [start, 0x3_0000, body.len() as u32];
        let words: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        [signature, &words, &body].concat()
    }

    #[test]
    fn kernels_and_roots_by_their_sum() {
        for (signature, start) in [(b"cr6c", 0x80a0_0000), (b"cs6b", 0x8050_0000), (b"r6cr", 0)] {
            let mut file = made(signature, start);
            let item = find(&mut Look::new(&file), 0).unwrap().item;
            assert!(item.is_sound() && item.size == file.len() as u64, "{item:?}");
            file[0x1000] ^= 1;
            let bad = find(&mut Look::new(&file), 0).map(|found| found.item.result("sum"));
            assert_eq!(bad, (start != 0).then_some(Some(Outcome::Bad)));
            let named_at = |at: usize| {
                let flash = [&synthetic::noise(8, at)[..], &file].concat();
                find(&mut Look::new(&flash), at).is_some()
            };
            // 30000h is its own offset.
            assert_eq!([named_at(0x3_0000), named_at(0x2_0000), named_at(9)], [start != 0, false, false]);
            assert!(find(&mut Look::new(&file[..9]), 0).is_none());
        }
        MAGICS.iter().for_each(|magic| is_no_item(find, magic, 0));
    }
}
