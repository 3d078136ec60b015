//! Bytes put together: a whole chip first, then what a rescue or a web page takes of it.

use super::parties::{Chosen, Parties};
use super::resolve::Resolved;
use crate::image::boards::{Board, RecoveryKind};
use crate::image::checks::{Advice, Finding};
use crate::image::checks::{FILLS_SETTINGS, FIRMWARE_CUT, TOO_LONG};
use crate::image::donor::Piece;
use crate::image::error::ImageError;
use crate::image::formats::envelope_at;
use crate::image::is_blank;
use crate::image::layout::{Role, Source};
use crate::image::pc::nvram::emptied;
use crate::span::Span;
use crate::units::one_value;

/// Erased flash.
const ERASED: u8 = 0xff;

/// A file, and which part of the chip it writes.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The part of the chip that it holds.
    pub holds: Span,
}

/// The whole chip: every region from its source, the parts of a region after it, everything else as it is in the base,
/// which has the chip's size.
pub fn chip(parties: &mut Parties, findings: &mut Vec<Finding>) -> Vec<u8> {
    let Parties { base, board, .. } = *parties;
    let mut bytes = base.to_vec();
    for r in parties.resolved.iter().filter(|r| !r.inherited) {
        let span = r.region.span;
        let Some(place) = bytes.get_mut(span.range()) else { continue };
        match &r.source {
            Source::Own => place.copy_from_slice(&base[span.range()]),
            Source::Blank => match emptied(&base[span.range()]).filter(|_| r.region.stays) {
                Some(empty) => place.copy_from_slice(&empty),
                None => place.fill(ERASED),
            },
            Source::Donor(name) => match r.piece {
                Some(piece) if piece.bytes.len() > place.len() => findings.push(TOO_LONG.found(format!(
                    "what donor {name} has for {} has {:#x} bytes, the region {:#x}",
                    r.region.name,
                    piece.bytes.len(),
                    place.len()
                ))),
                Some(piece) => put(place, piece.bytes),
                None if r.region.blank_without_donor => place.fill(ERASED),
                None => findings.extend(r.lacks()),
            },
        }
        for unit in board.layout.per_unit_in(span).filter(|u| u.keep) {
            bytes[unit.span.range()].copy_from_slice(&base[unit.span.range()]);
        }
    }
    run_on(&mut bytes, parties, findings);
    bytes
}

/// Writes what of the firmware is longer than its region into the next one.
fn run_on(bytes: &mut [u8], parties: &mut Parties, findings: &mut Vec<Finding>) {
    let Some(chosen) = parties.chosen.clone() else { return };
    let (home, firmware) = (chosen.region, chosen.firmware);
    let Some(into) = home.grows_into.as_deref() else { return };
    let Some(at) = parties.resolved.iter().position(|r| r.region.name == into) else { return };
    let place = parties.resolved[at].region.span;
    // A choice for it, or for a part of it.
    let otherwise =
        |r: &&Resolved| r.said && place.covers(r.region.span) && !r.source.is_donor(chosen.name());
    let otherwise = parties.resolved.iter().rev().find(otherwise).map(|r| r.source.clone());
    let next = &mut parties.resolved[at];
    if firmware.room <= home.span.len() {
        return;
    }
    let more = firmware.bytes.get(home.span.len() as usize..).unwrap_or(&[]);
    let more = &more[..more.len().min(next.region.span.len() as usize)];
    let source = chosen.name();
    if let Some(otherwise) = otherwise {
        if !is_erased(more) {
            findings.push(FIRMWARE_CUT.found(format!(
                "the firmware of {source} has {:#x} bytes and runs on into {into}, which is to come from {otherwise}",
                firmware.bytes.len(),
            )).advise(Advice::LeaveToFirmware { region: into.to_owned(), donor: source.to_owned() }));
        } else if otherwise != Source::Blank {
            findings.push(FILLS_SETTINGS.found(format!(
                "{into} is kept as you said; the firmware counts it as its own and will write over it"
            )));
        }
        return;
    }
    put(&mut bytes[next.region.span.range()], more);
    findings.push(FILLS_SETTINGS.found(format!(
        "the firmware of {source} is made for {:#x} bytes of room and fills {into} too ({}); going back to the \
         vendor's firmware needs {into} blank again",
        firmware.room, next.region.span
    )));
    next.source = Source::Donor(source.to_owned());
    next.donor = Some(chosen.donor);
    next.piece = Some(Piece { bytes: more, tail: false });
    next.run_on = true;
}

