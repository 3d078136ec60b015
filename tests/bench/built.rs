//! What cargo builds beside this test, in the profile of this test: the examples, the stand-in for libusb among them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder of the examples. A whole `cargo test` has built them as they are needed here: cargo then builds nothing.
pub fn examples() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // target/debug/deps/all-0123: the profile's folder is two up.
        let test = std::env::current_exe().expect("the path of this test");
        let folder = test.ancestors().nth(2).expect("tests lie two folders below the profile's");
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") => "test",
            other => other.expect("a profile's name is text"),
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples", "--profile", profile, "--manifest-path"]);
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        cargo.arg("--target-dir").arg(folder.parent().expect("the profile's folder lies in the target's"));
        let ran = cargo.output().expect("cargo runs");
        assert!(ran.status.success(), "examples:\n{}", String::from_utf8_lossy(&ran.stderr));
        folder.join("examples")
    })
}
