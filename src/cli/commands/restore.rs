//! `restore ID`: a backup back onto the chip it came from.

use super::super::events::Reporter;
use super::super::json::Fields;
use super::super::programmer::with_chip_to_write;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::{jobs, store};
use crate::image::{Board, Role};
use crate::span::Spans;
use crate::workflow::job::Proposal;
use crate::workflow::restore::{RestoreOptions, restore};

/// `restore ID`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup: its id, or the beginning of it ("norsplice backups list")
    id: String,

    /// Put it onto another chip than the one it came from
    #[arg(long)]
    other_chip: bool,
}

/// Restores.
pub fn run(args: Args, session: &Session) -> Outcome {
    let store = store::open_locked(session)?;
    // Found and checked before the chip is asked.
    let id = store.find(&args.id)?;
    let manifest = store.verify(&id)?;
    // A board that a newer program knew is no reason not to restore.
    let board = manifest.board.as_deref().and_then(|name| Board::named(name).ok());
    let layout = board.map(|board| &board.layout);
    let loader: Spans =
        layout.and_then(|layout| layout.of_role(Role::Loader)).map(|r| r.span).into_iter().collect();
    let report = with_chip_to_write(session, |chip, programmer| {
        let options = RestoreOptions {
            backup: id.clone(),
            other_chip: args.other_chip,
            programmer: programmer.to_owned(),
            dry_run: session.options.dry_run,
            last: loader,
        };
        let reporter = std::cell::RefCell::new(Reporter::new(session));
        let mut refused = None;
        let mut confirm = |proposal: &Proposal<'_>| match jobs::ask(
            session,
            &mut reporter.borrow_mut(),
            proposal,
            layout,
        ) {
            Ok(()) => true,
            Err(failure) => {
                refused = Some(failure);
                false
            }
        };
        let report =
            restore(chip, &store, &options, &mut confirm, &mut |event| reporter.borrow_mut().take(event));
        report.map_err(|error| jobs::failure(session, error, refused))
    })?;
    jobs::finish(session, &report, layout, Fields::new().with("restored", id))
}
