//! A bench for one test: a folder of its own, and the binary run in it with nothing of the developer's environment.

use super::steps::Step;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the emulator counts what was done to its chip; left out of the texts.
pub const COUNTS: &str = ",counts=counts.json";

/// A folder that goes when the test is over, and the ids that stand for `BACKUP` and `JOB`.
pub struct Bench {
    dir: tempfile::TempDir,
    backup: String,
    job: String,
}

/// How a run of the binary ended.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Self { dir, backup: String::new(), job: String::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the binary in the bench's folder.
    pub fn run(&self, words: &[&str]) -> Ran {
        self.run_in("", words, false)
    }

    /// One that `serves` is told to end by a signal, after its first line.
    fn run_in(&self, folder: &str, words: &[&str], serves: bool) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_norsplice"));
        command.current_dir(self.path(folder)).env_clear().env("HOME", self.dir.path()).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut first = Vec::new();
        if serves {
            let stdout = child.stdout.as_mut().expect("a pipe");
            while first.last() != Some(&b'\n') {
                let mut byte = [0];
                stdout.read_exact(&mut byte).expect("it says where it listens");
                first.extend(byte);
            }
            let told = Command::new("kill").arg(child.id().to_string()).status().expect("kill starts");
            assert!(told.success());
        }
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let code = output.status.code().expect("it ends by itself");
        first.extend(output.stdout);
        Ran { code, stdout: text(first), stderr: text(output.stderr) }
    }

    /// Runs a step, with `more` words before it; the driver must have done nothing wrong to the emulated chip.
    pub fn step(&mut self, step: &Step, more: &[&str]) -> Ran {
        let line = step.line.replace("BACKUP", &self.backup).replace("JOB", &self.job);
        let line = if line.contains("NEWEST") { line.replace("NEWEST", &self.newest("jobs")) } else { line };
        let emulated = format!("emu:{}{COUNTS}", step.emu);
        let mut words: Vec<&str> = more.to_vec();
        if !step.emu.is_empty() {
            words.extend(["-p", &emulated]);
        }
        let folder = if step.name == "demo" { "" } else { "norsplice-demo" };
        self.new_second();
        if step.name != "demo" {
            words.extend(["--store", "store"]);
        }
        words.extend(line.split_whitespace());
        let ran = self.run_in(folder, &words, step.serves);
        assert_eq!(ran.code, step.code, "{}\nstdout: {}\nstderr: {}", step.name, ran.stdout, ran.stderr);
        if let Ok(counts) = std::fs::read(self.path("norsplice-demo/counts.json")) {
            let counts: serde_json::Value = serde_json::from_slice(&counts).expect("counts are JSON");
            assert_eq!(counts["misdeeds"], 0, "{}: {counts}", step.name);
        }
        if step.name == "demo" {
            self.backup = self.newest("backups");
            self.job = self.newest("jobs");
        }
        ran
    }

    /// Waits until the newest backup is of another second than now: one of the same contents would get a number behind
    /// its id.
    fn new_second(&self) {
        let folders = std::fs::read_dir(self.path("norsplice-demo/store")).into_iter().flatten().flatten();
        let backups = folders.filter(|folder| folder.file_name().as_encoded_bytes().starts_with(b"20"));
        let newest = backups.filter_map(|folder| folder.metadata().ok()?.modified().ok()).max();
        let second = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        while newest.is_some_and(|newest| second(newest) >= second(SystemTime::now())) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The newest backup or job.
    fn newest(&self, what: &str) -> String {
        let ran = self.run_in("norsplice-demo", &["--json", "--store", "store", what, "list"], false);
        let result: serde_json::Value = serde_json::from_str(ran.stdout.trim()).expect("one JSON line");
        result[what][0]["id"].as_str().expect("there is one").to_owned()
    }
}
