//! What is judged of a PC's splice: is the donor of this model and map, does the result hold, what of the unit is lost.

use memchr::memmem;

use super::bios::{Bios, Family};
use super::boot_guard::maker_key;
use super::claims::{Block, Claim, blocks, claims};
use super::me::{self, State};
use super::models::{Model, models};
use super::proof::{Fault, faults};
use super::variables::Store;
use crate::image::checks::{
    BASE_DAMAGED, Finding, ME_FOREIGN, ME_REPLACED, NOT_PC_FIRMWARE, OTHER_FIRMWARE, OTHER_MODEL,
    PSP_DIRECTORY, RAW_BLOCK, Severity, UNIT_REPLACED, VOLUME_MAP,
};
use crate::image::is_blank;
use crate::span::Span;

/// Whether `donor`, called `name`, is of the same board as `own`: by map, model and maker's key.
///
/// Where the own dump shows no firmware, only a donor that is a PC's can be right.
pub fn kinship(own: &Bios, donor: &Bios, name: &str) -> Vec<Finding> {
    if !donor.is_firmware() {
        return vec![NOT_PC_FIRMWARE.found(format!(
            "no firmware volume, no file system of coreboot and no legacy BIOS that is known is in what {name} has for the BIOS: \
             it is not a PC's firmware, or it is encrypted"
        ))];
    }
    if is_other_kind(own, donor) {
        return [other_kind(own, donor, name), maker(own, donor, name)].into_iter().flatten().collect();
    }
    let mut found: Vec<Finding> = volume_map(own, donor, name).into_iter().collect();
    found.extend(areas(own, donor, name));
    found.extend(model(&models(own), &models(donor), name));
    found.extend(unnamed_legacy(own, donor, name));
    found.extend(maker(own, donor, name));
    found
}

/// True where the one is coreboot and the other a maker's, or both are of two makers of the time before UEFI: nothing that is
/// in the one has a place in the other.
pub fn is_other_kind(own: &Bios, donor: &Bios) -> bool {
    // What an own dump with no firmware has at the places of coreboot's areas is nothing of coreboot's.
    let foreign = || donor.family() == Some(Family::Coreboot) && !is_blank(own.bytes);
    own.family().map_or_else(foreign, |kind| donor.family().is_some_and(|other| other != kind))
}

/// The question about firmware of another kind; of another maker's legacy BIOS the refusal.
fn other_kind(own: &Bios, donor: &Bios, name: &str) -> Option<Finding> {
    let theirs = donor.family()?;
    let named = |bios: &Bios| {
        let names = models(bios);
        names.first().map_or("nothing in it names a model".to_owned(), |model| {
            format!("it is for {} ({})", model.board, model.by)
        })
    };
    let Some(ours) = own.family() else {
        return Some(OTHER_FIRMWARE.found(format!(
            "{name} brings {theirs}, {}, and what the board's own dump has for the BIOS is nothing known: all of the BIOS \
             would come from {name}",
            named(donor)
        )));
    };
    if ![ours, theirs].contains(&Family::Coreboot) {
        return Some(OTHER_MODEL.found(format!(
            "{name} brings {theirs}, and the board's own is {ours}: it is for another board"
        )));
    }
    Some(OTHER_FIRMWARE.found(format!(
        "{name} brings {theirs}, {}, and the board's own is {ours}, {}: whether both are for one model cannot be compared; \
         all of the BIOS would come from {name}, and nothing that the own one has in it stays",
        named(donor),
        named(own)
    )))
}

/// The question where two legacy BIOSes of one maker have no number of a board that could be compared.
fn unnamed_legacy(own: &Bios, donor: &Bios, name: &str) -> Option<Finding> {
    let nameless = own.legacy.is_some() && donor.legacy.is_some() && models(own).is_empty();
    nameless.then(|| {
        OTHER_MODEL.found_as(
            Severity::Ask,
            format!("nothing in the board's own legacy BIOS names its board, so whether {name} is for it is not known"),
        )
    })
}

