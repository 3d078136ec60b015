//! A backup back onto the chip it came from.

use super::backup::Backup;
use super::error::{Cause, Error, OtherChip, Owned};
use super::event::{Event, Events};
use super::guard::{chip_key, open_jobs_of};
use super::job::{self, Decide, JobOptions, Proposal, Report, Wanted};
use super::journal::{Direction, Verb};
use super::note::{Note, Warning};
use super::replacement::Replacement;
use super::resume::{self, ResumeOptions};
use super::store::{Manifest, Store, Stored};
use super::stored_status::{StoredSecurity, StoredStatus};
use crate::flash::Chip;
use crate::plan::Bounds;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// How to restore.
#[derive(Clone, Debug)]
#[non_exhaustive]
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

impl RestoreOptions {
    /// This backup (its id or the beginning of it), onto the chip that it came from. The fields are set afterwards.
    pub fn new(backup: impl Into<String>) -> Self {
        Self {
            backup: backup.into(),
            other_chip: false,
            programmer: String::new(),
            dry_run: false,
            last: Spans::default(),
        }
    }
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
        return Err(Cause::OtherSize { backup: id, bytes: manifest.size, size }.untouched());
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
        return Err(OtherChip { what: Owned::Backup(id), expected: manifest.chip.clone(), found }.into());
    }
    if !same {
        report_replacement(chip, store, &manifest, events)?;
    }
    let job = JobOptions {
        verb: Verb::Restore,
        programmer: options.programmer.clone(),
        board: manifest.board.clone(),
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
    let report = job::run(chip, store, &job, &mut Decide { wanted: &mut wanted, confirm }, events)?;
    if !same && !options.dry_run {
        set_quad_enable(chip, store, &id, events)?;
    }
    Ok(report)
}

/// Reports what another chip in place of the old one lacks.
fn report_replacement<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    manifest: &Manifest,
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let mut all = Vec::new();
    let found = chip_key(chip.identity());
    if manifest.chip.jedec_id.is_some() && manifest.chip.jedec_id != found.jedec_id {
        all.push(Replacement::OtherModel {
            old: manifest.part.clone(),
            old_id: manifest.chip.jedec_id.clone(),
            new: chip.identity().part_name.clone(),
            new_id: found.jedec_id,
        });
    }
    if let Some(stored) = StoredStatus::load(store, &manifest.id)? {
        let numbers = |of: &dyn Fn(&StoredSecurity) -> bool| -> Vec<u8> {
            stored.security_registers.iter().filter(|r| of(r)).map(|r| r.index).collect()
        };
        let (written, locked) = (numbers(&|r| !r.blank), numbers(&|r| r.locked == Some(true)));
        if !written.is_empty() {
            all.push(Replacement::RegistersNotCopied { registers: written, backup: manifest.id.clone() });
        }
        if !locked.is_empty() {
            all.push(Replacement::RegistersWereLocked { registers: locked });
        }
        let protected = stored.protected();
        if stored.protection_known && !protected.difference(&chip.status()?.protected).is_empty() {
            all.push(Replacement::WasProtected { protected });
        }
    }
    for found in all {
        if events(Event::Replacement(found)).is_break() {
            return Err(Cause::Stopped);
        }
    }
    Ok(())
}

/// QE as the old chip had it: a board that reads by four lines does not start without.
fn set_quad_enable<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    id: &str,
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let wanted = StoredStatus::load(store, id)?.and_then(|s| s.quad_enable);
    let (Some(wanted), Some(now)) = (wanted, chip.status()?.quad_enable) else { return Ok(()) };
    if wanted == now {
        return Ok(());
    }
    let event = match chip.set_quad_enable(wanted) {
        Ok(()) => Event::Note(Note::QuadEnable { now: wanted }),
        Err(error) => Event::Warning(Warning::QuadEnableDiffers { now, wanted, error }),
    };
    let _ = events(event);
    Ok(())
}
