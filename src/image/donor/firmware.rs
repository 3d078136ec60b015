//! A firmware as a donor brings it: which bytes go to flash, for which hardware, whole or damaged.

use std::borrow::Cow;
use std::rc::Rc;

use super::plain;
use crate::image::boards::Board;
use crate::image::checks::Finding;
use crate::image::checks::{
    FORMAT_MARK, HARDWARE_ID, MD5, MD5_STALE, MD5_UNKNOWN, METADATA_CRC, NOT_JUDGED, TOO_LONG, TRUNCATED,
};
use crate::image::container::envelope::{Change, Envelope, Md5Verdict};
use crate::image::container::overlay;
use crate::image::container::sysupgrade::{self, Chunk};

/// How far after the root file system an overlay or its mark is looked for.
const OVERLAY_WITHIN: u64 = 0x40_0000;

/// Whose a firmware is.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The vendor's, after its header.
    Vendor(Rc<dyn Envelope>),
    /// OpenWrt's, after the vendor's header where the loader looks for one: the header says nothing about the country.
    OpenWrt {
        /// The header.
        envelope: Rc<dyn Envelope>,
        /// True when an overlay with settings comes along.
        overlay: bool,
    },
    /// After no vendor's header: nothing says whose it is.
    Bare {
        /// True for the contents of a dump, which may have an overlay with settings.
        overlay: bool,
    },
}

impl Origin {
    /// The vendor's header.
    pub fn envelope(&self) -> Option<&dyn Envelope> {
        match self {
            Self::Vendor(envelope) | Self::OpenWrt { envelope, .. } => Some(envelope.as_ref()),
            Self::Bare { .. } => None,
        }
    }

    /// True when an overlay with settings comes along.
    pub fn has_overlay(&self) -> bool {
        matches!(self, Self::OpenWrt { overlay: true, .. } | Self::Bare { overlay: true })
    }
}

/// A firmware and what is known of it.
#[derive(Clone, Debug)]
pub struct Firmware<'a> {
    /// What goes to flash from the firmware region's start on: header first, nothing appended, nothing after its
    /// own length.
    pub bytes: Cow<'a, [u8]>,
    /// The same with what was appended (metadata): how a rescue takes a sysupgrade file.
    pub with_metadata: Cow<'a, [u8]>,
    /// Whose it is; a header in it is at the start of `bytes`.
    pub origin: Origin,
    /// The room it is made for: its header's, or its own length.
    pub room: u64,
    /// True for a sysupgrade file, whose end is its own and needs no padding.
    pub sysupgrade: bool,
}

/// Where OpenWrt's overlay would be after the root file system: its mark, or jffs2 nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterRoot {
    /// A mark, not used yet.
    Mark(u64),
    /// jffs2 nodes.
    Overlay(u64),
}

/// What is at the 4 KiB edges after the root file system: jffs2 nodes where there are any, else the first
/// mark; `bytes` starts with `header`.
pub fn after_rootfs(bytes: &[u8], header: &dyn Envelope) -> Option<AfterRoot> {
    const EDGE: u64 = 0x1000;
    let end = header.contents_end()?;
    let first = end.div_ceil(EDGE) * EDGE;
    let last = (first + OVERLAY_WITHIN).min(bytes.len() as u64);
    let mut mark = None;
    for at in (first..last).step_by(EDGE as usize) {
        match bytes.get(at as usize..at as usize + 4).unwrap_or(&[]) {
            four if four == overlay::FORMAT_MARK => mark = mark.or(Some(AfterRoot::Mark(at))),
            [0x85, 0x19, ..] | [0x19, 0x85, ..] => return Some(AfterRoot::Overlay(at)),
            _ => {}
        }
    }
    mark
}

/// Checks that every firmware with a header goes through; `whole` holds it at the header's offset, `what` names it.
pub fn judge_header(whole: &[u8], header: &dyn Envelope, what: &str, board: &Board) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(finding) = hardware(header, what, board) {
        found.push(finding);
    }
    let rest = &whole[header.offset() as usize..];
    found.extend(length(rest, header, what, board));
    let Some(verdict) = header.check(whole) else { return found };
    // A file that ends early is reported once, as that.
    match verdict {
        Md5Verdict::Holds { .. } => {}
        Md5Verdict::Stale { change, .. } => found.push(MD5_STALE.found(match change {
            Change::Overlay { .. } => {
                format!("{what}: the MD5 is stale because OpenWrt wrote its overlay; what it covers is sound")
            }
            Change::HwVerAdd { was } => format!(
                "{what}: the MD5 is stale because the vendor's page changed hw_ver_add from {was} while storing; \
                 the rest is sound"
            ),
        })),
        Md5Verdict::CannotTell { reason } => {
            found.push(MD5_UNKNOWN.found(format!("{what}: the MD5 cannot be judged: {reason}")));
            found.extend(ends_early(rest, header, what));
        }
        // What fwtool appended is at the end of the file: it was not cut.
        Md5Verdict::Fails { short: true } if sysupgrade::payload_len(rest) == rest.len() => {
            found.push(short(rest, header, what));
        }
        Md5Verdict::Fails { .. } => found.push(MD5.found(format!(
            "{what}: the MD5 in its header does not hold over its bytes: it is damaged; get the file again"
        ))),
    }
    found
}

