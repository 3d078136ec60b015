//! A bench for one test: a folder of its own, and the binary run in it with nothing of the developer's environment.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder that goes when the test is over.
pub struct Bench {
    dir: tempfile::TempDir,
    /// Where the emulator's counts go, out of the way.
    aside: tempfile::TempDir,
}

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Bench {
    /// An empty bench.
    pub fn new() -> Self {
        let folder = || tempfile::tempdir().expect("a temporary folder");
        Self { dir: folder(), aside: folder() }
    }

    /// A path on the bench.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The binary with the bench as home and working folder.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_norsplice"));
        command.current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // For whoever measures coverage or memory faults of the binary.
        for name in ["LLVM_PROFILE_FILE", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.stdin(Stdio::null());
        command
    }

    /// Runs the binary with these words.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ran {
        Ran::of(self.command().args(words))
    }

    /// Runs the binary on an emulated programmer; `emu` is what stands behind `-p emu:`. The driver must have done
    /// nothing wrong to the emulated chip. Gives what was counted on the wires as well.
    #[track_caller]
    pub fn emu<S: AsRef<std::ffi::OsStr>>(
        &self,
        emu: &str,
        words: impl IntoIterator<Item = S>,
    ) -> (Ran, Value) {
        let counts = self.aside.path().join("counts.json");
        // A run that ends before the programmer is opened writes none.
        let _ = std::fs::remove_file(&counts);
        let spec = format!("emu:{emu}{}counts={}", if emu.is_empty() { "" } else { "," }, counts.display());
        let ran = Ran::of(self.command().args(["-p", &spec]).args(words));
        let counts = std::fs::read(&counts)
            .map_or(Value::Null, |text| serde_json::from_slice(&text).expect("counts are JSON"));
        if !counts.is_null() {
            assert_eq!(counts["misdeeds"], 0, "{counts}\n{}", ran.stderr);
        }
        (ran, counts)
    }

    /// The names of what lies in a folder of the bench, sorted; "." is the bench itself.
    pub fn names(&self, dir: &str) -> Vec<String> {
        names(&self.path(dir))
    }
}

/// The names in a folder, sorted.
pub fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap_or_else(|e| panic!("{}: {e}", dir.display()))
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

impl Ran {
    /// Runs a prepared command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("the binary starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        // A signal shows as -1: no test expects one without saying so.
        let code = output.status.code().unwrap_or(-1);
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The same, having ended with this code.
    #[track_caller]
    pub fn code(self, wanted: i32) -> Self {
        assert_eq!(self.code, wanted, "exit code\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The same, with all of these in its words on stderr, or on stdout.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            let said = self.stderr.contains(word) || self.stdout.contains(word);
            assert!(said, "'{word}' is missing\nstdout: {}\nstderr: {}", self.stdout, self.stderr);
        }
        self
    }

    /// The JSON lines of stdout; each must be an object with an `event`, and only the last a `result`.
    #[track_caller]
    pub fn events(&self) -> Vec<Value> {
        let events: Vec<Value> = self
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}\n{}", self.stderr)))
            .collect();
        let results: Vec<usize> = (0..events.len()).filter(|&i| events[i]["event"] == "result").collect();
        assert_eq!(
            results,
            [events.len().wrapping_sub(1)],
            "one result, last: {}\n{}",
            self.stdout,
            self.stderr
        );
        assert!(events.iter().all(|e| e["event"].is_string()), "{}", self.stdout);
        events
    }

    /// The `result` event, with the head that every result has.
    #[track_caller]
    pub fn result(&self) -> Value {
        let result = self.events().pop().expect("a result");
        assert_eq!(result["schema"], 1, "{result}");
        assert_eq!(result["exit_code"], self.code, "{result}");
        assert!(result["command"].is_string(), "{result}");
        match result["status"].as_str() {
            Some("ok") => assert!(self.code == 0 || self.code == 4, "{result}"),
            Some("error") => assert!(self.code != 0 && result["message"].is_string(), "{result}"),
            other => panic!("status {other:?}: {result}"),
        }
        result
    }
}
