//! What must hold in a BIOS that a board starts from: sums of volumes and files, tables, every hash.

use super::bios::Bios;
use super::hashed::Verdict;
use super::hashes::all;
use crate::image::checks::{Check, FIT_TABLE, HASHED_RANGE, MODULE_SUM, PSP_DIRECTORY, VOLUME_SUM};
use crate::span::Span;

/// Something that does not hold.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The check that it fails.
    pub check: &'static Check,
    /// Where, from the start of the region; the bytes that it is about.
    pub spans: Vec<Span>,
    /// In words, without whose BIOS it is.
    pub message: String,
    /// True for a sum that the board may start without: where its own does, another's is only reported.
    pub tolerated: bool,
}

/// Everything that does not hold in it.
pub fn faults(bios: &Bios) -> Vec<Fault> {
    let mut found = Vec::new();
    for volume in &bios.volumes {
        let name = format!("volume at {:#x}", volume.span.start);
        found.extend(volume.faults().into_iter().map(|(span, fault)| Fault {
            check: &VOLUME_SUM,
            spans: vec![span],
            message: format!("{name}: {fault}"),
            tolerated: false,
        }));
    }
    let modules = bios.legacy.iter().flat_map(|legacy| &legacy.modules);
    found.extend(modules.filter(|module| module.holds == Some(false)).map(|module| Fault {
        check: &MODULE_SUM,
        spans: vec![module.span],
        message: format!(
            "the module {} at {:#x} does not unpack to what its sum says",
            module.name, module.span.start
        ),
        tolerated: false,
    }));
    let tables = [
        (&FIT_TABLE, bios.fit.as_ref().map(|fit| &fit.faults), false),
        (&PSP_DIRECTORY, bios.psp.as_ref().map(|psp| &psp.faults), false),
        (&PSP_DIRECTORY, bios.psp.as_ref().map(|psp| &psp.stale), true),
    ];
    for (check, faults, tolerated) in tables {
        let faults = faults.into_iter().flatten();
        found.extend(faults.map(|(span, fault)| Fault {
            check,
            spans: vec![*span],
            message: fault.clone(),
            tolerated,
        }));
    }
    for hashed in all(bios) {
        let spans: Vec<String> = hashed.spans.iter().map(ToString::to_string).collect();
        let over = if spans.is_empty() { String::new() } else { format!(" over {}", spans.join(", ")) };
        let message = match &hashed.verdict {
            Verdict::Holds => continue,
            Verdict::Fails => format!("the hash of {}{over} does not hold", hashed.by),
            Verdict::Unknown(why) => format!("a hash of {}{over} cannot be checked: {why}", hashed.by),
        };
        found.push(Fault { check: &HASHED_RANGE, spans: hashed.spans, message, tolerated: false });
    }
    found
}
