//! From the process's arguments to its exit code: parse, check, run the command, report the result.

use super::args::Args;
use super::commands;
use super::completion;
use super::exit::{Exit, Failure, Outcome, result};
use super::flashrom::fenced;
use super::global::Color;
use super::help;
use super::options::Options;
use super::order::with_parts_of_stdin;
use super::output::{Output, Verbosity};
use super::session::Session;
use super::shell::command;
use super::signals;
use crate::wire;
use clap::FromArgMatches;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Runs the program with the process's arguments and gives its exit code.
pub fn main() -> ExitCode {
    completion::answer(help::command);
    let mut words: Vec<OsString> = with_parts_of_stdin(fenced(std::env::args_os().collect()));
    let read = |words: &[OsString]| {
        help::command().try_get_matches_from(words).and_then(|matches| Args::from_arg_matches(&matches))
    };
    let mut parsed = read(&words);
    if parsed.as_ref().is_err_and(lacks_command)
        && std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
    {
        // Someone who has just installed it gets the guide. It may also be a subcommand that is missing.
        words.push("guide".into());
        parsed = read(&words).or(parsed);
    }
    let args = match parsed {
        Ok(args) => args,
        Err(error) => return usage(&error, &words).into(),
    };
    let color = args.global.color;
    let (options, verbosity) = Options::check(args.global);
    let out = Output::new(options.json, verbosity);
    let out = match color {
        Color::Auto => out,
        Color::Always => out.coloured(true),
        Color::Never => out.coloured(false),
    };
    let session = Session { options, out, stop: signals::listen(), store: None };
    let name = args.command.name();
    let outcome = commands::run(args.command, &session);
    report(
        &session.out,
        name,
        outcome.map_err(|failure| failure.with_commands(|verb| command(&session.options, verb))),
    )
    .into()
}

/// True where nothing is wrong with the words but that they name no command.
fn lacks_command(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// Reports the result: the last JSON line, or the error in words.
fn report(out: &Output, name: &str, outcome: Outcome) -> Exit {
    out.event("result", result(name, &outcome));
    match outcome {
        Ok((exit, _)) if !out.lost() => exit,
        Ok(_) => {
            out.error("the result could not be written to stdout", None);
            Exit::Failed
        }
        Err(failure) => {
            out.error(&failure.message, failure.hint.as_deref());
            failure.exit
        }
    }
}

/// Help, version, and arguments that clap refuses. `--json` is honoured here too, wherever it is.
fn usage(error: &clap::Error, words: &[OsString]) -> Exit {
    let json = words.iter().skip(1).take_while(|w| *w != "--").any(|w| w == "--json");
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !json {
        // Nothing is left to do when the terminal is gone.
        let _ = error.print();
        return if asked { Exit::Done } else { Exit::Refused };
    }
    let out = Output::new(true, Verbosity::Normal);
    let text = error.to_string();
    if asked {
        return report(&out, "help", Ok((Exit::Done, wire::text(&text))));
    }
    let known = help::command();
    let name = words
        .iter()
        .skip(1)
        .filter_map(|w| w.to_str())
        .find_map(|w| known.get_subcommands().find(|c| c.get_name() == w))
        .map_or("usage", |c| c.get_name());
    let text = text.trim().trim_start_matches("error: ");
    report(&out, name, Err(Failure::refused(text)))
}
