//! Firmware volumes: header, extended header, sums, and the files in them.
//!
//! `_FVH` is at 28h of a volume: 16 bytes of zeros or a reset vector, the file system's GUID, a 64-bit length, the mark,
//! attributes (bit 11: erased bytes are FF), length and 16-bit sum of the header, offset of the extended header, revision.
//! Facts: UEFI PI specification volume 3, UEFITool (ffs.h).

use memchr::memmem;

use super::file::{self, File};
use super::guid::Guid;
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at, u64_at};
use crate::span::Span;

const MARK: &[u8] = b"_FVH";
/// Where the mark is in a volume.
pub const MARK_AT: usize = 0x28;
/// The shortest header: one row of the block map and its end.
const SHORTEST_HEADER: u16 = 0x48;
/// The longest header met is that of Apple's microcode volumes, 100h.
const LONGEST_HEADER: u16 = 0x200;
const ERASED_ONES: u32 = 1 << 11;

/// File systems whose files are walked: the three of the specification, and makers' own of the same form.
const FILE_SYSTEMS: [Guid; 8] = [
    Guid::of("7A9354D9-0468-444A-81CE-0BF617D890DF"),
    Guid::of("8C8CE578-8A3D-4F1C-9935-896185C32DD3"),
    Guid::of("5473C07A-3DCB-4DCA-BD6F-1E9689E7349A"),
    Guid::of("04ADEEAD-61FF-4D31-B6BA-64F8BF901F5A"),
    Guid::of("BD001B8C-6A71-487B-A14F-0C2A2DCF7A5D"),
    Guid::of("AD3FFFFF-D28B-44C4-9F13-9EA98A97F9F0"),
    Guid::of("D6A1CD70-4B33-4994-A6EA-375F2CCC5437"),
    Guid::of("4F494156-AED6-4D64-A537-B8A5557BCEEC"),
];
/// Volumes that hold the variables, and no files.
const NVRAM: [Guid; 2] =
    [Guid::of("FFF12B8D-7696-4C8B-A985-2747075B4F50"), Guid::of("00504624-8A59-4EEB-BD0F-6B36E96128E0")];
/// Apple's volumes of microcode.
const APPLE_MICROCODE: Guid = Guid::of("153D2197-29BD-44DC-AC59-887F70E41A6B");

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Where it is.
    pub span: Span,
    /// Its file system.
    pub file_system: Guid,
    /// Its name in the extended header.
    pub name: Option<Guid>,
    /// Length of the header without the extended one.
    pub header_len: u64,
    /// What an erased byte reads as.
    pub erased: u8,
    /// True where the sum of the header holds.
    pub header_holds: bool,
    /// Its files in order, padding and deleted ones included.
    pub files: Vec<File>,
    /// Where its free room starts.
    pub free_from: u64,
    /// Where the walk through the files ended at something that is no file.
    pub lost_at: Option<u64>,
}

impl Volume {
    /// True for a volume of variables.
    pub fn is_nvram(&self) -> bool {
        NVRAM.contains(&self.file_system)
    }

    /// True where its files were walked.
    pub fn has_files(&self) -> bool {
        FILE_SYSTEMS.contains(&self.file_system)
    }

    /// Its files that are valid and more than padding.
    pub fn real_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.is_valid && file.kind != file::KIND_PAD)
    }

    /// What does not hold in it, in words.
    pub fn faults(&self) -> Vec<(Span, String)> {
        let mut found = Vec::new();
        let header = Span::new(self.span.start, self.span.start + self.header_len);
        if !self.header_holds {
            found.push((header, "the sum of the volume's header does not hold: it is damaged".to_owned()));
        }
        for file in self.files.iter().filter(|file| !file.is_sound()) {
            let what = if file.header_holds { "data" } else { "header" };
            found.push((
                file.span,
                format!("the sum of the {what} of file {} does not hold: it is damaged", file.guid),
            ));
        }
        if let Some(at) = self.lost_at {
            let rest = Span::new(at, self.span.end);
            found.push((rest, format!("what is at {at:#x} is no file: the volume is damaged from there on")));
        }
        found
    }
}

/// The volumes that lie in no other, in order. Each byte belongs to one volume at most, and no header is longer than 200h:
/// the time is linear in the length.
pub fn find_all(bytes: &[u8]) -> Vec<Volume> {
    find_counted(bytes).0
}

