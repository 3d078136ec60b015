//! Every command's output on the demo board: stdout, stderr and the exit code.

use super::help;
use super::kept::Kept;
use super::session::{COUNTS, Session};
use super::steps::{NOT_KEPT, STEPS};
use crate::bench::Bench;

/// What differs from run to run, replaced by something of the same width: `d` in a pattern stands for a digit.
struct Filters {
    here: String,
    ids: Vec<(String, String)>,
}

/// Where `pattern` begins in `text`, at or after `from`.
fn find(text: &str, pattern: &str, from: usize) -> Option<usize> {
    let fits = |window: &[u8]| {
        window.iter().zip(pattern.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            _ => *byte == wanted,
        })
    };
    let found = text.as_bytes().get(from..)?.windows(pattern.len()).position(fits)?;
    Some(from + found)
}

impl Filters {
    fn new(bench: &Bench) -> Self {
        Self { here: bench.path("").display().to_string(), ids: Vec::new() }
    }

    fn apply(&mut self, text: &str) -> String {
        let mut text = text.replace(&self.here, "/bench/").replace(COUNTS, "");
        // A port that the system chose.
        for pattern in ["127.0.0.1:ddddd ", "127.0.0.1:dddd "] {
            while let Some(at) = find(&text, pattern, 0) {
                text.replace_range(at..at + pattern.len(), "127.0.0.1:PORT ");
            }
        }
        let mut from = 0;
        // An id's date and time; backups, and jobs of a verb, are numbered in the order of their coming.
        while let Some(at) = find(&text, "20dddddd-dddddd-", from) {
            let id: String =
                text[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
            let kind = id[16..].split('-').next().unwrap_or_default().to_owned();
            from = at + 15;
            if !self.ids.contains(&(kind.clone(), id.clone())) {
                self.ids.push((kind.clone(), id.clone()));
            }
            let of_kind = self.ids.iter().filter(|known| known.0 == kind);
            let number = of_kind.take_while(|known| known.1 != id).count() + 1;
            text.replace_range(at..from, &format!("20300101-{number:06}"));
        }
        for (pattern, instead) in [
            ("202d-dd-ddTdd:dd:dd.dddZ", "2030-01-01T00:00:00.000Z"),
            ("202d-dd-ddTdd:dd:dd", "2030-01-01T00:00:00"),
            ("202d-dd-dd dd:dd:dd", "2030-01-01 00:00:00"),
        ] {
            while let Some(at) = find(&text, pattern, 0) {
                text.replace_range(at..at + pattern.len(), instead);
            }
        }
        text
    }
}

/// Progress shows the time that really passed: `first read: 8 MiB in 1.1 s, 7.6 MiB/s`.
fn untimed(stderr: &str) -> String {
    let line = |line: &str| match line.rsplit_once(" in ") {
        Some((head, rate)) if rate.ends_with("iB/s") => format!("{head} in TIME\n"),
        _ => format!("{line}\n"),
    };
    stderr.lines().map(line).collect()
}

#[test]
fn output_of_every_command_on_the_demo_board() {
    let mut session = Session::new();
    let mut filters = Filters::new(&session.bench);
    let mut kept = Kept::open("output");
    for step in STEPS {
        let ran = session.step(step, &[]);
        if step.name == "list" && !ran.stdout.starts_with("no programmer") {
            eprintln!("ATTENTION: programmers are plugged in, \"list\" is not compared");
            kept.skip(step.name);
            continue;
        }
        // Serial ports of the machine itself come after that.
        let stdout = ran.stdout.split("these may be programmers;").next().unwrap_or_default();
        let part = |name: &str, text: &str| match text {
            "" => String::new(),
            text => format!("--- {name}\n{text}"),
        };
        let text = format!(
            "$ norsplice {}\n{}{}--- exit code {}\n",
            step.line,
            part("stdout", stdout),
            part("stderr", &untimed(&ran.stderr)),
            ran.code
        );
        kept.compare(step.name, &filters.apply(&text));
    }
    kept.end();
}

#[test]
fn every_command_is_in_the_table() {
    let all = help::all(&Bench::new());
    // `otp` alone shows its help, as every command that has others below it.
    let groups = all.iter().filter(|(words, _)| words.len() > 1).map(|(words, _)| words[0].as_str());
    let groups: Vec<&str> = groups.collect();
    for (words, _) in &all {
        let line = words.join(" ");
        if line.is_empty() || groups.contains(&line.as_str()) {
            continue;
        }
        let kept = STEPS.iter().any(|step| format!("{} ", step.line).starts_with(&format!("{line} ")));
        let not = NOT_KEPT.iter().any(|(name, _)| *name == line);
        assert!(kept || not, "{line}: give it a line in tests/snapshots/steps.rs");
    }
}
