//! Application and loader images of Espressif's chips: segments, a checksum byte, and a SHA-256 of later chips.
//!
//! Source: esptool docs/en/advanced-topics/firmware-image-format.rst (fields, checksum, hash). esptool changes the
//! flash's mode and size in a loader when it writes one: then the hash does not hold, and the checksum does.

use sha2::Sha256;

use super::budget::{Look, NOT_MADE};
use super::bytes::{Endianness::Little, slice, u16_at, u32_at};
use super::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::units::sum;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("esp-image");
/// The first byte; alone it says nothing.
const MAGIC: u8 = 0xe9;
/// Images are at multiples of a flash sector.
pub const EDGE: usize = 0x1000;

const HEADER_LEN: usize = 8;
const EXTENDED_LEN: usize = 24;
const MOST_SEGMENTS: u8 = 16;
/// No flash of these boards has a longer segment.
const LONGEST: u32 = 16 << 20;
const CHECKSUM_SEED: u8 = 0xef;
const SHA256_LEN: usize = 32;
/// Chip ids of the extended header, of esptool's targets.
const CHIPS: &[(u16, &str)] = &[
    (0, "ESP32"),
    (2, "ESP32-S2"),
    (5, "ESP32-C3"),
    (9, "ESP32-S3"),
    (12, "ESP32-C2"),
    (13, "ESP32-C6"),
    (16, "ESP32-H2"),
    (18, "ESP32-P4"),
    (20, "ESP32-C61"),
    (23, "ESP32-C5"),
];

/// The segments of an image.
struct Segments {
    /// One past the last, from the image's start.
    end: usize,
    /// All data, exclusive-ored.
    checksum: u8,
}

/// Follows the segments after a header of `header_len` bytes; all of them must be in the file.
fn segments(look: &mut Look, at: usize, header_len: usize) -> Option<Segments> {
    let (count, mut end, mut checksum) = (look.bytes[at + 1], header_len, CHECKSUM_SEED);
    for _ in 0..count {
        let head = slice(look.bytes, at + end, 8)?;
        let (address, len) = (u32_at(head, 0, Little)?, u32_at(head, 4, Little)?);
        // Memory of these chips starts at 3Cxxxxxx; padding has the address 0.
        let is_memory = address == 0 || (0x3c00_0000..0x6100_0000).contains(&address);
        if !is_memory || !len.is_multiple_of(4) || len >= LONGEST {
            return None;
        }
        let data = slice(look.bytes, at + end + 8, len as usize)?;
        if !look.may_sum(u64::from(len)) {
            return None;
        }
        checksum = data.iter().fold(checksum, |sum, b| sum ^ b);
        end += 8 + len as usize;
    }
    Some(Segments { end, checksum })
}

/// Reads the image at `at`: one with an extended header, or an ESP8266's; only one whose checksum or hash holds counts.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    if head[0] != MAGIC || !(1..=MOST_SEGMENTS).contains(&head[1]) || head[2] > 5 {
        return None;
    }
    extended(look, at).or_else(|| first(look, at))
}

fn extended(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, EXTENDED_LEN)?;
    let id = u16_at(head, 12, Little)?;
    let (_, chip) = CHIPS.iter().find(|(known, _)| *known == id)?;
    // Reserved, and whether a hash follows.
    if head[19..23].iter().any(|b| *b != 0) || head[23] > 1 {
        return None;
    }
    let hashed = head[23] == 1;
    let parts = segments(look, at, EXTENDED_LEN)?;
    let (end, holds) = closing(look, at, &parts)?;
    let item = described(at, end + if hashed { SHA256_LEN } else { 0 }, head, chip);
    let hash = if hashed { Some(slice(look.bytes, at + end, SHA256_LEN)?) } else { None };
    let hash = match hash {
        None => None,
        Some(hash) if look.may_sum(end as u64) => {
            Some(Outcome::from(sum::<Sha256>(&look.bytes[at..at + end]).as_slice() == hash))
        }
        Some(_) => Some(Outcome::CannotTell),
    };
    if !holds && hash != Some(Outcome::Ok) {
        return None;
    }
    let item = item.check("checksum", holds, "");
    let item = match hash {
        None => item,
        Some(Outcome::Bad) => item.check(
            CheckName::HASH,
            Outcome::CannotTell,
            "the SHA-256 is another one: esptool changed the header when it wrote a loader, or the image is damaged",
        ),
        Some(Outcome::CannotTell) => item.check(CheckName::HASH, Outcome::CannotTell, NOT_MADE),
        Some(Outcome::Ok) => item.check(CheckName::HASH, true, ""),
    };
    Some(Found::leaf(item))
}