/// A difference between the volumes, where the own ones are there to be compared.
fn volume_map(own: &Bios, donor: &Bios, name: &str) -> Option<Finding> {
    let differs = |what: String| {
        Some(VOLUME_MAP.found(format!(
            "the volumes of {name} are not where the board's own are: {what}; it is for another board or size of flash"
        )))
    };
    for volume in &own.volumes {
        let span = volume.span;
        let theirs = donor.volumes.iter().find(|theirs| theirs.span.overlaps(span));
        match theirs {
            Some(theirs) if theirs.span == span && theirs.file_system == volume.file_system => {
                let names = volume.name.zip(theirs.name);
                if names.is_some_and(|(own, theirs)| own != theirs) {
                    return differs(format!("the one at {span} has another name there"));
                }
            }
            // One in another, whose head the own dump has lost.
            Some(theirs) if theirs.span.covers(span) && theirs.span.start < span.start => {
                let head_is_there = own.volumes.iter().any(|one| one.span.start == theirs.span.start);
                if head_is_there || volume.is_nvram() {
                    return differs(format!("the own one is at {span}, theirs at {}", theirs.span));
                }
            }
            Some(theirs) => return differs(format!("the own one is at {span}, theirs at {}", theirs.span)),
            // What is only in the own dump would be replaced by what is no volume.
            None if volume.header_holds => return differs(format!("{name} has none at {span}")),
            None => {}
        }
    }
    let (ours, theirs) = (claims(own), claims(donor));
    for claim in &theirs {
        if let Some(other) = ours.iter().find(|one| one.span.overlaps(claim.span) && one.span != claim.span) {
            return differs(format!("{} is at {}, theirs at {}", other.name, other.span, claim.span));
        }
    }
    let lost = ours.iter().find(|claim| {
        let there = theirs.iter().any(|one| one.span == claim.span);
        // AMD's training data and coreboot's areas are in tables that both have.
        !there && donor.volumes.iter().any(|volume| volume.span.overlaps(claim.span))
    });
    lost.and_then(|claim| {
        differs(format!("{name} has code where the board's own {} is, at {}", claim.name, claim.span))
    })
}

fn areas(own: &Bios, donor: &Bios, name: &str) -> Option<Finding> {
    let known = !own.areas.is_empty() && own.areas != donor.areas;
    let first = own
        .areas
        .iter()
        .find(|area| !donor.areas.contains(area))
        .or_else(|| donor.areas.iter().find(|area| !own.areas.contains(area)));
    let first = first.map(|(area, _)| area);
    known.then(|| {
        VOLUME_MAP.found(format!(
            "the table of areas (FMAP) of {name} is not the board's own{}: it is for another board, size of flash or build",
            first.map_or(String::new(), |area| format!(", {area} first"))
        ))
    })
}

fn model(ours: &[Model], theirs: &[Model], name: &str) -> Option<Finding> {
    let pairs = ours.iter().filter_map(|own| Some((own, theirs.iter().find(|other| other.by == own.by)?)));
    let mut pairs = pairs.peekable();
    if let Some(own) = ours.first().filter(|_| pairs.peek().is_none()) {
        return Some(OTHER_MODEL.found_as(
            Severity::Ask,
            format!(
                "the board's own firmware is for {} ({}), and nothing in {name} names a model",
                own.board, own.by
            ),
        ));
    }
    let (own, other) = pairs.find(|(own, other)| own.board != other.board)?;
    Some(OTHER_MODEL.found(format!(
        "{name} is for the model {}, the board's own firmware for {} ({}): it is another board's",
        other.board, own.board, own.by
    )))
}

fn maker(own: &Bios, donor: &Bios, name: &str) -> Option<Finding> {
    let (ours, theirs) = (maker_key(own)?, maker_key(donor));
    (theirs != Some(ours)).then(|| {
        OTHER_MODEL.found(format!(
            "the key manifest of Boot Guard in {name} is not of the key in the board's own: where the key is fused, \
             the board never starts from it"
        ))
    })
}

