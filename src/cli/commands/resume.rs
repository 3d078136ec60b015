//! `resume`: finishes, or undoes, what an earlier run left half written.

use super::super::exit::Outcome;
use super::super::session::Session;
use super::super::terminal::Terminal;
use super::super::{jobs, store};
use crate::wire;
use crate::workflow::journal::Direction;

/// `resume [JOB]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The job; without it, the open job of the chip on the clip ("norsplice jobs")
    #[arg(add = super::super::completion::jobs())]
    job: Option<String>,

    /// Put the backup back instead of finishing
    #[arg(long)]
    undo: bool,
}

/// Resumes. The job was confirmed when it began.
pub fn run(args: Args, session: &Session) -> Outcome {
    let store = store::open_locked(session)?;
    let job = args.job.map(|text| store.find_job(&text)).transpose()?;
    let direction = args.undo.then_some(Direction::Undo);
    let report = session.desk()?.resume(&Terminal::new(session), &store, job, direction)?;
    jobs::finish(session, &report, None, wire::resumed(&report))
}