/// Fills `place` with `bytes` and erased bytes after them.
fn put(place: &mut [u8], bytes: &[u8]) {
    let len = bytes.len().min(place.len());
    place[..len].copy_from_slice(&bytes[..len]);
    place[len..].fill(ERASED);
}

fn is_erased(bytes: &[u8]) -> bool {
    bytes.is_empty() || one_value(bytes) == Some(ERASED)
}

/// The file for the loader's rescue, of the board's own kind.
///
/// A sysupgrade file goes as it is and ends where it ends; anything else is padded to where the rescue stops.
///
/// # Errors
/// When nothing is known of the board's rescue.
pub fn tftp(chip: &[u8], parties: &Parties) -> Result<Composed, ImageError> {
    let board = parties.board;
    let Some(recovery) = &board.recovery else {
        let why = "nothing is known of its loader's rescue, so no file for it is made".to_owned();
        return Err(ImageError::NotForThisBoard { board: board.name.clone(), why });
    };
    let Some(start) = board.firmware_start() else {
        let why = "it has no firmware region".to_owned();
        return Err(ImageError::NotForThisBoard { board: board.name.clone(), why });
    };
    let end = recovery.end.min(chip.len() as u64);
    let mut bytes = match recovery.kind {
        RecoveryKind::FromZero => chip[..start as usize].to_vec(),
        // Skipped by the loader; zeros, as the recipes have it.
        RecoveryKind::FromFirmware => vec![0; start as usize],
    };
    let first = match recovery.kind {
        RecoveryKind::FromZero => 0,
        RecoveryKind::FromFirmware => start,
    };
    let after_said = |chosen: &Chosen| {
        parties.resolved.iter().any(|r| {
            let after = r.region.span.start >= chosen.region.span.end && r.region.span.start < end;
            after && r.said && r.source != Source::Blank && !r.source.is_donor(chosen.name())
        })
    };
    let as_it_is = parties
        .chosen
        .as_ref()
        .filter(|chosen| chosen.firmware.sysupgrade && !after_said(chosen))
        .filter(|chosen| start + chosen.firmware.with_metadata.len() as u64 <= end);
    match as_it_is {
        Some(chosen) => bytes.extend_from_slice(&chosen.firmware.with_metadata),
        None => bytes.extend_from_slice(&chip[start as usize..end as usize]),
    }
    Ok(Composed { bytes, holds: Span::new(first, end) })
}

/// The file for the vendor's web page, as the header of the firmware has it.
///
/// # Errors
/// When the firmware has no vendor's header, or cannot be put together with the loader.
pub fn web(chip: &[u8], board: &Board, findings: &mut Vec<Finding>) -> Result<Composed, ImageError> {
    let no = |why: String| ImageError::NotForThisBoard { board: board.name.clone(), why };
    let loader =
        board.layout.of_role(Role::Loader).ok_or_else(|| no("it has no loader region".to_owned()))?;
    let region =
        board.layout.of_role(Role::Firmware).ok_or_else(|| no("it has no firmware region".to_owned()))?;
    let all = chip.get(region.span.start as usize..).unwrap_or(&[]);
    let header = envelope_at(all, 0).ok_or_else(|| {
        no("the firmware has no vendor's header; the vendor's page takes no other".to_owned())
    })?;
    let room = header.room().unwrap_or(region.span.len());
    if room > region.span.len() {
        findings.push(TOO_LONG.found(format!(
            "the vendor's page takes firmware of at most {:#x} bytes, this one is made for {room:#x}",
            region.span.len()
        )));
    }
    let firmware = &all[..all.len().min(room as usize)];
    let sealed = header.seal(&chip[loader.span.range()], firmware).map_err(no)?;
    debug_assert!(!is_blank(&sealed.bytes));
    let start = if sealed.with_loader { loader.span.start } else { region.span.start };
    Ok(Composed { bytes: sealed.bytes, holds: Span::new(start, region.span.end) })
}
