//! FMAP: the table of areas that coreboot and Chrome OS images carry.
//!
//! Facts: flashmap's fmap.h (fields, little-endian); checked against what flashrom reads.

use super::budget::Look;
use super::bytes::{Endianness::Little, slice, text, u16_at, u32_at, u64_at};
use super::item::{Found, Item, ItemKind};
use crate::span::Span;

/// The kind of its items.
pub const KIND: ItemKind = ItemKind::new("fmap");

/// How a table starts.
pub const MAGIC: &[u8; 8] = b"__FMAP__";
const HEADER_LEN: usize = 0x38;
const AREA_LEN: usize = 42;

/// A table as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fmap {
    /// Its version, `1.1`.
    pub version: String,
    /// Its name.
    pub name: String,
    /// Address of the image in memory.
    pub base: u64,
    /// The image's size.
    pub size: u64,
    /// The areas in their order; they nest.
    pub areas: Vec<Area>,
}

/// An area of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Where it lies.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// Bit 0 static, bit 1 compressed, bit 2 read-only.
    pub flags: u16,
}

impl Area {
    /// True for a read-only area.
    pub fn read_only(&self) -> bool {
        self.flags & 4 != 0
    }
}

/// Reads the table at `at`.
pub fn parse(bytes: &[u8], at: usize) -> Option<Fmap> {
    let head = slice(bytes, at, HEADER_LEN)?;
    if head[..8] != *MAGIC || head[8] != 1 {
        return None;
    }
    let count = usize::from(u16_at(head, 0x36, Little)?);
    let table = slice(bytes, at + HEADER_LEN, count * AREA_LEN)?;
    let areas = table
        .chunks_exact(AREA_LEN)
        .map(|area| {
            let (offset, size) = (u32_at(area, 0, Little)?, u32_at(area, 4, Little)?);
            Some(Area {
                span: Span::at(offset.into(), size.into())?,
                name: text(&area[8..40])?,
                flags: u16_at(area, 40, Little)?,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Fmap {
        version: format!("{}.{}", head[8], head[9]),
        name: text(&head[0x16..0x36])?,
        base: u64_at(head, 0xa, Little)?,
        size: u32_at(head, 0x12, Little)?.into(),
        areas,
    })
}

/// Reads the table at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let map = parse(look.bytes, at).filter(|map| !map.areas.is_empty() && map.size > 0)?;
    let inside = map.areas.iter().all(|area| area.span.end <= map.size);
    let list: Vec<serde_json::Value> = map
        .areas
        .iter()
        .map(|a| serde_json::json!({ "name": a.name, "offset": a.span.start, "size": a.span.len() }))
        .collect();
    let item = Item::new(KIND, at as u64, (HEADER_LEN + map.areas.len() * AREA_LEN) as u64)
        .with("version", map.version)
        .with("name", map.name)
        .with("image_size", map.size)
        .with("areas", list)
        .check("areas", inside, if inside { "" } else { "an area ends past the image" });
    Some(Found::leaf(item))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table() -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 1]);
        bytes.extend(0u64.to_le_bytes());
        bytes.extend(0x10000u32.to_le_bytes());
        bytes.extend(b"BOARD");
        bytes.resize(0x36, 0);
        bytes.extend(2u16.to_le_bytes());
        for (offset, size, name, flags) in [(0u32, 0x4000u32, "RO", 4u16), (0x4000, 0xc000, "RW", 0)] {
            bytes.extend(offset.to_le_bytes());
            bytes.extend(size.to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.resize(bytes.len() + 32 - name.len(), 0);
            bytes.extend(flags.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn areas_and_a_table_that_reaches_too_far() {
        let mut bytes = table();
        let map = parse(&bytes, 0).unwrap();
        assert_eq!((map.name.as_str(), map.size, map.version.as_str()), ("BOARD", 0x10000, "1.1"));
        assert_eq!(map.areas[1].span, Span::new(0x4000, 0x10000));
        assert!(map.areas[0].read_only() && !map.areas[1].read_only());
        assert!(find(&mut Look::new(&bytes), 0).unwrap().item.is_sound());
        bytes[HEADER_LEN + AREA_LEN + 2] = 9;
        assert!(!find(&mut Look::new(&bytes), 0).unwrap().item.is_sound());
        assert_eq!(parse(&bytes[..bytes.len() - 1], 0), None);
    }

    proptest! {
        #[test]
        fn any_change(at in 0usize..140, value in any::<u8>(), cut in 0usize..141) {
            let mut bytes = table();
            bytes[at] = value;
            bytes.truncate(cut);
            let _ = find(&mut Look::new(&bytes), 0);
        }
    }
}
