//! LZMA-alone streams, as kernels are packed: the 13-byte header, and unpacking within bounds.
//!
//! Header: property byte, dictionary size (LE u32), unpacked size (LE u64, all ones where unknown); the first byte
//! of the stream after it is 0. There is no checksum: a stream is good when it unpacks to its end.
//! Facts: LZMA SDK lzma.txt; 5D and 6D are the properties met in firmware.

use lzma_rust2::LzmaReader;

use super::unpacked::{PROBE, Unpacked, read_up_to};
use crate::image::container::budget::{Look, TOO_MUCH};
use crate::image::container::bytes::{Endianness::Little, slice, u32_at, u64_at};
use crate::image::container::item::{Found, Item, ItemKind, Outcome};

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("lzma");

const HEADER_LEN: usize = 13;
/// No boot loader has memory for a larger dictionary.
const DICTIONARY_MOST: u32 = 64 << 20;
/// A larger kernel is not met on boards with SPI flash.
const UNPACKED_MOST: u64 = 64 << 20;

/// The property bytes firmware is packed with.
pub const USUAL_PROPERTIES: [u8; 2] = [0x5d, 0x6d];

/// The header's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LzmaHeader {
    /// Literal and position bits.
    pub properties: u8,
    /// Dictionary size.
    pub dictionary: u32,
    /// Unpacked size, where it is known.
    pub unpacked_size: Option<u64>,
}

/// Reads the header at `at`, where it makes sense.
pub fn parse(bytes: &[u8], at: usize) -> Option<LzmaHeader> {
    let head = slice(bytes, at, HEADER_LEN + 5)?;
    let dictionary = u32_at(head, 1, Little)?;
    let size = u64_at(head, 5, Little)?;
    let unpacked_size = (size != u64::MAX).then_some(size);
    let sensible = head[0] < 225
        && (0x1000..=DICTIONARY_MOST).contains(&dictionary)
        && unpacked_size.is_none_or(|size| (1..=UNPACKED_MOST).contains(&size))
        && head[HEADER_LEN] == 0;
    sensible.then_some(LzmaHeader { properties: head[0], dictionary, unpacked_size })
}

/// Unpacks the stream at `at`, at most `most` bytes of it.
pub fn unpack(bytes: &[u8], at: usize, most: u64) -> Option<Unpacked> {
    let header = parse(bytes, at)?;
    let stream = bytes.get(at + HEADER_LEN..)?;
    let most = most.min(UNPACKED_MOST).min(header.unpacked_size.unwrap_or(u64::MAX));
    // A dictionary beyond what is unpacked is never looked at.
    let dictionary = u64::from(header.dictionary).min(most.max(0x1000)) as u32;
    let size = header.unpacked_size.unwrap_or(u64::MAX);
    let mut reader = LzmaReader::new_with_props(stream, size, header.properties, dictionary, None).ok()?;
    reader.set_defer_errors(true);
    // Reads the end mark too where one follows the last byte.
    reader.set_relaxed_end_condition(false);
    let (data, mut complete) = read_up_to(&mut reader, most);
    // Some encoders leave the range coder in another state than the strict one; the size decides.
    complete |= header.unpacked_size == Some(data.len() as u64);
    let (rest, unused) = reader.into_parts();
    let used = HEADER_LEN + stream.len() - rest.len() - unused.len();
    Some(Unpacked { data, used, complete })
}

/// Unpacks the stream at `at` where it is packed as firmware is; what does not unpack from its start is not one.
/// `tries` counts down to bound what hostile bytes cost.
pub fn unpack_usual(bytes: &[u8], at: usize, most: u64, tries: &mut u32) -> Option<Unpacked> {
    // Any data hold what could be the header of a stream; the properties and dictionaries in use are few.
    let header = parse(bytes, at)?;
    let usual = USUAL_PROPERTIES.contains(&header.properties)
        && (header.dictionary.is_power_of_two() || (header.dictionary / 3).is_power_of_two());
    if !usual || most < PROBE {
        return None;
    }
    *tries = tries.checked_sub(1)?;
    let probe = unpack(bytes, at, PROBE)?;
    match probe.data.len() as u64 {
        _ if probe.complete => Some(probe),
        PROBE => unpack(bytes, at, most),
        _ => None,
    }
}

