//! Firmware without a vendor's header: opened by its container, and compared with the container's own sums.
//!
//! uImage, FIT, TRX and Seama images go to flash as they are (a Seama seal is left out); of a SafeLoader image and of
//! a sysupgrade file of the tar kind, the parts are put where the flash has them. Facts: those of the containers;
//! where OpenWrt looks for a root file system after its kernel: Linux drivers/mtd/mtdsplit (OpenWrt), at the next
//! erase block; padjffs2 (firmware-utils) for the marks.

use std::borrow::Cow;

use memchr::memmem;

use super::loader;
use crate::image::boards::Board;
use crate::image::checks::Finding;
use crate::image::checks::{
    Check, DONOR_UNKNOWN, HASH, MD5, NOT_JUDGED, OTHER_MAP, SUM, SUM_UNKNOWN, TRUNCATED,
};
use crate::image::container::budget::Look;
use crate::image::container::envelope::Envelope;
use crate::image::container::item::{CheckName, Item, ItemKind, Outcome};
use crate::image::container::overlay::FORMAT_MARK;
use crate::image::container::payload::Payload;
use crate::image::container::{squashfs, sysupgrade};
use crate::image::formats::{AsFirmware, FORMATS, FileSystem, envelope_at};
use crate::image::layout::Role;

/// Where the kernel ends, the root file system is looked for at the next of these.
const ERASE_BLOCK: u64 = 0x1_0000;
/// Edges at which a mark may be looked for, after the root file system.
const MARK_EDGES: [u64; 2] = [0x1000, ERASE_BLOCK];

/// A firmware opened.
#[derive(Clone, Debug)]
pub struct Plain<'a> {
    /// `uImage`, `FIT image`, ...
    pub name: &'static str,
    /// What goes to the firmware region; `None` where only its parts are known.
    pub firmware: Option<Cow<'a, [u8]>>,
    /// Its parts by the names that regions of their own have.
    pub parts: Vec<(String, &'a [u8])>,
    /// What its sums tell.
    pub findings: Vec<Finding>,
}

/// The container at the start of the bytes, and how it serves as firmware.
fn container(look: &mut Look) -> Option<(&'static AsFirmware, Item)> {
    let rows = FORMATS.iter().filter_map(|row| Some((row, row.firmware.as_ref()?)));
    rows.flat_map(|(row, firmware)| firmware.starts.iter().map(move |at| (row, firmware, *at))).find_map(
        |(row, firmware, at)| {
            let here = look.bytes.get(at..)?;
            let marked = row.magics.is_empty() || row.magics.iter().any(|magic| here.starts_with(magic));
            let item = marked.then(|| row.search(look, at))??.item;
            let counts = item.offset == 0 && item.kind == firmware.kind;
            (counts && (!firmware.only_sound || item.is_sound())).then_some((firmware, item))
        },
    )
}

/// What `bytes` start with, in words, where that is a container which is named and not opened as a donor.
pub(crate) fn closed(bytes: &[u8]) -> Option<&'static str> {
    Some(closed_at_start(bytes)?.0)
}

/// The container that is named and not opened as a donor, in words, and its item.
fn closed_at_start(bytes: &[u8]) -> Option<(&'static str, Item)> {
    let mut look = Look::new(bytes);
    FORMATS.iter().find_map(|row| {
        let closed = row.closed?;
        let here = bytes.get(closed.at..)?;
        let marked = row.magics.is_empty() || row.magics.iter().any(|magic| here.starts_with(magic));
        let item = marked.then(|| row.search(&mut look, closed.at))??.item;
        (item.offset == 0).then_some((closed.name, item))
    })
}

