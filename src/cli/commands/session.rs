//! `session`: JSON lines in and out, for a front end in another process.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::store;
use crate::session::{Start, serve};
use crate::wire::Fields;

/// `session`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Serves requests from standard input until it ends.
pub fn run(_: Args, session: &Session) -> Outcome {
    if session.options.yes {
        return Err(Failure::refused(
            "a session has no --yes: each question is answered by the digest that it shows",
        ));
    }
    let start = Start {
        desk: session.desk()?,
        store: store::prepared(session)?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    match serve(std::io::stdin(), &mut std::io::stdout().lock(), &start) {
        true => Ok((Exit::Done, Fields::new())),
        false => Err(Failure::failed("the other side no longer reads the answers")),
    }
}
