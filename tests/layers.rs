//! The house rules that a compiler does not hold: who may know whom, who prints, who touches files, where `unsafe` stands.
//!
//! The sources are read as text; comments and everything from a file's `#[cfg(test)]` module on are left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer, and the other layers it may name.
const MAY_KNOW: [(&str, &[&str]); 12] = [
    ("wire", &["desk", "workflow", "plan", "image", "span"]),
    (
        "desk",
        &["workflow", "report", "plan", "image", "flash", "programmer", "spi", "emulator", "span", "units"],
    ),
    ("workflow", &["flash", "plan", "image", "spi", "span", "units"]),
    ("report", &["image", "plan", "flash::geometry", "span", "units"]),
    ("plan", &["flash::geometry", "image", "span", "units"]),
    ("image", &["span", "units"]),
    ("flash", &["spi", "span", "units"]),
    ("programmer", &["spi", "usb", "units"]),
    ("spi", &["units"]),
    ("usb", &["spi"]),
    ("emulator", &["usb"]),
    ("span", &[]),
];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).expect("src is readable") {
        let path = entry.expect("entry is readable").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a file: no comments, nothing from the test module on; empty for files that are tests as a whole.
fn code(path: &Path) -> String {
    let name = path.file_stem().expect("a file has a name").to_string_lossy();
    let in_tests = path.parent().is_some_and(|dir| dir.ends_with("tests"));
    if name == "tests" || name.ends_with("_tests") || in_tests {
        return String::new();
    }
    let text = fs::read_to_string(path).expect("source is readable");
    text.lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"))
        .map(|line| format!("{}\n", line.split("//").next().unwrap_or_default()))
        .collect()
}

fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files: Vec<_> = sources(&root)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("inside src").to_string_lossy().into_owned();
            (name, code(&path))
        })
        .collect();
    assert!(files.len() > 20, "the sources were not found");
    files
}

/// Splits a use group at its top-level commas; ends at the group's closing brace.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut all, mut one) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut one));
                continue;
            }
            _ => {}
        }
        one.push(c);
    }
    all.push(one);
    all
}

/// The paths behind each `crate::` in the code, at most two segments of each.
fn named(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c == '_' || c.is_alphanumeric()) {
            continue;
        }
        let rest = &code[at + 7..];
        let firsts = rest.strip_prefix('{').map_or_else(|| vec![rest.to_owned()], members);
        for first in firsts {
            let path: String = first
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':')
                .collect();
            let segments: Vec<&str> = path.split("::").filter(|s| !s.is_empty()).take(2).collect();
            if !segments.is_empty() {
                paths.insert(segments.join("::"));
            }
        }
    }
    paths
}

#[test]
fn layers_name_only_what_stands_below_them() {
    let mut faults = Vec::new();
    for (file, code) in files() {
        let layer = file.split(['/', '.']).next().expect("split gives one").to_owned();
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == layer) else { continue };
        for path in named(&code) {
            let top = path.split("::").next().expect("split gives one");
            if top != layer && !allowed.iter().any(|a| *a == top || path == *a) {
                faults.push(format!("{file} names crate::{path}"));
            }
        }
    }
    assert!(faults.is_empty(), "layers out of order:\n{}", faults.join("\n"));
}

/// Each word may stand only in files whose path begins with one of these.
const ONLY_IN: [(&str, &[&str]); 9] = [
    ("rusb::", &["usb/host", "usb/queue"]),
    ("unsafe ", &["usb/queue.rs"]),
    ("clap::", &["cli/"]),
    ("indicatif::", &["cli/"]),
    ("println!", &["cli/"]),
    ("print!(", &["cli/"]),
    // usb/host: whether the kernel shows a USB bus at all.
    ("std::fs", &["cli/", "desk/", "workflow/", "usb/host/find.rs"]),
    ("File::", &["cli/", "desk/", "workflow/"]),
    ("std::env", &["cli/"]),
];

#[test]
fn each_outside_world_is_known_in_one_place() {
    let mut faults = Vec::new();
    for (file, code) in files() {
        for (word, places) in ONLY_IN {
            if code.contains(word) && !places.iter().any(|place| file.starts_with(place)) {
                faults.push(format!("{file} has '{word}'"));
            }
        }
    }
    assert!(faults.is_empty(), "outside of their place:\n{}", faults.join("\n"));
}

#[test]
fn module_pages_hold_docs_and_reexports_only() {
    let with_logic: Vec<_> = files()
        .into_iter()
        .filter(|(file, code)| file.ends_with("mod.rs") && file != "cli/mod.rs" && code.contains("fn "))
        .map(|(file, _)| file)
        .collect();
    assert!(with_logic.is_empty(), "logic in module pages: {with_logic:?}");
}

#[test]
fn the_reader_of_paths_sees_groups() {
    let paths = named("use crate::{span::{Span, Spans}, spi::Op}; crate::usb::UsbError; xcrate::no");
    let wanted: BTreeSet<String> =
        ["span", "spi::Op", "usb::UsbError"].iter().map(|s| (*s).to_owned()).collect();
    assert_eq!(paths, wanted);
}

/// Names are what users write, and each has a test that writes it.
#[test]
fn every_check_is_named_by_a_test() {
    let mut texts = String::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src/image"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("checks/table.rs") {
                texts.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    // The product's own code takes the constants.
    let unnamed: Vec<_> = norsplice::image::checks::CHECKS
        .iter()
        .map(|c| c.name)
        .filter(|name| !texts.contains(&format!("\"{name}\"")))
        .collect();
    assert_eq!(unnamed, [""; 0]);
}
