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

/// README's first command: there are two programs, and `cargo run` has to know which is meant.
#[test]
fn cargo_run_is_the_program() {
    let readme = include_str!("../README.md");
    assert!(readme.contains("`cargo run -- demo`"));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo starts");
    let about: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("its answer");
    assert_eq!(about["packages"][0]["default_run"], "norsplice");
}
