//! Words on the command line: help, slips, `--json` on wrong usage, completions, manual pages, a full stdout.

use crate::bench::{Bench, Ran};
use std::fs::OpenOptions;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let bench = Bench::new();
    let help = bench.run(["--help"]).code(0);
    assert!(help.stderr.is_empty(), "{}", help.stderr);
    help.says(&["Examples:", "Exit codes:", "NORSPLICE_PROGRAMMER", "NORSPLICE_STORE", "completions"]);
    assert_eq!(bench.run(["--json", "--version"]).code(0).result()["command"], "help");
}

#[test]
fn a_slip_is_answered_with_the_word_that_was_meant() {
    let bench = Bench::new();
    bench.run(["complitions", "bash"]).code(2).says(&["complitions", "completions"]);
    bench.run(["completions", "bash", "--jsn"]).code(2).says(&["--json"]);
    bench.run([""; 0]).code(2).says(&["Usage:"]);
}

/// What the environment gives is no part of a usage line, and -v may be said twice.
#[test]
fn usage_lines_name_what_is_needed_only() {
    let bench = Bench::new();
    let usage = |words: &[&str]| {
        let mut command = bench.command();
        command.env("NORSPLICE_STORE", bench.path("store")).env("NORSPLICE_PROGRAMMER", "emu");
        Ran::of(command.args(words))
    };
    let ran = usage(&["restore"]).code(2);
    let line = ran.stderr.lines().find(|line| line.starts_with("Usage:")).expect("a usage line");
    assert_eq!(line, "Usage: norsplice restore <ID>", "{}", ran.stderr);
    usage(&["-vv", "backups", "list"]).code(0);
    usage(&["backup", "--blank"]).code(0);
    assert!(std::fs::exists(bench.path("store")).unwrap(), "the variable names the store");
}

#[test]
fn wrong_usage_is_a_json_result_too() {
    let bench = Bench::new();
    for words in [["--json", "man"], ["man", "--json"]] {
        let ran = bench.run(words).code(2);
        let result = ran.result();
        assert_eq!((&result["command"], &result["status"]), (&"man".into(), &"error".into()));
    }
    assert_eq!(bench.run(["--json", "frobnicate"]).code(2).result()["command"], "usage");
    // Behind "--" it is a word and not the option.
    assert_eq!(bench.run(["man", "a", "--", "--json"]).code(2).stdout, "");
}

#[test]
fn completions_and_manual_pages_are_made() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        bench.run(["completions", shell]).code(0).says(&["norsplice", "COMPLETE"]);
    }
    bench.run(["man", "pages"]).code(0);
    let pages = bench.names("pages");
    assert!(pages.contains(&"norsplice.1".into()) && pages.contains(&"norsplice-man.1".into()), "{pages:?}");
}

#[test]
fn a_full_disk_behind_stdout_is_told() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let ran = Ran::of(Bench::new().command().args(["completions", "bash"]).stdout(full));
    ran.code(1).says(&["stdout"]);
}

/// A command that has no chip to leave in order ends at the first signal, even where it is held up.
#[test]
fn a_command_on_files_alone_ends_at_the_first_signal() {
    let bench = Bench::new();
    let file = bench.path("long.bin");
    let bytes: Vec<u8> = (0u32..1 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&file, bytes).expect("written");
    let mut command = bench.command();
    let mut child = command
        .arg("hexdump")
        .arg(&file)
        .args(["--at", "0", "--len", "1M"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("runs");
    // It writes far more than a pipe holds and no one takes any more of it: after the first byte it is in the middle.
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut [0]).expect("a first byte");
    let sent = Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().expect("kill");
    assert!(sent.success());
    let end = Instant::now() + Duration::from_secs(60);
    let status = loop {
        if let Some(status) = child.try_wait().expect("its status") {
            break status;
        }
        if Instant::now() > end {
            child.kill().expect("killed");
            panic!("it heeds no signal");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(128 + 15));
}