/// The firmware that starts before `at` and reaches past it: where it starts, and its container's name. What is cut out at
/// `at` would be an incomplete firmware.
pub(crate) fn across(bytes: &[u8], at: u64) -> Option<(u64, String)> {
    /// A magic number that also occurs by chance costs so many tries.
    const MOST_TRIES: usize = 64;
    let front = bytes.get(..usize::try_from(at).ok()?)?;
    if let Some(header) = loader::find_header(front) {
        return Some((header.offset, format!("firmware with a {}", header.name())));
    }
    let mut look = Look::new(bytes);
    // Of a firmware that ends before it, the root file system may reach past it.
    let rows = FORMATS.iter().filter_map(|row| match (row.firmware, row.file_system) {
        (Some(firmware), _) => Some((row, firmware.kind, firmware.name, firmware.only_sound)),
        (None, Some(FileSystem::Packed)) => Some((row, *row.kinds.first()?, "root file system", true)),
        _ => None,
    });
    let magics = rows.flat_map(|row| row.0.magics.iter().map(move |magic| (row, *magic)));
    magics.into_iter().find_map(|((row, kind, name, only_sound), magic)| {
        let places = memmem::find_iter(front, magic).take(MOST_TRIES);
        let items = places.into_iter().filter_map(|place| row.shown(&mut look, place));
        let reaches = |item: &Item| {
            let holds = !only_sound || item.is_sound();
            item.kind == kind && holds && item.offset < at && item.end() > at
        };
        let item = items.into_iter().find(reaches)?;
        Some((item.offset, name.to_owned()))
    })
}

/// True when `bytes` start with a container that holds a firmware.
pub(crate) fn is_container(bytes: &[u8]) -> bool {
    container(&mut Look::new(bytes)).is_some()
}

/// The kind of container that a firmware starts with, and its name in words; `None` for one without.
pub(crate) fn kind_of(firmware: &[u8]) -> Option<(ItemKind, String)> {
    if let Some(header) = envelope_at(firmware, 0) {
        return Some((header.kind(), format!("firmware with a {}", header.name())));
    }
    let (format, item) = container(&mut Look::new(firmware))?;
    Some((item.kind, format.name.to_owned()))
}

/// The same, of the containers too that are named and not opened as donors: what the board's own loader starts may be in one.
pub(crate) fn any_kind_of(firmware: &[u8]) -> Option<(ItemKind, String)> {
    kind_of(firmware).or_else(|| {
        let (name, item) = closed_at_start(firmware).filter(|(_, item)| item.is_sound())?;
        Some((item.kind, name.to_owned()))
    })
}

/// Where the first firmware in a container is in `bytes`, at their start or at an edge of a sector, and its name in words.
pub(crate) fn place_of(bytes: &[u8]) -> Option<(u64, String)> {
    const SECTOR: usize = 0x1000;
    let mut edges = (0..bytes.len()).step_by(SECTOR);
    edges.find_map(|at| kind_of(&bytes[at..]).map(|(_, name)| (at as u64, name)))
}

