//! Inputs like those that real files were misread from: made by `tests/data/outside/make.py`, judged by the lines of its
//! `cases.tsv`.
//!
//! `NORSPLICE_CASES="f8 f9" cargo test --test all outside::` runs those whose names start so. The writers of the formats
//! are Python and share no code with the program. Without python3 the test says so and passes; with
//! `NORSPLICE_NEED_TOOLS` set it fails.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/outside").join(name)
}

/// Runs a script of the folder; gives its last line, and all of its output where it failed.
fn python(words: &[&OsStr]) -> Result<String, String> {
    let output = Command::new("python3").env("PYTHONDONTWRITEBYTECODE", "1").args(words).output();
    let output = output.map_err(|error| format!("python3: {error}"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        return Err(out + &String::from_utf8_lossy(&output.stderr));
    }
    Ok(out.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn every_case_is_right() {
    if Command::new("python3").arg("--version").output().is_err() {
        assert!(std::env::var_os("NORSPLICE_NEED_TOOLS").is_none(), "python3 is not installed");
        println!("skipped: python3 is not installed");
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let dir = folder.path().as_os_str();
    python(&[data("make.py").as_os_str(), dir]).unwrap_or_else(|said| panic!("{said}"));
    let chosen = std::env::var("NORSPLICE_CASES").unwrap_or_default();
    let (run, cases) = (data("run.py"), data("cases.tsv"));
    let program = OsStr::new(env!("CARGO_BIN_EXE_norsplice"));
    let mut words = vec![run.as_os_str(), cases.as_os_str(), dir, program];
    words.extend(chosen.split_whitespace().map(OsStr::new));
    let last = python(&words).unwrap_or_else(|said| panic!("{said}"));
    assert!(last.ends_with(" passed, 0 failed") && !last.starts_with("0 "), "{last}");
}
