//! What is judged of base, donors and result together: country, data of the one unit, loader, settings.

use super::anatomy::{Anatomy, Kind};
use super::base::{self, header_of};
use super::board::{Board, RecoveryKind};
use super::checks::{
    DONOR_BLANK_UNIT, FOREIGN_CALIBRATION, FOREIGN_MAC, FOREIGN_OVERLAY, FOREIGN_SETTINGS, HARDWARE_DIFFERS,
    LOADER_MIX, LOADER_START, LOADER_SWAP, MODEM_IN_CONFIG, NO_FIRMWARE, NO_LOADER, NOT_IN_FILE,
    OPERATOR_SETTINGS, OWN_CALIBRATION_BLANK, OWN_LOADER, OWN_MAC_BLANK, REGION, REGION_UNKNOWN, UNIT_ERASED,
    WRONG_CALIBRATION,
};
use super::choice::Purpose;
use super::compose::{Composed, chosen_firmware};
use super::container::tplink::{self, Header, Md5Verdict};
use super::container::tplink_md5::Change;
use super::finding::{Finding, Severity};
use super::firmware::behind_rootfs;
use super::layout::{Format, PerUnit, Role, Source, UnitKind};
use super::loader;
use super::resolve::Resolved;
use super::unit;
use super::whole::is_blank;
use crate::span::Span;

/// What came out, and what it came from.
pub struct Result<'a> {
    /// The board's own dump.
    pub base: &'a [u8],
    /// The whole chip as it is composed.
    pub chip: &'a [u8],
    /// The file made of it.
    pub file: &'a Composed,
    /// What was edited as the user said.
    pub edited: &'a [Span],
    /// What the file is for.
    pub purpose: Purpose,
}

/// Everything that is judged of the result and of how base and donors go together.
pub fn all(result: &Result, donors: &[Anatomy], board: &Board, resolved: &[Resolved]) -> Vec<Finding> {
    let Result { base, chip, file, edited, purpose } = *result;
    let mut found = Vec::new();
    found.extend(base::all(base, board));
    found.extend(other_hardware(base, donors, board, resolved));
    found.extend(country(base, donors, board, resolved));
    found.extend(boot_loader(base, chip, donors, board, resolved, purpose));
    for r in resolved {
        if !file.holds.covers(r.region.span) {
            if r.said && r.source != Source::Own {
                found.push(NOT_IN_FILE.found(format!(
                    "{} stands behind what a file for {} writes: it stays as it is in the chip",
                    r.region.name,
                    purpose.name()
                )));
            }
            continue;
        }
        for u in board.layout.per_unit_in(r.region.span) {
            if !edited.contains(&u.span) {
                found.extend(unit_data(&base[u.span.range()], &chip[u.span.range()], u, r));
            }
        }
        if let Some(u) = unknown_unit(board, r) {
            found.extend(unit_data(&base[u.span.range()], &chip[u.span.range()], &u, r));
        }
        found.extend(contents(chip, donors, board, r));
    }
    if chosen_firmware(donors, resolved).is_some_and(|(_, f)| f.overlay) {
        found.push(FOREIGN_OVERLAY.found(
            "the donor's firmware was running: the settings, keys and passwords in its overlay come along; reset it \
             to defaults after the first boot, or take a sysupgrade file",
        ));
    }
    found
}

/// True when the firmware in a whole chip is OpenWrt's, whose header says nothing about the country.
fn runs_openwrt(chip: &[u8], header: &Header, board: &Board) -> bool {
    let region = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.len());
    let from = header.offset as usize;
    let end = chip.len().min(from + header.fw_length as usize);
    u64::from(header.fw_length) > region || behind_rootfs(&chip[from..end], header).is_some()
}