/// The second firmware in `bytes`, after the end of the first one and of its root file system: where it starts, and its
/// container's name.
pub(crate) fn second(bytes: &[u8]) -> Option<(u64, &'static str)> {
    /// A magic number that also occurs by chance costs so many tries.
    const MOST_TRIES: usize = 64;
    let mut look = Look::new(bytes);
    let (format, item) = container(&mut look).filter(|(format, _)| !format.only_sound)?;
    let end = if format.root_follows { root_after(&mut look, item.end())?.end() } else { item.end() };
    let rest = bytes.get(usize::try_from(end).ok()?..)?;
    // What shows by nothing else than that it unpacks may be a part of an overlay, and a tar one too.
    let rows = FORMATS.iter().filter_map(|row| Some((row, row.firmware.as_ref()?)));
    let rows = rows.filter(|(_, firmware)| !firmware.only_sound && firmware.starts.contains(&0));
    let magics = rows.flat_map(|(row, firmware)| row.magics.iter().map(move |magic| (row, firmware, *magic)));
    let places = magics.flat_map(|(row, firmware, magic)| {
        memmem::find_iter(rest, magic).take(MOST_TRIES).map(move |at| (row, firmware, end + at as u64))
    });
    let mut found: Vec<(u64, &'static str)> = Vec::new();
    for (row, firmware, at) in places {
        let item = row.search(&mut look, at as usize).map(|found| found.item);
        if item.is_some_and(|item| item.kind == firmware.kind && item.offset == at && item.is_sound()) {
            found.push((at, firmware.name));
        }
    }
    found.into_iter().min()
}

/// The packed file system that starts first from `from` on.
fn root_after(look: &mut Look, from: u64) -> Option<Item> {
    const MOST_TRIES: usize = 64;
    let bytes = look.bytes;
    let from = usize::try_from(from).ok()?;
    let rest = bytes.get(from..)?;
    let rows = FORMATS.iter().filter(|row| row.file_system == Some(FileSystem::Packed));
    let magics = rows.flat_map(|row| row.magics.iter().map(move |magic| (row, *magic)));
    let items = magics.filter_map(|(row, magic)| {
        let mut places = memmem::find_iter(rest, magic).take(MOST_TRIES);
        places.find_map(|at| row.shown(look, from + at).filter(Item::is_sound))
    });
    items.min_by_key(|item| item.offset)
}

/// Judges the image after a vendor's header that has no sum of its own.
pub(super) fn judge(image: &[u8], what: &str) -> Vec<Finding> {
    container(&mut Look::new(image)).map_or_else(Vec::new, |(_, item)| sums(&item, what))
}

/// Opens `file` for `board`; `what` names it in messages. `None` where it starts with nothing known.
pub fn open<'a>(file: &'a [u8], what: &str, board: &Board) -> Option<Plain<'a>> {
    let payload = sysupgrade::strip(file);
    let mut look = Look::new(payload);
    let (format, item) = container(&mut look)?;
    let mut findings = sums(&item, what);
    let (firmware, parts) = match (format.payload)(payload) {
        Payload::Placed { kernel, root, parts } => {
            (by_address(kernel, root, what, board, &mut findings).map(Cow::Owned), parts)
        }
        Payload::Separate { kernel, root, parts } => {
            (by_erase_block(kernel, root, what, board, &mut findings).map(Cow::Owned), parts)
        }
        Payload::Whole(entity) => {
            if findings.is_empty() {
                let from = if format.root_follows { item.end() as usize } else { 0 };
                findings.extend(root_file_system(&mut look, from, what));
            }
            if findings.is_empty() && entity.len() != payload.len() {
                let inside = container(&mut Look::new(entity));
                findings.extend(inside.into_iter().flat_map(|(_, item)| sums(&item, what)));
            }
            if findings.is_empty() {
                findings.extend(unknown_rest(format, &item, entity, what));
            }
            (Some(Cow::Borrowed(entity)), Vec::new())
        }
    };
    Some(Plain { name: format.name, firmware, parts, findings })
}

/// What follows a firmware and its root file system, is no filler and nothing known: it goes to flash with it, and is said.
fn unknown_rest(format: &AsFirmware, item: &Item, entity: &[u8], what: &str) -> Option<Finding> {
    let mut look = Look::new(entity);
    let end = if format.root_follows { root_after(&mut look, item.end())?.end() } else { item.end() };
    let rest = entity.get(usize::try_from(end).ok()?..)?;
    let mut at = 0;
    // Filler and marks, as they are put there at erase blocks' edges.
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        at += match here {
            _ if here.starts_with(&FORMAT_MARK) => FORMAT_MARK.len(),
            [0 | 0xff, ..] => 1,
            _ => break,
        };
    }
    let left = &rest[at..];
    let known = left.is_empty()
        || second(entity).is_some()
        || FORMATS.iter().any(|row| {
            row.magics.iter().any(|magic| left.starts_with(magic))
                && row.search(&mut look, end as usize + at).is_some()
        });
    (!known).then(|| {
        NOT_JUDGED.found(format!(
            "{what}: what it is for that follows the firmware's end is not known, {:#x} bytes from {:#x} of the file on; they go \
             to flash with it",
            left.len(),
            end + at as u64
        ))
    })
}

/// Judges a firmware as it is in a dump: what covers the overlay, too, is stale as soon as the system runs.
pub fn judge_in_dump(region: &[u8], what: &str) -> Vec<Finding> {
    let mut look = Look::new(region);
    let Some((format, item)) = container(&mut look) else { return Vec::new() };
    let mut found = sums(&item, what);
    if found.is_empty() && format.root_follows {
        found.extend(root_file_system(&mut look, item.end() as usize, what));
    }
    // What is cut off was never changed.
    let stale = |f: Finding| match format.sums_overlay && f.name != TRUNCATED.name {
        true => SUM_UNKNOWN.found(format!("{}; a system that ran may have changed it", f.message)),
        false => f,
    };
    found.into_iter().map(stale).collect()
}

