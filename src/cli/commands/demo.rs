//! `demo`: the one pass on an emulated board, with nothing attached. The commands it runs are the real ones, and it
//! prints each before it runs it.

use super::super::args;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::help;
use super::super::options::Options;
use super::super::session::Session;
use super::super::shell::quoted;
use super::super::show::Tone;
use super::super::streams;
use super::table;
use crate::desk::Why;
use crate::image::synthetic;
use crate::wire;
use crate::workflow::Store;
use clap::FromArgMatches;
use std::path::{Path, PathBuf};

/// `demo [DIR]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder to make [default: norsplice-demo, numbered where there is one]
    dir: Option<PathBuf>,

    /// The programmer to emulate
    #[arg(long, value_name = "KIND", default_value = "ch341a", value_parser = ["ch341a", "ch347t", "ft2232h"])]
    with: String,
}

const BOARD: &str = "archer-mr200-v1";

/// Lays the board out and rewrites it.
pub fn run(args: Args, session: &Session) -> Outcome {
    let dir = new_folder(args.dir)?;
    let demo = synthetic::demo();
    streams::write(session, &dir.join("board.bin"), &demo.board)?;
    streams::write(session, &dir.join("vendor.bin"), &demo.vendor)?;
    // From here on every path is relative, as in the commands printed.
    std::env::set_current_dir(&dir)
        .map_err(|error| Failure::failed(format!("cannot enter {}: {error}", dir.display())))?;
    let out = &session.out;
    out.line(format!("A board and a vendor's file, both invented, are in {}:", dir.display()));
    out.line("  board.bin   what is on the board's chip: an operator's firmware, a MAC address, calibration");
    out.line("  vendor.bin  what the board's owner wants on it");
    out.line(format!("\n$ cd {}", quoted(&dir.display().to_string())));

    let programmer = match args.with.as_str() {
        "ch341a" => "emu:image=board.bin,state=chip".to_owned(),
        other => format!("emu:programmer={other},image=board.bin,state=chip"),
    };
    let bench = ["-p", &programmer, "--store", "store"];
    step(session, &[&bench[..], &["probe"]].concat())?;
    let rewrite = [&bench[..], &["rewrite", "--board", BOARD, "--donor", "vendor.bin", "--yes"]].concat();
    let (_, fields) = step(session, &rewrite)?;
    // The rewrite took the only backup there is.
    let backup = Store::open(Path::new("store")).list()?.into_iter().next();
    let backup = backup.map(|listed| listed.id).unwrap_or_default();
    step(session, &[&bench[..], &["backups", "verify"]].concat())?;

    out.line("");
    out.heading("Next steps:");
    for (words, what) in [
        (rewrite.clone(), "nothing is left to do"),
        ([&bench[..], &["restore", &backup, "--yes"]].concat(), "the old contents back"),
        (vec!["inspect", "vendor.bin"], "what is in the file"),
        (
            vec![
                "splice",
                "--board",
                BOARD,
                "--base",
                "board.bin",
                "--donor",
                "vendor.bin",
                "--for",
                "tftp",
                "-o",
                ".",
            ],
            "without a programmer, for the loader's rescue",
        ),
    ] {
        out.line(format!("  {}\n      {}", command(&words), out.tone(Tone::Faint, what)));
    }
    Ok((Exit::Done, wire::demo(fields, &dir)))
}

/// The folder to make: the one named, which must not exist, or the next free one.
fn new_folder(named: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let make = |dir: &Path| std::fs::create_dir(dir).map(|()| dir.to_owned());
    if let Some(dir) = named {
        return make(&dir).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Why::Exists { path: dir }.into(),
            _ => streams::cannot_make(&dir, &error),
        });
    }
    let names =
        std::iter::once("norsplice-demo".to_owned()).chain((2..1000).map(|n| format!("norsplice-demo-{n}")));
    for dir in names.map(PathBuf::from) {
        match make(&dir) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(|error| streams::cannot_make(&dir, &error)),
        }
    }
    Err(Failure::refused("there are a thousand norsplice-demo folders here; remove some"))
}

fn command(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("norsplice {}", words.join(" "))
}

/// Prints a command and runs it as if it had been typed.
fn step(session: &Session, words: &[&str]) -> Outcome {
    session.out.line("");
    session.out.line(session.out.tone(Tone::Strong, &format!("$ {}", command(words))));
    session.out.event("step", wire::step(&command(words)));
    let typed = std::iter::once("norsplice").chain(words.iter().copied());
    let parsed = help::command().try_get_matches_from(typed);
    let args = parsed
        .and_then(|matches| args::Args::from_arg_matches(&matches))
        .map_err(|error| Failure::failed(format!("the demo mistyped its own command: {error}")))?;
    let (options, _) = Options::check(args.global);
    let (json, verbosity) = (session.options.json, session.out.verbosity());
    let inner = Session {
        options: Options { json, ..options },
        out: super::super::output::Output::new(json, verbosity),
        stop: session.stop.clone(),
        store: None,
    };
    table::run(args.command, &inner)
}
