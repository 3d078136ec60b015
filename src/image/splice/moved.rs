//! A dump of one map put onto another map: each region goes to where the new map has the one of its name.
//!
//! For a chip of another size, or a map with other places on the same chip.

use memchr::memmem;

use super::resolve::Resolved;
use super::strays::blocks;
use crate::image::Image;
use crate::image::checks::{Advice, Finding, MOVED, NOT_MOVED, Severity};
use crate::image::donor::dump;
use crate::image::is_blank;
use crate::image::layout::{Layout, Region, Role, Source};
use crate::image::layouts::in_dump;
use crate::image::{Board, ImageError};
use crate::span::Span;

/// Why nothing was put into a region.
#[derive(Clone, Debug)]
enum Left {
    /// The old map has no region of its name.
    New,
    /// It has one that cannot be put there.
    Unfit(String),
}

/// A dump on another map.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Moved {
    /// The bytes on the new map; FF where the old map has nothing of that name and length.
    pub image: Image,
    /// Regions of the new map that nothing was put into, each with the reason.
    left: Vec<(String, Left)>,
    /// What was moved, and what the old dump itself shows.
    findings: Vec<Finding>,
    /// Data of the unit in the old dump that no region of the new map took.
    units: Vec<Untaken>,
}

/// Data of the unit that no region of the new map took.
#[derive(Clone, Debug)]
struct Untaken {
    /// The region of the old map that holds it, where one is known to.
    region: Option<String>,
    /// What holds it, and how much, for a message.
    words: String,
    bytes: Vec<u8>,
}

impl Moved {
    /// Puts `dump`, which has the regions of `old`, onto the map of `board`.
    ///
    /// # Errors
    /// [`ImageError::Refused`] where the dump is none of a chip with the old map.
    pub fn new(dump: &[u8], old: &Layout, board: &Board) -> Result<Self, ImageError> {
        let of_old = Board::from_layout(old.source.clone(), old.clone())?;
        let mut findings = dump::judge(dump, "the board's own dump", &of_old);
        if findings.iter().any(|finding| finding.severity == Severity::Refuse) {
            return Err(ImageError::Refused { findings });
        }
        let len = usize::try_from(board.chip_size).unwrap_or(usize::MAX);
        let mut bytes = vec![0xff; len];
        let (mut left, mut taken) = (Vec::new(), Vec::new());
        for region in &board.layout.regions {
            let named = |layout: &Layout| layout.regions.iter().filter(|r| r.name == region.name).count();
            let mut leave = |why: String| left.push((region.name.clone(), Left::Unfit(why)));
            let Some(own) = old.region(&region.name) else {
                let left_out = old.left_out.iter().find(|(name, _)| *name == region.name);
                match left_out {
                    Some((_, why)) => leave(format!("in the old map {why}")),
                    None => left.push((region.name.clone(), Left::New)),
                }
                continue;
            };
            let (Some(from), Some(place)) = (own.span.of(dump), bytes.get_mut(region.span.range())) else {
                leave(format!("{} reaches past the end of the chip", region.name));
                continue;
            };
            if named(old) > 1 || named(&board.layout) > 1 {
                leave(format!("two regions are named {}", region.name));
            } else if from.len() != place.len() {
                leave(format!(
                    "{} has {:#x} bytes in the old map and {:#x} in the new one",
                    region.name,
                    from.len(),
                    place.len()
                ));
            } else {
                place.copy_from_slice(from);
                taken.push(region.name.as_str());
                if own.span != region.span {
                    let (was, is) = (own.span.start, region.span.start);
                    findings
                        .push(MOVED.found(format!("{} was at {was:#x} and is put at {is:#x}", region.name)));
                }
            }
        }
        let not_taken = old.regions.iter().filter(|region| !taken.contains(&region.name.as_str()));
        let mut units: Vec<Untaken> = not_taken.clone().flat_map(|region| units_of(region, dump)).collect();
        units.extend(strays(old, dump));
        let is_left_out = |region: &&Region| {
            let gone = board.layout.region(&region.name).is_none() && region.role != Role::Unit;
            gone && region.inside.is_none() && region.span.of(dump).is_some_and(|bytes| !is_blank(bytes))
        };
        findings.extend(not_taken.filter(is_left_out).map(|region| {
            MOVED.found(format!(
                "{} ({}) of the old map is left out: the new map has none",
                region.name, region.span
            ))
        }));
        Ok(Self { image: Image::new(bytes), left, findings, units })
    }

