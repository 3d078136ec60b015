//! A test that runs itself again in a child, with the stand-in for libusb preloaded.

use crate::bench::examples;
use std::collections::BTreeMap;
use std::ops::Index;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
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

/// What every run must leave behind, whatever happened in it.
pub fn tidy(report: &Report) {
    assert_eq!(report["misuse"], "");
    assert_eq!(report["not_freed"], "0");
    assert_eq!(report["not_closed"], "0");
    assert_eq!(report["contexts"], "0");
    for n in 0..report.devices() {
        assert_eq!(report[&format!("{n}.misdeeds")], "");
        assert_eq!(report[&format!("{n}.refs")], "0");
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

/// The stand-in.
pub fn stand_in() -> PathBuf {
    examples().join("libdropin.so")
}

const INSIDE: &str = "NORSPLICE_DROPIN_INSIDE";

/// Runs `body`, a closure of the calling test, in a child whose libusb sees `devices`; gives the stand-in's report.
pub fn inside(devices: &str, body: impl FnOnce()) -> Report {
    run(devices, body, &[])
}

/// The same under valgrind, where it is installed; without it as it is, loudly.
pub fn valgrind(devices: &str, body: impl FnOnce()) -> Report {
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
        eprintln!("NOT CHECKED: valgrind is not installed, the test runs without it");
    }
    run(devices, body, if there { tool } else { &[] })
}

/// The test that a closure was written in, as the test runner names it: `usb::queue::NAME`.
fn test_of<F>(_: &F) -> &'static str {
    let closure = std::any::type_name::<F>();
    let test = closure.split("::{{closure}}").next().unwrap_or(closure);
    test.split_once("::").map_or(test, |(_program, test)| test)
}

fn run<F: FnOnce()>(devices: &str, body: F, tool: &[&str]) -> Report {
    let test = test_of(&body);
    if std::env::var(INSIDE).is_ok_and(|inside| inside == test) {
        body();
        // The parent reads the report; nothing here may.
        std::process::exit(0);
    }
    let exe = std::env::current_exe().unwrap();
    let mut words = tool.iter().map(|word| word.as_ref()).chain([exe.as_os_str()]);
    let mut command = Command::new(words.next().expect("at least the test itself"));
    command.args(words).args([test, "--exact", "--nocapture", "--test-threads=1"]).env(INSIDE, test);
    let (output, report) = with_stand_in(command, devices);
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{test} with '{devices}' failed inside:\n{text}");
    assert!(text.contains("running 1 test"), "{test} was not found:\n{text}");
    report
}

/// Runs `command` with a libusb that sees `devices`.
pub fn with_stand_in(mut command: Command, devices: &str) -> (Output, Report) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let report = folder().join(format!("report{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    command.env("LD_PRELOAD", stand_in());
    command.env("NORSPLICE_DROPIN", devices).env("NORSPLICE_DROPIN_REPORT", &report);
    let output = command.output().unwrap();
    let text = std::fs::read_to_string(&report).unwrap_or_else(|_| {
        panic!("the stand-in was not loaded or the program died: {}", String::from_utf8_lossy(&output.stderr))
    });
    let lines = text.lines().filter_map(|line| line.split_once('='));
    (output, Report(lines.map(|(key, value)| (key.into(), value.into())).collect()))
}

/// What a run of the real binary gave.
pub struct Run {
    pub code: Option<i32>,
    /// The result event of `--json`.
    pub result: serde_json::Value,
    pub stderr: String,
}

/// Runs the real binary with `--json`, a store of this test, and a libusb that sees `devices`.
pub fn norsplice(devices: &str, args: &[&str]) -> (Run, Report) {
    let test = std::thread::current();
    let store = folder().join(test.name().expect("a test's thread has its name").replace(':', "_"));
    norsplice_in(&store, devices, args)
}

/// The same with this store.
pub fn norsplice_in(store: &Path, devices: &str, args: &[&str]) -> (Run, Report) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_norsplice"));
    command.arg("--json").arg("--store").arg(store).args(args);
    command.env_remove("NORSPLICE_PROGRAMMER");
    let (output, report) = with_stand_in(command, devices);
    let stdout = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let result = stdout.lines().last().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    (
        Run { code: output.status.code(), result, stderr: String::from_utf8_lossy(&output.stderr).into() },
        report,
    )
}

/// A path in this process's folder.
pub fn path(name: &str) -> PathBuf {
    folder().join(name)
}
