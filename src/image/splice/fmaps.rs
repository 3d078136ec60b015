//! Flash maps of coreboot and ChromeOS (FMAP) held against each other: a loader looks for an area where the map in its own
//! flash has it.
//!
//! A region is cut out of a donor's dump by the board's map. Where the dump has the area elsewhere, other bytes would be
//! taken; where the donor's map is taken, the areas that it moves have to come with it.

use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use crate::image::checks::{Finding, OTHER_MAP};
use crate::image::donor::{Anatomy, Kind};
use crate::image::layout::Layout;
use crate::image::layouts::fmap;
use crate::span::Span;

/// Compares the maps of base, result and each donor that is a dump.
pub(super) fn judge(product: &Product, parties: &Parties) -> Vec<Finding> {
    let Some(own) = fmap::find(parties.base) else { return Vec::new() };
    let result = fmap::find(product.chip);
    let given = parties.resolved.iter().filter(|r| !r.inherited);
    let mut found: Vec<Finding> = given.filter_map(|r| of_region(&own, result.as_ref(), r)).collect();
    found.extend(result.and_then(|result| torn(product, parties, &own, &result)));
    found
}

/// The areas by name and place.
fn areas(map: &Layout) -> Vec<(&str, Span)> {
    map.regions.iter().map(|area| (area.name.as_str(), area.span)).collect()
}

fn place(map: &Layout, name: &str) -> Option<Span> {
    map.region(name).map(|area| area.span)
}

fn words(place: Option<Span>) -> String {
    place.map_or("nowhere".to_owned(), |place| place.to_string())
}

/// An area of the board's map that its donor's dump has elsewhere, where the donor's map is not taken too.
fn of_region(own: &Layout, result: Option<&Layout>, r: &Resolved) -> Option<Finding> {
    let donor = r.donor.filter(|donor| donor.kind == Kind::Dump)?;
    let (name, span) = (&r.region.name, r.region.span);
    let theirs = fmap::find(&donor.donor.bytes).filter(|_| place(own, name) == Some(span))?;
    let there = place(&theirs, name).filter(|there| *there != span);
    let comes_along = result.is_some_and(|result| areas(result) == areas(&theirs));
    let fits = comes_along || place(&theirs, name) == Some(span);
    (!fits).then(|| {
        OTHER_MAP.found(format!(
            "{name} is at {span} in the board's map (FMAP) and at {} in that of {}: what is at the board's place there is \
             something else; cut the area out of the file, or take the areas that moved and the map together",
            words(there),
            donor.donor.name
        ))
    })
}

/// An area that the map in the result has elsewhere than the board's own, and that does not come from that map's donor.
fn torn(product: &Product, parties: &Parties, own: &Layout, result: &Layout) -> Option<Finding> {
    let is_giver = |donor: &&Anatomy| {
        let map = fmap::find(&donor.donor.bytes).filter(|_| donor.kind == Kind::Dump);
        map.is_some_and(|map| areas(&map) == areas(result))
    };
    let giver = parties.donors.iter().find(is_giver);
    let comes = |span: Span| giver.is_some_and(|donor| span.of(&donor.donor.bytes) == span.of(product.chip));
    let moved = result.regions.iter().filter(|area| place(own, &area.name) != Some(area.span));
    let left = moved.into_iter().find(|area| !comes(area.span))?;
    Some(OTHER_MAP.found(format!(
        "the map (FMAP) in the result has {} at {}, and the board's own at {}: what is there in the result does not come \
         from the same donor as the map",
        left.name,
        left.span,
        words(place(own, &left.name))
    )))
}