/// The same for a header of a file, and the image after one that has no sum.
pub fn judge_file(file: &[u8], header: &dyn Envelope, what: &str, board: &Board) -> Vec<Finding> {
    let mut found = judge_header(file, header, what, board);
    if header.check(file).is_none() {
        found.extend(plain::judge(image_after(file, header), what));
    }
    found
}

/// The same for a header in a dump, whose image may have changed while the system ran.
pub fn judge_dump(dump: &[u8], header: &dyn Envelope, what: &str, board: &Board) -> Vec<Finding> {
    let mut found = judge_header(dump, header, what, board);
    if header.check(dump).is_none() {
        found.extend(plain::judge_in_dump(image_after(dump, header), what));
    }
    found
}

fn image_after<'a>(bytes: &'a [u8], header: &dyn Envelope) -> &'a [u8] {
    bytes.get((header.offset() + header.payload_at()) as usize..).unwrap_or_default()
}

/// Id and revision against the board's; the third id is the country's and is judged against the base.
fn hardware(header: &dyn Envelope, what: &str, board: &Board) -> Option<Finding> {
    let theirs = header.hardware();
    if board.hardware.is_empty() {
        let text = format!("{what}: it is for hardware {}; no ids of {} are known", theirs.text, board.name);
        return Some(NOT_JUDGED.found(text));
    }
    let fits = board.hardware.iter().any(|h| (h.id, h.rev) == (theirs.id, theirs.rev));
    (!fits).then(|| {
        let known: Vec<String> = board.hardware.iter().map(ToString::to_string).collect();
        HARDWARE_ID.found(format!(
            "{what} is for hardware {}, {} is {}; take the file for this very board and version",
            theirs.text,
            board.name,
            known.join(" or ")
        ))
    })
}

/// The header's lengths against the room there is.
fn length(rest: &[u8], header: &dyn Envelope, what: &str, board: &Board) -> Option<Finding> {
    let room = board.firmware_room()?;
    let (field, most) = header.ends().into_iter().max_by_key(|(_, n)| *n)?;
    (most > room).then(|| {
        TOO_LONG.found(format!(
            "{what}: {field} is {most:#x}, the firmware's room on {} is {room:#x} (the file has {:#x}); written, \
             it would run over the data of this unit",
            board.name,
            rest.len()
        ))
    })
}

/// A finding when kernel or root file system reach past the end of the bytes.
fn ends_early(rest: &[u8], header: &dyn Envelope, what: &str) -> Option<Finding> {
    let end = header.contents_end()?;
    ((rest.len() as u64) < end).then(|| short(rest, header, what))
}

fn short(rest: &[u8], header: &dyn Envelope, what: &str) -> Finding {
    TRUNCATED.found(format!(
        "{what}: {:#x} bytes are there, its header says {:#x} and the MD5 does not hold: the file was cut short or \
         is damaged; get it again",
        rest.len(),
        header.room().unwrap_or(0)
    ))
}

/// Checks that what fwtool appended to `file` is whole.
pub fn judge_metadata(file: &[u8], what: &str) -> Vec<Finding> {
    let chunks = sysupgrade::appended(file);
    let mut found = Vec::new();
    if chunks.iter().any(|c| !c.crc_holds) {
        found.push(METADATA_CRC.found(format!(
            "{what}: the CRC of the metadata at its end does not hold: the file is damaged; get it again"
        )));
    }
    if chunks.iter().any(|c| c.chunk == Chunk::Metadata(None)) {
        found.push(METADATA_CRC.found(format!("{what}: the metadata at its end is not JSON: it is damaged")));
    }
    if let Some(at) = sysupgrade::remnant(file) {
        found.push(METADATA_CRC.found(format!(
            "{what}: remains of OpenWrt's metadata are at {at:#x}, and it does not end as it should: the file was cut \
             short or is damaged; get it again"
        )));
    }
    found
}

/// A finding when the last mark is not where OpenWrt looks for one.
pub fn judge_marks(firmware: &[u8], header: &dyn Envelope, what: &str) -> Option<Finding> {
    let rootfs_end = header.root_end()? as usize;
    let tail = firmware.get(rootfs_end..)?;
    let first = rootfs_end + super::loader::find(tail, &overlay::FORMAT_MARK)?;
    (!first.is_multiple_of(0x1000)).then(|| {
        FORMAT_MARK.found(format!(
            "{what}: the mark that makes OpenWrt format its overlay is at {first:#x} after the header and not \
             at an edge of 4 KiB: settings would not be kept; was the file moved or cut?"
        ))
    })
}
