//! Flash maps of coreboot and ChromeOS (FMAP) compared with each other: a loader looks for an area where the map in its own
//! flash has it.
//!
//! A region is cut out of a donor's dump by the board's map. Where the dump has the area elsewhere, other bytes would be
//! taken; where the donor's map is taken, the areas that it moves have to come with it.

use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use crate::image::checks::{Finding, OTHER_MAP, Severity};
use crate::image::donor::{Anatomy, Kind};
use crate::image::is_blank;
use crate::image::layout::{Layout, Region, Source};
use crate::image::layouts::fmap;
use crate::span::Span;

/// Compares the maps of base, result and each donor that is a dump.
pub(super) fn judge(product: &Product, parties: &Parties) -> Vec<Finding> {
    let Some(own) = fmap::find(parties.base) else { return Vec::new() };
    let result = fmap::find(product.chip);
    let given = parties.resolved.iter().filter(|r| !r.inherited);
    let mut found: Vec<Finding> = given.filter_map(|r| of_region(&own, result.as_ref(), r)).collect();
    found.extend(match &result {
        Some(result) => torn(product, parties, &own, result),
        None => gone(product, parties, &own),
    });
    found
}

/// A question where the board's map is not in the result and an area is there that does not come from where the map's place
/// comes from: what reads that area finds it by the map.
fn gone(product: &Product, parties: &Parties, own: &Layout) -> Option<Finding> {
    // Areas of the Intel descriptor, which is a map of its own.
    const OF_DESCRIPTOR: &str = "SI_";
    let at = fmap::place(parties.base)?;
    let source =
        |span: Span| parties.deciding(span).map(|r| &r.source).filter(|source| **source != Source::Blank);
    let of_map = source(Span::at(at, 1)?);
    let holds_others =
        |area: &Region| own.regions.iter().any(|inner| inner.inside.as_ref() == Some(&area.name));
    let is_left = |area: &&Region| {
        let by_map = !area.name.starts_with(OF_DESCRIPTOR) && !area.span.contains(at) && !holds_others(area);
        let elsewhere = of_map.is_none() || source(area.span) != of_map;
        by_map && elsewhere && !area.span.of(product.chip).is_none_or(is_blank)
    };
    let left = own.regions.iter().find(is_left)?;
    Some(OTHER_MAP.found_as(
        Severity::Ask,
        format!(
            "the map (FMAP) at {at:#x} of the board's own dump is not in the result, and {} ({}) is found by it: keep the \
             area that holds the map",
            left.name, left.span
        ),
    ))
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
