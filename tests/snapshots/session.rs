//! The kept command lines run one after the other on a bench, with the ids that the first ones gave.

use super::steps::Step;
use crate::bench::{Bench, Ran};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the emulator counts what was done to its chip; left out of the texts.
pub const COUNTS: &str = ",counts=counts.json";

/// A bench, and the ids that stand for `BACKUP` and `JOB`.
pub struct Session {
    pub bench: Bench,
    backup: String,
    job: String,
}

/// Starts the program, and ends it by a signal once it has written its first line.
fn serve(command: &mut Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut first = Vec::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    while first.last() != Some(&b'\n') {
        let mut byte = [0];
        stdout.read_exact(&mut byte).expect("it says where it listens");
        first.extend(byte);
    }
    let killed = Command::new("kill").arg(child.id().to_string()).status().expect("kill starts");
    assert!(killed.success());
    let mut output = child.wait_with_output().expect("it ends");
    first.append(&mut output.stdout);
    output.stdout = first;
    output.into()
}

impl Session {
    pub fn new() -> Self {
        Self { bench: Bench::new(), backup: String::new(), job: String::new() }
    }

    fn command(&self, folder: &str, words: &[&str]) -> Command {
        let mut command = self.bench.command();
        command.current_dir(self.bench.path(folder)).args(words);
        command
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
        if !step.looks() {
            self.new_second();
        }
        if step.name != "demo" {
            words.extend(["--store", "store"]);
        }
        words.extend(line.split_whitespace());
        let mut command = self.command(folder, &words);
        let ran = if step.serves { serve(&mut command) } else { Ran::of(&mut command) };
        assert_eq!(ran.code, step.code, "{}\nstdout: {}\nstderr: {}", step.name, ran.stdout, ran.stderr);
        if let Ok(counts) = std::fs::read(self.bench.path("norsplice-demo/counts.json")) {
            let counts: serde_json::Value = serde_json::from_slice(&counts).expect("counts are JSON");
            assert_eq!(counts["misdeeds"], 0, "{}: {counts}", step.name);
        }
        if step.name == "demo" {
            self.backup = self.newest("backups");
            self.job = self.newest("jobs");
        }
        ran
    }

    /// Waits until the newest backup and the newest job are of another second than now: one more of the same contents
    /// or the same verb would get a number after its id.
    fn new_second(&self) {
        let folders = ["norsplice-demo/store", "norsplice-demo/store/jobs"].map(|dir| self.bench.path(dir));
        let entries = folders.iter().flat_map(std::fs::read_dir).flatten().flatten();
        let dated = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"20"));
        let newest = dated.filter_map(|folder| folder.metadata().ok()?.modified().ok()).max();
        let second = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        while newest.is_some_and(|newest| second(newest) >= second(SystemTime::now())) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The newest backup or job.
    fn newest(&self, what: &str) -> String {
        let ran = Ran::of(&mut self.command("norsplice-demo", &["--json", "--store", "store", what, "list"]));
        let result = ran.result();
        result[what][0]["id"].as_str().expect("there is one").to_owned()
    }
}
