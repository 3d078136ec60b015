//! `restore ID`: a backup back onto the chip it came from.

use super::super::exit::Outcome;
use super::super::session::Session;
use super::super::terminal::Terminal;
use super::super::{jobs, store};
use crate::wire;

/// `restore ID`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup: its id, or the beginning of it ("norsplice backups list")
    #[arg(add = super::super::completion::backups())]
    id: String,

    /// Write it to a chip other than the one it came from
    #[arg(long)]
    other_chip: bool,
}

/// Restores.
pub fn run(args: Args, session: &Session) -> Outcome {
    let store = store::open_locked(session)?;
    let id = store.find(&args.id)?;
    let front = Terminal::new(session);
    let done = session.desk()?.restore(&front, &store, &id, args.other_chip);
    let (report, layout) = done.map_err(|refusal| front.failure(refusal))?;
    drop(front);
    jobs::finish(session, &report, layout, wire::restored(&id))
}
