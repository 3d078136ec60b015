//! What a PC needs to start and to be recognised, and a result lacks: parts of the donor that cannot be reached in it, and tables
//! that the board's own firmware has.

use super::bios::Bios;
use super::file::File;
use super::fit::{Fit, Kind};
use super::hashed::has_ami_file;
use super::psp::Psp;
use crate::image::checks::{
    FIT_TABLE, Finding, HASHED_RANGE, PSP_DIRECTORY, RESET_VECTOR, Severity, VOLUME_MAP, VOLUME_SUM,
};
use crate::image::is_blank;
use crate::span::Span;

/// Where the processor starts, before the end of the flash.
const VECTOR: usize = 0x10;

/// Volumes and files of `donor`, called `name`, that are not in the result: what stays the board's own in their place is no
/// such part, and hides what is after it. Both regions start at `at` of the flash.
pub fn hidden_parts(donor: &Bios, result: &Bios, at: u64, name: &str) -> Vec<Finding> {
    /// The first ones name the cause; a hidden head hides all that follows.
    const MOST: usize = 3;
    let mut found = Vec::new();
    for volume in &donor.volumes {
        let Some(there) = result.volumes.iter().find(|one| one.span == volume.span) else {
            let span = volume.span.shifted(at);
            // Some firmware makes an empty store anew by itself.
            let severity = if volume.is_nvram() { Severity::Ask } else { Severity::Refuse };
            found.push(VOLUME_SUM.found_as(
                severity,
                format!(
                    "the volume that {name} has at {span} is none in the result: what stays the board's own there is \
                     erased or damaged; take that region from the donor"
                ),
            ));
            continue;
        };
        let is_there =
            |file: &File| there.files.iter().any(|one| one.span == file.span && one.guid == file.guid);
        for file in volume.real_files().filter(|file| !is_there(file)) {
            let span = file.span.shifted(at);
            found.push(VOLUME_SUM.found(format!(
                "the file {} that {name} has at {span} cannot be reached in the result: what stays the board's own there, \
                 or before it, is erased or damaged; take that region from the donor",
                file.guid
            )));
        }
    }
    found.truncate(MOST);
    found
}

/// What the board's own firmware needs to start and to be read, and the result lacks: no release of one board lacks it.
/// Firmware of another kind may do without the maker's tables, not without what AMD's processor starts from.
pub fn tables(own: &Bios, result: &Bios, same_kind: bool) -> Vec<Finding> {
    let mut found = if same_kind { of_the_maker(own, result) } else { Vec::new() };
    if own.psp.is_some() && result.psp.is_none() {
        found.push(
            PSP_DIRECTORY
                .found("the board's own firmware has directories of AMD's PSP, and the result has none"),
        );
    }
    found.extend(own.psp.iter().zip(&result.psp).filter_map(|(own, result)| structures(own, result)));
    found.extend(vector(own, result));
    found
}

/// What of AMD's structures leads to a directory in the board's own firmware, and to none in the result. A release may drop one
/// of two for processors of another generation, and move what it keeps.
fn structures(own: &Psp, result: &Psp) -> Option<Finding> {
    if let Some((ours, theirs)) = exchanged(own, result) {
        return Some(PSP_DIRECTORY.found(format!(
            "AMD's own key of the {ours} 16 MiB of the flash is that of the {theirs} 16 MiB in the result: the halves of the \
             firmware are exchanged, or a processor of one kind would start what is for another one"
        )));
    }
    for structure in &own.structures {
        let there = result.structures.iter().filter(|one| one.window() == structure.window());
        let leads_to = |of| there.clone().flat_map(|one| &one.leads).any(|(_, theirs)| *theirs == of);
        if let Some((_, of)) = structure.leads.iter().find(|(_, of)| !leads_to(*of)) {
            return Some(PSP_DIRECTORY.found(format!(
                "the board's own firmware has a structure of AMD's at {:#x} that leads to a directory of the {}, and the result \
                 has none there",
                structure.at,
                of.name()
            )));
        }
        let same = there.clone().find(|one| one.at == structure.at);
        let astray =
            same.and_then(|same| structure.leads.iter().find(|(field, _)| same.astray.contains(field)));
        if let Some((field, of)) = astray {
            return Some(PSP_DIRECTORY.found(format!(
                "the word at {:#x} leads to a directory of the {} in the board's own firmware, and to something else in the result",
                structure.at + field,
                of.name()
            )));
        }
    }
    None
}

/// The window of the board's own firmware whose keys of AMD's are those of another window in the result, and that window. A
/// release may bring keys for more processors; it takes none from one window to another.
fn exchanged(own: &Psp, result: &Psp) -> Option<(&'static str, &'static str)> {
    const NAMES: [&str; 4] = ["first", "second", "third", "fourth"];
    let name =
        |window: u64| usize::try_from(window).ok().and_then(|n| NAMES.get(n)).copied().unwrap_or("last");
    own.roots.iter().find_map(|root @ (window, id)| {
        if result.roots.contains(root) || own.roots.iter().any(|(other, same)| other != window && same == id)
        {
            return None;
        }
        let (there, _) = result.roots.iter().find(|(_, same)| same == id)?;
        Some((name(*window), name(*there)))
    })
}

