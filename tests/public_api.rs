//! The library's public interface, held against the list in `tests/data/public-api.txt`: a public item that goes or
//! changes is seen in that file's diff, as is a new one.
//!
//! The list comes from rustdoc's JSON, which only the compiler's unstable option gives and whose form changes with the
//! compiler: a compiler whose form is not known is reported, and nothing is compared. Ignored by default, for rustdoc takes
//! its time; `.ci/run` runs it: `cargo test --test all public_api:: -- --ignored`. `NORSPLICE_UPDATE=1` writes the list anew.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The forms of rustdoc's JSON that the crate `public-api` reads: 59 is its own, 57 (Rust 1.95) was tried.
const KNOWN_FORMS: std::ops::RangeInclusive<u64> = 57..=59;

/// Where rustdoc's JSON of the library is, made now.
fn rustdoc_json() -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    // The unstable option is for rustdoc alone: build scripts that look at RUSTC_BOOTSTRAP would build everything anew.
    let wrapper = folder.path().join("rustdoc");
    let real = std::env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".into());
    std::fs::write(&wrapper, format!("#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec \"{real}\" \"$@\"\n"))
        .expect("a script");
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).expect("an executable");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder").to_owned();
    let words = ["rustdoc", "--locked", "--lib", "--target-dir"];
    let ran = Command::new(std::env::var_os("CARGO").expect("cargo runs the tests"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTDOC", &wrapper)
        .args(words)
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .output()
        .expect("cargo rustdoc");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    target.join("doc/norsplice.json")
}

#[test]
#[ignore = "runs rustdoc: cargo test --test all public_api:: -- --ignored"]
fn the_public_interface_is_as_listed() {
    let json = rustdoc_json();
    let text = std::fs::read_to_string(&json).expect("rustdoc's JSON");
    let parsed: Value = serde_json::from_str(&text).expect("JSON");
    let form = parsed["format_version"].as_u64().expect("it names its form");
    if !KNOWN_FORMS.contains(&form) {
        eprintln!(
            "ATTENTION: rustdoc's JSON has form {form}, not {KNOWN_FORMS:?}: the interface is not compared"
        );
        return;
    }
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .expect("rustdoc's JSON of a known form");
    let now = api.to_string();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/public-api.txt");
    if std::env::var_os("NORSPLICE_UPDATE").is_some() {
        std::fs::write(&path, &now).expect("the list is written");
        return;
    }
    let kept = std::fs::read_to_string(&path).expect("tests/data/public-api.txt");
    let only_in = |these: &str, those: &str| -> Vec<String> {
        let those: std::collections::HashSet<&str> = those.lines().collect();
        these.lines().filter(|line| !those.contains(line)).map(str::to_owned).collect()
    };
    let (gone, new) = (only_in(&kept, &now), only_in(&now, &kept));
    assert!(
        gone.is_empty() && new.is_empty(),
        "the public interface changed; when that is meant, NORSPLICE_UPDATE=1 and a line in CHANGELOG.md\n\
         gone (breaks users): {gone:#?}\nnew: {new:#?}"
    );
}
