//! The splice: the board's own dump, donors and a choice become the bytes for a chip or a rescue file.
//!
//! Everything is judged before anything is given out: all findings of the base, of every donor and of the result
//! are gathered first, so that a user sees them all at once.

use serde::Serialize;

use super::choice::{Choice, Purpose};
use super::compose::{self, Composed};
use super::judge;
use super::maps;
use super::moved::Moved;
use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use crate::image::Image;
use crate::image::boards::Board;
use crate::image::checks::{Finding, stopping};
use crate::image::chips;
use crate::image::donor::Anatomy;
use crate::image::donor::Donor;
use crate::image::error::ImageError;
use crate::image::layout::{PerUnit, Role, Source, UnitKind};
use crate::image::{donor::dump, donor::loader, splice::describe, splice::edits, unit};
use crate::span::Span;

/// What became of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegionRow {
    /// The region.
    pub name: String,
    /// The region around it, for a part of another one.
    pub inside: Option<String>,
    /// Where it is in the chip.
    #[serde(skip)]
    pub span: Span,
    /// What was there.
    pub was: String,
    /// What will be there.
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
#[non_exhaustive]
pub struct UnitRow {
    /// `MAC`.
    pub name: String,
    /// The region that holds it.
    pub region: String,
    /// Where it is in the chip.
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

impl Spliced {
    /// The part of it that lies in `chip`, counted from its start; `base` is what it was made over. Regions that reach
    /// out of the part are cut, the sources are those of the whole.
    pub fn cut(mut self, chip: Span, base: &[u8]) -> Self {
        self.regions.retain(|row| row.span.overlaps(chip));
        for row in &mut self.regions {
            let here = Span::new(row.span.start.max(chip.start), row.span.end.min(chip.end));
            row.changes = here.of(base) != here.of(&self.image);
            row.span = chips::down(row.span, chip);
        }
        self.units.retain(|row| chip.covers(row.span));
        self.units.iter_mut().for_each(|row| row.span = chips::down(row.span, chip));
        let image = chip.of(&self.image).unwrap_or_default().to_vec();
        Self { image: Image::new(image), ..self }
    }
}

fn as_text<S: serde::Serializer>(source: &Source, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(source)
}

/// A splice that passed its checks.
#[derive(Clone, Debug)]
#[non_exhaustive]
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
    /// Every region's source as it was carried out, except of parts that follow the region around them: a choice that
    /// repeats this splice.
    pub sources: Vec<(String, Source)>,
}

/// Makes the bytes for `choice.purpose` out of the board's own dump `base` and the donors.
///
/// ```
/// use norsplice::image::{Allow, Board, Choice, Donor, ImageError, splice, synthetic};
///
/// let demo = synthetic::demo();
/// let board = Board::named("archer-mr200-v1")?;
/// let donors = [Donor::new("vendor", demo.vendor)];
///
/// // What the board's file recommends: the vendor's firmware; loader, MAC address and calibration of this unit are kept.
/// let spliced = splice(&demo.board, &donors, board, &Choice::default())?;
/// assert_eq!(spliced.image.len(), demo.board.len());
/// assert!(spliced.units.iter().all(|unit| unit.same));
///
/// // Another choice. Nothing is written into the settings, and no question is answered beforehand.
/// let mut choice = Choice::default();
/// choice.set("config=own")?;
/// choice.set("romfile=blank")?;
/// choice.allow = Allow::default();
/// match splice(&demo.board, &donors, board, &choice) {
///     Ok(spliced) => assert!(spliced.regions.iter().any(|row| row.name == "config" && !row.changes)),
///     Err(ImageError::Refused { findings }) => findings.iter().for_each(|finding| println!("{finding}")),
///     Err(other) => return Err(other.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ImageError::Refused`] with everything that stops it, or a choice that names what is not there.
pub fn splice(base: &Image, donors: &[Donor], board: &Board, choice: &Choice) -> Result<Spliced, ImageError> {
    splice_over(base, None, donors, board, choice)
}

/// As [`splice`], over a dump that was put onto the board's map from another one.
///
/// # Errors
/// Those of [`splice`].
pub(crate) fn splice_moved(
    moved: &Moved,
    donors: &[Donor],
    board: &Board,
    choice: &Choice,
) -> Result<Spliced, ImageError> {
    splice_over(&moved.image, Some(moved), donors, board, choice)
}

