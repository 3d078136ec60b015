//! What is judged of base, donors and result together: data of the one unit, settings, contents.

use super::base::{self};
use super::classes;
use super::fmaps;
use super::kinship;
use super::parties::Parties;
use super::product::Product;
use super::resolve::Resolved;
use super::strays;
use crate::image::checks::{Advice, Finding, Severity};
use crate::image::checks::{
    CROSSING, DONOR_BLANK_UNIT, FOREIGN_CALIBRATION, FOREIGN_MAC, FOREIGN_OVERLAY, FOREIGN_SETTINGS,
    MODEM_IN_CONFIG, NO_FIRMWARE, NOT_IN_FILE, OPERATOR_SETTINGS, OWN_CALIBRATION_BLANK, OWN_MAC_BLANK, SUM,
    UNIT_ERASED, WRONG_CALIBRATION,
};
use crate::image::donor::Kind;
use crate::image::is_blank;
use crate::image::layout::{Format, PerUnit, Region, Role, Source, UnitKind};
use crate::image::unit;
use crate::span::Span;
use memchr::memmem;

/// Everything that is judged of the result and of how base and donors go together.
pub(super) fn all(product: &Product, parties: &Parties) -> Vec<Finding> {
    let Product { chip, file, edited, purpose } = *product;
    let Parties { base, board, .. } = *parties;
    let mut found = Vec::new();
    found.extend(base::all(base, board));
    found.extend(kinship::judge(parties));
    found.extend(classes::judge(product, parties));
    found.extend(fmaps::judge(product, parties));
    for r in &parties.resolved {
        if !file.holds.covers(r.region.span) {
            if r.said && r.source != Source::Own {
                found.push(NOT_IN_FILE.found(format!(
                    "{} is after what a file for {} writes: it stays as it is in the chip",
                    r.region.name,
                    purpose.name()
                )));
            }
            continue;
        }
        let decides = |u: &&PerUnit| parties.deciding(u.span).is_some_and(|one| std::ptr::eq(one, r));
        for u in board.layout.per_unit().map(|(_, u)| u).filter(decides) {
            let (before, after) = (&base[u.span.range()], &chip[u.span.range()]);
            found.extend(match edited.contains(&u.span) {
                false => unit_data(before, after, u, r),
                true => still_foreign(after, u, r),
            });
        }
        found.extend(blank_unit(base, parties, r));
        for u in unknown_unit(parties, r).into_iter().chain(vital_product_data(chip, parties, r)) {
            found.extend(unit_data(&base[u.span.range()], &chip[u.span.range()], &u, r));
        }
        found.extend(contents(chip, r));
    }
    found.extend(crossing(chip, parties));
    found.extend(strays::judge(product, parties));
    if found.iter().all(|finding| finding.severity == Severity::Tell) {
        found.extend(kinship::empty_dumps(parties));
    }
    if parties.chosen.as_ref().is_some_and(|chosen| chosen.firmware.origin.has_overlay()) {
        found.push(FOREIGN_OVERLAY.found(
            "the donor's firmware was running: the settings, keys and passwords in its overlay come along; reset it \
             to defaults after the first boot, or take a sysupgrade file",
        ));
    }
    found
}

/// A question where a donor's bytes were given an address, and keep another one that may be read.
fn still_foreign(after: &[u8], u: &PerUnit, r: &Resolved) -> Option<Finding> {
    let Source::Donor(name) = &r.source else { return None };
    let words = u.passed_over(after)?;
    Some(FOREIGN_MAC.found(format!("{} of donor {name}: {words}", u.name)))
}

/// Bytes of the one unit: before, after, and where they come from.
fn unit_data(before: &[u8], after: &[u8], u: &PerUnit, r: &Resolved) -> Option<Finding> {
    let calibration = u.kind == UnitKind::Calibration;
    let missing = u.is_missing(after);
    let at = u.span.start;
    match &r.source {
        // What is lost with a PC's variables is reported for all of them at once.
        Source::Blank if r.region.stays && r.region.role == Role::Settings => None,
        Source::Blank if !u.is_missing(before) && !u.keep => Some(UNIT_ERASED.found(format!(
            "{} would be blank: {} at {at:#x} is this unit's own and cannot be made again",
            r.region.name, u.name
        ))),
        _ if before == after && missing => {
            let check = if calibration { OWN_CALIBRATION_BLANK } else { OWN_MAC_BLANK };
            let message =
                format!("{} at {at:#x} of the board's own dump is {}", u.name, unit::show(before, u));
            Some(check.found(message).advise(Advice::OlderBackup))
        }
        Source::Donor(name) if !u.keep => {
            if missing {
                return Some(DONOR_BLANK_UNIT.found(format!(
                    "{} at {at:#x} of donor {name} is {}: it would erase this unit's own",
                    u.name,
                    unit::show(after, u)
                )));
            }
            if let Some(why) = u.of_another_board(after) {
                return Some(WRONG_CALIBRATION.found(format!("{} at {at:#x} of donor {name} {why}", u.name)));
            }
            if let Some(why) = u.fault(after) {
                return Some(SUM.found(format!("{} at {at:#x} of donor {name} {why}", u.name)));
            }
            let check = if calibration { FOREIGN_CALIBRATION } else { FOREIGN_MAC };
            (before != after).then(|| {
                check.found(format!(
                    "{} of donor {name} would be put on this board: {}; its own is {}",
                    u.name,
                    unit::show(after, u),
                    unit::show(before, u)
                ))
            })
        }
        _ => None,
    }
}

