//! Archives: tar and zip, with their members.
//!
//! Sources: POSIX.1-2017 pax (ustar header), PKWARE APPNOTE.TXT; both are read by crates.

use std::io::{Cursor, Read};

use super::wrapped::{Inside, Wrapped};
use crate::image::container::budget::Look;
use crate::image::container::bytes::{Endianness::Little, u16_at};
use crate::image::container::item::{CheckName, Item, ItemKind};
use crate::image::container::sysupgrade;
use crate::span::Span;
use crate::units;

/// No download has more members than this.
const MOST_MEMBERS: usize = 1024;
/// The most that is unpacked of one archive; the largest chip has 256 MiB.
pub(crate) const MOST_UNPACKED: u64 = 256 << 20;

/// Length of the record that closes a zip archive, without its comment.
const END_LEN: usize = 22;
/// The number of members of a zip archive that has more, or is larger, than its closing record can say.
const IN_ZIP64: u16 = 0xffff;

/// All members are there: they can be read, or are listed at the archive's end.
pub(crate) const MEMBERS: CheckName = CheckName::new("members");

/// A tar that is no sysupgrade file, which has a reader of its own.
pub(super) fn tar(look: &mut Look) -> Option<Wrapped> {
    const MARK: usize = 257;
    if !look.bytes.get(MARK..)?.starts_with(b"ustar") || sysupgrade::tar_files(look.bytes).is_some() {
        return None;
    }
    let mut archive = tar::Archive::new(look.bytes);
    let (mut members, mut end, mut whole) = (Vec::new(), 0, true);
    for entry in archive.entries().ok()?.take(MOST_MEMBERS) {
        let Ok(entry) = entry else {
            whole = false;
            break;
        };
        let span = Span::at(entry.raw_file_position(), entry.size())?;
        end = span.end.next_multiple_of(512);
        if entry.header().entry_type().is_file() {
            members.push((String::from_utf8_lossy(&entry.path_bytes()).into_owned(), span));
        }
    }
    // The first header's own sum was checked.
    (end > 0).then_some(())?;
    // Two blocks of zeros close it, and filler up to the writer's block.
    let rest = look.bytes.get(end as usize..).unwrap_or_default();
    let zeros = rest.iter().take_while(|b| **b == 0).count() as u64;
    let len = look.bytes.len() as u64;
    let reaches = members.iter().all(|(_, span)| span.end <= len);
    let item = Item::new(ItemKind::new("tar"), 0, (end + zeros).min(len))
        .with("members", listed(members.iter().map(|(name, span)| (name.as_str(), span.len()))))
        .check(
            MEMBERS,
            whole && reaches,
            if whole && reaches { "" } else { "the archive is cut short or damaged" },
        );
    members.retain(|(_, span)| span.end <= len);
    Some(Wrapped { name: "tar", item, inside: Inside::Members(members) })
}

/// A zip archive, from its central directory.
pub(super) fn zip(look: &mut Look) -> Option<Wrapped> {
    if !look.bytes.starts_with(b"PK\x03\x04") || has_tail(look.bytes) {
        return None;
    }
    let len = look.bytes.len() as u64;
    let item = Item::new(ItemKind::new("zip"), 0, len);
    let item = match zip::ZipArchive::new(Cursor::new(look.bytes)) {
        Ok(mut archive) => {
            let count = archive.len().min(MOST_MEMBERS);
            let mut members: Vec<(String, u64)> = Vec::with_capacity(count);
            for i in 0..count {
                if let Ok(member) = archive.by_index_raw(i) {
                    members.push((String::from_utf8_lossy(member.name_raw()).into_owned(), member.size()));
                }
            }
            item.with("members", listed(members.iter().map(|(name, size)| (name.as_str(), *size))))
                .check(MEMBERS, true, "")
        }
        Err(error) => item.check(MEMBERS, false, error.to_string()),
    };
    Some(Wrapped { name: "zip archive", item, inside: Inside::Packed })
}

/// Where the record is that closes a zip archive, and how many members it counts.
fn end_of(bytes: &[u8]) -> Option<(usize, u16)> {
    const END: &[u8] = b"PK\x05\x06";
    const COUNT_AT: usize = 10;
    let from = bytes.len().saturating_sub(END_LEN + 0xffff);
    let at = memchr::memmem::rfind(&bytes[from..], END).map(|at| from + at)?;
    Some((at, u16_at(bytes, at + COUNT_AT, Little)?))
}

/// True where more follows the archive's end: the contents of a region that only start with one.
fn has_tail(bytes: &[u8]) -> bool {
    end_of(bytes).is_some_and(|(at, _)| {
        let comment = u16_at(bytes, at + END_LEN - 2, Little).unwrap_or(0);
        at + END_LEN + usize::from(comment) < bytes.len()
    })
}

fn listed<'a>(members: impl Iterator<Item = (&'a str, u64)>) -> Vec<serde_json::Value> {
    members.map(|(name, size)| serde_json::json!({ "name": name, "size": size })).collect()
}

/// The members of a zip archive, unpacked within bounds.
///
/// # Errors
/// Why they cannot be read, in words for a message.
pub(super) fn unzip(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
    if archive.len() > MOST_MEMBERS {
        return Err(format!("it has {} members, more than {MOST_MEMBERS}", archive.len()));
    }
    // The crate keeps the last of several that have one name.
    let counted = end_of(bytes).map(|(_, count)| count).filter(|count| *count != IN_ZIP64);
    if counted.is_some_and(|count| usize::from(count) != archive.len()) {
        return Err("several of its files have the same name".to_owned());
    }
    let mut members = Vec::new();
    let mut left = MOST_UNPACKED;
    for i in 0..archive.len() {
        let mut member = archive.by_index(i).map_err(|e| e.to_string())?;
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        if member.is_dir() {
            continue;
        }
        let mut data = Vec::new();
        member.by_ref().take(left + 1).read_to_end(&mut data).map_err(|e| format!("{name}: {e}"))?;
        left = left
            .checked_sub(data.len() as u64)
            .ok_or_else(|| format!("more than {} are packed in it", units::size(MOST_UNPACKED)))?;
        members.push((name, data));
    }
    Ok(members)
}
