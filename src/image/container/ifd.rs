//! Intel flash descriptors: the region table at the start of a PC's flash.
//!
//! Signature 0FF0A55A at 10h (at 0 in old ones), region base and limit in 4 KiB units, the limit's block included.
//! Facts: Intel PCH datasheets (FLMAP0, FLREGn), checked against flashrom --ifd; GbE checksum from memory.

use super::bytes::{Endianness::Little, mac_at, mac_text, slice, u16_at, u32_at};
use crate::image::item::{Found, Item, Look};
use crate::span::Span;

/// The signature's bytes.
pub const SIGNATURE: [u8; 4] = [0x5a, 0xa5, 0xf0, 0x0f];
const LEN: u64 = 0x1000;
/// Names as flashrom gives them.
const NAMES: [&str; 16] = [
    "fd", "bios", "me", "gbe", "pd", "reg5", "bios2", "reg7", "ec", "reg9", "ie", "10gbe", "reg12", "reg13",
    "reg14", "reg15",
];

/// A descriptor as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Regions in use, in the table's order.
    pub regions: Vec<(&'static str, Span)>,
}

/// Reads the descriptor at `at`, which is where the flash starts.
pub fn parse(bytes: &[u8], at: usize) -> Option<Descriptor> {
    let table = slice(bytes, at, LEN as usize)?;
    let signature = [0x10, 0].into_iter().find(|o| table[*o..o + 4] == SIGNATURE)?;
    let flmap0 = u32_at(table, signature + 4, Little)?;
    let base = ((flmap0 >> 16 & 0xff) << 4) as usize;
    // Five regions there are always; newer chips have more and end the table where the masters' starts.
    let masters = ((u32_at(table, signature + 8, Little)? & 0xff) << 4) as usize;
    let room = if masters > base { (masters - base) / 4 } else { 5 };
    let regions: Vec<_> = NAMES[..room.clamp(5, NAMES.len())]
        .iter()
        .enumerate()
        .filter_map(|(i, name)| {
            let word = u32_at(table, base + 4 * i, Little)?;
            let (first, last) =
                (u64::from(word & 0x7fff) << 12, (u64::from(word >> 16 & 0x7fff) << 12) + 0xfff);
            // Unused: a limit below the base; FFFFFFFF and 0 are filler.
            let used = last > first && word != u32::MAX && (word != 0 || i == 0);
            used.then(|| (*name, Span::new(first, last + 1)))
        })
        .collect();
    let own = regions.first().is_some_and(|(name, span)| *name == "fd" && span.start == 0);
    (base >= 0x10 && own).then_some(Descriptor { regions })
}

/// Reads the descriptor whose signature is at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let bytes = look.bytes;
    let start = [0x10, 0].into_iter().filter_map(|o| at.checked_sub(o)).find(|s| s.is_multiple_of(0x1000))?;
    let descriptor = parse(bytes, start)?;
    let room = (bytes.len() - start) as u64;
    let inside = descriptor.regions.iter().all(|(_, span)| span.end <= room);
    let apart = descriptor
        .regions
        .iter()
        .enumerate()
        .all(|(i, (_, a))| descriptor.regions[..i].iter().all(|(_, b)| !a.overlaps(*b)));
    let list: Vec<serde_json::Value> = descriptor
        .regions
        .iter()
        .map(|(name, span)| serde_json::json!({ "name": name, "offset": span.start, "size": span.len() }))
        .collect();
    let mut item = Item::new("ifd", start as u64, LEN).with("regions", list).check(
        "regions",
        inside && apart,
        match (inside, apart) {
            (false, _) => "a region ends past the file",
            (_, false) => "regions overlap",
            _ => "",
        },
    );
    if let Some((_, gbe)) = descriptor.regions.iter().find(|(name, _)| *name == "gbe")
        && let Some(words) = slice(bytes, start + gbe.start as usize, 0x80)
    {
        let sum = (0..0x40).fold(0u16, |sum, i| sum.wrapping_add(u16_at(words, 2 * i, Little).unwrap_or(0)));
        item = item.with_some("gbe_mac", mac_at(words, 0).map(|mac| mac_text(&mac))).check(
            "gbe-checksum",
            sum == 0xbaba,
            if sum == 0xbaba { String::new() } else { format!("expected 0xbaba, found {sum:#06x}") },
        );
    }
    Some(Found::leaf(item))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A flash of 64 KiB: descriptor, GbE, BIOS.
    pub(crate) fn flash() -> Vec<u8> {
        let mut bytes = vec![0xff; 0x10000];
        bytes[0x10..0x14].copy_from_slice(&SIGNATURE);
        bytes[0x14..0x18].copy_from_slice(&0x0304_0003u32.to_le_bytes());
        bytes[0x18..0x1c].copy_from_slice(&0x0000_0206u32.to_le_bytes());
        let regions = [(0, 0), (4, 15), (0x7fff, 0), (1, 2), (0x7fff, 0)];
        for (i, (first, last)) in regions.into_iter().enumerate() {
            let word: u32 = last << 16 | first;
            bytes[0x40 + 4 * i..0x44 + 4 * i].copy_from_slice(&word.to_le_bytes());
        }
        bytes[0x1000..0x1080].fill(0);
        bytes[0x1000..0x1006].copy_from_slice(&[0, 0x1b, 0x21, 1, 2, 3]);
        let sum =
            (0..0x3f).fold(0u16, |s, i| s.wrapping_add(u16_at(&bytes, 0x1000 + 2 * i, Little).unwrap()));
        bytes[0x107e..0x1080].copy_from_slice(&0xbabau16.wrapping_sub(sum).to_le_bytes());
        bytes
    }

    #[test]
    fn regions_in_use_and_the_gbe_checksum() {
        let mut bytes = flash();
        let found = parse(&bytes, 0).unwrap();
        let spans = [
            ("fd", Span::new(0, 0x1000)),
            ("bios", Span::new(0x4000, 0x10000)),
            ("gbe", Span::new(0x1000, 0x3000)),
        ];
        assert_eq!(found.regions, spans);
        let item = find(&mut Look::new(&bytes), 0x10).unwrap().item;
        assert!(item.is_sound(), "{item:?}");
        assert_eq!(item.attributes["gbe_mac"], "00:1b:21:01:02:03");
        bytes[0x1003] ^= 1;
        let item = find(&mut Look::new(&bytes), 0x10).unwrap().item;
        assert!(!item.is_sound());
        let cut = find(&mut Look::new(&bytes[..0x8000]), 0x10).unwrap().item;
        assert!(cut.checks[0].detail.contains("past the file"));
    }

    proptest! {
        #[test]
        fn any_change(edits in prop::collection::vec((0usize..0x80, any::<u8>()), 0..8), cut in 0usize..0x3000) {
            let mut bytes = flash();
            for (at, value) in edits {
                bytes[at] = value;
            }
            bytes.truncate(cut);
            let _ = (find(&mut Look::new(&bytes), 0x10), parse(&bytes, 0));
        }
    }
}
