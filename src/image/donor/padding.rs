//! Padding around a firmware, as rescue files and files padded to a chip's length have it.

use super::loader;
use super::plain;
use crate::image::boards::Board;
use crate::image::container::overlay::FORMAT_MARK;
use crate::image::devicetree::file_systems;
use crate::image::whole::is_blank;
use crate::units;

/// A firmware after padding: where it starts, and its container's name.
pub(super) fn after_padding(bytes: &[u8]) -> Option<(u64, String)> {
    let filler = *bytes.first().filter(|_| loader::starts_padded(bytes))?;
    let at = bytes.iter().position(|byte| *byte != filler)?;
    let (_, name) = plain::kind_of(&bytes[at..])?;
    Some((at as u64, name))
}

/// A firmware in a file of its own that does not start where the board's does, after a loader or padding.
pub(super) fn elsewhere(bytes: &[u8], board: &Board) -> Option<String> {
    let start = board.firmware_start()?;
    let padded =
        after_padding(bytes).map(|(at, name)| format!("{} is at {at:#x} after padding", units::a(&name)));
    let place = || plain::across(bytes, start).map(|(at, name)| format!("{} is at {at:#x}", units::a(&name)));
    let what = padded.or_else(place)?;
    Some(format!(
        "; {what}, and the board's firmware starts at {start:#x}: a rescue file for another board or map"
    ))
}

/// True for padding up to `start`, a firmware with its root file system from there on, and padding after that: the firmware
/// of a rescue file, and nothing of a unit.
pub(super) fn is_padded_rescue(bytes: &[u8], start: u64) -> bool {
    let Some((front, firmware)) = bytes.split_at_checked(start as usize) else { return false };
    is_blank(front) && !has_overlay(firmware)
}

/// A firmware that is longer than its room by filler alone, as files padded to a chip's length are, without what is past the
/// room; `None` where that belongs to it.
pub(super) fn without_filler<'a>(bytes: &'a [u8], what: &str, board: &Board) -> Option<&'a [u8]> {
    let (fitting, more) = bytes.split_at_checked(board.firmware_room()? as usize)?;
    let is_whole = || plain::open(fitting, what, board).is_some_and(|opened| opened.findings.is_empty());
    (!more.is_empty() && is_blank(more) && is_whole()).then_some(fitting)
}

/// True where something follows the root file system in a firmware that was in a chip: the overlay of a system that ran.
/// Where no root file system is known there may be one.
pub(super) fn has_overlay(firmware: &[u8]) -> bool {
    const EDGE: usize = 0x1000;
    let root = file_systems(firmware).last().map(|root| (root.end as usize).next_multiple_of(EDGE));
    let after = root.map(|end| firmware.get(end..).unwrap_or_default());
    after.is_none_or(|after| {
        after.chunks(EDGE).any(|block| !is_blank(block) && !block.starts_with(&FORMAT_MARK))
    })
}