    /// As [`Moved::new`], by the map that the dump itself carries, where the dump is of another size than the board's
    /// flash: the one that has most of the board's regions by their names. `None` where it carries none of these.
    ///
    /// # Errors
    /// As [`Moved::new`].
    pub(crate) fn by_own_map(dump: &[u8], board: &Board) -> Result<Option<Self>, ImageError> {
        let size = dump.len() as u64;
        if size == board.chip_size || board.layout.chips.contains(&size) {
            return Ok(None);
        }
        let shared =
            |old: &Layout| board.layout.regions.iter().filter(|r| old.region(&r.name).is_some()).count();
        let maps = in_dump::find(dump);
        // Of several, the first with the most.
        let Some(old) = maps.iter().rev().max_by_key(|old| shared(old)).filter(|old| shared(old) > 0) else {
            return Ok(None);
        };
        let mut moved = Self::new(dump, old, board)?;
        let (source, len, new) = (&old.source, dump.len(), board.chip_size);
        let text = format!(
            "the dump has {len:#x} bytes, the flash {new:#x}: its regions are placed by the map in the dump, {source}"
        );
        moved.findings.insert(0, MOVED.found(text));
        Ok(Some(moved))
    }

    /// What is found of it, where its regions are used so.
    pub(super) fn judge(&self, resolved: &[Resolved]) -> Vec<Finding> {
        let mut found = self.findings.clone();
        for (name, why) in &self.left {
            let own = |r: &&Resolved| r.region.name == *name && r.source == Source::Own && !r.inherited;
            let Some(r) = resolved.iter().find(own) else { continue };
            let has_parts = resolved.iter().any(|part| part.region.inside.as_ref() == Some(name));
            let advice = Advice::DonorOrBlank { region: name.clone() };
            found.push(match why {
                // Its parts are judged for themselves.
                _ if has_parts && !r.said => continue,
                Left::New if r.said => NOT_MOVED
                    .found(format!("{name} cannot stay the board's own, the old map has no {name}"))
                    .advise(advice),
                Left::New => MOVED.found(format!("{name} is left blank: the old map has no {name}")),
                Left::Unfit(why) => {
                    NOT_MOVED.found(format!("{name} cannot stay the board's own: {why}")).advise(advice)
                }
            });
        }
        found
    }

    /// Questions about data of the unit that is nowhere in the result: its region has no place in the new map.
    pub(super) fn lost(&self, result: &[u8], resolved: &[Resolved]) -> Vec<Finding> {
        // A region that cannot stay the board's own is refused as that.
        let refused = |untaken: &&Untaken| {
            resolved
                .iter()
                .any(|r| Some(&r.region.name) == untaken.region.as_ref() && r.source == Source::Own)
        };
        let lost = self.units.iter().filter(|untaken| !refused(untaken));
        let lost = lost.filter(|untaken| memmem::find(result, &untaken.bytes).is_none());
        let words = |untaken: &Untaken| {
            NOT_MOVED.found_as(
                Severity::Ask,
                format!(
                    "{}, and no region of the new map takes them: they are not in the result; give the region that they belong \
                     in the same name and length in both maps",
                    untaken.words
                ),
            )
        };
        lost.map(words).collect()
    }
}

/// The unit's own bytes in a region of the old map: all of it, or the ranges that are known; what is blank is left out.
fn units_of(region: &Region, dump: &[u8]) -> Vec<Untaken> {
    let spans = match region.role {
        Role::Unit => vec![region.span],
        _ => region.per_unit.iter().map(|unit| unit.span).collect(),
    };
    let bytes = spans.into_iter().filter_map(|span| span.of(dump)).filter(|bytes| !is_blank(bytes));
    bytes
        .map(|bytes| Untaken {
            region: Some(region.name.clone()),
            words: format!(
                "{} of the old map holds {:#x} bytes of this unit's own",
                region.name,
                bytes.len()
            ),
            bytes: bytes.to_vec(),
        })
        .collect()
}

/// Blocks of calibration by their form, where the old map has none of the unit's data: is it the map of this dump?
fn strays(old: &Layout, dump: &[u8]) -> Vec<Untaken> {
    let units = old.regions.iter().filter(|region| region.role == Role::Unit).map(|region| region.span);
    let places: Vec<Span> = units.chain(old.per_unit().map(|(_, unit)| unit.span)).collect();
    let found = blocks(dump, Span::new(0, dump.len() as u64)).filter_map(|item| {
        let span = Span::new(item.offset, item.end());
        let bytes = span.of(dump).filter(|_| !places.iter().any(|place| place.overlaps(span)))?;
        let chip = item.attributes.get("chip").and_then(|chip| chip.as_str()).unwrap_or("a radio");
        Some(Untaken {
            region: None,
            words: format!(
                "the dump has {:#x} bytes of calibration of {chip} at {:#x}, where the old map has nothing of the unit's",
                bytes.len(),
                item.offset
            ),
            bytes: bytes.to_vec(),
        })
    });
    found.collect()
}
