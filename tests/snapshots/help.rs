//! `--help` of the program and of every command below it, found by following the help itself.

use super::kept::Kept;
use crate::bench::Bench;

/// Names under the headings that list commands.
fn commands(help: &str, top: bool) -> Vec<String> {
    let mut listed = false;
    let mut names = Vec::new();
    for line in help.lines() {
        if !line.starts_with(' ') && line.ends_with(':') {
            listed = if top { !line.starts_with("Options") } else { line == "Commands:" };
            if line.starts_with("Programmers") || line.starts_with("Examples") {
                listed = false;
            }
        } else if listed && line.starts_with("  ") && !line.starts_with("   ") {
            names.extend(line.split_whitespace().next().map(str::to_owned));
        }
    }
    names.retain(|name| name != "help");
    names
}

/// Every command, `["otp", "show"]` for one below another, with its help.
pub fn all(bench: &Bench) -> Vec<(Vec<String>, String)> {
    let mut all = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let line: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = bench.run(&line);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{line:?}");
        for name in commands(&ran.stdout, words.is_empty()) {
            open.push(words.iter().cloned().chain([name]).collect());
        }
        all.push((words, ran.stdout));
    }
    all.sort();
    assert!(all.len() > 30, "the commands were not found: {all:?}");
    all
}

#[test]
fn help_of_every_command() {
    let mut kept = Kept::open("help");
    for (words, text) in all(&Bench::new()) {
        let name = if words.is_empty() { "norsplice".to_owned() } else { words.join("-") };
        let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 100).collect();
        assert!(wide.is_empty(), "{name}: too wide: {wide:?}");
        kept.compare(&name, &text);
    }
    kept.end();
}