/// The maker's key of AMD's Platform Secure Boot, and whether what it signs comes from one file.
pub fn signed(own: &Bios, donor: &Bios, result: &Bios, name: &str) -> Vec<Finding> {
    let keys = |bios: &Bios| bios.psp.as_ref().map(|psp| psp.maker_keys(bios.bytes)).unwrap_or_default();
    let (ours, theirs, new) = (keys(own), keys(donor), keys(result));
    let mut found = Vec::new();
    if !ours.is_empty() && ours != theirs {
        found.push(OTHER_MODEL.found(format!(
            "the BIOS key of AMD's Platform Secure Boot in {name} is not the one in the board's own: where the key is fused, \
             the board never starts from it"
        )));
    }
    let spans: Vec<Span> =
        result.psp.iter().flat_map(|psp| psp.signed.iter().map(|(_, span)| *span)).collect();
    let all_of = |bios: &Bios| spans.iter().all(|span| span.of(bios.bytes) == span.of(result.bytes));
    if !new.is_empty() && !all_of(donor) && !all_of(own) {
        found.push(PSP_DIRECTORY.found(format!(
            "key, signature and what is signed of AMD's Platform Secure Boot would come partly from {name} and partly from the \
             board's own: the signature cannot hold"
        )));
    }
    found
}

/// What does not hold in the result. Where the board's own has the same fault in the same bytes, it is only reported; so is a
/// sum that its own firmware starts without.
pub fn proof(own: &Bios, result: &Bios, at: u64) -> Vec<Finding> {
    let before = faults(own);
    let same = |spans: &[Span]| spans.iter().all(|span| span.of(own.bytes) == span.of(result.bytes));
    let mut found = Vec::new();
    for fault in faults(result) {
        let had_it = before.iter().any(|one| one.message == fault.message);
        let kept = had_it && same(&fault.spans) && (!fault.spans.is_empty() || own.bytes == result.bytes);
        let starts_so = |one: &Fault| one.tolerated && one.spans == fault.spans;
        let kept = kept || (fault.tolerated && before.iter().any(starts_so));
        let message = format!("in the result (BIOS from {at:#x} on), {}", fault.message);
        found.push(if kept {
            fault.check.found_as(Severity::Tell, message)
        } else {
            fault.check.found(message)
        });
    }
    found
}

/// A word where the board's own does not hold by itself.
pub fn own_faults(own: &Bios) -> Option<Finding> {
    let all = faults(own);
    let first = all.first()?;
    let more = if all.len() > 1 { format!(", and {} more", all.len() - 1) } else { String::new() };
    Some(BASE_DAMAGED.found(format!("in the board's own dump, {}{more}", first.message)))
}

/// A word on each store of variables that does not read to its end and stays: a board may not start with it.
pub fn damaged_stores(own: &Bios, result: &Bios, at: u64) -> Vec<Finding> {
    let stays = |span: Span| span.of(own.bytes) == span.of(result.bytes);
    let faulty = own.stores.iter().filter(|store| stays(store.span));
    let words = |store: &Store| {
        let fault = store.fault.as_ref()?;
        Some(BASE_DAMAGED.found(format!(
            "in the board's own dump, the store of variables ({}) at {:#x} is damaged: {fault}; it stays as it is, and the \
             board may not start with it; nvram=blank would empty it",
            store.form,
            at + store.span.start
        )))
    };
    faulty.filter_map(words).collect()
}

/// A word where the ME stays and cannot be read.
pub fn unread_me(own: &[u8]) -> Option<Finding> {
    if me::read(own).is_some() {
        return None;
    }
    let what = if is_blank(own) {
        "is erased, or was not read: some boards give nothing of it to their own processor"
    } else {
        "has no partition table that is known: it is damaged, or of a form that is not read"
    };
    Some(BASE_DAMAGED.found(format!(
        "in the board's own dump, the ME region {what}; it stays as it is; me=donor would take a virgin one"
    )))
}

