//! `guide`: the full-screen wizard.

use super::super::exit::{Failure, Outcome};
use super::super::guide;
use super::super::session::Session;
use std::io::IsTerminal;

/// `guide`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Starts the guide.
pub fn run(_: Args, session: &Session) -> Outcome {
    if session.options.json || !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(Failure::refused("the guide is for people at a terminal")
            .hint("use the commands; \"norsplice --help\" lists them"));
    }
    guide::run(session)
}
