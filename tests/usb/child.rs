//! A test that runs itself again in a child, with the stand-in for libusb preloaded.

use std::collections::BTreeMap;
use std::ops::Index;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the stand-in saw.
pub struct Report(BTreeMap<String, String>);

impl Index<&str> for Report {
    type Output = String;
    fn index(&self, key: &str) -> &String {
        self.0.get(key).unwrap_or_else(|| panic!("the report has no {key}"))
    }
}

impl Report {
    pub fn number(&self, key: &str) -> u64 {
        self[key].parse().unwrap()
    }

    pub fn devices(&self) -> usize {
        self.0.keys().filter(|key| key.ends_with(".misdeeds")).count()
    }
}

/// The same noise every time.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 7u32;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(step).collect()
}

/// A folder of this process.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// A file of noise.
pub fn image(len: usize) -> PathBuf {
    static IMAGE: OnceLock<PathBuf> = OnceLock::new();
    IMAGE
        .get_or_init(|| {
            let path = folder().join("image.bin");
            std::fs::write(&path, noise(len)).unwrap();
            path
        })
        .clone()
}

/// The stand-in, built as this test was.
fn stand_in() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        // target/debug/deps/usb-0123: the profile's folder is two up.
        let test = std::env::current_exe().unwrap();
        let profile =
            test.parent().and_then(Path::parent).expect("tests lie two folders below the profile's");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", "dropin", "--manifest-path"]);
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().expect("the profile's folder lies in the target's"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let output = cargo.output().expect("cargo runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the stand-in for libusb does not build:\n{text}");
        profile.join("examples/libdropin.so")
    })
}

const INSIDE: &str = "NORSPLICE_DROPIN_INSIDE";

/// Runs `body` in a child whose libusb sees `devices`; gives the stand-in's report. `test` is the calling test's name.
pub fn inside(test: &str, devices: &str, body: impl FnOnce()) -> Report {
    run(test, devices, body, &[])
}

/// The same under valgrind, where it is installed; without it as it is, loudly.
pub fn valgrind(test: &str, devices: &str, body: impl FnOnce()) -> Report {
    let there = Command::new("valgrind").arg("--version").output().is_ok_and(|o| o.status.success());
    let tool: &[&str] = &[
        "valgrind",
        "--quiet",
        "--error-exitcode=99",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
        "--show-leak-kinds=definite",
    ];
    if !there {
        assert!(std::env::var_os("NORSPLICE_NEEDS_VALGRIND").is_none(), "valgrind is not installed");
        eprintln!("NOT CHECKED: valgrind is not installed, {test} runs without it");
    }
    run(test, devices, body, if there { tool } else { &[] })
}

fn run(test: &str, devices: &str, body: impl FnOnce(), tool: &[&str]) -> Report {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == test) {
        body();
        // The parent reads the report; nothing here may.
        std::process::exit(0);
    }
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let report = folder().join(format!("report{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    let exe = std::env::current_exe().unwrap();
    let mut words = tool.iter().map(|word| word.as_ref()).chain([exe.as_os_str()]);
    let output = Command::new(words.next().expect("at least the test itself"))
        .args(words)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, test)
        .env("LD_PRELOAD", stand_in())
        .env("NORSPLICE_DROPIN", devices)
        .env("NORSPLICE_DROPIN_REPORT", &report)
        .output()
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test} with '{devices}' failed inside:\n{text}");
    let report = std::fs::read_to_string(&report).expect("the stand-in was loaded and reported");
    Report(report.lines().filter_map(|l| l.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect())
}
