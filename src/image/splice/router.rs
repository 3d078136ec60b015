//! What is judged of a router's result: hardware, country, loader.

use super::base::header_of;
use super::choice::Purpose;
use super::parties::Parties;
use super::product::Product;
use crate::image::boards::{Board, RecoveryKind};
use crate::image::checks::{Advice, Finding, Severity};
use crate::image::checks::{
    HARDWARE_DIFFERS, LOADER_MIX, LOADER_START, LOADER_SWAP, NO_LOADER, OWN_LOADER, REGION, REGION_UNKNOWN,
};
use crate::image::container::envelope::{Change, Envelope, Md5Verdict};
use crate::image::container::tplink;
use crate::image::donor::Kind;
use crate::image::donor::firmware::{Origin, after_rootfs};
use crate::image::donor::loader;
use crate::image::is_blank;
use crate::image::layout::{Role, Source};

/// True when the firmware in a whole chip is OpenWrt's, whose header says nothing about the country.
fn runs_openwrt(chip: &[u8], header: &dyn Envelope, board: &Board) -> bool {
    let region = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.len());
    let from = header.offset() as usize;
    let room = header.room().unwrap_or(region);
    let end = chip.len().min(from.saturating_add(room as usize));
    room > region || after_rootfs(&chip[from..end], header).is_some()
}

/// Where no ids of the board are known, those of its own firmware are all there is to compare a donor's with.
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