/// An ESP8266's: the segments follow the short header.
fn first(look: &mut Look, at: usize) -> Option<Found> {
    let head = slice(look.bytes, at, HEADER_LEN)?;
    let parts = segments(look, at, HEADER_LEN)?;
    let (end, holds) = closing(look, at, &parts)?;
    holds.then(|| Found::leaf(described(at, end, head, "ESP8266").check("checksum", true, "")))
}

/// The end of an image, after the checksum byte that closes a block of 16, and whether it holds; zeros fill the block.
fn closing(look: &Look, at: usize, parts: &Segments) -> Option<(usize, bool)> {
    let end = (parts.end + 1).next_multiple_of(16);
    let tail = slice(look.bytes, at + parts.end, end - parts.end)?;
    let (sum, filler) = tail.split_last()?;
    filler.iter().all(|b| *b == 0).then_some((end, *sum == parts.checksum))
}

fn described(at: usize, len: usize, head: &[u8], chip: &str) -> Item {
    Item::new(KIND, at as u64, len as u64)
        .with("chip", chip)
        .with("segments", head[1])
        .with_hex("entry", u32_at(head, 4, Little).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::noise::is_no_item;

    /// Made by esptool 5.6.0, elf2image.
    const C3: &[u8] = include_bytes!("../../../tests/data/small/esp32c3_app.bin");
    const FIRST: &[u8] = include_bytes!("../../../tests/data/small/esp8266_app.bin");

    #[test]
    fn images_of_esptool_by_checksum_and_hash() {
        let item = find(&mut Look::new(C3), 0).unwrap().item;
        assert!(item.is_sound() && item.size == C3.len() as u64, "{item:?}");
        assert_eq!((&item.attributes["chip"], item.result("hash")), (&"ESP32-C3".into(), Some(Outcome::Ok)));
        assert_eq!(item.attributes["entry"], "0x40380000");
        let item = find(&mut Look::new(FIRST), 0).unwrap().item;
        assert!(item.is_sound() && item.size == FIRST.len() as u64, "{item:?}");
        assert_eq!(
            (&item.attributes["chip"], &item.attributes["entry"]),
            (&"ESP8266".into(), &"0x40100000".into())
        );
    }

    #[test]
    fn a_changed_header_leaves_the_checksum_and_changed_data_neither() {
        let mut changed = C3.to_vec();
        changed[3] = 0x20;
        let item = find(&mut Look::new(&changed), 0).unwrap().item;
        assert_eq!(
            (item.result("checksum"), item.result("hash")),
            (Some(Outcome::Ok), Some(Outcome::CannotTell))
        );
        changed[0x80] ^= 1;
        assert!(find(&mut Look::new(&changed), 0).is_none());
        let mut changed = FIRST.to_vec();
        changed[0x80] ^= 1;
        assert!(find(&mut Look::new(&changed), 0).is_none());
        assert!(find(&mut Look::new(&C3[..C3.len() - 1]), 0).is_none(), "cut short");
    }

    #[test]
    fn the_first_bytes_in_noise_are_none() {
        is_no_item(find, &[MAGIC, 2, 0, 0], 0);
        is_no_item(find, &C3[..EXTENDED_LEN], 0);
    }
}
