//! What is judged of base, donors and result together: country, data of the one unit, loader, settings.

use super::base::{self, header_of};
use super::choice::Purpose;
use super::classes;
use super::compose::Composed;
use super::fmaps;
use super::kinship;
use super::parties::Parties;
use super::resolve::Resolved;
use crate::image::boards::{Board, RecoveryKind};
use crate::image::checks::{Advice, Finding, Severity};
use crate::image::checks::{
    CROSSING, DONOR_BLANK_UNIT, FOREIGN_CALIBRATION, FOREIGN_MAC, FOREIGN_OVERLAY, FOREIGN_SETTINGS,
    HARDWARE_DIFFERS, LOADER_MIX, LOADER_START, LOADER_SWAP, MODEM_IN_CONFIG, NO_FIRMWARE, NO_LOADER,
    NOT_IN_FILE, OPERATOR_SETTINGS, OWN_CALIBRATION_BLANK, OWN_LOADER, OWN_MAC_BLANK, REGION, REGION_UNKNOWN,
    UNIT_ERASED, WRONG_CALIBRATION,
};
use crate::image::container::envelope::{Change, Envelope, Md5Verdict};
use crate::image::container::tplink;
use crate::image::donor::Kind;
use crate::image::donor::firmware::{Origin, behind_rootfs};
use crate::image::donor::loader;
use crate::image::is_blank;
use crate::image::layout::{Format, PerUnit, Region, Role, Source, UnitKind};
use crate::image::unit;
use crate::span::Span;
use memchr::memmem;

/// What came out.
pub(super) struct Product<'a> {
    /// The whole chip as it is composed.
    pub chip: &'a [u8],
    /// The file made of it.
    pub file: &'a Composed,
    /// What was edited as the user chose.
    pub edited: &'a [Span],
    /// What the file is for.
    pub purpose: Purpose,
}

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
                    "{} is behind what a file for {} writes: it stays as it is in the chip",
                    r.region.name,
                    purpose.name()
                )));
            }
            continue;
        }
        let decides = |u: &&PerUnit| parties.deciding(u.span).is_some_and(|one| std::ptr::eq(one, r));
        for u in board.layout.per_unit().map(|(_, u)| u).filter(decides) {
            if !edited.contains(&u.span) {
                found.extend(unit_data(&base[u.span.range()], &chip[u.span.range()], u, r));
            }
        }
        for u in unknown_unit(parties, r).into_iter().chain(vital_product_data(chip, parties, r)) {
            found.extend(unit_data(&base[u.span.range()], &chip[u.span.range()], &u, r));
        }
        found.extend(contents(chip, r));
    }
    found.extend(crossing(chip, parties));
    if parties.chosen.as_ref().is_some_and(|chosen| chosen.firmware.origin.has_overlay()) {
        found.push(FOREIGN_OVERLAY.found(
            "the donor's firmware was running: the settings, keys and passwords in its overlay come along; reset it \
             to defaults after the first boot, or take a sysupgrade file",
        ));
    }
    found
}

/// True when the firmware in a whole chip is OpenWrt's, whose header says nothing about the country.
fn runs_openwrt(chip: &[u8], header: &dyn Envelope, board: &Board) -> bool {
    let region = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.len());
    let from = header.offset() as usize;
    let room = header.room().unwrap_or(region);
    let end = chip.len().min(from.saturating_add(room as usize));
    room > region || behind_rootfs(&chip[from..end], header).is_some()
}

/// Where no ids of the board are known, those of its own firmware are all there is to hold a donor's against.
pub(super) fn other_hardware(parties: &Parties) -> Option<Finding> {
    let Parties { base, board, .. } = *parties;
    let chosen = parties.chosen.as_ref().filter(|_| board.hardware.is_empty())?;
    let header = header_of(base, board)?;
    let ours = header.hardware();
    let message = match chosen.firmware.origin.envelope() {
        Some(theirs) if theirs.name() != header.name() => format!("has a {}", theirs.name()),
        Some(theirs) if theirs.hardware().is_same(&ours) => return None,
        Some(theirs) => format!("is for hardware {}", theirs.hardware().text),
        None => "has no header of that kind, which the loader may ask for".to_owned(),
    };
    Some(HARDWARE_DIFFERS.found(format!(
        "the board's own firmware has a {}, for hardware {}, and the firmware of {} {message}: is it for this board and \
         version?",
        header.name(),
        ours.text,
        chosen.name()
    )))
}

