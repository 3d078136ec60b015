//! What is in the ME region, compared with the region's length.
//!
//! Up to ME 14 a partition table, `$FPT`, is after a vector of 10h bytes, or first: count, versions of header and entries,
//! length of the header, then from 20h after the mark on entries of 20h bytes: name, owner, offset in the region, size.
//! From ME 15 on a layout table is first, after such a vector: offset and size of the data partition, which starts with
//! `$FPT` (header version 2.1, no vector), and of five boot partitions. Version 1.7 of it has its length, flags and a CRC
//! before these and one more partition after. A region that has neither is reported as not known.
//!
//! Facts: UEFITool (me.h, meparser.cpp, ksy/ifwi_16.ksy and ifwi_17.ksy), me_cleaner, intel_fw; coreboot util/ifdtool (an
//! ME file shorter than its region is put at the region's start, FF after it).

use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::whole::is_blank;

const MARK: &[u8] = b"$FPT";
const ENTRY: usize = 0x20;
/// More partitions than any ME has.
const MOST: u32 = 64;
/// Offset or size of a partition that takes no flash.
const NOWHERE: [u32; 2] = [0, u32::MAX];
/// Where `$FPT` is: after a vector, or first.
const PLACES: [usize; 2] = [0x10, 0];
/// Where the layout table's fields start, after the vector.
const LAYOUT: usize = 0x10;
/// The partition with a table of its own.
const DATA: &str = "data";
/// The length in a layout table of version 1.7: 8 bytes, then data, five boot and temporary partitions of 8 bytes each.
const LAYOUT_17_LEN: u16 = 0x40;

/// A partition that takes flash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name, `FTPR`.
    pub name: String,
    /// Its first byte, from the start of the region.
    pub start: u64,
    /// One past its last byte, from the start of the region.
    pub end: u64,
}

/// The form of what says where partitions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `$FPT` near the start, with the version in its header: 10h, 20h or 21h.
    Table(u8),
    /// A layout table, before a data partition with `$FPT` of that version.
    Layout {
        /// Version of the layout table.
        version: &'static str,
        /// Version in the header of `$FPT`.
        table: u8,
    },
}

/// The form in words: `$FPT 2.0`, `layout table 1.7, $FPT 2.1`.
impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Table(version) | Self::Layout { table: version, .. }) = self;
        if let Self::Layout { version, .. } = self {
            write!(f, "layout table {version}, ")?;
        }
        write!(f, "$FPT {}.{}", version >> 4, version & 0xf)
    }
}

/// What is known of an ME region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Me {
    /// Its partitions.
    Known(Form, Vec<Partition>),
    /// It is not blank, and none of the forms known here.
    Unknown,
    /// It is blank.
    Blank,
}

/// Reads a region, or a file that is to be put at the start of one.
pub fn read(region: &[u8]) -> Me {
    let table = || PLACES.into_iter().find_map(|at| table(region, at));
    match table().map(|(version, found)| (Form::Table(version), found)).or_else(|| layout(region)) {
        Some((form, found)) => Me::Known(form, found),
        None if is_blank(region) => Me::Blank,
        None => Me::Unknown,
    }
}

/// The partitions in `region`; `None` where it is not known what it holds.
pub fn partitions(region: &[u8]) -> Option<Vec<Partition>> {
    match read(region) {
        Me::Known(_, found) => Some(found),
        Me::Unknown | Me::Blank => None,
    }
}

/// The partitions that the table in the data partition of a later ME lists, counted from the region's start; empty where the
/// region has no layout table. Fact: MEAnalyzer (a table after a layout table counts from itself).
pub fn data_partitions(region: &[u8]) -> Vec<Partition> {
    let Me::Known(Form::Layout { .. }, found) = read(region) else { return Vec::new() };
    let data = found.iter().find(|one| one.name == DATA);
    let listed = data.and_then(|data| Some((data.start, table(region, usize::try_from(data.start).ok()?)?)));
    let Some((start, (_, listed))) = listed else { return Vec::new() };
    let moved = |one: Partition| Partition { start: start + one.start, end: start + one.end, ..one };
    listed.into_iter().map(moved).collect()
}

