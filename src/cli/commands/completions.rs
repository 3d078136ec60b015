//! `completions SHELL`: the completion script on stdout.

use super::super::completion::registration;
use super::super::exit::{Exit, Failure, Outcome};
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
    let script = registration(args.shell)
        .ok_or_else(|| Failure::failed(format!("there is no completion for {}", args.shell)))?;
    session.out.line(script.trim_end());
    Ok((Exit::Done, wire::script(&script)))
}
