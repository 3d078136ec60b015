//! TRX images of Broadcom boards: header, CRC and the parts' offsets.
//!
//! Facts: OpenWrt trx.c (fields); the CRC is the register without its final inversion, measured. The last 64 bytes of Asus's
//! images name the product: within length and CRC, so they go to flash with the rest (Tomato's fpkg; Kaitai's asus_trx).

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Little, slice, u16_at, u32_at};
use super::damage::is_damaged;
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::image::container::bytes::jamcrc;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("trx");

/// How a header starts.
pub const MAGIC: &[u8; 4] = b"HDR0";

/// Reads the header at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, 0x1c)?;
    let version = u16_at(head, 0xe, Little)?;
    let (header_len, parts) = match version {
        1 => (0x1c, 3),
        2 => (0x20, 4),
        _ => return None,
    };
    let head = slice(look.bytes, at, header_len)?;
    let word = |offset| u32_at(head, offset, Little).unwrap_or(0);
    let (len, crc) = (word(4), word(8));
    if (len as usize) < header_len {
        return None;
    }
    let offsets: Vec<u32> = (0..parts).map(|i| word(0x10 + 4 * i)).filter(|o| *o != 0).collect();
    let ascending = offsets.windows(2).all(|pair| pair[0] < pair[1])
        && offsets.iter().all(|o| (*o as usize) >= header_len && *o < len);
    let item = Item::new(KIND, at as u64, u64::from(len))
        .with("version", version)
        .with("parts", offsets.iter().map(|o| format!("{o:#x}")).collect::<Vec<_>>())
        .check("offsets", ascending, "")
        .check_fits(look.bytes.len());
    let item = match slice(look.bytes, at + 0xc, len as usize - 0xc) {
        None => item.check(CheckName::CRC, Outcome::Bad, "the image is cut short"),
        Some(covered) if look.may_sum(covered.len() as u64) => {
            item.check_equal(CheckName::CRC, crc, jamcrc(covered))
        }
        Some(_) => item.check(CheckName::CRC, Outcome::CannotTell, NOT_MADE),
    };
    let contents: Vec<usize> = offsets.iter().map(|offset| at + *offset as usize).collect();
    if !item.is_sound() && !is_damaged(look, at, at as u64 + u64::from(len), &contents) {
        return None;
    }
    let product = slice(look.bytes, at, len as usize).and_then(asus_product);
    Some(Found::holder(item.with_some("product", product), header_len))
}

/// The product in Asus's tail: four bytes of versions, 12 of text, four ranges of hardware versions, 32 zeros.
fn asus_product(image: &[u8]) -> Option<&str> {
    const TAIL: usize = 64;
    let tail = slice(image, image.len().checked_sub(TAIL)?, TAIL)?;
    let text = &tail[4..16];
    let (name, rest) = text.split_at(text.iter().position(|byte| *byte == 0).unwrap_or(text.len()));
    let is_name =
        name.len() >= 3 && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let padded = rest.iter().chain(&tail[32..]).all(|byte| *byte == 0);
    std::str::from_utf8(name).ok().filter(|_| is_name && padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_read_from_asus_s_tail_and_not_from_other_contents() {
        let image = |tail: &[u8]| {
            let mut bytes =
                [&MAGIC[..], &0x200u32.to_le_bytes(), &[0; 4], &[0, 0, 1, 0], &0x1cu32.to_le_bytes()]
                    .concat();
            bytes.resize(0x1c, 0);
            bytes.resize(0x200 - 64, 0x5a);
            bytes.extend(tail);
            bytes.resize(0x200, 0);
            let crc = jamcrc(&bytes[0xc..]);
            bytes[8..12].copy_from_slice(&crc.to_le_bytes());
            bytes
        };
        let read = |bytes: &[u8]| find(&mut Look::new(bytes), 0).unwrap().item;
        let asus = read(&image(b"\x02\x06\x00\x04RT-N16\0\0\0\0\0\0\x01\x00\x02\x00"));
        assert!(asus.is_sound(), "{asus:?}");
        assert_eq!(asus.attributes["product"], "RT-N16");
        for tail in [&[0; 64][..], &[0x5a; 64], b"\x02\x06\x00\x04R\x80-N16", b"\x02\x06\x00\x04RT\0N16"] {
            assert!(read(&image(tail)).attributes.get("product").is_none(), "{tail:02x?}");
        }
    }
}