fn of_the_maker(own: &Bios, result: &Bios) -> Vec<Finding> {
    let mut found = Vec::new();
    if own.fit.is_some() && result.fit.is_none() {
        found.push(FIT_TABLE.found("the board's own firmware has an Intel FIT, and the result has none"));
    }
    let has_microcode = |bios: &Bios| bios.fit.as_ref().is_some_and(|fit| microcode(bios, fit));
    if has_microcode(own) && result.fit.is_some() && !has_microcode(result) {
        found.push(
            FIT_TABLE.found("no row of the result's FIT leads to a microcode, those of the board's own do"),
        );
    }
    let has_policy =
        |bios: &Bios| bios.fit.iter().flat_map(|fit| &fit.rows).any(|row| row.kind == Kind::BootPolicy);
    if has_policy(own) && result.fit.is_some() && !has_policy(result) {
        found.push(FIT_TABLE.found(
            "the board's own firmware has a boot policy of Boot Guard, and no row of the result's FIT leads to one: where \
             Boot Guard is fused, the board never starts from it",
        ));
    }
    if has_ami_file(own) && !has_ami_file(result) {
        found.push(HASHED_RANGE.found_as(
            Severity::Ask,
            "the board's own firmware has AMI's file of hashes, and the result has none: firmware that looks for it may not \
             start, and nothing proves that the volumes are whole",
        ));
    }
    let maps = [
        ("Insyde's flash device map", own.device_map.is_some(), result.device_map.is_some()),
        ("Phoenix's flash map", own.flash_map.is_some(), result.flash_map.is_some()),
    ];
    for (map, _, _) in maps.into_iter().filter(|(_, ours, new)| *ours && !new) {
        found.push(VOLUME_MAP.found(format!("the board's own firmware has {map}, and the result has none")));
    }
    found
}

fn microcode(bios: &Bios, fit: &Fit) -> bool {
    let mut places = fit.rows.iter().filter(|row| row.kind == Kind::Microcode).filter_map(|row| row.at);
    places.any(|at| {
        Span::at(at, VECTOR as u64).and_then(|head| head.of(bios.bytes)).is_some_and(|head| !is_blank(head))
    })
}

/// The last bytes of the flash, where the processor starts; AMD's later ones start elsewhere.
fn vector(own: &Bios, result: &Bios) -> Option<Finding> {
    let is_erased = |bios: &Bios| bios.bytes.last_chunk::<VECTOR>().is_none_or(|last| is_blank(last));
    if !is_erased(result) || result.psp.is_some() {
        return None;
    }
    let words = "the last bytes of the result, where the processor starts, are erased";
    Some(match is_erased(own) {
        false => RESET_VECTOR.found(format!("{words}; the board's own are not")),
        true => RESET_VECTOR.found_as(Severity::Ask, format!("{words}, as they are in the board's own dump")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::pc::psp::tests::{two_windows, window};

    /// Both halves of a flash of 32 MiB have a structure of their own.
    #[test]
    fn a_structure_of_amds_that_is_lost_or_leads_elsewhere_is_found_in_each_window() {
        let own = two_windows();
        let found = |edit: &dyn Fn(&mut [u8])| {
            let mut bytes = own.clone();
            edit(&mut bytes);
            let found = tables(&Bios::read(&own, 0), &Bios::read(&bytes, 0), true);
            found.into_iter().map(|one| one.message).collect::<Vec<_>>()
        };
        assert_eq!(found(&|_| {}), [""; 0]);
        for half in [0, window()] {
            let at = half + 0x2_0000;
            let lost = found(&|bytes| bytes[at..at + 4].fill(0xff));
            assert!(lost.len() == 1 && lost[0].contains(&format!("at {at:#x}")), "{lost:?}");
            for (field, of) in [(0x14, "PSP"), (0x1c, "BIOS")] {
                for value in [0u32, 0x8_0000] {
                    let place = at + field;
                    let moved = found(&|bytes| bytes[place..place + 4].copy_from_slice(&value.to_le_bytes()));
                    assert!(moved.len() == 1 && moved[0].contains(of), "{moved:?}");
                }
            }
        }
        // Halves that are alike but for AMD's key, exchanged; a key that a release drops or brings is none of that.
        let key =
            |bytes: &mut [u8], half: usize, value: u8| bytes[half + 0x4_0004..half + 0x4_0014].fill(value);
        let mut keyed = own.clone();
        [(0, 1), (window(), 2)].iter().for_each(|(half, value)| key(&mut keyed, *half, *value));
        let with_keys = Bios::read(&keyed, 0);
        let against = |keys: [u8; 2]| {
            let mut bytes = keyed.clone();
            [0, window()].iter().zip(keys).for_each(|(half, value)| key(&mut bytes, *half, value));
            let found = tables(&with_keys, &Bios::read(&bytes, 0), true);
            found.into_iter().map(|one| one.message).collect::<Vec<_>>()
        };
        for keys in [[1, 2], [1, 3], [0xff, 2]] {
            assert_eq!(against(keys), [""; 0], "{keys:?}");
        }
        for keys in [[2, 1], [3, 1]] {
            assert!(against(keys).iter().any(|one| one.contains("are exchanged")), "{keys:?}");
        }
        // Of two words for one directory, the one that a release drops, and the one that it spoils.
        let both = |bytes: &mut [u8]| bytes.copy_within(0x2_0014..0x2_0018, 0x2_0010);
        let mut two = own.clone();
        both(&mut two);
        let own = Bios::read(&two, 0);
        let mut spoilt = two.clone();
        spoilt[0x2_0010..0x2_0014].copy_from_slice(&0x8_0000u32.to_le_bytes());
        let mut dropped = two.clone();
        dropped[0x2_0010..0x2_0014].fill(0);
        let count = |bytes: &[u8]| tables(&own, &Bios::read(bytes, 0), true).len();
        assert_eq!((count(&two), count(&spoilt), count(&dropped)), (0, 1, 0));
    }
}