/// As [`find_all`], with the number of bytes that were looked at besides the search for the mark.
pub(super) fn find_counted(bytes: &[u8]) -> (Vec<Volume>, u64) {
    let mut found: Vec<Volume> = Vec::new();
    let (mut from, mut work) = (0, 0);
    while let Some(at) = bytes.get(from..).and_then(|rest| memmem::find(rest, MARK)).map(|n| from + n) {
        from = at + MARK.len();
        work += u64::from(LONGEST_HEADER);
        let free = found.last().map_or(0, |last| last.span.end);
        let start = at.checked_sub(MARK_AT).filter(|start| *start as u64 >= free);
        if let Some(volume) = start.and_then(|start| read(bytes, start)) {
            from = volume.span.end as usize;
            work += volume.span.len();
            found.push(volume);
        }
    }
    (found, work)
}

/// The volume at `start`. A header whose sum does not hold counts where its file system is a known one.
pub fn read(bytes: &[u8], start: usize) -> Option<Volume> {
    let head = slice(bytes, start, usize::from(SHORTEST_HEADER))?;
    if head[MARK_AT..MARK_AT + MARK.len()] != *MARK {
        return None;
    }
    let (length, header_len) = (u64_at(head, 0x20, Little)?, u16_at(head, 0x30, Little)?);
    let span = Span::at(start as u64, length).filter(|span| span.end <= bytes.len() as u64)?;
    let fits = (SHORTEST_HEADER..=LONGEST_HEADER).contains(&header_len) && u64::from(header_len) <= length;
    let revision = head[0x37];
    if !fits || !header_len.is_multiple_of(2) || !(1..=2).contains(&revision) {
        return None;
    }
    let header = slice(bytes, start, header_len.into())?;
    let words = header.chunks_exact(2).map(|word| u16::from_le_bytes([word[0], word[1]]));
    let header_holds = words.fold(0u16, u16::wrapping_add) == 0;
    let file_system = Guid::at(head, 0x10)?;
    let is_known =
        FILE_SYSTEMS.contains(&file_system) || NVRAM.contains(&file_system) || file_system == APPLE_MICROCODE;
    if !header_holds && !is_known {
        return None;
    }
    let erased = if u32_at(head, 0x2c, Little)? & ERASED_ONES != 0 { 0xff } else { 0 };
    let extended = u16_at(head, 0x34, Little)?;
    let (name, files_at) = match extended_header(bytes, span, extended).filter(|_| revision > 1) {
        Some((name, len)) => (Some(name), u64::from(extended) + len),
        None => (None, u64::from(header_len)),
    };
    let mut volume = Volume {
        span,
        file_system,
        name,
        header_len: header_len.into(),
        erased,
        header_holds,
        files: Vec::new(),
        free_from: span.end,
        lost_at: None,
    };
    if volume.has_files() {
        walk(bytes, &mut volume, files_at.next_multiple_of(8), revision);
    }
    Some(volume)
}

/// Name and length of the extended header, where it lies in the volume.
fn extended_header(bytes: &[u8], volume: Span, offset: u16) -> Option<(Guid, u64)> {
    let at = volume.start + u64::from(offset);
    let head = Span::at(at, 0x14).filter(|head| offset != 0 && volume.covers(*head))?;
    let head = head.of(bytes)?;
    let len = u64::from(u32_at(head, 0x10, Little)?);
    (len >= 0x14 && volume.covers(Span::at(at, len)?)).then_some((Guid::at(head, 0)?, len))
}

fn walk(bytes: &[u8], volume: &mut Volume, first: u64, revision: u8) {
    let (span, erased) = (volume.span, volume.erased);
    let mut at = span.start + first;
    while at < span.end {
        let head = Span::new(at, span.end.min(at + 0x18)).of(bytes).unwrap_or_default();
        if head.iter().all(|byte| *byte == erased) {
            break;
        }
        let Some(file) = file::read(bytes, at, span.end, revision, erased) else {
            volume.lost_at = Some(at);
            break;
        };
        // Sizes count from the volume's start.
        let next = span.start + (file.span.end - span.start).next_multiple_of(8);
        volume.files.push(file);
        at = next;
    }
    volume.free_from = at.min(span.end);
}
