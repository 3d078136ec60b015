//! The version of the ME firmware in a region, and whether it holds data of a unit.
//!
//! A manifest is at the start of a code partition, or in its directory: `$MN2` or `$MAN`, 8 bytes further four 16-bit
//! numbers. The file system's partition is erased in a maker's file and written in a unit. From ME 15 on the code is in boot
//! partitions, which start with a table (BPDT): 55AA as a 32-bit word, 16-bit number of entries, 24 bytes in all, then
//! entries of 12 bytes with a 16-bit type, an offset from the table, a size; the file system is in the data partition.
//! Facts: me_cleaner, UEFITool (meparser.cpp, ffs.h), Linux i915 (intel_gsc_fw.c), MEAnalyzer (where the data partition's table
//! counts from).

use memchr::memmem;

use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::container::intel::me::{data_partitions, partitions};
use crate::span::Span;

/// Partitions with the manifest of the whole, by name.
const CODE: [&str; 2] = ["FTPR", "CODE"];
/// Partitions with data of the unit.
const DATA: [&str; 4] = ["MFS", "EFFS", "NVKR", "NVSH"];
/// How the names of boot partitions start.
const BOOT: &str = "boot ";
/// A manifest is within these first bytes of its partition.
const MANIFEST_WITHIN: u64 = 0x1000;

/// Whether an ME has run in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its file system is erased: as a maker delivers it.
    Virgin,
    /// Its file system is written: it is bound to one board, or set up.
    Written,
    /// It has no file system that is known.
    Unknown,
}

/// What is known of an ME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Major, minor, fix, build; `None` where no manifest is found.
    pub version: Option<[u16; 4]>,
    /// Whether it has run.
    pub state: State,
}

impl Me {
    /// `11.8.50.3425`, or `unknown version`.
    pub fn version_text(&self) -> String {
        self.version.map_or("unknown version".to_owned(), |v| v.map(|n| n.to_string()).join("."))
    }
}

/// The ME in a region; `None` where there is no partition table.
pub fn read(region: &[u8]) -> Option<Me> {
    let all = partitions(region)?;
    let bytes = |start: u64, end: u64| Span::new(start, end.min(region.len() as u64)).of(region);
    let code = all.iter().find(|one| CODE.contains(&one.name.as_str()));
    let of_code = code.and_then(|one| version(bytes(one.start, one.end.min(one.start + MANIFEST_WITHIN))?));
    let boot = || {
        all.iter()
            .filter(|one| one.name.starts_with(BOOT))
            .find_map(|one| boot_version(bytes(one.start, one.end)?))
    };
    let version = of_code.or_else(boot);
    let later = data_partitions(region);
    let listed = all.iter().chain(&later);
    let mut data = listed.filter(|one| DATA.contains(&one.name.as_str())).peekable();
    let known = data.peek().is_some();
    let written =
        data.any(|one| bytes(one.start, one.end).is_none_or(|data| data.iter().any(|b| *b != 0xff)));
    let state = match (known, written) {
        (false, _) => State::Unknown,
        (true, true) => State::Written,
        (true, false) => State::Virgin,
    };
    Some(Me { version, state })
}

/// The version in a boot partition: of its bring-up code, else of its first loader.
fn boot_version(partition: &[u8]) -> Option<[u16; 4]> {
    const MARK: u32 = 0x55aa;
    const HEADER_LEN: usize = 24;
    const ENTRY_LEN: usize = 12;
    /// More entries than any table has.
    const MOST: u16 = 64;
    const BRING_UP: u16 = 2;
    const FIRST_LOADER: u16 = 1;
    let count = u16_at(partition, 4, Little).filter(|count| *count <= MOST)?;
    if u32_at(partition, 0, Little)? != MARK {
        return None;
    }
    let table = slice(partition, HEADER_LEN, usize::from(count) * ENTRY_LEN)?;
    [BRING_UP, FIRST_LOADER].into_iter().find_map(|kind| {
        let entry = table.chunks_exact(ENTRY_LEN).find(|entry| u16_at(entry, 0, Little) == Some(kind))?;
        let (start, len) = (u32_at(entry, 4, Little)?.into(), u32_at(entry, 8, Little)?.into());
        let all = Span::at(start, len)?.of(partition)?;
        version(&all[..all.len().min(MANIFEST_WITHIN as usize)])
    })
}

