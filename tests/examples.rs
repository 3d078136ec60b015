//! Every example builds, runs on the emulator and ends well.

use crate::bench::examples;
use std::path::Path;
use std::process::Command;

#[test]
fn every_example_runs() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let names: Vec<String> = std::fs::read_dir(sources)
        .expect("the examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let ran = Command::new(examples().join(&name)).output().expect("it starts");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&ran.stderr));
        assert!(!said.is_empty(), "{name} shows nothing");
    }
}