/// Where no ids of the board are known, those of its own firmware are all there is to hold a donor's against.
fn other_hardware(base: &[u8], donors: &[Anatomy], board: &Board, resolved: &[Resolved]) -> Option<Finding> {
    let (home, firmware) = chosen_firmware(donors, resolved).filter(|_| board.hardware.is_empty())?;
    let ours = header_of(base, board)?;
    let message = match &firmware.header {
        Some(theirs) if (theirs.hw_id, theirs.hw_rev) == (ours.hw_id, ours.hw_rev) => return None,
        Some(theirs) => format!("is for hardware {}", theirs.hardware()),
        None => "has no header of that kind, which the loader may ask for".to_owned(),
    };
    Some(HARDWARE_DIFFERS.found(format!(
        "the board's own firmware has a TP-Link header, for hardware {}, and the firmware of {} {message}: is it for \
         this board and version?",
        ours.hardware(),
        home.source
    )))
}

/// Country or variant of the chosen vendor firmware against the board's own.
fn country(base: &[u8], donors: &[Anatomy], board: &Board, resolved: &[Resolved]) -> Option<Finding> {
    let (home, firmware) = chosen_firmware(donors, resolved)?;
    let theirs = firmware.header.as_ref().filter(|_| !firmware.openwrt)?;
    let same_hardware = |h: &Header| (h.hw_id, h.hw_rev) == (theirs.hw_id, theirs.hw_rev);
    let ours = header_of(base, board).filter(|h| same_hardware(h) && !runs_openwrt(base, h, board));
    let (field, new) = match (theirs.hw_ver_add, theirs.region) {
        (Some(add), _) => ("hw_ver_add", add),
        (None, Some(region)) => ("region", region),
        (None, None) => return None,
    };
    let old = ours.as_ref().and_then(|h| if field == "region" { h.region } else { h.hw_ver_add });
    // The vendor's page wrote the unit's own value over the one of a firmware it took: both are good.
    let taken_before = || ours.as_ref().and_then(|h| was_taken_as(base, h));
    let texts_differ = ours.as_ref().is_some_and(|h| {
        field == "region" && !h.region_texts.is_empty() && h.region_texts != theirs.region_texts
    });
    match old {
        Some(old) if old == new && !texts_differ => None,
        Some(_) if field == "hw_ver_add" && taken_before() == Some(new) => None,
        Some(old) => Some(REGION.found(format!(
            "the firmware of {} is for another country or variant of the same hardware ({field} {new:X}, the \
             board's own firmware has {old:X}): it may not start, or refuse updates",
            home.source
        ))),
        None => {
            let known: Vec<u32> = board.hardware.iter().flat_map(|h| h.add.clone()).collect();
            let unusual = field == "hw_ver_add" && !known.is_empty() && !known.contains(&new);
            Some(REGION_UNKNOWN.found_as(
                if unusual { Severity::Ask } else { Severity::Tell },
                format!(
                    "the board's own firmware does not tell its country or variant; the firmware of {} has {field} \
                     {new:X}",
                    home.source
                ),
            ))
        }
    }
}

/// The hw_ver_add that the firmware in `chip` came with, where the vendor's page changed it while storing.
fn was_taken_as(chip: &[u8], header: &Header) -> Option<u32> {
    match header.check_md5(chip) {
        Md5Verdict::Stale { change: Change::HwVerAdd { was }, .. } => Some(was),
        _ => None,
    }
}