/// The version of the table header at `at`; `None` where there is none whose fields agree.
fn head(bytes: &[u8], at: usize) -> Option<(u8, u32)> {
    let head = slice(bytes, at, ENTRY).filter(|head| head.starts_with(MARK))?;
    let count = u32_at(head, 4, Little).filter(|count| (1..=MOST).contains(count))?;
    let known = matches!(head[8], 0x10 | 0x20 | 0x21) && head[9] == 0x10 && (0x20..=0x40).contains(&head[10]);
    known.then_some((head[8], count))
}

fn table(region: &[u8], at: usize) -> Option<(u8, Vec<Partition>)> {
    let (version, count) = head(region, at)?;
    let mut found = Vec::new();
    for n in 0..count as usize {
        let entry = slice(region, at + ENTRY * (n + 1), ENTRY)?;
        let name = name(&entry[..4])?;
        found.extend(partition(name, entry, 8));
    }
    Some((version, found))
}

/// The partition whose offset is at `at` in `bytes` and its size after it.
fn partition(name: String, bytes: &[u8], at: usize) -> Option<Partition> {
    let (offset, size) = (u32_at(bytes, at, Little)?, u32_at(bytes, at + 4, Little)?);
    let start = u64::from(offset);
    let takes_flash = !NOWHERE.contains(&offset) && !NOWHERE.contains(&size);
    takes_flash.then(|| Partition { name, start, end: start + u64::from(size) })
}

/// Reads a layout table. `$FPT` at the start of its data partition proves it.
fn layout(region: &[u8]) -> Option<(Form, Vec<Partition>)> {
    let has_17 = u16_at(region, LAYOUT, Little) == Some(LAYOUT_17_LEN);
    let (version, data, last) = if has_17 { ("1.7", LAYOUT + 8, "temporary") } else { ("1.6", LAYOUT, "") };
    let names = [DATA, "boot 1", "boot 2", "boot 3", "boot 4", "boot 5", last];
    let named = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
    let found: Vec<Partition> =
        named.filter_map(|(n, name)| partition((*name).to_owned(), region, data + 8 * n)).collect();
    let (first, others) = found.split_first().filter(|(first, _)| first.name == DATA)?;
    let apart = |one: &Partition| one.end <= first.start || one.start >= first.end;
    let (table, _) = head(region, usize::try_from(first.start).ok()?)?;
    others.iter().all(apart).then_some((Form::Layout { version, table }, found))
}

fn name(bytes: &[u8]) -> Option<String> {
    let len = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (text, filler) = bytes.split_at(len);
    let plain = len > 0 && text.iter().all(u8::is_ascii_alphanumeric) && filler.iter().all(|b| *b == 0);
    plain.then(|| String::from_utf8_lossy(text).into_owned())
}

/// True when `bytes` start as an ME region does: with a table or a layout table whose fields agree.
pub fn is_image(bytes: &[u8]) -> bool {
    PLACES.iter().any(|at| head(bytes, *at).is_some()) || layout(bytes).is_some()
}

