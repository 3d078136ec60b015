//! An open job, finished or undone from what is really on the chip, reading only its blocks.

use super::contact::{self, AddressProof, ContactOptions};
use super::engine::stop_on_break;
use super::error::{Cause, ChipState, Error, OtherChip, Owned};
use super::event::{Event, Events, Stage};
use super::guard::{chip_key, open_jobs_of, refuse_changed_elsewhere};
use super::job::{self, Planned, Report, Target, millis};
use super::journal::{Direction, Journal, Over};
use super::note::Warning;
use super::reading::{self, How, ReadOptions};
use super::rewrite::Tally;
use super::store::{Store, StoreError};
use super::stored_status::StoredStatus;
use crate::flash::{Chip, FlashError, Unlocked};
use crate::plan::{Bounds, plan};
use crate::span::Spans;
use crate::spi::Programmer;
use std::ops::ControlFlow;

/// How to continue an open job.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ResumeOptions {
    /// Which job: its id or the beginning of it. Without it, the one open job of the chip on the clip.
    pub job: Option<String>,
    /// Which way. Without it, the way of the job's last run.
    pub direction: Option<Direction>,
    /// Reads and plans only.
    pub dry_run: bool,
}

/// The open job that is meant: by name, or the newest of the chip on the clip; `None` where the chip has none.
///
/// # Errors
/// [`Cause::OtherChip`] when the job named is another chip's; what failed below.
pub fn find_job<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    name: Option<&str>,
) -> Result<Option<String>, Error> {
    let mine = open_jobs_of(chip, store)?;
    let Some(name) = name else { return Ok(mine.first().map(|h| h.id.clone())) };
    let id = store.find_job(name)?;
    if mine.iter().any(|h| h.id == id) {
        return Ok(Some(id));
    }
    let journal = store.go_on(&id)?;
    Err(OtherChip {
        what: Owned::Job(id),
        expected: journal.header.chip.clone(),
        found: chip_key(chip.identity()),
    }
    .into())
}

/// Finishes or undoes an open job.
///
/// # Errors
/// [`Cause::NoOpenJob`]; any other [`Cause`]. The chip stays partly written then.
pub fn resume<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    options: &ResumeOptions,
    events: &mut Events<'_>,
) -> Result<Report, Error> {
    let Some(id) = find_job(chip, store, options.job.as_deref())? else {
        return Err(Cause::NoOpenJob.untouched());
    };
    let partial = |cause: Cause| cause.partial(&id);
    let journal = store.go_on(&id).map_err(|e| partial(e.into()))?;
    resume_on_chip(chip, store, options, journal, events).map_err(|mut error| {
        // Whatever failed: the job is still open.
        if error.chip == ChipState::Untouched {
            error.chip = ChipState::Partial { job: id.clone() };
        }
        error
    })
}

