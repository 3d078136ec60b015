//! Circles of files: files that name each other, directly or through others.

use super::syntax::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

/// The circles that are left: the files over which the methods of one type are spread, and its parts.
const ONE_TYPE: &[(&str, &[&str])] = &[
    (
        "FlashChip, the emulated chip: its windows, operations, protection, answers and faults",
        &[
            "emulator/chip/answer.rs",
            "emulator/chip/data_fault.rs",
            "emulator/chip/model.rs",
            "emulator/chip/operation.rs",
            "emulator/chip/protect.rs",
            "emulator/chip/window.rs",
        ],
    ),
    (
        "Chip while it is identified: an assumed part, the state in which it was left",
        &["flash/assumed.rs", "flash/chip.rs", "flash/identify.rs", "flash/settle.rs"],
    ),
    ("Driver, and the ladder of its shapes", &["programmer/driver.rs", "programmer/ladder.rs"]),
    ("Mpsse, and how its port is brought up", &["programmer/ftdi.rs", "programmer/mpsse.rs"]),
];

/// The file that defines what a path names: the one of its longest module, or of the module that this one re-exports it from.
fn file_of<'s>(path: &str, modules: &BTreeMap<&str, &'s Source>) -> Option<&'s str> {
    let path = path.strip_prefix("crate::")?;
    let ends = path.match_indices("::").map(|(at, _)| at).chain([path.len()]);
    let (end, source) =
        ends.filter_map(|end| Some((end, *modules.get(&path[..end])?))).max_by_key(|(end, _)| *end)?;
    if !source.file.ends_with("mod.rs") {
        return Some(&source.file);
    }
    let name = path.get(end + 2..)?.split("::").next()?;
    let from = source.paths.iter().find(|shown| {
        shown.rsplit("::").next() == Some(name) && shown.strip_prefix("crate::") != Some(path)
    })?;
    file_of(from, modules)
}

/// The files that each file names.
fn named() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let modules: BTreeMap<_, _> = sources().iter().map(|source| (source.name.as_str(), source)).collect();
    let files = sources().iter().filter(|source| !source.file.ends_with("mod.rs"));
    files
        .map(|source| {
            let others = source.paths.iter().filter_map(|path| file_of(path, &modules));
            (source.file.as_str(), others.filter(|other| *other != source.file).collect())
        })
        .collect()
}

/// Every file that can be reached from `start`.
fn reached<'s>(start: &'s str, named: &BTreeMap<&'s str, BTreeSet<&'s str>>) -> BTreeSet<&'s str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = vec![start];
    while let Some(file) = open.pop() {
        for next in named.get(file).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(next);
            }
        }
    }
    reached
}

#[test]
fn files_in_a_circle_hold_the_methods_of_one_type() {
    let named = named();
    let reached: BTreeMap<_, _> = named.keys().map(|file| (*file, reached(file, &named))).collect();
    let circle_of = |file: &str| -> BTreeSet<&str> {
        reached[file]
            .iter()
            .filter(|other| reached.get(**other).is_some_and(|back| back.contains(file)))
            .copied()
            .collect()
    };
    let circles: BTreeSet<_> =
        named.keys().map(|file| circle_of(file)).filter(|circle| !circle.is_empty()).collect();
    assert!(named.len() > 300 && named.values().map(BTreeSet::len).sum::<usize>() > 1000, "nothing was read");
    let allowed: BTreeSet<BTreeSet<&str>> =
        ONE_TYPE.iter().map(|(_, files)| files.iter().copied().collect()).collect();
    let text = |circle: &BTreeSet<&str>| circle.iter().copied().collect::<Vec<_>>().join(", ");
    let new: Vec<_> = circles.difference(&allowed).map(text).collect();
    let gone: Vec<_> = allowed.difference(&circles).map(text).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "circles:\n{}\nno circles any more:\n{}",
        new.join("\n"),
        gone.join("\n")
    );
}
