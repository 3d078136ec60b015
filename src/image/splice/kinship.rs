//! What comes from a donor compared with what the board runs now: the processor, and the board where only its own
//! firmware names it.
//!
//! Only what both sides show is compared. A donor that shows nothing is asked about where the base shows something; a
//! base that shows nothing (erased firmware) lets everything pass.

use super::parties::Parties;
use super::resolve::Resolved;
use super::tree_map;
use crate::image::checks::{
    ARCHITECTURE, BYTE_ORDER, COMPATIBLE, DONOR_UNCLEAR, Finding, LOADER_START, NO_ROOT, OTHER_CONTAINER,
    OTHER_MAP, REFERENCE_BOARD, SUPPORTED_DEVICES, Severity, UNPROVEN_DONOR,
};
use crate::image::container::intel::descriptor;
use crate::image::container::{safeloader, uimage};
use crate::image::devicetree;
use crate::image::donor::identity::{Names, is_same, tree_names};
use crate::image::donor::loader;
use crate::image::donor::machine::{self, Machine};
use crate::image::donor::plain;
use crate::image::donor::reference::{is_other_maker, is_reference};
use crate::image::donor::root;
use crate::image::donor::{Anatomy, Kind};
use crate::image::formats::{FileSystem, envelope_at};
use crate::image::inspect::inspect;
use crate::image::is_blank;
use crate::image::layout::{Region, Role};

/// Compares every region that a donor gives with what the base has there.
pub(super) fn judge(parties: &Parties) -> Vec<Finding> {
    let given = parties.resolved.iter().filter(|r| !r.inherited && r.donor.is_some());
    given.flat_map(|r| of_region(parties, r)).collect()
}

/// Questions about files of the chip's size in which nothing is known, where the board's own dump has something: noise of
/// that length, or what another program encrypted, is no dump of this board.
pub(super) fn empty_dumps(parties: &Parties) -> Vec<Finding> {
    let gives = |donor: &Anatomy| {
        parties.resolved.iter().any(|r| !r.inherited && r.source.is_donor(&donor.donor.name))
    };
    // Of an Intel board that is judged by the descriptor.
    if descriptor::parse(parties.base, 0).is_some() {
        return Vec::new();
    }
    let dumps = parties.donors.iter().filter(|donor| donor.kind == Kind::Dump && gives(donor));
    dumps.filter_map(|donor| empty_dump(parties.base, donor)).collect()
}

fn empty_dump(base: &[u8], donor: &Anatomy) -> Option<Finding> {
    let shows_nothing = |dump: &[u8]| inspect(dump).items.is_empty();
    (shows_nothing(&donor.donor.bytes) && !shows_nothing(base)).then(|| {
        UNPROVEN_DONOR.found(format!(
            "nothing in {} is known, and it is taken for a dump by its length alone: is it one of this board?",
            donor.donor.name
        ))
    })
}

fn of_region(parties: &Parties, r: &Resolved) -> Vec<Finding> {
    let (Some(donor), Some(piece)) = (r.donor, r.piece) else { return Vec::new() };
    let name = &donor.donor.name;
    let Some(own) = r.region.span.of(parties.base) else { return Vec::new() };
    if let Some(finding) = elsewhere(own, piece.bytes, r.region, donor) {
        return vec![finding];
    }
    if is_blank(own) {
        return Vec::new();
    }
    match r.region.role {
        Role::Firmware | Role::Other => {}
        Role::Loader => return of_loader(own, piece.bytes, name).into_iter().collect(),
        Role::Settings | Role::Unit => return Vec::new(),
    }
    let (ours, theirs) = (machine::of_firmware(own), machine::of_firmware(piece.bytes));
    if let Some(finding) = other_machine(&ours, &theirs, name) {
        return vec![finding];
    }
    // The whole region is compared with a whole firmware; what is a part of one says less.
    if r.region.role != Role::Firmware {
        return other_container(own, piece.bytes, r.region, name).into_iter().collect();
    }
    let board_named = !parties.board.compatible.is_empty();
    let own_trees = || tree_names(own);
    let names = Names::of(&donor.donor.bytes, piece.bytes, parties.board);
    let mut found = Vec::new();
    let only_reference = !names.trees.is_empty() && names.trees.iter().all(|name| is_reference(name));
    if only_reference && let Some(finding) = other_maker(own, piece.bytes, name) {
        return vec![finding];
    }
    if !board_named {
        found.extend(other_names(&own_trees(), &names, name));
    }
    let ours_named = || if board_named { parties.board.compatible.clone() } else { own_trees() };
    let shows = theirs.arch.is_some()
        || names.is_given()
        || donor.firmware.as_ref().is_some_and(|firmware| firmware.origin.envelope().is_some())
        || envelope_at(piece.bytes, 0).is_some()
        || safeloader::parse(&donor.donor.bytes, 0).is_some_and(|image| !image.supported.is_empty());
    if !shows {
        let shown = ours.arch.map(|_| format!("is for {ours}"));
        let shown = shown.or_else(|| {
            let trees = own_trees();
            (!trees.is_empty()).then(|| format!("has the device tree of {}", trees.join(", ")))
        });
        found.extend(shown.map(|shown| {
            UNPROVEN_DONOR.found(format!(
                "nothing in the firmware of {name} names a board or a processor, and the board's own firmware {shown}: \
                 is it for this board?"
            ))
        }));
    }
    found.extend(
        tree_map::judge([own, piece.bytes], &ours_named(), parties.board, name).filter(|_| found.is_empty()),
    );
    if found.is_empty() && !names.agree(&ours_named()) {
        found.extend(
            other_container(own, piece.bytes, r.region, name).or_else(|| other_use(own, piece.bytes, name)),
        );
    }
    found.extend(second(own, piece.bytes, name));
    // The sums of a vendor's header cover the root file system, too; that it is missing is judged with its ids.
    if [own, piece.bytes].iter().all(|firmware| envelope_at(firmware, 0).is_none()) {
        found.extend(no_root(own, piece.bytes, name));
    }
    found
}