fn version(partition: &[u8]) -> Option<[u16; 4]> {
    let marks: [&[u8]; 2] = [b"$MN2", b"$MAN"];
    let at = marks.iter().find_map(|mark| memmem::find(partition, mark))? + 8;
    let number = |n: usize| u16_at(partition, at + 2 * n, Little);
    Some([number(0)?, number(1)?, number(2)?, number(3)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A region of ME 15 and later: layout table 1.7, data partition, one boot partition with these entries.
    fn later(entries: &[(u16, u32, u32)], manifests: &[(usize, u16)]) -> Vec<u8> {
        let mut region = vec![0xff; 0x1_0000];
        let mut put = |at: usize, bytes: &[u8]| region[at..at + bytes.len()].copy_from_slice(bytes);
        put(0x10, &[0x40, 0, 0, 0, 0, 0, 0, 0]);
        put(0x18, &[0; 0x38]);
        for (at, word) in [(0x18, 0x1000u32), (0x1c, 0x1000), (0x20, 0x2000), (0x24, 0x8000)] {
            put(at, &word.to_le_bytes());
        }
        put(0x1000, b"$FPT\x01\0\0\0\x21\x10\x20\0");
        put(
            0x1020,
            &[&b"MFS\0"[..], &[0xff; 4], &0x800u32.to_le_bytes(), &0x100u32.to_le_bytes(), &[0; 16]].concat(),
        );
        put(0x2000, &[&0x55aau32.to_le_bytes()[..], &[entries.len() as u8, 0, 2, 0], &[0; 16]].concat());
        for (n, (kind, start, len)) in entries.iter().enumerate() {
            let entry = [&kind.to_le_bytes()[..], &[0; 2], &start.to_le_bytes(), &len.to_le_bytes()].concat();
            put(0x2018 + 12 * n, &entry);
        }
        for (at, major) in manifests {
            put(0x2000 + at, b"$MN2\0\0\0\0");
            put(0x2008 + at, &[*major, 1, 25, 1932].map(u16::to_le_bytes).concat());
        }
        region
    }

    #[test]
    fn a_later_me_has_its_version_in_its_boot_partition() {
        let both = later(&[(1, 0x100, 0x200), (2, 0x1000, 0x800)], &[(0x180, 15), (0x1100, 16)]);
        let me = read(&both).unwrap();
        // What is at 800h of the data partition, and not of the region, is its file system.
        assert_eq!((me.version_text().as_str(), me.state), ("16.1.25.1932", State::Virgin));
        let mut run = both.clone();
        run[0x800] = 0;
        assert_eq!(read(&run).unwrap().state, State::Virgin);
        run[0x1880] = 0;
        assert_eq!(read(&run).unwrap().state, State::Written);
        let mut other = both.clone();
        other[0x1020..0x1023].copy_from_slice(b"UTO");
        assert_eq!(read(&other).unwrap().state, State::Unknown);
        let loader = later(&[(1, 0x100, 0x200), (3, 0x1000, 0x800)], &[(0x180, 15), (0x1100, 16)]);
        assert_eq!(read(&loader).unwrap().version, Some([15, 1, 25, 1932]));
        for (entries, manifest) in [
            (&[(1, 0x100, 0x200)][..], 0x320),
            (&[(1, 0x7f00, 0x200)], 0x180),
            (&[(1, u32::MAX, u32::MAX)], 0x180),
            (&[], 0x180),
        ] {
            assert_eq!(read(&later(entries, &[(manifest, 15)])).unwrap().version, None, "{entries:x?}");
        }
    }
}
