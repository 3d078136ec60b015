//! The version of the ME firmware in a region, and whether it holds data of a unit.
//!
//! A manifest is at the start of a code partition, or in its directory: `$MN2` or `$MAN`, 8 bytes further four 16-bit
//! numbers. The file system's partition is erased in a maker's file and written in a unit. Facts: me_cleaner, UEFITool
//! (meparser.cpp).

use memchr::memmem;

use crate::image::container::bytes::{Endianness::Little, u16_at};
use crate::image::container::intel::me::partitions;
use crate::span::Span;

/// Partitions with the manifest of the whole, by name.
const CODE: [&str; 2] = ["FTPR", "CODE"];
/// Partitions with data of the unit.
const DATA: [&str; 4] = ["MFS", "EFFS", "NVKR", "NVSH"];
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
    let version = code.and_then(|one| version(bytes(one.start, one.end.min(one.start + MANIFEST_WITHIN))?));
    let mut data = all.iter().filter(|one| DATA.contains(&one.name.as_str())).peekable();
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

fn version(partition: &[u8]) -> Option<[u16; 4]> {
    let marks: [&[u8]; 2] = [b"$MN2", b"$MAN"];
    let at = marks.iter().find_map(|mark| memmem::find(partition, mark))? + 8;
    let number = |n: usize| u16_at(partition, at + 2 * n, Little);
    Some([number(0)?, number(1)?, number(2)?, number(3)?])
}
