//! Calibration of a donor's unit in what it brings as firmware: the donor has it where the board's map has other data.

use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use crate::image::checks::{FOREIGN_CALIBRATION, Finding};
use crate::image::container::budget::Look;
use crate::image::container::item::Item;
use crate::image::formats::FORMATS;
use crate::image::is_blank;
use crate::image::layout::{Role, Source};
use crate::span::Span;

/// Where flash is erased a sector at a time, a partition can start.
const EDGE: u64 = 0x1000;
/// Blocks of calibration start at the edge of a large erase block; at a smaller edge, after as much that is blank.
const BLOCK: u64 = 0x1_0000;
const FREE: u64 = 16;

/// Questions about blocks of calibration that a donor would put outside of the places that the board has for data of the unit.
pub(super) fn judge(product: &Product, parties: &Parties) -> Vec<Finding> {
    let given = parties.resolved.iter().filter(|r| !r.inherited && r.region.role != Role::Unit);
    given.filter_map(|r| first(product.chip, parties, r)).collect()
}

/// The first one in a region.
fn first(chip: &[u8], parties: &Parties, r: &Resolved) -> Option<Finding> {
    let Source::Donor(name) = &r.source else { return None };
    let known = |span: Span| {
        let of_unit = |other: &&Resolved| other.region.role == Role::Unit;
        let mut homes = parties.resolved.iter().filter(of_unit).map(|other| other.region.span);
        let mut places = parties.board.layout.per_unit().map(|(_, unit)| unit.span);
        homes.any(|home| home.overlaps(span)) || places.any(|place| place.overlaps(span))
    };
    let item = blocks(chip, r.region.span).find(|item| {
        let span = Span::new(item.offset, item.end().min(chip.len() as u64));
        !known(span) && span.of(parties.base) != span.of(chip)
    })?;
    let whose = item.attributes.get("chip").and_then(|chip| chip.as_str()).unwrap_or("a unit");
    Some(FOREIGN_CALIBRATION.found(format!(
        "what donor {name} has for {} holds calibration of {whose} at {:#x} of the flash, where the board's map has none: the \
         donor is of another map, or of a flash of another size",
        r.region.name, item.offset
    )))
}

/// What is data of a unit by its form, at the edges in `place`.
pub(super) fn blocks(chip: &[u8], place: Span) -> impl Iterator<Item = Item> {
    let mut look = Look::new(chip);
    let edges = (place.start.next_multiple_of(EDGE)..place.end).step_by(EDGE as usize);
    let starts = move |at: &u64| {
        let before = Span::new(at.saturating_sub(FREE), *at).of(chip).unwrap_or_default();
        at.is_multiple_of(BLOCK) || is_blank(before)
    };
    edges.filter(starts).filter_map(move |at| {
        let at = usize::try_from(at).ok()?;
        let here = chip.get(at..)?;
        let rows = FORMATS.iter().filter(|row| row.of_unit);
        let mut marked = rows
            .filter(|row| row.magics.is_empty() || row.magics.iter().any(|magic| here.starts_with(magic)));
        let item = marked.find_map(|row| row.search(&mut look, at))?.item;
        item.is_sound().then_some(item)
    })
}