/// The partition that ends past the region, where one does: descriptor and ME are not of one flash.
pub fn overrun(region: &[u8]) -> Option<Partition> {
    let len = region.len() as u64;
    partitions(region)?.into_iter().filter(|partition| partition.end > len).max_by_key(|p| p.end)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A region with partitions of these names, offsets and sizes.
    pub(crate) fn region(len: usize, entries: &[(&str, u32, u32)]) -> Vec<u8> {
        let mut bytes = vec![0x5a; len];
        bytes[0x10..0x14].copy_from_slice(MARK);
        bytes[0x14..0x18].copy_from_slice(&(entries.len() as u32).to_le_bytes());
        bytes[0x18..0x1b].copy_from_slice(b"\x20\x10\x30");
        for (n, (name, offset, size)) in entries.iter().enumerate() {
            let entry = &mut bytes[0x10 + ENTRY * (n + 1)..][..ENTRY];
            entry.fill(0);
            entry[..name.len()].copy_from_slice(name.as_bytes());
            entry[8..12].copy_from_slice(&offset.to_le_bytes());
            entry[12..16].copy_from_slice(&size.to_le_bytes());
        }
        bytes
    }

    /// A region of 0x1000 bytes with a layout table of that version: data partition, then boot partitions.
    pub(crate) fn layout_region(version: &str, partitions: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = vec![0xff; 0x1000];
        bytes[..0x60].fill(0);
        let at = if version == "1.7" { 0x18 } else { 0x10 };
        if version == "1.7" {
            bytes[0x10..0x12].copy_from_slice(&0x40u16.to_le_bytes());
        }
        for (n, (offset, size)) in partitions.iter().enumerate() {
            bytes[at + 8 * n..][..4].copy_from_slice(&offset.to_le_bytes());
            bytes[at + 8 * n + 4..][..4].copy_from_slice(&size.to_le_bytes());
        }
        let data = partitions[0].0 as usize;
        bytes[data..data + 11].copy_from_slice(b"$FPT\x02\0\0\0\x21\x10\x20");
        bytes
    }

    #[test]
    fn the_forms_are_told_apart() {
        let form = |bytes: &[u8]| match read(bytes) {
            Me::Known(form, found) => format!("{form}: {}", found.len()),
            other => format!("{other:?}"),
        };
        let entries = [("FTPR", 0x100, 0x200)];
        assert_eq!(form(&region(0x1000, &entries)), "$FPT 2.0: 1");
        let mut first = region(0x1000, &entries).split_off(0x10);
        first[8..11].copy_from_slice(b"\x21\x10\x20");
        assert_eq!(form(&first), "$FPT 2.1: 1");
        for version in ["1.6", "1.7"] {
            let made = layout_region(version, &[(0x200, 0x400), (0x600, 0x300), (0x900, 0x700)]);
            assert_eq!(form(&made), format!("layout table {version}, $FPT 2.1: 3"));
            assert!(is_image(&made));
            assert_eq!(overrun(&made), None);
            let past = overrun(&made[..0xf00]).unwrap();
            assert_eq!((past.name.as_str(), past.start, past.end), ("boot 2", 0x900, 0x1000));
            // Without the table in the data partition, and where partitions overlap it, nothing is proven.
            let mut other = made.clone();
            other[0x200] = 0;
            assert_eq!(read(&other), Me::Unknown);
            assert_eq!(read(&layout_region(version, &[(0x200, 0x400), (0x500, 0x300)])), Me::Unknown);
        }
        // A later version of the table, noise, and a region that was erased.
        first[8] = 0x30;
        assert_eq!(read(&first), Me::Unknown);
        assert_eq!(read(&crate::image::synthetic::noise(4, 0x1000)), Me::Unknown);
        assert_eq!(read(&[0xff; 0x1000]), Me::Blank);
    }

    #[test]
    fn the_mark_alone_is_no_table() {
        let mut image = vec![0; 0x40];
        image[0x10..0x1b].copy_from_slice(b"$FPT\x04\0\0\0\x20\x10\x30");
        assert!(is_image(&image) && is_image(&[&image[0x10..], &[0; 0x10]].concat()));
        for (at, value) in [(0x10, b'F'), (0x14, 0), (0x17, 1), (0x18, 0x55), (0x19, 0), (0x1a, 0xff)] {
            let mut other = image.clone();
            other[at] = value;
            assert!(!is_image(&other), "{at:#x}");
        }
        assert!(!is_image(b"$FPT") && !is_image(&[]));
    }

    #[test]
    fn a_partition_past_the_region_is_named() {
        let entries = [("FTPR", 0x1000, 0x2000), ("MFS", 0x3000, 0x2000), ("NVCL", u32::MAX, 0x9_0000)];
        assert_eq!(overrun(&region(0x5000, &entries)), None);
        let found = overrun(&region(0x4000, &entries)).unwrap();
        assert_eq!((found.name.as_str(), found.end), ("MFS", 0x5000));
        // A mark before noise is no table.
        let mut noise = crate::image::synthetic::noise(3, 0x4000);
        noise[0x10..0x18].copy_from_slice(b"$FPT\x04\0\0\0");
        assert_eq!(partitions(&noise), None);
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x100), count in 0u32..80) {
            let mut all = [&[0; 16], MARK, &count.to_le_bytes(), b"\x21\x10\x20"].concat();
            all.extend(&bytes);
            let _ = (overrun(&all), overrun(&bytes));
            let mut layout = super::tests::layout_region("1.7", &[(0x100, 0x80), (0x200, 0x100)]);
            layout[0x10..0x10 + bytes.len().min(0x60)].copy_from_slice(&bytes[..bytes.len().min(0x60)]);
            let _ = (overrun(&layout), is_image(&layout));
        }
    }
}
