//! `kill -9` of the real binary, at any moment of a job and, now and then, once more in the way on.
//!
//! The emulated chip's folder is the chip: it is written down as it changes. The moment is the coming of a line of the
//! run's own progress, or of its journal, and up to some milliseconds more.

use super::bench::{End, Trial};
use crate::bench::Bench;
use norsplice::emulator::ProgrammerKind;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// 512 KiB, erased by 64 KiB, without a unique id: it is known again by its contents.
const PART: &str = "M25P40";
const SIZE: usize = 512 << 10;
const SIGKILL: i32 = 9;
/// A run takes milliseconds; one that takes this long hangs.
const HANGS: Duration = Duration::from_secs(120);

/// One round.
pub struct Kill {
    /// Decides the moments and the way on; printed when the round fails.
    pub seed: u64,
}

/// A small generator (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end.max(1)
    }
}

/// What a run was waited for before it was killed.
#[derive(Clone, Copy)]
enum Moment {
    /// So many lines on stdout.
    Lines(u64),
    /// So many lines in the newest journal.
    Journal(u64),
}

/// A chip in a folder, a store, and the contents before and after.
struct Killed {
    bench: Bench,
    kind: &'static str,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Killed {
    /// Three blocks in two places change, one of them by programming alone.
    fn new(kind: ProgrammerKind, random: &mut Random) -> Self {
        let mut noise = |len: usize| -> Vec<u8> {
            (0..len / 8).flat_map(|_| random.below(u64::MAX).to_le_bytes()).collect()
        };
        let mut old = noise(SIZE);
        old[0x7_0000..].fill(0xff);
        let mut new = old.clone();
        new[0x100..0x200].copy_from_slice(&noise(0x100));
        new[0x3_8000..0x4_1000].copy_from_slice(&noise(0x9000));
        new[0x7_1000..0x7_3000].copy_from_slice(&noise(0x2000));
        let kind = match kind {
            ProgrammerKind::Ch341a => "ch341a",
            _ => "ft2232h",
        };
        let bench = Bench::in_memory();
        bench.write("old.bin", &old);
        bench.write("new.bin", &new);
        Self { bench, kind, old, new }
    }

