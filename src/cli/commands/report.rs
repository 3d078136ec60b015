//! `report ID -o FILE.html`: a backup or a job as one page to look at and to keep.

use super::super::exit::{Exit, Failure};
use super::super::jobs::command;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::store;
use crate::desk::files;
use crate::desk::report::{Dossier, NextStep};
use crate::wire::Fields;
use std::path::{Path, PathBuf};

/// `report ID`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A backup or a job: its id, or the beginning of it
    id: String,
    /// The page to write
    #[arg(short, long, value_name = "FILE.html")]
    output: PathBuf,
}

/// Writes the page.
pub fn run(args: Args, session: &Session) -> Outcome {
    let (id, job) = write(session, &args.id, &args.output)?;
    session.out.line(format!("{}: open it in any browser", args.output.display()));
    let fields = Fields::new()
        .with("file", args.output.display().to_string())
        .with("backup", id)
        .with_some("job", job);
    Ok((Exit::Done, fields.into_map()))
}

/// Writes the page of the backup or job `text` to `path`; gives the ids of the backup and the job.
///
/// # Errors
/// Exit code 2 where it is neither; the store's own failures.
pub fn write(session: &Session, text: &str, path: &Path) -> Result<(String, Option<String>), Failure> {
    let store = store::open(session)?;
    let dossier = Dossier::load(&store, text)?;
    let html = dossier.page(&store, &|step| words(session, step))?;
    files::write(path, html.as_bytes())?;
    let job = dossier.job().map(str::to_owned);
    Ok((dossier.manifest.id, job))
}

/// The command for a next step, and what it does.
fn words(session: &Session, step: NextStep<'_>) -> (String, String) {
    let (verb, what) = match step {
        NextStep::Finish(job) => (format!("resume {job}"), "finish the job"),
        NextStep::Undo(job) => (format!("resume --undo {job}"), "put the backup back instead"),
        NextStep::Restore(backup) => (format!("restore {backup}"), "these contents back onto their chip"),
        NextStep::Compare(backup) => {
            (format!("diff {backup} chip"), "what the chip on the clip holds now, against this backup")
        }
    };
    (command(session, &verb), what.to_owned())
}
