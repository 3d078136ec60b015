//! Every test with a longer form is in the list of `.ci/run` that asks for it, or here with the reason why it is not.

use std::path::Path;

/// Longer forms that `.ci/run` does not ask for: the module, and why.
const LEFT_OUT: &[(&str, &str)] =
    &[("faults::matrix", "a quarter of an hour: before a release, by its own command in hw-notes/faults.md")];

/// Files whose choice of a form is made for the tests of another module.
const MADE_FOR: &[(&str, &str)] = &[("faults::rows", "faults::matrix")];

/// What chooses the longer form, besides [`all`](crate::bench::all): for its caller, in the library's own tests, and by itself.
const CHOOSERS: [&str; 4] =
    ["parts_on_programmers(", "matrix(&ADAPTERS)", "few_cases::", "var(\"NORSPLICE_TEST\")"];

/// True where the text calls the function that chooses, and no method of that name.
fn calls_all(text: &str) -> bool {
    text.match_indices("all()").any(|(at, _)| {
        let before = &text[..at];
        let is_other =
            before.ends_with(|c: char| c.is_alphanumeric() || "_.".contains(c)) || before.ends_with("fn ");
        !is_other && (!before.ends_with("::") || before.ends_with("bench::"))
    })
}

fn files(folder: &Path, into: &mut Vec<(String, String)>, base: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into, base);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let name = path.strip_prefix(base).unwrap().with_extension("");
            let module = name.to_string_lossy().replace(['/', '\\'], "::");
            let module = module.strip_suffix("::mod").unwrap_or(&module).to_owned();
            into.push((module, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The modules below a folder that have a longer form.
fn with_long_form(folder: &str) -> Vec<String> {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut all = Vec::new();
    files(&base, &mut all, &base);
    let helpers = ["bench", "long_forms", "image::few_cases"];
    all.retain(|(module, _)| !helpers.contains(&module.as_str()) && !module.starts_with("bench::"));
    // The library has functions of that name with other meanings.
    let calls = |text: &str| folder == "tests" && calls_all(text);
    all.retain(|(_, text)| calls(text) || CHOOSERS.iter().any(|word| text.contains(word)));
    all.into_iter().map(|(module, _)| module).collect()
}

/// The filters of the lines of `.ci/run` that ask for the longer form of these tests.
fn asked_for(tests: &str) -> Vec<&'static str> {
    let lines = include_str!("../.ci/run").lines();
    let line =
        lines.filter(|line| line.starts_with("NORSPLICE_TEST=all")).filter_map(|line| line.split_once(tests));
    line.flat_map(|(_, filters)| filters.split_whitespace()).collect()
}

#[test]
fn every_longer_form_is_run_somewhere() {
    for (folder, tests) in [("tests", "--test all --"), ("src", "--lib --")] {
        let (asked, modules) = (asked_for(tests), with_long_form(folder));
        assert!(!asked.is_empty() && modules.len() >= 4, "{asked:?} {modules:?}");
        for module in &modules {
            let module = MADE_FOR.iter().find(|(made, _)| made == module).map_or(&**module, |(_, of)| of);
            let runs = asked.iter().any(|filter| module.starts_with(filter));
            let left_out = LEFT_OUT.iter().any(|(out, _)| *out == module);
            assert!(runs != left_out, "{module}: in .ci/run {runs}, left out {left_out}; there is {asked:?}");
        }
        for filter in asked {
            let is_used = modules.iter().any(|module| module.starts_with(filter));
            assert!(is_used, "{filter} of .ci/run has no longer form; there is {modules:?}");
        }
    }
}
