//! `report ID -o FILE.html`: a backup or a job as one page to look at and to keep.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::shell::step_words;
use super::super::store;
use super::super::streams;
use crate::desk::report::Dossier;
use crate::wire::Fields;
use std::path::PathBuf;

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
    let mut file = streams::create(session, &args.output)?;
    let store = store::open(session)?;
    let dossier = Dossier::load(&store, &args.id)?;
    let html = dossier.page(&store, &|step| step_words(step, &session.options))?;
    file.write(html.as_bytes())?;
    file.keep()?;
    let job = dossier.job().map(str::to_owned);
    session.out.line(format!("{}: open it in any browser", args.output.display()));
    let fields = Fields::new()
        .with("file", args.output.display().to_string())
        .with("backup", dossier.manifest.id)
        .with_some("job", job);
    Ok((Exit::Done, fields.into_map()))
}
