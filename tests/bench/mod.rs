//! A bench for one test: a folder of its own, and the binary and other people's tools run in it with nothing of the
//! developer's environment. For tests inside the process: a clip (`clip.rs`).

mod built;
mod clip;
mod struck;
pub mod tmux;

pub use built::examples;
pub use clip::{
    Clip, FURTHER, Opened, PROGRAMMERS, SIZE, connected, noise, parts_on_programmers, permit, programmers,
    read_forward,
};
pub use struck::{MEDIUM, MEDIUM_SIZE, write_under};

use norsplice::workflow::{job::JobOptions, journal::Verb};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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

    /// An empty bench for what syncs thousands of files.
    pub fn in_memory() -> Self {
        Self { dir: in_memory(), aside: in_memory() }
    }

    /// One for a test that needs these tools; `None` where one is missing and need not be there.
    pub fn with(tools: &[&str]) -> Option<Self> {
        let places: Vec<PathBuf> = std::env::split_paths(&tool_path()).collect();
        for tool in tools {
            if !places.iter().any(|dir| dir.join(tool).is_file()) {
                assert!(std::env::var_os("NORSPLICE_NEED_TOOLS").is_none(), "{tool} is not installed");
                println!("left out: {tool} is not installed");
                return None;
            }
        }
        Some(Self::new())
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        std::fs::write(path, bytes).expect("a file can be written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs a tool in the folder, which must succeed; no word of the line has blanks. What it writes to stdout.
    #[track_caller]
    pub fn tool(&self, line: &str) -> String {
        let mut words = line.split_whitespace();
        let program = words.next().expect("a command line has a program");
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(self.dir.path())
            .env("PATH", tool_path())
            .env("PYTHONPATH", readers());
        let ran = Ran::of(&mut command);
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.stderr, ran.stdout);
        ran.stdout
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

    /// Runs the binary on an emulated programmer; `emu` is what follows `-p emu:`. The driver must have done
    /// nothing wrong to the emulated chip, and drive no pin any more. Gives what was counted on the wires as well.
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
            assert_eq!(counts["driven"], 0, "{counts}\n{}", ran.stderr);
        }
        (ran, counts)
    }

    /// The names of what lies in a folder of the bench, sorted; "." is the bench itself.
    pub fn names(&self, dir: &str) -> Vec<String> {
        names(&self.path(dir))
    }
}

/// The options of a plain write by the emulator.
pub fn write_options() -> JobOptions {
    JobOptions::new(Verb::Write)
}

/// A folder in memory, where the system has such a place.
pub fn in_memory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
}

/// Whether the longer matrices are asked for too: `NORSPLICE_TEST=all`.
pub fn all() -> bool {
    std::env::var_os("NORSPLICE_TEST").is_some_and(|asked| asked == "all")
}

/// Where tools are looked for: those of the superuser and the readers from PyPI too.
fn tool_path() -> String {
    let readers = readers();
    std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin:" + &readers.join("bin").to_string_lossy()
}

/// The readers that `.ci/run` fetches from PyPI: programs in `bin`, their modules in the folder itself.
fn readers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/readers")
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

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        // A signal shows as -1: no test expects one without saying so.
        let code = output.status.code().unwrap_or(-1);
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// Runs a prepared command to its end.
    pub fn of(command: &mut Command) -> Self {
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")).into()
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
