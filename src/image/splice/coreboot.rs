//! Boards that run coreboot: what a donor brings for a region in which the board has a CBFS.

use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use crate::image::checks::{COMPATIBLE, Finding, HASH, OTHER_CONTAINER, UNPROVEN_DONOR};
use crate::image::container::cbfs;
use crate::image::container::item::{Item, Outcome};

/// True where the board's own dump or the result has a CBFS.
pub(super) fn is_one(product: &Product, parties: &Parties) -> bool {
    [parties.base, product.chip].into_iter().any(|flash| !cbfs::all(flash).is_empty())
}

/// Judges each region that comes from a donor and has a CBFS there or in the board's own dump.
pub(super) fn judge(product: &Product, parties: &Parties) -> Vec<Finding> {
    let given = parties.resolved.iter().filter(|r| !r.inherited && r.donor.is_some());
    given.filter_map(|r| of_region(product, parties, r)).collect()
}

fn of_region(product: &Product, parties: &Parties, r: &Resolved) -> Option<Finding> {
    let ours = cbfs::all(r.region.span.of(parties.base)?);
    let theirs = cbfs::all(r.region.span.of(product.chip)?);
    let (name, region) = (&r.donor?.donor.name, &r.region.name);
    if theirs.is_empty() && ours.is_empty() {
        return None;
    }
    if theirs.is_empty() {
        return Some(OTHER_CONTAINER.found(format!(
            "{region} holds a CBFS of coreboot in the board's own dump, and what {name} brings for it holds none: does the \
             board start from that?"
        )));
    }
    let bad = theirs.iter().find_map(|item| {
        let check = item.checks.iter().find(|check| check.result == Outcome::Bad)?;
        Some(format!("its {} at {:#x} of {region}: {}", check.name, item.offset, check.detail))
    });
    if let Some(bad) = bad {
        return Some(HASH.found(format!("the CBFS that {name} brings for {region} is damaged: {bad}")));
    }
    let ours = mainboard(&ours)?;
    match mainboard(&theirs) {
        Some(theirs) if theirs == ours => None,
        Some(theirs) => Some(COMPATIBLE.found(format!(
            "the CBFS that {name} brings for {region} was built for mainboard {theirs}, the board's own for {ours}"
        ))),
        None => Some(UNPROVEN_DONOR.found(format!(
            "the CBFS that {name} brings for {region} names no mainboard, and the board's own names {ours}: is it for this \
             board?"
        ))),
    }
}

/// The mainboard that the first of `found` with a configuration names.
fn mainboard(found: &[Item]) -> Option<&str> {
    found.iter().find_map(|item| item.attributes.get("mainboard")?.as_str())
}