/// What the bad checks of an item mean for a donor.
fn sums(item: &Item, what: &str) -> Vec<Finding> {
    let bad = item.checks.iter().filter(|check| check.result == Outcome::Bad);
    let mut found: Vec<Finding> = bad
        .map(|check| {
            let (meaning, words): (Check, &str) = match check.name {
                CheckName::SIZE | CheckName::PARTITIONS => {
                    (TRUNCATED, "it ends before its header says: get the file again")
                }
                CheckName::HEADER_CRC | CheckName::DATA_CRC | CheckName::CRC => {
                    (SUM, "the CRC does not hold: it is damaged; get it again")
                }
                CheckName::HASH => (HASH, "a hash does not hold: it is damaged; get it again"),
                CheckName::MD5 => (MD5, "the MD5 does not hold: it is damaged; get it again"),
                CheckName::KERNEL => (DONOR_UNKNOWN, "it has no kernel"),
                _ => (SUM, "its header is broken: it is damaged; get it again"),
            };
            let detail = if check.detail.is_empty() { String::new() } else { format!(" ({})", check.detail) };
            meaning.found(format!("{what}, {} at {:#x}: {words}{detail}", item.kind, item.offset))
        })
        .collect();
    // A file cut short fails its sums as well: that is reported once, as a cut file.
    if found.iter().any(|f| f.name == TRUNCATED.name) {
        found.retain(|f| f.name == TRUNCATED.name);
    }
    found
}

/// A finding when the root file system from `from` on is cut short: it has no sum, but a length.
fn root_file_system(look: &mut Look, from: usize, what: &str) -> Option<Finding> {
    let bytes = look.bytes;
    let after = bytes.get(from..)?;
    let mut starts = memmem::find_iter(after, b"hsqs");
    let root = starts.find_map(|at| squashfs::superblock(look, from + at))?;
    sums(&root, what).into_iter().next()
}

/// Puts kernel and root file system at the distance that the addresses in their file have.
fn by_address(
    kernel: Option<(u64, &[u8])>,
    root: Option<(u64, &[u8])>,
    what: &str,
    board: &Board,
    findings: &mut Vec<Finding>,
) -> Option<Vec<u8>> {
    let (kernel_at, kernel) = kernel?;
    let home = board.layout.of_role(Role::Firmware).map(|r| r.span)?;
    if kernel_at != home.start {
        findings.push(OTHER_MAP.found(format!(
            "{what} has its kernel at {kernel_at:#x} of the flash, and the firmware of {} starts at {:#x}: it is for \
             another board or version",
            board.name, home.start
        )));
        return None;
    }
    let mut firmware = kernel.to_vec();
    if let Some((root_at, root)) = root {
        let from = root_at.saturating_sub(kernel_at);
        // No further than the board has room, whatever the file's map says.
        if from < firmware.len() as u64 || from >= home.len() {
            findings.push(TRUNCATED.found(format!(
                "{what}: its flash map has the root file system at {root_at:#x}, where its kernel still is or the \
                 firmware's room ends"
            )));
            return None;
        }
        firmware.resize(from as usize, 0xff);
        firmware.extend_from_slice(root);
    }
    Some(firmware)
}

/// Puts the root file system at the next erase block after the kernel, with OpenWrt's marks after it.
fn by_erase_block(
    kernel: Option<&[u8]>,
    root: Option<&[u8]>,
    what: &str,
    board: &Board,
    findings: &mut Vec<Finding>,
) -> Option<Vec<u8>> {
    let start = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.start);
    let kernel = kernel?;
    if let Some((_, item)) = container(&mut Look::new(kernel)) {
        findings.extend(sums(&item, &format!("{what}, its kernel")));
    }
    let mut firmware = kernel.to_vec();
    let pad = |firmware: &mut Vec<u8>, edge: u64| {
        let end = (start + firmware.len() as u64).next_multiple_of(edge) - start;
        firmware.resize(end as usize, 0xff);
    };
    if let Some(root) = root {
        findings.extend(root_file_system(&mut Look::new(root), 0, what));
        pad(&mut firmware, ERASE_BLOCK);
        firmware.extend_from_slice(root);
        for edge in MARK_EDGES {
            pad(&mut firmware, edge);
            firmware.extend_from_slice(&FORMAT_MARK);
        }
    }
    Some(firmware)
}
