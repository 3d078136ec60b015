//! `resume`: finishes, or undoes, what an earlier run left half written.

use super::super::events::Reporter;
use super::super::json::Fields;
use super::super::programmer::with_chip_to_write;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::{jobs, store};
use crate::workflow::journal::Direction;
use crate::workflow::resume::{ResumeOptions, resume};

/// `resume [JOB]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The job; without it, the open job of the chip on the clip ("norsplice jobs")
    job: Option<String>,

    /// Put the backup back instead of finishing
    #[arg(long)]
    undo: bool,
}

/// Resumes. The job was confirmed when it began.
pub fn run(args: Args, session: &Session) -> Outcome {
    let store = store::open_locked(session)?;
    let job = args.job.map(|text| store.find_job(&text)).transpose()?;
    let report = with_chip_to_write(session, |chip, _| {
        let direction = args.undo.then_some(Direction::Undo);
        let options = ResumeOptions { job, direction, dry_run: session.options.dry_run };
        let mut reporter = Reporter::new(session);
        resume(chip, &store, &options, &mut |event| reporter.take(event))
            .map_err(|error| jobs::failure(session, error, None))
    })?;
    jobs::finish(session, &report, None, Fields::new().with("verb", report.verb.name()))
}