fn resume_on_chip<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    options: &ResumeOptions,
    mut journal: Journal,
    events: &mut Events<'_>,
) -> Result<Report, Error> {
    let header = journal.header.clone();
    let contact = contact::before_writing(
        chip,
        &ContactOptions { writes: !options.dry_run, ..ContactOptions::default() },
        events,
    )?;
    let backup = store.load(&header.backup)?;
    if backup.manifest.sha256 != header.backup_sha256 || backup.flash.len() as u64 != header.size {
        let fault = format!("its backup '{}' is not the one it was begun with", header.backup);
        return Err(StoreError::Damaged { what: "job", id: header.id, fault }.into());
    }
    let direction = options.direction.unwrap_or(journal.log.direction);
    let wanted = match direction {
        Direction::Finish => journal.wanted()?,
        Direction::Undo => backup.flash.clone(),
    };
    let begun = chip.programmer().now();
    // Mending a page that was cut off in the middle may take an erase of its sector, all of which is in the backup.
    let unit = chip.geometry().erase.first().map_or(1, |e| e.size);
    let whole = crate::span::Span::new(0, header.size);
    let mut area = Spans::new();
    // The journal's own blocks may reach further than the plan's, where a step had to be mended.
    let touched = journal.touched();
    refuse_changed_elsewhere(chip, &header.backup, &backup.flash, &touched)?;
    // What no step has touched is not undone; finishing continues with it.
    let planned = if direction == Direction::Finish { header.blocks() } else { Spans::new() };
    for blocks in [&planned, &touched] {
        blocks.iter().filter_map(|s| s.aligned_out(unit).intersection(whole)).for_each(|s| area.insert(s));
    }
    let mut current = backup.flash.clone();
    let read = survey(chip, &area, &contact.addresses.clone().unwrap_or_default(), &mut current, events)?;
    let mut redo = journal.doubtful();
    if direction == Direction::Undo {
        // Two engines read it as wanted: an erase could only lose it.
        redo = redo.iter().filter(|span| span.of(&current) != span.of(&wanted)).collect();
    }
    let bounds = Bounds { allowed: area.clone(), keep: header.keep(), last: header.last(), redo };
    let plan = plan(&current, &wanted, chip.geometry(), &chip.costs(), &bounds)?;
    let over = if direction == Direction::Undo { Over::Restored } else { Over::Written };
    let mut report = Report {
        verb: header.verb,
        chip: ChipState::Partial { job: header.id.clone() },
        backup: header.backup.clone(),
        job: Some(header.id.clone()),
        dry_run: options.dry_run,
        planned: Planned::from(&plan),
        done: Tally::default(),
        backup_read: read,
        contact_read: contact.array_bytes,
        backup_millis: millis(chip.programmer().now().saturating_sub(begun)),
        write_millis: 0,
        unlocked: Vec::new(),
        plan: plan.clone(),
    };
    if options.dry_run {
        return Ok(report);
    }
    journal.run(direction)?;
    let _ = events(Event::JobOpened { id: header.id.clone() });
    let target = Target { plan: &plan, wanted: &wanted, before: &current, allowed: area, over };
    job::write(chip, &target, journal, &mut report, events)?;
    let warning = match StoredStatus::load(store, &header.backup) {
        Ok(stored) => protect_again(chip, stored).err().map(|error| Warning::StaysUnprotected { error }),
        Err(error) => {
            Some(Warning::ProtectionUnknown { backup: header.backup.clone(), error: error.to_string() })
        }
    };
    if let Some(warning) = warning {
        let _ = events(Event::Warning(warning));
    }
    Ok(report)
}

/// Reads the blocks of `area` twice into `current`, as one stage; gives the bytes read.
fn survey<P: Programmer>(
    chip: &mut Chip<P>,
    area: &Spans,
    proof: &AddressProof,
    current: &mut [u8],
    events: &mut Events<'_>,
) -> Result<u64, Cause> {
    let stage = Stage::Survey;
    let options = ReadOptions::default();
    let bytes = area.len() * u64::from(options.passes);
    let time = Some(chip.programmer().limits().wire_time(bytes));
    stop_on_break(events(Event::Begin { stage, bytes, time }))?;
    let mut read = 0;
    for span in area.iter() {
        let mut within = |event: Event| match event {
            Event::Begin { stage: Stage::Survey, .. } | Event::End { stage: Stage::Survey } => {
                ControlFlow::Continue(())
            }
            event => events(event),
        };
        let nobody = &mut |_: u64, _: &[u8]| Ok(());
        let how = How { options: &options, stages: (stage, stage), proof, known: None };
        let reading = reading::read_with(chip, span, &how, &mut within, nobody)?;
        read += reading.bytes_read;
        current[span.range()].copy_from_slice(&reading.bytes);
    }
    stop_on_break(events(Event::End { stage }))?;
    Ok(read)
}

/// A run that was killed had lifted the protection and could not put it back: it goes back to what the backup has.
fn protect_again<P: Programmer>(chip: &mut Chip<P>, stored: Option<StoredStatus>) -> Result<(), FlashError> {
    let Some(stored) = stored else { return Ok(()) };
    let now = chip.status()?;
    if !stored.protection_known || stored.protected().difference(&now.protected).is_empty() {
        return Ok(());
    }
    let registers = Some(stored.over(&now.registers));
    chip.relock(Unlocked { registers, volatile: true, ..Unlocked::default() })
}
