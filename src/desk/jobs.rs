//! The other jobs on a chip: bytes to a place, a backup put back, an open job finished or undone, a backup taken.

use super::Refusal;
use super::about::keep_counts;
use super::front::{Desk, Front, Notice, Question};
use crate::image::{Board, Layout, Role};
use crate::span::Span;
use crate::workflow::backup::{Backup, BackupOptions};
use crate::workflow::job::{self, Decide, JobOptions, Report, Wanted};
use crate::workflow::journal::{Direction, Verb};
use crate::workflow::restore::RestoreOptions;
use crate::workflow::resume::ResumeOptions;
use crate::workflow::{Store, backup, restore, resume};

/// Bytes for a place on the chip.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where they go.
    pub span: Span,
    /// The bytes; as many as the place has.
    pub bytes: Vec<u8>,
    /// Everything becomes blank, and the chip's own erase command may be used.
    pub whole_erase: bool,
}

impl Desk {
    /// Reads the chip twice and stores it. With `blank_allowed`, a chip that reads FF only is taken for a blank one.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn backup(
        &self,
        front: &dyn Front,
        store: &Store,
        board: Option<&Board>,
        blank_allowed: bool,
    ) -> Result<Backup, Refusal> {
        self.with_chip(front, |chip, programmer| {
            let options = BackupOptions {
                programmer: programmer.to_owned(),
                board: board.map(|board| board.name.clone()),
                blank_allowed,
            };
            let done = backup::backup(chip, store, &options, &mut |event| front.notice(Notice::Job(&event)));
            done.map_err(Refusal::from)
        })
    }

    /// Puts bytes on the chip, after a backup. `put` is given the chip's size in bytes; `layout` names regions in the
    /// question.
    ///
    /// # Errors
    /// Any [`Refusal`], also of `put`; its `chip` says what was left on the chip.
    pub fn put<E: From<Refusal>>(
        &self,
        front: &dyn Front,
        store: &Store,
        (verb, board, layout): (Verb, Option<String>, Option<&Layout>),
        put: impl FnOnce(u64) -> Result<Put, E>,
    ) -> Result<(Span, Report), E> {
        self.with_chip_to_write(front, |chip, programmer| {
            let geometry = chip.geometry();
            let smallest = geometry.erase.first().map_or(1, |erase| erase.size);
            let Put { span, bytes, whole_erase } = put(geometry.size)?;
            let (programmer, dry_run) = (programmer.to_owned(), self.dry_run);
            // A chip that answers to its id and reads FF only is blank: there is nothing on it to lose.
            let options = JobOptions { verb, programmer, board, dry_run, blank_allowed: true };
            let mut decide = Decide {
                wanted: &mut |backup| {
                    let wanted = Wanted::patch(&backup.flash, span.start, &bytes, smallest)?;
                    Ok(Wanted { whole_erase, ..wanted })
                },
                confirm: &mut |proposal| front.confirm(&Question { proposal, layout }),
            };
            let done =
                job::run(chip, store, &options, &mut decide, &mut |event| front.notice(Notice::Job(&event)));
            let report = done.map_err(Refusal::from)?;
            record(front, store, &report);
            Ok((span, report))
        })
    }

    /// Puts the backup `id` back. With `other_chip`, onto another chip than it came from. Gives the map of the board
    /// that it came from as well.
    ///
    /// # Errors
    /// Any [`Refusal`]; its `chip` says what was left on the chip.
    pub fn restore(
        &self,
        front: &dyn Front,
        store: &Store,
        id: &str,
        other_chip: bool,
    ) -> Result<(Report, Option<&'static Layout>), Refusal> {
        // Found and checked before the chip is asked.
        let manifest = store.verify(id)?;
        // A board that only a newer program knows is no reason not to restore.
        let board = manifest.board.as_deref().and_then(|name| Board::named(name).ok());
        let layout = board.map(|board| &board.layout);
        let loader = layout.and_then(|layout| layout.of_role(Role::Loader)).map(|region| region.span);
        self.with_chip_to_write(front, |chip, programmer| {
            let options = RestoreOptions {
                backup: id.to_owned(),
                other_chip,
                programmer: programmer.to_owned(),
                dry_run: self.dry_run,
                last: loader.into_iter().collect(),
            };
            let mut confirm = |proposal: &job::Proposal<'_>| front.confirm(&Question { proposal, layout });
            let report = restore::restore(chip, store, &options, &mut confirm, &mut |event| {
                front.notice(Notice::Job(&event))
            })?;
            record(front, store, &report);
            Ok((report, layout))
        })
    }

    /// Finishes, or undoes, what an earlier run left partly written. The job was confirmed when it began. Without
    /// `job` it is the open job of the chip on the clip; without `direction`, the one of the job's last run.
    ///
    /// # Errors
    /// Any [`Refusal`]; its `chip` says what was left on the chip.
    pub fn resume(
        &self,
        front: &dyn Front,
        store: &Store,
        job: Option<String>,
        direction: Option<Direction>,
    ) -> Result<Report, Refusal> {
        self.with_chip_to_finish(front, |chip, _| {
            let options = ResumeOptions { job, direction, dry_run: self.dry_run };
            let report =
                resume::resume(chip, store, &options, &mut |event| front.notice(Notice::Job(&event)))?;
            record(front, store, &report);
            Ok(report)
        })
    }
}

/// Keeps what the job counted; the job itself is done whether or not that succeeds.
fn record(front: &dyn Front, store: &Store, report: &Report) {
    if let Err(refusal) = keep_counts(store, report) {
        let _ = front.notice(Notice::NotRecorded(&refusal));
    }
}
