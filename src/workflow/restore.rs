//! A backup back onto the chip it came from.

use super::backup::Backup;
use super::error::{Cause, Error, OtherChip};
use super::event::Events;
use super::guard::{chip_key, open_jobs_of};
use super::job::{self, Decide, JobOptions, Proposal, Report, Wanted};
use super::journal::{Direction, Verb};
use super::resume::{self, ResumeOptions};
use super::store::{Store, Stored};
use crate::flash::Chip;
use crate::plan::Bounds;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// How to restore.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// Id of the backup, or the beginning of it.
    pub backup: String,
    /// Onto another chip than it came from.
    pub other_chip: bool,
    /// The programmer, in words.
    pub programmer: String,
    /// Plans only.
    pub dry_run: bool,
    /// What is done last: the loader, where the board is known.
    pub last: Spans,
}

/// Puts a backup back. Where the chip is in the middle of a job begun from this very backup, that job is undone, by
/// reading its blocks only; otherwise today's contents are backed up first.
///
/// # Errors
/// [`Cause::OtherChip`], [`Cause::OpenJob`], and those of [`job::run`].
pub fn restore<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    options: &RestoreOptions,
    confirm: &mut dyn FnMut(&Proposal<'_>) -> bool,
    events: &mut Events<'_>,
) -> Result<Report, Error> {
    let id = store.find(&options.backup)?;
    let Stored { manifest, flash } = store.load(&id)?;
    let size = chip.geometry().size;
    if manifest.size != size {
        let text = format!("backup '{id}' holds {} bytes, the chip on the clip {size}", manifest.size);
        return Err(Cause::Refused(text).untouched());
    }
    if let Some(job) = open_jobs_of(chip, store)?.first() {
        if job.backup != id {
            return Err(Cause::OpenJob { job: job.id.clone() }.untouched());
        }
        let options = ResumeOptions {
            job: Some(job.id.clone()),
            direction: Some(Direction::Undo),
            dry_run: options.dry_run,
        };
        return resume::resume(chip, store, &options, events);
    }
    let found = chip_key(chip.identity());
    let same = manifest.chip.is_same(&found) || (manifest.chip == found && found.unique_id.is_none());
    if !same && !options.other_chip {
        return Err(OtherChip {
            what: format!("backup '{id}'"),
            expected: manifest.chip,
            found,
            advice: "It holds that chip's calibration and addresses; if it is really meant for this one, say so \
                     with --other-chip",
        }
        .into());
    }
    let job = JobOptions {
        verb: Verb::Restore,
        programmer: options.programmer.clone(),
        board: manifest.board,
        dry_run: options.dry_run,
        blank_allowed: true,
    };
    let mut flash = Some(flash);
    let mut wanted = |_: &Backup| {
        let bounds =
            Bounds { allowed: Span::new(0, size).into(), last: options.last.clone(), ..Bounds::default() };
        let image = flash.take().unwrap_or_default();
        Ok(Wanted { image, bounds, whole_erase: false })
    };
    job::run(chip, store, &job, &mut Decide { wanted: &mut wanted, confirm }, events)
}