/// Regions of the map that cross others and so cannot be chosen, where their bytes change all the same.
fn crossing(chip: &[u8], parties: &Parties) -> Vec<Finding> {
    let layout = &parties.board.layout;
    let changed = |region: &&Region| region.span.of(parties.base) != region.span.of(chip);
    let words = |region: &Region| {
        let whose = if region.role == Role::Unit { ", data of this unit by its name," } else { "" };
        let others = layout.regions.iter().filter(|other| other.span.overlaps(region.span));
        let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
        CROSSING.found(format!(
            "{} ({}){whose} crosses {} in the map, and some of its bytes would change",
            region.name,
            region.span,
            others.join(", ")
        ))
    };
    layout.crossing.iter().filter(changed).map(words).collect()
}

/// The whole of a region of the unit, or of a part of it, that comes from elsewhere, where no source says what in it is
/// the unit's (a boot log's `factory`).
fn unknown_unit(parties: &Parties, r: &Resolved) -> Option<PerUnit> {
    let home = parties.unit_region(r.region.span)?;
    // The choice for the home judges the parts that follow it.
    let judged = r.inherited && !std::ptr::eq(home, r);
    let known = parties.board.layout.per_unit_in(home.region.span).any(|u| !u.keep);
    (r.source != Source::Own && !known && !judged).then(|| whole_region(r, UnitKind::Calibration))
}

/// A word where a region that by its name holds data of the unit is blank in the board's own dump, and stays so.
fn blank_unit(base: &[u8], parties: &Parties, r: &Resolved) -> Option<Finding> {
    let known = parties.board.layout.per_unit_in(r.region.span).next().is_some();
    let stays_blank = r.region.role == Role::Unit && r.source == Source::Own && !r.inherited && !known;
    (stays_blank && is_blank(r.region.span.of(base)?)).then(|| {
        OWN_CALIBRATION_BLANK.found_as(
            Severity::Tell,
            format!(
                "{} ({}) of the board's own dump is blank, and by its name it holds data of this unit",
                r.region.name, r.region.span
            ),
        )
    })
}

/// The whole of a region that holds the vital product data of a ChromeOS board (serial numbers, addresses), in the
/// base or in the result, and does not stay the board's own.
fn vital_product_data(chip: &[u8], parties: &Parties, r: &Resolved) -> Option<PerUnit> {
    // Type, length of the key, version, key, length of the value. Fact: coreboot src/drivers/vpd/vpd_tables.h.
    const HEADER: &[u8] = b"\xfe\x09\x01gVpdInfo\x04";
    let start = r.region.span.start;
    let decides_it = |at: usize| {
        let header = Span::at(start + at as u64, HEADER.len() as u64);
        header.and_then(|span| parties.deciding(span)).is_some_and(|one| std::ptr::eq(one, r))
    };
    let holds = |flash: &[u8]| {
        let bytes = r.region.span.of(flash).unwrap_or_default();
        memmem::find_iter(bytes, HEADER).any(decides_it)
    };
    (r.source != Source::Own && (holds(parties.base) || holds(chip)))
        .then(|| whole_region(r, UnitKind::Serial))
}

/// All of a region as data of the unit.
fn whole_region(r: &Resolved, kind: UnitKind) -> PerUnit {
    PerUnit::new(format!("what {} holds", r.region.name), r.region.span, kind, Format::RAW)
}

/// What a region's new contents bring along.
fn contents(chip: &[u8], r: &Resolved) -> Option<Finding> {
    let now = &chip[r.region.span.range()];
    let name = &r.region.name;
    match (&r.source, r.region.role) {
        (Source::Blank, Role::Firmware) => {
            Some(NO_FIRMWARE.found(format!("{name} would be blank: the board starts its loader only")))
        }
        (Source::Donor(_), Role::Settings) if r.run_on => None,
        (Source::Donor(from), Role::Settings) => {
            let (donor, piece) = (r.donor?, r.piece?);
            if piece.tail {
                return Some(MODEM_IN_CONFIG.found(format!(
                    "what follows the firmware in {from} (modem firmware, it seems) would land in {name}, where \
                     settings belong: leave {name} blank"
                )));
            }
            (donor.kind == Kind::Dump && !is_blank(now) && !piece.bytes.is_empty()).then(|| {
                FOREIGN_SETTINGS
                    .found(format!("{name} comes from {from}, with the settings of that unit or operator"))
            })
        }
        (Source::Own, Role::Settings) if !is_blank(now) => {
            let whose = super::describe::profile(now).map_or(String::new(), |p| format!(" (profile {p})"));
            Some(OPERATOR_SETTINGS.found(format!("{name} stays as it is{whose}")))
        }
        _ => None,
    }
}

/// Why a region has the source it has, in words for a table.
pub fn why(r: &Resolved) -> String {
    if r.run_on {
        return format!("the firmware of {} runs on into it", r.source);
    }
    if r.inherited {
        return "comes with the region around it".to_owned();
    }
    let by = if r.said { "you said so" } else { "the board's default" };
    let Source::Donor(_) = &r.source else {
        let what = match (&r.source, r.region.role) {
            (Source::Own, Role::Unit) => "data of this unit",
            (Source::Own, Role::Loader) => "the loader that is known to start this board",
            (Source::Blank, Role::Settings) => "settings are made anew",
            _ => return by.to_owned(),
        };
        return format!("{by}: {what}");
    };
    let Some(donor) = r.donor else { return by.to_owned() };
    match r.piece {
        Some(_) => format!("{by}: from the {}", donor.kind.name()),
        None => format!("{by}: blank, the {} has none", donor.kind.name()),
    }
}

/// The findings without repetition, in their order.
pub fn once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut left: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !left.contains(&finding) {
            left.push(finding);
        }
    }
    left
}