fn boot_loader(
    base: &[u8],
    chip: &[u8],
    donors: &[Anatomy],
    board: &Board,
    resolved: &[Resolved],
    purpose: Purpose,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(r) = resolved.iter().find(|r| r.region.role == Role::Loader) else { return found };
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
                let text = "the board's own dump has no boot loader at its start: the board cannot start from it; \
                            take one from a donor (--set u-boot=NAME)";
                let severity = if purpose == Purpose::Programmer { Severity::Ask } else { Severity::Refuse };
                let check = if severity == Severity::Ask { OWN_LOADER } else { NO_LOADER };
                found.push(check.found_as(severity, text));
            }
        }
        Source::Blank => found.push(NO_LOADER.found(format!(
            "{} would be blank: the board could not start, nor be rescued by TFTP",
            r.region.name
        ))),
        Source::Donor(name) => {
            let what = format!("donor '{name}' as {}", r.region.name);
            let proven = donors.iter().any(|d| d.donor.name == *name && d.kind != Kind::RegionFile);
            let others = donors.iter().filter(|d| d.donor.name != *name).filter_map(|d| d.loader);
            let known: Vec<&[u8]> = std::iter::once(before).chain(others).collect();
            let fault = loader::shifted(after, &known, &what).or_else(|| loader::fault(after, &what));
            // Headers, or its place before the firmware, prove where it starts, whatever it starts with.
            found.extend(fault.filter(|f| !(proven && f.name == LOADER_START.name)));
        }
    }
    let text = |l: &[u8]| loader::version(l).unwrap_or_else(|| "no version text known".to_owned());
    if before != after && writes_it {
        found.push(LOADER_SWAP.found(format!(
            "the boot loader ({}) is replaced by {}'s ({})",
            text(before),
            r.source,
            text(after)
        )));
    }
    let firmware = resolved.iter().find(|f| f.region.role == Role::Firmware);
    if let Some(firmware) = firmware.filter(|f| f.source != r.source) {
        found.push(LOADER_MIX.found(format!(
            "the boot loader comes from {} ({}), the firmware from {}; an operator may have tied the two together, \
             by security registers too, which no dump holds: see otp show",
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
    let missing = unit::is_missing(after, u);
    let at = u.span.start;
    match &r.source {
        Source::Blank if !unit::is_missing(before, u) && !u.keep => Some(UNIT_ERASED.found(format!(
            "{} would be blank: {} at {at:#x} is this unit's own and cannot be made again",
            r.region.name, u.name
        ))),
        _ if before == after && missing => {
            let check = if calibration { OWN_CALIBRATION_BLANK } else { OWN_MAC_BLANK };
            let hint = "has an older backup of this board it? Then give that as --base, or a donor of it";
            Some(check.found(format!(
                "{} at {at:#x} of the board's own dump is {}; {hint}",
                u.name,
                unit::show(before, u)
            )))
        }
        Source::Donor(name) if !u.keep => {
            if missing {
                return Some(DONOR_BLANK_UNIT.found(format!(
                    "{} at {at:#x} of donor {name} is {}: it would erase this unit's own",
                    u.name,
                    unit::show(after, u)
                )));
            }
            if let Some(why) = unit::of_another_board(after, u) {
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

/// The whole of a region of the unit of which nobody says what in it is the unit's (a boot log's `factory`), where it
/// shall come from elsewhere.
fn unknown_unit(board: &Board, r: &Resolved) -> Option<PerUnit> {
    let known = board.layout.per_unit_in(r.region.span).any(|u| !u.keep);
    (r.region.role == Role::Unit && r.source != Source::Own && !known).then(|| PerUnit {
        name: format!("what {} holds", r.region.name),
        span: r.region.span,
        kind: UnitKind::Calibration,
        format: Format::Raw,
        keep: false,
        own: false,
    })
}

/// What a region's new contents bring along.
fn contents(chip: &[u8], donors: &[Anatomy], board: &Board, r: &Resolved) -> Option<Finding> {
    let now = &chip[r.region.span.range()];
    let name = &r.region.name;
    match (&r.source, r.region.role) {
        (Source::Blank, Role::Firmware) => {
            Some(NO_FIRMWARE.found(format!("{name} would be blank: the board starts its loader only")))
        }
        (Source::Donor(_), Role::Settings) if r.run_on => None,
        (Source::Donor(from), Role::Settings) => {
            let donor = donors.iter().find(|d| d.donor.name == *from)?;
            let piece = donor.offers(r.region, board)?;
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
pub fn why(r: &Resolved, donors: &[Anatomy], board: &Board) -> String {
    if r.run_on {
        return format!("the firmware of {} runs on into it", r.source);
    }
    let by = if r.said { "you said so" } else { "the board's default" };
    let Source::Donor(name) = &r.source else {
        let what = match (&r.source, r.region.role) {
            (Source::Own, Role::Unit) => "data of this unit",
            (Source::Own, Role::Loader) => "the loader that is known to start this board",
            (Source::Blank, Role::Settings) => "settings are made anew",
            _ => return by.to_owned(),
        };
        return format!("{by}: {what}");
    };
    let Some(donor) = donors.iter().find(|d| d.donor.name == *name) else { return by.to_owned() };
    match donor.offers(r.region, board) {
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