/// A question where the donor has its firmware at another place in the region than at its start, and the board's own has not.
fn elsewhere(own: &[u8], theirs: &[u8], region: &Region, donor: &Anatomy) -> Option<Finding> {
    if region.role != Role::Firmware || !matches!(donor.kind, Kind::Dump | Kind::RegionFile) {
        return None;
    }
    let (at, container) = plain::place_of(theirs).filter(|(at, _)| *at > 0)?;
    let ours = plain::place_of(own).map(|(at, _)| at);
    (ours != Some(at)).then(|| {
        let start = region.span.start;
        OTHER_MAP.found_as(
            Severity::Ask,
            format!(
                "{} has a {container} at {:#x}, and the board's {} starts at {start:#x}: is it of another map?",
                donor.donor.name,
                start + at,
                region.name
            ),
        )
    })
}

/// A question where the donor has a second firmware after the first one, and the board's own has not.
fn second(own: &[u8], theirs: &[u8], name: &str) -> Option<Finding> {
    let (at, container) = plain::second(theirs)?;
    plain::second(own).is_none().then(|| {
        DONOR_UNCLEAR.found_as(
            Severity::Ask,
            format!(
                "{name} has a second {container} at {at:#x}, after the end of the first one, and nothing of the kind is in the \
                 board's own: are these two files in one? NAME=FILE@OFFSET+LENGTH takes one of them"
            ),
        )
    })
}

/// The names in a donor against those of the trees in the board's own firmware, where nothing else names the board.
fn other_names(ours: &[String], names: &Names, name: &str) -> Option<Finding> {
    let is_own = |theirs: &String| ours.iter().any(|ours| is_same(ours, theirs));
    let listed = names.listed.as_deref().unwrap_or_default();
    let other = |theirs: &[String]| !ours.is_empty() && !theirs.is_empty() && !theirs.iter().any(is_own);
    let only_reference = |names: &[String]| names.iter().all(|name| is_reference(name));
    if names.are_linked() && listed.iter().any(|name| ours.iter().any(|ours| ours.eq_ignore_ascii_case(name)))
    {
        return None;
    }
    let has = if other(&names.trees) {
        let check = if only_reference(&names.trees) { REFERENCE_BOARD } else { COMPATIBLE };
        (check, format!("has the device tree of {}", names.trees.join(", ")))
    } else if other(listed) {
        let check = if only_reference(ours) { REFERENCE_BOARD } else { SUPPORTED_DEVICES };
        (check, format!("lists {} in its metadata", listed.join(", ")))
    } else {
        return None;
    };
    let (check, has) = has;
    let ours = ours.join(", ");
    Some(check.found_as(
        Severity::Ask,
        format!("the firmware of {name} {has}, the board's own firmware has the device tree of {ours}"),
    ))
}