/// Blocks that nothing names and both have written, where the user did not say whose they are.
pub fn unnamed(own: &Bios, donor: &Bios, at: u64, said: impl Fn(Span) -> bool) -> Vec<Finding> {
    let all = blocks(own, donor).into_iter();
    let open = all.filter(|(span, block)| *block == Block::Differs && !said(span.shifted(at)));
    open.map(|(span, _)| {
        let span = span.shifted(at);
        RAW_BLOCK.found(format!(
            "nothing names the block at {span}, both dumps have it written and not alike: it may be the unit's or the \
             release's; it would stay the board's own"
        ))
    })
    .collect()
}

/// The unit's bytes that change although no choice is for them alone.
pub fn replaced(own: &Bios, result: &Bios, at: u64, decided: impl Fn(Span) -> bool) -> Vec<Finding> {
    let changed = |claim: &Claim| claim.span.of(own.bytes) != claim.span.of(result.bytes);
    let lost = claims(own).into_iter().filter(changed).filter(|claim| !decided(claim.span.shifted(at)));
    lost.map(|claim| {
        UNIT_REPLACED.found(format!(
            "{} at {} is this unit's own and would be replaced",
            claim.name,
            claim.span.shifted(at)
        ))
    })
    .collect()
}

/// Dell's variables in the free room of a volume, where the result has something else.
pub fn hidden(own: &Bios, result: &Bios, at: u64) -> Vec<Finding> {
    const MARK: &[u8] = b"DVAR";
    let free = own.volumes.iter().map(|volume| Span::new(volume.free_from, volume.span.end));
    let changed = free.filter(|span| span.of(own.bytes) != span.of(result.bytes));
    let marked =
        changed.filter(|span| span.of(own.bytes).is_some_and(|free| memmem::find(free, MARK).is_some()));
    let words = |span: Span| {
        UNIT_REPLACED.found(format!(
            "Dell's variables (DVAR) are in the free room of a volume, at {}, and would be replaced: the service tag is \
             among them",
            span.shifted(at)
        ))
    };
    marked.map(words).collect()
}

/// Whether the ME of a donor can take the place of the own one.
pub fn me_taken(own: &[u8], new: &[u8], name: &str) -> Vec<Finding> {
    let Some(theirs) = me::read(new) else {
        if me::read(own).is_none() {
            return Vec::new();
        }
        return vec![
            ME_FOREIGN.found(format!("what {name} has for the ME has no partition table: it is none")),
        ];
    };
    let mut found = Vec::new();
    if theirs.state != State::Virgin {
        let severity = if theirs.state == State::Unknown { Severity::Ask } else { Severity::Refuse };
        found.push(ME_FOREIGN.found_as(severity, format!(
            "the ME {} of {name} is {}: an initialised one is bound to another unit's board, or set up for one",
            theirs.version_text(),
            if theirs.state == State::Unknown { "in no state that is known" } else { "initialised" }
        )));
    }
    let ours = me::read(own);
    let major = |me: &me::Me| me.version.map(|version| version[0]);
    match ours.as_ref().map(|ours| (major(ours), major(&theirs))) {
        Some((Some(a), Some(b))) if a == b => {}
        Some((Some(_), Some(_))) => found.push(ME_FOREIGN.found(format!(
            "the ME of {name} is of another major version ({}) than the board's own ({})",
            theirs.version_text(),
            ours.as_ref().map_or(String::new(), me::Me::version_text)
        ))),
        _ => found.push(ME_FOREIGN.found_as(
            Severity::Ask,
            format!(
                "the version of the board's own ME or of that of {name} is not known: whether they are of one major \
                 version is not known"
            ),
        )),
    }
    found.push(ME_REPLACED.found(format!(
        "the ME comes from {name} ({}): the keys of the firmware TPM are lost with the own one, so have the recovery \
         key of BitLocker at hand",
        theirs.version_text()
    )));
    found
}
