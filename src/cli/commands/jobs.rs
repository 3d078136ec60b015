//! `jobs`: writes that have begun, and what became of them.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::store;
use super::super::table::{Cell, Table};
use super::super::terminal::Terminal;
use crate::desk;
use crate::wire;
use crate::workflow::journal::{ListedJob, Over};
use clap::Subcommand;

/// `jobs [drop ID]`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the jobs, newest first
    List,
    /// Mark an open job as abandoned; the chip is left as it is
    Drop {
        /// The job: its id, or the beginning of it
        #[arg(add = super::super::completion::jobs())]
        id: String,
        /// Do not ask
        #[arg(long)]
        for_good: bool,
    },
}

/// Runs `jobs`.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.verb {
        None | Some(Verb::List) => list(session),
        Some(Verb::Drop { id, for_good }) => drop_job(session, &id, for_good),
    }
}

fn list(session: &Session) -> Outcome {
    let store = store::open(session)?;
    let jobs = store.jobs()?;
    let mut table = Table::new(&["job", "begun (UTC)", "part", "unique id", "state"]);
    for job in &jobs {
        table.row(row(job));
    }
    if jobs.is_empty() {
        session.out.line(format!("no jobs in {}", store.root().display()));
    } else {
        session.out.table(&table);
    }
    if jobs.iter().any(ListedJob::is_open) {
        session.out.line(
            "\nan open job is finished by \"norsplice resume JOB\" and undone by \"norsplice resume --undo JOB\"",
        );
    }
    Ok((Exit::Done, wire::jobs(&jobs)))
}

fn row(job: &ListedJob) -> Vec<Cell> {
    let header = match &job.header {
        Ok(header) => header,
        Err(fault) => return vec![job.id.as_str().into(), Cell::toned(Tone::Bad, fault.as_str())],
    };
    let state = match job.log.over {
        Some(Over::Written) => Cell::toned(Tone::Good, "written"),
        Some(Over::Restored) => Cell::toned(Tone::Good, "undone"),
        Some(Over::Dropped) => Cell::toned(Tone::Faint, "dropped"),
        None => {
            let (done, of) = (job.log.done.len(), header.blocks().len());
            let percent = (done * 100).checked_div(of).unwrap_or(0);
            Cell::toned(Tone::Warn, format!("open, {percent}% done, backup {}", header.backup))
        }
    };
    vec![
        job.id.as_str().into(),
        header.begun.get(..19).unwrap_or(&header.begun).replace('T', " ").into(),
        header.part.as_str().into(),
        header.chip.unique_id.as_deref().unwrap_or("-").into(),
        state,
    ]
}

fn drop_job(session: &Session, id: &str, for_good: bool) -> Outcome {
    let store = store::open_locked(session)?;
    let id = store.find_job(id)?;
    let front = Terminal::new(session).with_removal_allowed(for_good);
    desk::drop_job(&front, &store, &id).map_err(|refusal| front.failure(refusal))?;
    session.out.line(format!("job {id} dropped"));
    Ok((Exit::Done, wire::stored_id(&id)))
}
