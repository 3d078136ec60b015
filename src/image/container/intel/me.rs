//! The partition table of the ME region, held against the region's length.
//!
//! `$FPT` is at 10h of the region, or at 0; a count, then from 20h behind the mark on entries of 20h bytes: name, owner,
//! offset in the region, size. Facts: UEFITool (me.h), me_cleaner, intel_fw.

use crate::image::container::bytes::{Endianness::Little, slice, u32_at};

const MARK: &[u8] = b"$FPT";
const ENTRY: usize = 0x20;
/// More partitions than any ME has.
const MOST: u32 = 64;
/// Offset or size of a partition that takes no flash.
const NOWHERE: [u32; 2] = [0, u32::MAX];

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

/// The partitions in `region`; `None` where there is no table, or one whose names are none.
pub fn partitions(region: &[u8]) -> Option<Vec<Partition>> {
    let at = [0x10, 0].into_iter().find(|at| slice(region, *at, MARK.len()) == Some(MARK))?;
    let count = u32_at(region, at + 4, Little).filter(|count| *count <= MOST)?;
    let mut found = Vec::new();
    for n in 0..count as usize {
        let entry = slice(region, at + ENTRY * (n + 1), ENTRY)?;
        let name = name(&entry[..4])?;
        let (offset, size) = (u32_at(entry, 8, Little)?, u32_at(entry, 12, Little)?);
        if !NOWHERE.contains(&offset) && !NOWHERE.contains(&size) {
            let start = u64::from(offset);
            found.push(Partition { name, start, end: start + u64::from(size) });
        }
    }
    Some(found)
}

fn name(bytes: &[u8]) -> Option<String> {
    let len = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let (text, filler) = bytes.split_at(len);
    let plain = len > 0 && text.iter().all(u8::is_ascii_alphanumeric) && filler.iter().all(|b| *b == 0);
    plain.then(|| String::from_utf8_lossy(text).into_owned())
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
        for (n, (name, offset, size)) in entries.iter().enumerate() {
            let entry = &mut bytes[0x10 + ENTRY * (n + 1)..][..ENTRY];
            entry.fill(0);
            entry[..name.len()].copy_from_slice(name.as_bytes());
            entry[8..12].copy_from_slice(&offset.to_le_bytes());
            entry[12..16].copy_from_slice(&size.to_le_bytes());
        }
        bytes
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
            let mut all = [&[0; 16], MARK, &count.to_le_bytes()].concat();
            all.extend(bytes);
            let _ = overrun(&all);
        }
    }
}
