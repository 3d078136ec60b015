//! The splice: the board's own dump, donors and a choice become the bytes for a chip or a rescue file.
//!
//! Everything is judged before anything is given out: all findings of the base, of every donor and of the result
//! are gathered first, so that a user sees them all at once.

use serde::Serialize;

use super::anatomy::Anatomy;
use super::board::Board;
use super::choice::{Choice, Purpose};
use super::compose::{self, Composed};
use super::donor::Donor;
use super::error::ImageError;
use super::finding::{Finding, stopping};
use super::judge;
use super::layout::{PerUnit, Role, Source, UnitKind};
use super::resolve::resolve;
use super::whole::Image;
use super::{describe, dump, edits, found, loader, unit};
use crate::span::Span;

/// What became of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegionRow {
    /// The region.
    pub name: String,
    /// Where it stands in the chip.
    #[serde(skip)]
    pub span: Span,
    /// What stood there.
    pub was: String,
    /// What will stand there.
    pub will_be: String,
    /// Where that comes from.
    #[serde(serialize_with = "as_text")]
    pub from: Source,
    /// Why.
    pub why: String,
    /// True when a byte changes.
    pub changes: bool,
}

/// Bytes of the one unit, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitRow {
    /// `MAC`.
    pub name: String,
    /// The region that holds it.
    pub region: String,
    /// Where it stands in the chip.
    #[serde(skip)]
    pub span: Span,
    /// What it is.
    pub kind: UnitKind,
    /// What the backup has, as text.
    pub backup: String,
    /// What the result has, as text.
    pub result: String,
    /// True when both have the same bytes.
    pub same: bool,
}

fn as_text<S: serde::Serializer>(source: &Source, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(source)
}

/// A splice that passed its checks.
#[derive(Clone, Debug)]
pub struct Spliced {
    /// The bytes: a whole chip for the programmer, else the file.
    pub image: Image,
    /// What they are for.
    pub purpose: Purpose,
    /// Every region in order of address; for a rescue file those it holds.
    pub regions: Vec<RegionRow>,
    /// Data of the one unit, side by side.
    pub units: Vec<UnitRow>,
    /// What the checks found, allowed questions included.
    pub findings: Vec<Finding>,
    /// Version text of the board's own boot loader.
    pub loader_before: Option<String>,
    /// Version text of the boot loader in the result.
    pub loader_after: Option<String>,
    /// Every region's source as it was carried out: a choice that repeats this splice.
    pub sources: Vec<(String, Source)>,
}

/// Makes the bytes for `choice.purpose` out of the board's own dump `base` and the donors.
///
/// # Errors
/// [`ImageError::Refused`] with everything that stops it, or a choice that names what is not there.
pub fn splice(base: &Image, donors: &[Donor], board: &Board, choice: &Choice) -> Result<Spliced, ImageError> {
    let mut findings = dump::judge(base, "the board's own dump", board);
    let opened: Vec<Anatomy> = donors.iter().map(|d| Anatomy::of(d, board)).collect();
    findings.extend(opened.iter().flat_map(|a| a.findings.clone()));
    let mut resolved = resolve(board, &opened, choice, &mut findings)?;
    let takes = |a: &&Anatomy| {
        resolved.iter().any(|r| r.region.role == Role::Firmware && r.source.is_donor(&a.donor.name))
    };
    findings.extend(opened.iter().filter(takes).flat_map(|a| a.of_firmware.clone()));
    if base.len() as u64 != board.chip_size {
        return Err(ImageError::Refused { findings: stopping(&findings, &choice.allow) });
    }
    let mut chip = compose::chip(base, &opened, board, &mut resolved, &mut findings);
    let edited = edits::apply(&mut chip, board, &choice.edits, &mut findings)?;
    let file = match choice.purpose {
        Purpose::Programmer => Composed { bytes: chip.clone(), holds: Span::new(0, board.chip_size) },
        Purpose::Tftp => compose::tftp(&chip, &opened, board, &resolved)?,
        Purpose::Web => compose::web(&chip, board, &mut findings)?,
    };
    if let Some(span) = edited.iter().find(|span| !file.holds.covers(**span)) {
        let why = format!(
            "a file for {} does not hold {span}, where the edited value stands",
            choice.purpose.name()
        );
        return Err(ImageError::NotForThisBoard { board: board.name.clone(), why });
    }
    let result = judge::Result { base, chip: &chip, file: &file, edited: &edited, purpose: choice.purpose };
    findings.extend(judge::all(&result, &opened, board, &resolved));
    let findings = judge::once(findings);
    let stop = stopping(&findings, &choice.allow);
    if !stop.is_empty() {
        return Err(ImageError::Refused { findings: stop });
    }
    let held = |span: Span| file.holds.covers(span);
    let regions = resolved
        .iter()
        .filter(|r| held(r.region.span))
        .map(|r| RegionRow {
            name: r.region.name.clone(),
            span: r.region.span,
            was: describe::region(&base[r.region.span.range()], r.region),
            will_be: describe::region(&chip[r.region.span.range()], r.region),
            from: r.source.clone(),
            why: judge::why(r, &opened, board),
            changes: base[r.region.span.range()] != chip[r.region.span.range()],
        })
        .collect();
    let mut units: Vec<(String, PerUnit)> =
        board.layout.per_unit().map(|(region, unit)| (region.name.clone(), unit.clone())).collect();
    for text in found::texts(base, board).into_iter().chain(found::texts(&chip, board)) {
        if !units.iter().any(|(_, unit)| unit.span == text.1.span) {
            units.push(text);
        }
    }
    units.sort_by_key(|(_, unit)| unit.span);
    let units = units
        .into_iter()
        .filter(|(_, unit)| held(unit.span))
        .map(|(region, u)| {
            let (before, after) = (&base[u.span.range()], &chip[u.span.range()]);
            UnitRow {
                backup: unit::show(before, &u),
                result: unit::show(after, &u),
                same: before == after,
                name: u.name,
                region,
                span: u.span,
                kind: u.kind,
            }
        })
        .collect();
    let of_loader = |bytes: &[u8]| {
        let region = board.layout.of_role(Role::Loader)?;
        loader::version(region.span.of(bytes)?)
    };
    Ok(Spliced {
        purpose: choice.purpose,
        regions,
        units,
        findings,
        loader_before: of_loader(base),
        loader_after: of_loader(&chip),
        sources: resolved.iter().map(|r| (r.region.name.clone(), r.source.clone())).collect(),
        image: Image::new(file.bytes),
    })
}
