//! `flashrom ARGS`: a command line of flashrom in this program's own commands, and run on request.

use super::super::args::Args as AllArgs;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::flashrom::{Translation, translate};
use super::super::help;
use super::super::options::Options;
use super::super::output::Output;
use super::super::session::Session;
use super::super::shell::{command, quoted};
use crate::wire::{self, Fields};
use clap::FromArgMatches;
use clap::error::ErrorKind;
use std::ffi::OsString;

/// `flashrom ARGS`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  norsplice flashrom -p ch341a_spi -r backup.bin
  norsplice flashrom --run sudo flashrom -p ft2232_spi:type=2232H,divisor=4 --ifd -i bios -w coreboot.rom

--run, --yes, --dry-run, --json and --quiet are norsplice's own before the first word of flashrom's.")]
pub struct Args {
    /// Run the commands, in order, up to the first that fails
    #[arg(long)]
    run: bool,

    /// The command line of flashrom, as in a guide; "sudo flashrom" in front may stay
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Translates, and runs.
pub fn run(args: Args, session: &Session) -> Outcome {
    let translation = translate(&args.words)?;
    let options = Options {
        programmer: translation.programmer.clone().or_else(|| session.options.programmer.clone()),
        ..session.options.clone()
    };
    let lines = lines(&translation, &options);
    let out = &session.out;
    lines.iter().for_each(|line| out.line(line));
    let notes: Vec<String> = translation.notes.iter().map(ToString::to_string).collect();
    notes.iter().for_each(|note| out.note(format!("note: {note}")));
    let (mut exit, mut results) = (Exit::Done, Vec::new());
    for words in translation.commands.iter().filter(|_| args.run) {
        let (ended, fields) = run_one(words, &options, session)?;
        exit = ended;
        results.push(fields);
    }
    Ok((exit, wire::translated(&lines, &notes, results)))
}

/// The commands as they are typed.
fn lines(translation: &Translation, options: &Options) -> Vec<String> {
    let options = match translation.commands.iter().flatten().any(|word| NO_CHIP.contains(&word.as_str())) {
        true => Options::default(),
        false => options.clone(),
    };
    let line = |words: &Vec<String>| {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        command(&options, &words.join(" "))
    };
    translation.commands.iter().map(line).collect()
}

/// Commands that need neither programmer nor store.
const NO_CHIP: [&str; 3] = ["--help", "--version", "chips"];

/// One command, with the options of every command that this run has.
fn run_one(words: &[String], options: &Options, session: &Session) -> Outcome {
    let words = std::iter::once("norsplice".to_owned()).chain(words.iter().cloned());
    let parsed =
        help::command().try_get_matches_from(words).and_then(|matches| AllArgs::from_arg_matches(&matches));
    let args = match parsed {
        Ok(args) => args,
        Err(asked) if matches!(asked.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            session.out.line(asked.to_string().trim_end());
            return Ok((Exit::Done, Fields::new()));
        }
        Err(error) => return Err(Failure::refused(error.to_string().trim())),
    };
    let session = Session {
        options: options.clone(),
        out: Output::new(options.json, session.out.verbosity()),
        stop: session.stop.clone(),
        store: None,
    };
    super::run(args.command, &session)
}
