//! What a shell offers for the word under the cursor: names of boards, regions, parts and checks, ids of backups and jobs.
//!
//! The shell asks this program itself (`completions SHELL` prints the few lines that make it ask), so that what is in the
//! store and in the files on the line is offered, and not only what was known when the program was built.

use crate::desk::regions::of_contents;
use crate::desk::subject::CHIP;
use crate::desk::{AUTO, files};
use crate::flash::parts;
use crate::image::checks::CHECKS;
use crate::image::{Board, Layout, parse_any};
use crate::programmer::{models, possible};
use crate::workflow::Store;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The variable by which a shell asks.
const ASKED: &str = "COMPLETE";
/// The largest file that is looked into for its map while someone waits for an answer.
const LOOKED_INTO: u64 = 64 << 20;

/// Answers a shell that asks about `command`, and ends the process then.
pub fn answer(command: fn() -> clap::Command) {
    CompleteEnv::with_factory(command).var(ASKED).complete();
}

/// The lines that make a shell ask; `None` for a shell that cannot.
pub fn registration(shell: Shell) -> Option<String> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let completer = shells.completer(&shell.to_string())?;
    completer.write_registration(ASKED, "norsplice", "norsplice", "norsplice", &mut script).ok()?;
    String::from_utf8(script).ok()
}

/// Boards, and `auto`.
pub fn boards() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let known = Board::all().iter().map(|board| (board.name.clone(), board.model.clone()));
        let auto = (AUTO.to_owned(), "what the contents name".to_owned());
        offered(typed, known.chain([auto]))
    })
}

/// Regions of the board, layout or file that is on the line; without one, those of the boards that are known.
pub fn regions() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered(typed, region_names()))
}

/// `REGION=SOURCE`.
pub fn sources() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let sources = |(region, span): (String, String)| {
            ["own", "blank", "donor"].map(|source| (format!("{region}={source}"), span.clone()))
        };
        offered(typed, region_names().into_iter().flat_map(sources))
    })
}

/// Ids of backups.
pub fn backups() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered(typed, backup_ids()))
}

/// Ids of jobs.
pub fn jobs() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| offered(typed, job_ids()))
}

/// Files, ids of backups, and the chip on the clip.
pub fn subjects() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let chip = (CHIP.to_owned(), "the chip on the clip".to_owned());
        let kept = offered(typed, backup_ids().into_iter().chain([chip]));
        PathCompleter::any().complete(typed).into_iter().chain(kept).collect()
    })
}

/// Files, and ids of backups and jobs.
pub fn dumps() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let kept = offered(typed, backup_ids().into_iter().chain(job_ids()));
        PathCompleter::any().complete(typed).into_iter().chain(kept).collect()
    })
}

/// Programmers, as `-p` names them.
pub fn programmers() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let known = models().iter().map(|model| (model.name.to_owned(), String::new()));
        let there = possible().into_iter().map(|one| (one.spec, one.seen));
        offered(typed, known.chain(there).chain([("emu".to_owned(), "a chip in software".to_owned())]))
    })
}

/// Checks that may pass.
pub fn allowed() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        let known = CHECKS.iter().filter(|check| check.can_be_allowed()).map(|check| check.name);
        offered(typed, known.chain(["all"]).map(|name| (name.to_owned(), String::new())))
    })
}

/// Parts by name.
pub fn part_names() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| {
        offered(typed, parts::names().map(|name| (name.to_owned(), String::new())))
    })
}

/// Those that begin with what is typed, each with a description.
fn offered(typed: &OsStr, known: impl IntoIterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let fits = known.into_iter().filter(|(name, _)| name.starts_with(&*typed));
    fits.map(|(name, about)| CompletionCandidate::new(name).help((!about.is_empty()).then(|| about.into())))
        .collect()
}

/// The words that are typed, without the program's own part of the question.
fn line() -> Vec<OsString> {
    std::env::args_os().skip_while(|word| word != "--").skip(1).collect()
}

/// The value of an option on the line.
fn value_of(option: &str, line: &[OsString]) -> Option<OsString> {
    let at = line.iter().position(|word| word == option)?;
    line.get(at + 1).filter(|value| !value.is_empty()).cloned()
}

fn region_names() -> Vec<(String, String)> {
    let line = line();
    let board = value_of("--board", &line).filter(|name| name != AUTO);
    let layout = match (board.as_deref().and_then(OsStr::to_str), value_of("--layout", &line)) {
        (Some(name), _) => Board::named(name).ok().map(|board| board.layout.clone()),
        (None, Some(file)) => contents(Path::new(&file)).and_then(|bytes| parse_any(&bytes, None).ok()),
        (None, None) => line.iter().skip(2).find_map(|word| of_contents(&contents(Path::new(word))?)),
    };
    let rows = |layout: &Layout| -> Vec<(String, String)> {
        layout.regions.iter().map(|region| (region.name.clone(), region.span.to_string())).collect()
    };
    match layout {
        Some(layout) => rows(&layout),
        None => {
            let all = Board::all().iter().flat_map(|board| &board.layout.regions);
            let mut names: Vec<_> = all.map(|region| (region.name.clone(), String::new())).collect();
            names.sort();
            names.dedup();
            names
        }
    }
}

fn contents(file: &Path) -> Option<Vec<u8>> {
    let small = std::fs::metadata(file).is_ok_and(|data| data.is_file() && data.len() <= LOOKED_INTO);
    if small { files::read_image(file).ok() } else { None }
}

/// The store that is named on the line, or else by the variable, or the user's own.
fn store() -> Option<Store> {
    let named = value_of("--store", &line()).or_else(|| std::env::var_os("NORSPLICE_STORE"));
    let named = named.filter(|dir| !dir.is_empty()).map(PathBuf::from);
    Some(Store::open(&named.or_else(super::home::store)?))
}

fn backup_ids() -> Vec<(String, String)> {
    let listed = store().and_then(|store| store.list().ok()).unwrap_or_default();
    let manifests = listed.into_iter().filter_map(|one| one.manifest.ok());
    manifests
        .map(|one| {
            let about: Vec<String> = [Some(one.part), one.name, one.board].into_iter().flatten().collect();
            (one.id, about.join(", "))
        })
        .collect()
}

fn job_ids() -> Vec<(String, String)> {
    let listed = store().and_then(|store| store.jobs().ok()).unwrap_or_default();
    listed
        .into_iter()
        .map(|job| (job.id.clone(), if job.is_open() { "open" } else { "over" }.to_owned()))
        .collect()
}