/// Reads the stream at `at`; its unpacked data come with it: a kernel carries its board's device tree.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let header = parse(look.bytes, at)?;
    let most = look.may_unpack();
    let unpacked = unpack_usual(look.bytes, at, most, &mut look.tries)?;
    look.unpacked(unpacked.data.len() as u64);
    let out_of_budget = !unpacked.complete && look.may_unpack() == 0;
    let item = Item::new(KIND, at as u64, unpacked.used as u64)
        .with_hex("properties", header.properties)
        .with_hex("dictionary", header.dictionary)
        .with("unpacked_size", header.unpacked_size.unwrap_or(unpacked.data.len() as u64));
    let item = match (unpacked.complete, out_of_budget) {
        (true, _) => item.check("unpacks", true, ""),
        (_, true) => item.check("unpacks", Outcome::CannotTell, TOO_MUCH),
        _ => item.check(
            "unpacks",
            false,
            format!(
                "stops after {:#x} unpacked bytes, {:#x} into the stream",
                unpacked.data.len(),
                unpacked.used
            ),
        ),
    };
    let found = if unpacked.complete { Found::leaf(item) } else { Found::holder(item, HEADER_LEN) };
    Some(Found { unpacked: Some(unpacked.data), ..found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// "Hello, world!" with an end mark, size unknown (the example of `lzma-rust2`).
    const HELLO: [u8; 37] = [
        93, 0, 0, 128, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 36, 25, 73, 152, 111, 22, 2, 140, 232,
        230, 91, 177, 71, 198, 206, 183, 99, 255, 255, 60, 172, 0, 0,
    ];

    #[test]
    fn unpacks_with_and_without_a_size() {
        let mut file = vec![9; 5];
        file.extend(HELLO);
        file.extend([7; 20]);
        let unpacked = unpack(&file, 5, 1 << 20).unwrap();
        assert_eq!((unpacked.data.as_slice(), unpacked.used), (&b"Hello, world!"[..], HELLO.len()));
        assert!(unpacked.complete);
        // With the size in the header the end mark is still part of the stream.
        file[10..18].copy_from_slice(&13u64.to_le_bytes());
        let unpacked = unpack(&file, 5, 1 << 20).unwrap();
        assert_eq!((unpacked.data.as_slice(), unpacked.used), (&b"Hello, world!"[..], HELLO.len()));
        assert!(unpacked.complete);
    }

    #[test]
    fn stops_at_the_bound_and_at_damage() {
        let unpacked = unpack(&HELLO, 0, 5).unwrap();
        assert_eq!(unpacked.data, b"Hello");
        assert!(!unpacked.complete);
        let unpacked = unpack(&HELLO[..25], 0, 100).unwrap();
        assert!(!unpacked.complete && unpacked.data.len() < 13);
    }

    #[test]
    fn headers_that_make_no_sense() {
        let mut huge = HELLO;
        huge[4] = 0xff;
        assert_eq!(parse(&huge, 0), None);
        let mut large = HELLO;
        large[5..13].copy_from_slice(&u64::from(u32::MAX).to_le_bytes());
        assert_eq!(parse(&large, 0), None);
        assert_eq!(parse(&HELLO[..17], 0), None);
    }

    proptest! {
        #[test]
        fn any_change(edits in prop::collection::vec((0usize..37, any::<u8>()), 0..6), tail in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut bytes = HELLO.to_vec();
            for (at, value) in edits {
                bytes[at] = value;
            }
            bytes.extend(tail);
            if let Some(unpacked) = unpack(&bytes, 0, 0x1000) {
                prop_assert!(unpacked.data.len() <= 0x1000 && unpacked.used <= bytes.len());
            }
        }
    }
}
