//! `report ID|FILE`: a backup, a job or a dump in a file as one page to look at and to keep.

use super::super::browser;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::shell::{command, quoted, step_words};
use super::super::store;
use super::super::streams;
use crate::desk::report::{Dossier, NextStep};
use crate::desk::subject::Dump;
use crate::wire::{self, PageOf};
use std::path::{Path, PathBuf};

/// `report ID|FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A backup or a job: its id, or the beginning of it; or the file of a dump
    #[arg(value_name = "ID|FILE", add = super::super::completion::dumps())]
    what: PathBuf,
    /// The page to write [default: the id or the file's name, with .html]
    #[arg(short, long, value_name = "FILE.html")]
    output: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
}

/// Writes the page.
pub fn run(args: Args, session: &Session) -> Outcome {
    let default = || {
        let name = args.what.file_stem().unwrap_or(args.what.as_os_str());
        PathBuf::from(name).with_extension("html")
    };
    let output = args.output.clone().unwrap_or_else(default);
    let mut file = streams::create(session, &output, &[&args.what])?;
    let (html, fields) = match Dump::named(&args.what) {
        Dump::File(path) => (of_file(path, session)?, wire::page(&output, PageOf::Dump(path))),
        Dump::Backup(id) => {
            let store = store::open(session)?;
            let dossier = Dossier::load(&store, id)?;
            let html = dossier.page(&store, &|step| step_words(step, &session.options))?;
            let of = PageOf::Backup { id: &dossier.manifest.id, job: dossier.job() };
            (html, wire::page(&output, of))
        }
    };
    file.write(html.as_bytes())?;
    file.keep()?;
    let name = output.display().to_string();
    session.out.line(format!("{name}: open it in any browser"));
    if args.open && !streams::is_stream(&output) {
        browser::open(&output).map_err(|error| {
            Failure::failed(format!("the page is written, but the browser does not start: {error}"))
        })?;
    }
    Ok((Exit::Done, fields))
}

/// The page of a dump in a file, as if it had been imported into a store.
fn of_file(path: &Path, session: &Session) -> Result<String, Failure> {
    let (store, dossier) = Dossier::of_dump(path.display().to_string(), streams::read(path)?)?;
    let file = quoted(&path.display().to_string());
    let page = dossier.page(&store, &|step| match step {
        NextStep::Restore(_) => {
            (command(&session.options, &format!("write {file}")), "these contents onto the chip".to_owned())
        }
        NextStep::Compare(_) => {
            let text = "what the chip on the clip holds now, against this file";
            (command(&session.options, &format!("diff {file} chip")), text.to_owned())
        }
        step => step_words(step, &session.options),
    })?;
    Ok(page)
}