    fn on_chip(&self) -> Vec<u8> {
        self.bench.read("chip/flash.bin")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.bench.command();
        let emu =
            format!("emu:chip={PART},programmer={},image=old.bin,state=chip,counts=counts.json", self.kind);
        command.args(["--json", "--store", "store", "--yes", "-p", &emu]).args(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// Runs to the end; the result, which must have this exit code, and no misdeed towards the chip.
    fn run(&self, words: &[&str], code: i32) -> Result<Value, String> {
        let _ = std::fs::remove_file(self.bench.path("counts.json"));
        let output = self.command(words).output().expect("the binary starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().last().unwrap_or_default();
        if output.status.code() != Some(code) {
            return Err(format!("{words:?} ended with {} instead of {code}: {last}", output.status));
        }
        if let Ok(counts) = std::fs::read(self.bench.path("counts.json")) {
            let counts: Value = serde_json::from_slice(&counts).map_err(|e| e.to_string())?;
            if counts["misdeeds"] != 0 {
                return Err(format!("{words:?}: {counts}"));
            }
        }
        serde_json::from_str(last).map_err(|e| format!("{words:?}: {e}: {last}"))
    }

    /// Lines in the newest journal of the store.
    fn journal_lines(&self) -> u64 {
        let jobs = std::fs::read_dir(self.bench.path("store/jobs")).into_iter().flatten().flatten();
        let newest = jobs.map(|job| job.path()).filter(|job| !hidden(job)).max();
        let log = newest.and_then(|job| std::fs::read(job.join("journal.log")).ok()).unwrap_or_default();
        log.iter().filter(|b| **b == b'\n').count() as u64
    }

    /// Starts a run and kills it at that moment; false when it had ended by itself.
    fn kill(&self, words: &[&str], moment: Moment, more: Duration) -> bool {
        let mut child = self.command(words).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped"));
        match moment {
            Moment::Lines(n) => {
                let mut line = String::new();
                for _ in 0..n {
                    line.clear();
                    if lines.read_line(&mut line).is_ok_and(|n| n == 0) {
                        break;
                    }
                }
            }
            Moment::Journal(n) => wait(|| self.journal_lines() >= n || has_ended(&mut child)),
        }
        let from = Instant::now();
        wait(|| from.elapsed() >= more);
        child.kill().expect("one's own child");
        // What it still wrote is of no interest, but a full pipe must not hold it up.
        drop(lines);
        child.wait().expect("it has been started").signal() == Some(SIGKILL)
    }
}

fn hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

fn has_ended(child: &mut Child) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

fn wait(mut until: impl FnMut() -> bool) {
    let from = Instant::now();
    while !until() {
        assert!(from.elapsed() < HANGS, "the run hangs");
        std::thread::yield_now();
    }
}

/// A moment of a run with so many lines of progress and of journal: each is as likely as the others.
fn moment(random: &mut Random, lines: u64, journal: u64) -> (Moment, Duration) {
    let more = Duration::from_micros(random.below(3000));
    match random.below(lines + journal) {
        n if n < lines => (Moment::Lines(n), more),
        n => (Moment::Journal(n - lines), more),
    }
}

impl Trial for Kill {
    fn at(&self) -> String {
        format!("seed {}", self.seed)
    }

    fn run(&self, kind: ProgrammerKind) -> Result<End, String> {
        let mut random = Random(self.seed);
        let bench = Killed::new(kind, &mut random);
        // The chip and an empty store.
        bench.run(&["probe"], 0)?;
        // 95 lines of progress without a fault, 8 in the journal; past the end it is tried again from the beginning.
        let undo = random.below(2) == 1;
        loop {
            let (moment, more) = moment(&mut random, 96, 8);
            if bench.kill(&["write", "new.bin"], moment, more) {
                break;
            }
            // It ended by itself: back to the beginning.
            for gone in ["chip", "store"] {
                std::fs::remove_dir_all(bench.bench.path(gone)).map_err(|e| e.to_string())?;
            }
            bench.run(&["probe"], 0)?;
        }
        // What the next run says of it is what is there.
        let jobs = bench.run(&["jobs"], 0)?;
        let (job, found) = (&jobs["jobs"][0], bench.on_chip());
        bench.run(&["backups", "verify"], 0)?;
        if job["open"] != true {
            let (wanted, end) = match job["over"].as_str() {
                None if job.is_null() => (&bench.old, End::Untouched),
                Some("written") => (&bench.new, End::Written),
                other => return Err(format!("{other:?}: {job}")),
            };
            return if found == *wanted { Ok(end) } else { Err(format!("{end:?}, and it is not: {job}")) };
        }
        // In between: no backup of it is taken, and it is finished or undone, whatever happens on the way.
        let refused = bench.run(&["backup"], 3)?;
        if refused["job"] != job["id"] {
            return Err(format!("refused for another job: {refused}"));
        }
        let backup = job["backup"].as_str().unwrap_or_default().to_owned();
        let way: &[&str] = if undo { &["restore", &backup] } else { &["resume"] };
        if random.below(3) == 0 {
            let (moment, more) = moment(&mut random, 40, 6);
            bench.kill(way, moment, more);
        }
        let open = bench.run(&["jobs"], 0)?["jobs"][0]["open"] == true;
        let (wanted, state, end) = match undo {
            true => (&bench.old, "restored", End::Undone),
            false => (&bench.new, "written", End::Finished),
        };
        if open {
            let result = bench.run(way, 0)?;
            if result["chip"] != state {
                return Err(format!("not {state}: {result}"));
            }
        }
        let jobs = bench.run(&["jobs"], 0)?;
        if bench.on_chip() != *wanted || jobs["jobs"][0]["open"] != false {
            return Err(format!("not {state}: {jobs}"));
        }
        bench.run(&["backup"], 0)?;
        bench.run(&["backups", "verify"], 0)?;
        let left: Vec<_> =
            std::fs::read_dir(bench.bench.path("store")).map_err(|e| e.to_string())?.flatten().collect();
        match left.iter().find(|entry| hidden(&entry.path())) {
            Some(entry) => Err(format!("{} is left in the store", entry.path().display())),
            None => Ok(end),
        }
    }
}