/// Country or variant of the chosen vendor firmware against the board's own.
pub(super) fn country(parties: &Parties) -> Option<Finding> {
    let Parties { base, board, .. } = *parties;
    let chosen = parties.chosen.as_ref()?;
    let Origin::Vendor(theirs) = &chosen.firmware.origin else { return None };
    let same_hardware = |h: &dyn Envelope| h.hardware().is_same(&theirs.hardware());
    let ours = header_of(base, board)
        .filter(|h| same_hardware(h.as_ref()) && !runs_openwrt(base, h.as_ref(), board));
    let country = theirs.country()?;
    let (field, new) = (country.field, country.value);
    let own = ours.as_ref().and_then(|h| h.country()).filter(|own| own.field == field);
    let old = own.as_ref().map(|own| own.value);
    // The vendor's page wrote the unit's own value over the one of a firmware it took: both are good.
    let taken_before = || ours.as_ref().and_then(|h| was_taken_as(base, h.as_ref()));
    let texts_differ = own.is_some_and(|own| !own.texts.is_empty() && own.texts != country.texts);
    match old {
        Some(old) if old == new && !texts_differ => None,
        Some(_) if country.changed_by_page && taken_before() == Some(new) => None,
        Some(old) => Some(REGION.found(format!(
            "the firmware of {} is for another country or variant of the same hardware ({field} {new:X}, the \
             board's own firmware has {old:X}): it may not start, or refuse updates",
            chosen.name()
        ))),
        None => {
            let known: Vec<u32> = board.hardware.iter().flat_map(|h| h.add.clone()).collect();
            let unusual = country.changed_by_page && !known.is_empty() && !known.contains(&new);
            Some(REGION_UNKNOWN.found_as(
                if unusual { Severity::Ask } else { Severity::Tell },
                format!(
                    "the board's own firmware does not tell its country or variant; the firmware of {} has {field} \
                     {new:X}",
                    chosen.name()
                ),
            ))
        }
    }
}

/// The hw_ver_add that the firmware in `chip` came with, where the vendor's page changed it while storing.
fn was_taken_as(chip: &[u8], header: &dyn Envelope) -> Option<u32> {
    match header.check(chip) {
        Some(Md5Verdict::Stale { change: Change::HwVerAdd { was }, .. }) => Some(was),
        _ => None,
    }
}

pub(super) fn boot_loader(product: &Product, parties: &Parties) -> Vec<Finding> {
    let mut found = Vec::new();
    let Product { chip, edited, purpose, .. } = *product;
    let Parties { base, board, donors, .. } = *parties;
    let Some(r) = parties.of_role(Role::Loader) else { return found };
    let (before, after) = (&base[r.region.span.range()], &chip[r.region.span.range()]);
    let writes_it = match purpose {
        Purpose::Programmer | Purpose::Web => true,
        Purpose::Tftp => board.recovery.as_ref().is_some_and(|x| x.kind == RecoveryKind::FromZero),
    };
    match &r.source {
        Source::Own => {
            // An operator's loader may have no known text and start in its own way: only what cannot be one counts.
            let none = is_blank(after) || tplink::parse(after, 0).is_some() || loader::starts_padded(after);
            if none && writes_it {
                let text =
                    "the board's own dump has no boot loader at its start: the board cannot start from it";
                let severity = if purpose == Purpose::Programmer { Severity::Ask } else { Severity::Refuse };
                let check = if severity == Severity::Ask { OWN_LOADER } else { NO_LOADER };
                let advice = Advice::TakeFromDonor { region: r.region.name.clone() };
                found.push(check.found_as(severity, text).advise(advice));
            }
        }
        Source::Blank => found.push(NO_LOADER.found(format!(
            "{} would be blank: the board could not start, nor be rescued by TFTP",
            r.region.name
        ))),
        Source::Donor(name) => {
            let what = format!("donor '{name}' as {}", r.region.name);
            let proven = r.donor.is_some_and(|d| d.kind != Kind::RegionFile);
            let others = donors.iter().filter(|d| d.donor.name != *name).filter_map(|d| d.loader);
            let known: Vec<&[u8]> = std::iter::once(before).chain(others).collect();
            let fault = loader::shifted(after, &known, &what).or_else(|| loader::fault(after, &what));
            // Headers, or its place before the firmware, prove where it starts, whatever it starts with.
            found.extend(fault.filter(|f| !(proven && f.name == LOADER_START.name)));
        }
    }
    let text = |l: &[u8]| loader::version(l).unwrap_or_else(|| "no version text known".to_owned());
    // Values that the user edited in it (its environment) do not make it another one.
    let mut unedited = after.to_vec();
    for span in edited.iter().filter(|span| r.region.span.covers(**span)) {
        let from = (span.start - r.region.span.start) as usize;
        unedited[from..from + span.len() as usize].copy_from_slice(&base[span.range()]);
    }
    if before != unedited && writes_it {
        found.push(LOADER_SWAP.found(format!(
            "the boot loader ({}) is replaced by {}'s ({})",
            text(before),
            r.source,
            text(after)
        )));
    }
    let firmware = parties.of_role(Role::Firmware);
    if let Some(firmware) = firmware.filter(|f| f.source != r.source) {
        found.push(LOADER_MIX.found(format!(
            "boot loader from {} ({}), firmware from {}. Some operators lock the two together, by security registers too, \
             which no dump holds: if it will not boot, look at those",
            r.source,
            text(after),
            firmware.source
        )));
    }
    found
}

/// Bytes of the one unit: before, after, and where they come from.
fn unit_data(before: &[u8], after: &[u8], u: &PerUnit, r: &Resolved) -> Option<Finding> {
    let calibration = u.kind == UnitKind::Calibration;
    let missing = u.is_missing(after);
    let at = u.span.start;
    match &r.source {
        // What is lost with a PC's variables is said of them all at once.
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
