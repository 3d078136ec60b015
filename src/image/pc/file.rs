//! Files of a firmware volume: header, sums, state, and the sections of those that are read further.
//!
//! A file starts at a multiple of 8 from the volume's start: GUID, sum of the header, sum of the data, type, attributes,
//! 24-bit size, state. Both sums and the state count as 0 in the sum of the header. A large file has its size as a 64-bit
//! word after that. Facts: UEFI PI specification volume 3, UEFITool (ffs.h, ffsparser.cpp).

use super::guid::Guid;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at, u64_at};
use crate::span::Span;

/// Length of a plain header, and of a large file's.
const HEADER_LEN: u64 = 0x18;
const LARGE_HEADER_LEN: u64 = 0x20;
const ATTRIBUTE_LARGE: u8 = 0x01;
const ATTRIBUTE_CHECKSUM: u8 = 0x40;
const SIZE_LARGE: u32 = 0xff_ffff;
/// The sum of data that is not summed, by the volume's revision.
const FIXED_SUMS: [u8; 2] = [0x5a, 0xaa];
/// Bits of the state: the data is valid; the file is deleted.
const DATA_VALID: u8 = 0x04;
const DELETED: u8 = 0x10;

/// A file that is only room between others.
pub const KIND_PAD: u8 = 0xf0;

/// A file as its header has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is, header included.
    pub span: Span,
    /// Length of the header.
    pub header_len: u64,
    /// Its name.
    pub guid: Guid,
    /// Its type: 1 raw, 2 free form, 4 PEI core, F0 padding, ...
    pub kind: u8,
    /// True where it is written whole and not deleted.
    pub is_valid: bool,
    /// True where the sum of the header holds.
    pub header_holds: bool,
    /// True where the sum of the data holds.
    pub data_holds: bool,
}

impl File {
    /// The bytes after the header.
    pub fn body(&self) -> Span {
        Span::new(self.span.start + self.header_len, self.span.end)
    }

    /// True where both sums hold, or the file is deleted.
    pub fn is_sound(&self) -> bool {
        !self.is_valid || (self.header_holds && self.data_holds)
    }
}

/// The file at `at` in a volume that ends at `end` and has `revision` and `erased` bytes; `None` where its size is none.
pub(super) fn read(bytes: &[u8], at: u64, end: u64, revision: u8, erased: u8) -> Option<File> {
    let start = usize::try_from(at).ok()?;
    let head = slice(bytes, start, HEADER_LEN as usize)?;
    let attributes = head[0x13];
    let small = u32_at(head, 0x14, Little)? & SIZE_LARGE;
    let is_large = revision > 1 && attributes & ATTRIBUTE_LARGE != 0;
    let (header_len, size) = match (is_large, small) {
        // Lenovo's: no size at all, and 32 bits of it after.
        (true, 0) => (LARGE_HEADER_LEN - 4, u32_at(bytes, start + HEADER_LEN as usize, Little)?.into()),
        (true, _) => (LARGE_HEADER_LEN, u64_at(bytes, start + HEADER_LEN as usize, Little)?),
        (false, size) => (HEADER_LEN, u64::from(size)),
    };
    let span = Span::at(at, size).filter(|span| size >= header_len && span.end <= end)?;
    let state = head[0x17] ^ erased;
    let is_valid = state & DATA_VALID != 0 && state & DELETED == 0;
    let header = slice(bytes, start, header_len as usize)?;
    let summed = sum(header).wrapping_sub(head[0x11]).wrapping_sub(head[0x17]);
    // The first revision has the complement of the sums after the data.
    let tail = if revision == 1 && attributes & ATTRIBUTE_LARGE != 0 { 2 } else { 0 };
    let body = Span::new(at + header_len, span.end.saturating_sub(tail));
    let data_holds = match attributes & ATTRIBUTE_CHECKSUM {
        0 => head[0x11] == FIXED_SUMS[usize::from(revision > 1)],
        _ => !is_valid || sum(body.of(bytes)?).wrapping_add(head[0x11]) == 0,
    };
    let (guid, kind) = (Guid::at(head, 0)?, head[0x12]);
    Some(File { span, header_len, guid, kind, is_valid, header_holds: summed == 0, data_holds })
}

/// Makes the sum of the data of `file`, if it has one, anew; gives where it is.
///
/// # Errors
/// Where the file has its sum twice, as those of the first revision may.
pub(super) fn sum_again(bytes: &mut [u8], file: &File) -> Result<Option<u64>, &'static str> {
    let start = file.span.start as usize;
    let attributes = bytes[start + 0x13];
    if attributes & ATTRIBUTE_CHECKSUM == 0 {
        return Ok(None);
    }
    if attributes & ATTRIBUTE_LARGE != 0 && file.header_len == HEADER_LEN {
        return Err("the file has its sum after its data, too");
    }
    let summed = file.body().of(bytes).map_or(0, sum);
    bytes[start + 0x11] = 0u8.wrapping_sub(summed);
    Ok(Some(file.span.start + 0x11))
}

/// The sum of all bytes.
pub(super) fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// The contents of the first section of `kind` in a body whose sections follow each other at multiples of 4.
pub fn section(body: &[u8], kind: u8) -> Option<&[u8]> {
    const LARGE: usize = 0xff_ffff;
    let mut at = 0;
    loop {
        let small = u32_at(body, at, Little)? as usize;
        let (size, header) = match small & LARGE {
            LARGE => (u32_at(body, at + 4, Little)? as usize, 8),
            size => (size, 4),
        };
        let section = slice(body, at, size).filter(|_| size >= header)?;
        if (small >> 24) as u8 == kind {
            return Some(&section[header..]);
        }
        at = at.checked_add(size)?.next_multiple_of(4);
    }
}
