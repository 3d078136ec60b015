//! Every example builds, runs on the emulator and ends well.

use std::path::Path;
use std::process::Command;

#[test]
fn every_example_runs() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names: Vec<String> = std::fs::read_dir(here.join("examples"))
        .expect("the examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    assert!(names.len() >= 7, "{names:?}");
    // target/debug/deps/all-0123: the profile's folder is two up. A whole `cargo test` has built them there.
    let test = std::env::current_exe().expect("the path of this test");
    let profile = test.ancestors().nth(2).expect("tests lie two folders below the profile's");
    for name in names {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--example", &name, "--manifest-path"]).arg(here.join("Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().expect("the profile's folder lies in the target's"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let ran = cargo.output().expect("cargo runs");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&ran.stderr));
        assert!(!said.is_empty(), "{name} shows nothing");
    }
}
