//! A backup back onto the chip it came from.

use super::backup::Backup;
use super::error::{Cause, Error, OtherChip, Owned};
use super::event::{Event, Events};
use super::guard::{chip_key, open_jobs_of};
use super::job::{self, Decide, JobOptions, Proposal, Report, Wanted};
use super::journal::{Direction, Verb};
use super::resume::{self, ResumeOptions};
use super::store::{Manifest, Store, Stored};
use super::stored_status::StoredStatus;
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
        return Err(OtherChip { what: Owned::Backup(id), expected: manifest.chip.clone(), found }.into());
    }
    if !same {
        warn_of_other_part(chip, store, &manifest, events)?;
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

/// What a fresh chip in place of the old one has to be thought of.
fn warn_of_other_part<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    manifest: &Manifest,
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let mut warnings = Vec::new();
    let found = chip_key(chip.identity());
    if manifest.chip.jedec_id.is_some() && manifest.chip.jedec_id != found.jedec_id {
        warnings.push(format!(
            "the old chip was a {} ({}), this one is a {} ({}): the loader's and the kernel's own chip tables may not \
             know it, and a kernel that does not may take it for a smaller one",
            manifest.part,
            manifest.chip.jedec_id.as_deref().unwrap_or("?"),
            chip.identity().part_name,
            found.jedec_id.as_deref().unwrap_or("?"),
        ));
    }
    if let Some(stored) = StoredStatus::load(store, &manifest.id)? {
        let written: Vec<String> =
            stored.security_registers.iter().filter(|r| !r.blank).map(|r| r.index.to_string()).collect();
        if !written.is_empty() {
            warnings.push(format!(
                "the old chip's security registers {} are not blank and are not part of this: 'norsplice otp clone {}' \
                 writes them once this is done",
                written.join(", "),
                manifest.id
            ));
        }
        let locked: Vec<String> = stored
            .security_registers
            .iter()
            .filter(|r| r.locked == Some(true))
            .map(|r| r.index.to_string())
            .collect();
        if !locked.is_empty() {
            warnings.push(format!(
                "the old chip's security registers {} were locked for ever; nothing locks them here but 'norsplice otp \
                 lock'",
                locked.join(", ")
            ));
        }
        let protected = stored.protected();
        if stored.protection_known && !protected.difference(&chip.status()?.protected).is_empty() {
            warnings.push(format!(
                "the old chip had {protected} write-protected, this one has not: if the board needs that, 'norsplice \
                 protect set' does it"
            ));
        }
    }
    for text in warnings {
        if events(Event::Warning(text)).is_break() {
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
    let text = match chip.set_quad_enable(wanted) {
        Ok(()) => Event::Note(format!("QE is now {} as on the old chip", u8::from(wanted))),
        Err(error) => Event::Warning(format!(
            "QE is {} on this chip, {} on the old one, and could not be changed: {error}",
            u8::from(now),
            u8::from(wanted)
        )),
    };
    let _ = events(text);
    Ok(())
}