fn splice_over(
    base: &Image,
    moved: Option<&Moved>,
    donors: &[Donor],
    board: &Board,
    choice: &Choice,
) -> Result<Spliced, ImageError> {
    let part = chips::part_of(board, base);
    let choice = &chips::choice_in(board, &part, choice)?;
    let cut = chips::same_part(board, base, donors);
    let (board, donors) = (part.as_ref(), cut.as_slice());
    let mut findings = dump::judge(base, "the board's own dump", board);
    let opened: Vec<Anatomy> = donors.iter().map(|d| Anatomy::of(d, board)).collect();
    findings.extend(opened.iter().flat_map(|a| a.findings.clone()));
    let mut parties = Parties::resolve(base, board, &opened, choice, &mut findings)?;
    findings.extend(moved.into_iter().flat_map(|moved| moved.judge(&parties.resolved)));
    let gives_firmware = |a: &&Anatomy| {
        let mut homes = parties.resolved.iter().filter(|r| r.region.role == Role::Firmware);
        homes.any(|r| r.source.is_donor(&a.donor.name))
    };
    findings.extend(opened.iter().filter(gives_firmware).flat_map(|a| a.of_firmware.clone()));
    if base.len() as u64 != board.chip_size {
        return Err(ImageError::Refused { findings: stopping(&findings, &choice.allow) });
    }
    let mut chip = compose::chip(&mut parties, &mut findings);
    let maps = maps::compare(base, &opened, &parties.resolved);
    maps.carry_out(&mut chip, &opened);
    findings.extend(maps.findings);
    findings.extend(moved.into_iter().flat_map(|moved| moved.lost(&chip, &parties.resolved)));
    let edited = edits::apply(&mut chip, board, &choice.edits, &mut findings)?;
    let file = match choice.purpose {
        Purpose::Programmer => Composed { bytes: chip.clone(), holds: Span::new(0, board.chip_size) },
        Purpose::Tftp => compose::tftp(&chip, &parties)?,
        Purpose::Web => compose::web(&chip, board, &mut findings)?,
    };
    if let Some(span) = edited.iter().find(|span| !file.holds.covers(**span)) {
        let why =
            format!("a file for {} does not hold {span}, where the edited value is", choice.purpose.name());
        return Err(ImageError::NotForThisBoard { board: board.name.clone(), why });
    }
    let product = Product { chip: &chip, file: &file, edited: &edited, purpose: choice.purpose };
    findings.extend(judge::all(&product, &parties));
    let findings = judge::once(findings);
    let stop = stopping(&findings, &choice.allow);
    if !stop.is_empty() {
        return Err(ImageError::Refused { findings: stop });
    }
    let held = |span: Span| file.holds.covers(span);
    let regions = parties
        .resolved
        .iter()
        .filter(|r| held(r.region.span))
        .map(|r| RegionRow {
            name: r.region.name.clone(),
            inside: r.region.inside.clone(),
            span: r.region.span,
            was: describe::region(&base[r.region.span.range()], r.region),
            will_be: describe::region(&chip[r.region.span.range()], r.region),
            from: r.source.clone(),
            why: judge::why(r),
            changes: base[r.region.span.range()] != chip[r.region.span.range()],
        })
        .collect();
    let mut units: Vec<(String, PerUnit)> =
        board.layout.per_unit().map(|(region, unit)| (region.name.clone(), unit.clone())).collect();
    for text in unit::texts(base, board).into_iter().chain(unit::texts(&chip, board)) {
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
        sources: sources(&parties.resolved),
        image: Image::new(file.bytes),
    })
}

/// The choice that repeats a splice. A name that two regions have cannot be chosen; it has its default again.
fn sources(resolved: &[Resolved]) -> Vec<(String, Source)> {
    let unique =
        |r: &&Resolved| resolved.iter().filter(|other| other.region.name == r.region.name).count() == 1;
    // A default is not a choice against the one that was made for the same bytes.
    let outdone = |r: &&Resolved| {
        !r.said && resolved.iter().any(|other| other.said && other.region.span == r.region.span)
    };
    let chosen = resolved.iter().filter(|r| !r.inherited && !outdone(r)).filter(unique);
    chosen.map(|r| (r.region.name.clone(), r.source.clone())).collect()
}
