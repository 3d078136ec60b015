//! `completions SHELL`: the completion script on stdout.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::help;
use super::super::session::Session;
use crate::wire;
use clap_complete::Shell;

/// `completions SHELL`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script; with `--json` it is the result's field `script`.
pub fn run(args: Args, session: &Session) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "norsplice", &mut script);
    let script = String::from_utf8(script)
        .map_err(|_| Failure::failed("the completion script is not UTF-8: please report this"))?;
    session.out.line(script.trim_end());
    Ok((Exit::Done, wire::script(&script)))
}
