//! Every control of the page is worked by a test of this folder.

use std::collections::BTreeSet;
use std::path::Path;

/// The sources in a folder that end so, one after the other.
fn sources(folder: &str, ending: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let chosen = files.filter(|path| path.to_string_lossy().ends_with(ending));
    chosen.map(|path| std::fs::read_to_string(path).expect("text")).collect()
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

/// What follows each place of `before`, up to what is no part of a name.
fn names_after(text: &str, before: &str) -> BTreeSet<String> {
    let after = text.split(before).skip(1);
    after.map(|rest| rest.chars().take_while(|c| is_part(*c)).collect()).collect()
}

#[test]
fn every_control_is_worked_by_a_test() {
    let page = sources("page", ".js");
    let mut controls = BTreeSet::new();
    // `do: "name"`, a button's first word, and a name that is made of a fixed part and one that is not.
    for before in ["do: \"", "button(\"", "do: `", "button(`"] {
        controls.extend(names_after(&page, before));
    }
    assert!(
        controls.len() > 60 && controls.contains("probe") && controls.contains("source-"),
        "{controls:?}"
    );
    let tests = sources("tests/browser", ".rs");
    let mut worked = BTreeSet::new();
    for before in ["data-do=", "data-do='", "data-do=\\\""] {
        worked.extend(names_after(&tests, before));
    }
    for helper in ["choose", "enter", "fill"] {
        worked.extend(names_after(&tests, &format!("{helper}(&mut browser, \"")));
    }
    let is_worked = |control: &String| match control.ends_with('-') {
        true => worked.iter().any(|name| name.len() > control.len() && name.starts_with(control.as_str())),
        false => worked.contains(control),
    };
    let left: Vec<&String> = controls.iter().filter(|control| !is_worked(control)).collect();
    assert_eq!(left, [] as [&String; 0]);
}
