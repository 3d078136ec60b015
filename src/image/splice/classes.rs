//! Classes of boards and what is checked of a result on each of them. A class is added by one row.

use super::coreboot;
use super::maps;
use super::parties::Parties;
use super::pc;
use super::product::Product;
use super::router;
use crate::image::checks::Finding;
use crate::image::layout::Role;

type Check = fn(&Product, &Parties) -> Vec<Finding>;

/// A class of boards.
struct Class {
    /// True for a board of this class; one may be of several.
    is_one: fn(&Product, &Parties) -> bool,
    /// What is checked on it.
    checks: &'static [Check],
}

/// Every class.
const CLASSES: [Class; 3] = [
    // Routers: a boot loader and a firmware, which go together by hardware, country and loader.
    Class {
        is_one: |_, parties| {
            let mut roles = parties.board.layout.regions.iter().map(|region| region.role);
            roles.any(|role| matches!(role, Role::Loader | Role::Firmware))
        },
        checks: &[
            |_, parties| router::other_hardware(parties).into_iter().collect(),
            |_, parties| router::country(parties).into_iter().collect(),
            router::boot_loader,
        ],
    },
    // PCs: a map of the flash, an ME that has to fit its region, and firmware that has to hold.
    Class {
        is_one: pc::is_one,
        checks: &[
            |product, parties| maps::me_fits(parties.base, product.chip).into_iter().collect(),
            |product, parties| maps::keeps_descriptor(parties.base, product.chip).into_iter().collect(),
            pc::judge,
        ],
    },
    // coreboot: a CBFS is replaced by a whole one of the same mainboard.
    Class { is_one: coreboot::is_one, checks: &[coreboot::judge] },
];

/// What the checks of the board's classes find.
pub(super) fn judge(product: &Product, parties: &Parties) -> Vec<Finding> {
    let own = CLASSES.iter().filter(|class| (class.is_one)(product, parties));
    own.flat_map(|class| class.checks).flat_map(|check| check(product, parties)).collect()
}
