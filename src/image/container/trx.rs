//! TRX images of Broadcom boards: header, CRC and the parts' offsets.
//!
//! Facts: OpenWrt trx.c (fields); the CRC is the register without its final inversion, measured.

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Little, slice, u16_at, u32_at};
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
    Some(Found::holder(item, header_len))
}
