//! The splice: the board's own dump, donors and a choice become the bytes for a chip or a rescue file.

use super::anatomy::Anatomy;
use super::board::Board;
use super::checks::{CHIP_SIZE, DONOR_LACKS};
use super::choice::{Choice, Purpose};
use super::donor::Donor;
use super::error::ImageError;
use super::finding::{Finding, stopping};
use super::layout::{Region, Source, UnitKind};
use super::whole::Image;
use crate::span::Span;

/// What became of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionRow {
    /// The region.
    pub name: String,
    /// Where it stands in the chip.
    pub span: Span,
    /// What stood there.
    pub was: String,
    /// What will stand there.
    pub will_be: String,
    /// Where that comes from.
    pub from: Source,
    /// Why.
    pub why: String,
    /// True when a byte changes.
    pub changes: bool,
}

/// Bytes of the one unit, before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitRow {
    /// `MAC`.
    pub name: String,
    /// The region that holds it.
    pub region: String,
    /// Where it stands in the chip.
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
    let mut findings = Vec::new();
    if base.len() as u64 != board.chip_size {
        findings.push(CHIP_SIZE.found(format!(
            "the board's own dump has {:#x} bytes, the chip has {:#x}",
            base.len(),
            board.chip_size
        )));
        return Err(ImageError::Refused { findings });
    }
    let opened: Vec<Anatomy> = donors.iter().map(|d| Anatomy::of(d, board)).collect();
    findings.extend(opened.iter().flat_map(|a| a.findings.clone()));
    let mut bytes = base.bytes().to_vec();
    let mut regions = Vec::new();
    let mut sources = Vec::new();
    for region in &board.layout.regions {
        let source = choice.sources.get(&region.name).unwrap_or(&region.default).clone();
        let place = &mut bytes[region.span.range()];
        match &source {
            Source::Own => {}
            Source::Blank => place.fill(0xff),
            Source::Donor(name) => {
                let donor = opened.iter().find(|a| a.donor.name == *name || donors.len() == 1);
                match donor.and_then(|a| a.offers(region)) {
                    Some(given) => {
                        place.fill(0xff);
                        place[..given.len()].copy_from_slice(given);
                    }
                    None if region.blank_without_donor => place.fill(0xff),
                    None => findings
                        .push(DONOR_LACKS.found(format!("{name} has nothing for region {}", region.name))),
                }
            }
        }
        regions.push(row(region, &source, base, &bytes));
        sources.push((region.name.clone(), source));
    }
    let findings_that_stop = stopping(&findings, &choice.allow);
    if !findings_that_stop.is_empty() {
        return Err(ImageError::Refused { findings: findings_that_stop });
    }
    Ok(Spliced {
        image: Image::new(bytes),
        purpose: choice.purpose,
        regions,
        units: Vec::new(),
        findings,
        loader_before: None,
        loader_after: None,
        sources,
    })
}

fn row(region: &Region, source: &Source, base: &[u8], bytes: &[u8]) -> RegionRow {
    let changes = region.span.of(base) != region.span.of(bytes);
    RegionRow {
        name: region.name.clone(),
        span: region.span,
        was: String::new(),
        will_be: String::new(),
        from: source.clone(),
        why: String::new(),
        changes,
    }
}