/// A root file system after the board's own kernel, and none in what a donor brings.
fn no_root(own: &[u8], theirs: &[u8], name: &str) -> Option<Finding> {
    let expected = root::file_system(own, &[FileSystem::Packed])?;
    root::file_system(theirs, &[FileSystem::Packed, FileSystem::Written]).is_none().then(|| {
        NO_ROOT.found(format!(
            "the board's own firmware has a {expected}, and no file system is in the firmware of {name}: is it a kernel \
             alone, or was the file cut short? A kernel with its system inside (initramfs) needs none"
        ))
    })
}

/// A loader starts the container that it knows: another one is asked about where the board's own is known.
fn other_container(own: &[u8], theirs: &[u8], region: &Region, name: &str) -> Option<Finding> {
    let (kind, ours) = plain::any_kind_of(own)?;
    let other = plain::any_kind_of(theirs);
    // That a vendor's header has to be there is judged with its ids.
    if envelope_at(own, 0).is_some() && envelope_at(theirs, 0).is_none() {
        return None;
    }
    // Parts of a firmware, such as a root file system, have no container of their own.
    let differs = other.as_ref().map_or(region.role == Role::Firmware, |(other, _)| *other != kind);
    differs.then(|| {
        OTHER_CONTAINER.found(format!(
            "the board's own {} is a {ours} ({kind}) and what {name} brings for it is {}: does the loader start that?",
            region.name,
            other.map_or("in no container known here".to_owned(), |(kind, theirs)| format!("a {theirs} ({kind})"))
        ))
    })
}

/// A uImage says what it is for: a kernel, a loader's own program, a script. Another use than the board's own is asked about.
fn other_use(own: &[u8], theirs: &[u8], name: &str) -> Option<Finding> {
    let [ours, theirs] = [own, theirs].map(uimage::used_for);
    let (ours, theirs) = (ours?, theirs?);
    (ours != theirs).then(|| {
        OTHER_CONTAINER.found(format!(
            "the uImage of {name} is of the type {theirs}, and the board's own of the type {ours}: is it a firmware?"
        ))
    })
}

/// The tree of a reference board names no board, and it does name its processor's maker.
fn other_maker(own: &[u8], theirs: &[u8], name: &str) -> Option<Finding> {
    let compatibles = |bytes| -> Vec<Vec<String>> {
        devicetree::find(bytes).into_iter().map(|tree| tree.board.compatible).collect()
    };
    let (ours, theirs) = (compatibles(own), compatibles(theirs));
    let theirs = theirs.iter().find(|theirs| !theirs.is_empty())?;
    let ours = ours.iter().find(|ours| is_other_maker(ours, theirs))?;
    Some(COMPATIBLE.found(format!(
        "the firmware of {name} has the device tree of a reference board of another maker's processor ({}), the board's \
         own firmware is for {}",
        theirs.join(", "),
        ours.join(", ")
    )))
}

fn other_machine(ours: &Machine, theirs: &Machine, name: &str) -> Option<Finding> {
    let (own, other) = (ours.arch, theirs.arch);
    if let (Some(own), Some(other)) = (own, other)
        && !own.fits(other)
    {
        return Some(ARCHITECTURE.found(format!(
            "what {name} brings is for {theirs}, and what the board runs is for {ours}: it cannot start here"
        )));
    }
    if let (Some(own), Some(other)) = (ours.order, theirs.order) {
        return (own != other).then(|| {
            ARCHITECTURE.found(format!(
                "the code that {name} brings is {} endian, and the board's own is {}: it cannot start here",
                other.name(),
                own.name()
            ))
        });
    }
    let (own, other) = (ours.order.or(ours.root_order)?, theirs.order.or(theirs.root_order)?);
    (own != other).then(|| {
        BYTE_ORDER.found(format!(
            "what {name} brings is {} endian by its code or root file system, and the board's own is {}: is it for \
             this board?",
            other.name(),
            own.name()
        ))
    })
}

/// Loaders by their code; by their first instruction where one of them has too little of it.
fn of_loader(own: &[u8], theirs: &[u8], name: &str) -> Option<Finding> {
    let (ours, other) = (machine::of_code(own), machine::of_code(theirs));
    if let Some(finding) = other_machine(&ours, &other, name) {
        return Some(finding);
    }
    let (ours, other) = (loader::first_instruction(own)?, loader::first_instruction(theirs)?);
    (ours != other).then(|| {
        LOADER_START.found(format!(
            "the loader of {name} starts with the branch of another processor ({other}) than the board's own ({ours})"
        ))
    })
}
