//! The jobs that write: `write`, `erase`, `restore`, `rewrite`, all by one way.
//!
//! Guard, contact, backup into the store, the wanted contents, the plan, the confirmation, the journal, unlock,
//! execute, relock. There is no other way from here to an erase, and none without the backup.

use super::backup::{self, Backup, BackupOptions};
use super::contact::{self, ContactOptions};
use super::engine::check_alive;
use super::error::{Cause, ChipState, Error};
use super::event::{Event, Events};
use super::guard::{refuse_changed_elsewhere, refuse_moved_clip, refuse_open_job};
use super::journal::{Direction, Journal, NewJob, Over, Verb};
use super::note::Warning;
use super::rewrite::{self, Tally, Work};
use super::store::{Manifest, Store};
use crate::flash::{Chip, FlashError, Permit};
use crate::plan::{Bounds, Plan, PlanCounts, plan, plan_whole_erase};
use crate::span::{Span, Spans};
use crate::spi::Programmer;
use serde::Serialize;
use std::time::Duration;

/// In so short a time no one moves a clip.
const MOMENT: Duration = Duration::from_secs(1);

/// What every job that writes is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobOptions {
    /// What kind of job.
    pub verb: Verb,
    /// The programmer, in words.
    pub programmer: String,
    /// The board, where it was named.
    pub board: Option<String>,
    /// Reads, backs up and plans; sends no 06h and no 50h.
    pub dry_run: bool,
    /// A blank chip may be written to: there is nothing on it to lose.
    pub blank_allowed: bool,
}

impl JobOptions {
    /// A job of this kind without a board, for a chip that is not blank. The fields are set afterwards.
    pub fn new(verb: Verb) -> Self {
        Self { verb, programmer: String::new(), board: None, dry_run: false, blank_allowed: false }
    }
}

/// What a job is to leave on the chip.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The whole contents.
    pub image: Vec<u8>,
    /// Where it may write, what is per unit, what comes last.
    pub bounds: Bounds,
    /// Everything is to be blank, and the chip erase may be used.
    pub whole_erase: bool,
}

impl Wanted {
    /// `bytes` at `address` of what is on the chip now; erases stay within the smallest blocks that hold them.
    ///
    /// # Errors
    /// [`FlashError::Outside`] where they reach past the end.
    pub fn patch(current: &[u8], address: u64, bytes: &[u8], smallest_erase: u64) -> Result<Wanted, Cause> {
        let whole = Span::new(0, current.len() as u64);
        let span = Span::at(address, bytes.len() as u64)
            .filter(|s| whole.covers(*s))
            .ok_or_else(|| past_the_end(Span::new(address, u64::MAX), current.len()))?;
        let mut image = current.to_vec();
        image[span.range()].copy_from_slice(bytes);
        // The rest of the first and last block comes back as it is: it is in the backup.
        let allowed = span.aligned_out(smallest_erase.max(1)).intersection(whole);
        let bounds = Bounds::from(allowed.into_iter().collect::<Spans>());
        Ok(Wanted { image, bounds, whole_erase: false })
    }

    /// A whole image, anywhere; `last` is what comes last.
    pub fn whole(image: Vec<u8>, last: Spans) -> Wanted {
        let allowed = Span::new(0, image.len() as u64).into();
        Wanted { image, bounds: Bounds { allowed, last, ..Bounds::default() }, whole_erase: false }
    }

    /// `span` blank, or everything.
    ///
    /// # Errors
    /// [`FlashError::Outside`] where it reaches past the end.
    pub fn blank(current: &[u8], span: Span, smallest_erase: u64) -> Result<Wanted, Cause> {
        let whole = span == Span::new(0, current.len() as u64);
        if span.end > current.len() as u64 {
            return Err(past_the_end(span, current.len()));
        }
        let blank = vec![0xff; span.range().len()];
        Ok(Wanted { whole_erase: whole, ..Wanted::patch(current, span.start, &blank, smallest_erase)? })
    }
}

fn past_the_end(span: Span, size: usize) -> Cause {
    FlashError::Outside { span, size: size as u64 }.into()
}

/// What the user is asked to confirm.
pub struct Proposal<'a> {
    /// What kind of job.
    pub verb: Verb,
    /// The backup that was just stored.
    pub backup: &'a Manifest,
    /// What is on the chip.
    pub current: &'a [u8],
    /// What will be.
    pub wanted: &'a [u8],
    /// How.
    pub plan: &'a Plan,
    /// What is write-protected of it now, and will be unlocked for the while.
    pub protected: &'a Spans,
}

/// The two questions that a job asks on its way.
pub struct Decide<'a> {
    /// What is wanted, given what is on the chip. A refusal here leaves the chip untouched.
    pub wanted: &'a mut dyn FnMut(&Backup) -> Result<Wanted, Error>,
    /// Whether to go ahead.
    pub confirm: &'a mut dyn FnMut(&Proposal<'_>) -> bool,
}

/// What a plan amounts to, for a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Steps.
    pub blocks: u64,
    /// Erase commands.
    pub erases: u64,
    /// Bytes to erase.
    pub erased: u64,
    /// Pages to program.
    pub pages: u64,
    /// Bytes to program.
    pub programmed: u64,
    /// Bytes to read back.
    pub verified: u64,
    /// Expected milliseconds.
    pub millis: u64,
}

impl From<&Plan> for Planned {
    fn from(plan: &Plan) -> Self {
        let PlanCounts { blocks, erases, erased, pages, programmed, verified } = plan.counts();
        let millis = millis(plan.time());
        Planned { blocks, erases, erased, pages, programmed, verified, millis }
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// What a job did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What kind of job.
    pub verb: Verb,
    /// What is on the chip now.
    pub chip: ChipState,
    /// The backup of what was on it before.
    pub backup: String,
    /// The job in the store; none where there was nothing to do.
    pub job: Option<String>,
    /// It was a dry run.
    pub dry_run: bool,
    /// What was planned.
    pub planned: Planned,
    /// What was done.
    pub done: Tally,
    /// Bytes of the array read for the backup, or, of an open job, to see what is on the chip.
    pub backup_read: u64,
    /// Bytes of the array read by the contact tests.
    pub contact_read: u64,
    /// Milliseconds for backup, and for writing.
    pub backup_millis: u64,
    /// Milliseconds of erase, program, verify.
    pub write_millis: u64,
    /// What had to be unlocked for the while.
    pub unlocked: Vec<(u64, u64)>,
    /// The plan's steps: block, and whether it was erased.
    #[serde(skip)]
    pub plan: Plan,
}

/// Runs a job from the backup to the end.
///
/// # Errors
/// Any [`Cause`]; [`Error::chip`] says what was left on the chip.
pub fn run<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    options: &JobOptions,
    decide: &mut Decide<'_>,
    events: &mut Events<'_>,
) -> Result<Report, Error> {
    refuse_open_job(chip, store)?;
    // Backup, wanted contents and journal: two images, and a little.
    store.check_room(2 * chip.geometry().size + (1 << 20))?;
    let contact = contact::before_writing(
        chip,
        &ContactOptions { writes: !options.dry_run, ..ContactOptions::default() },
        events,
    )?;
    let proof = contact.addresses.clone().unwrap_or_default();
    let backup = backup::take(
        chip,
        store,
        &proof,
        &BackupOptions {
            programmer: options.programmer.clone(),
            board: options.board.clone(),
            blank_allowed: options.blank_allowed,
            ..BackupOptions::default()
        },
        events,
    )?;
    let wanted = (decide.wanted)(&backup)?;
    let at_once = wanted.whole_erase && !chip.holds_more().map_err(Cause::from)?;
    let plan = match at_once {
        true => plan_whole_erase(&backup.flash, chip.geometry(), &chip.costs())?,
        false => plan(&backup.flash, &wanted.image, chip.geometry(), &chip.costs(), &wanted.bounds)?,
    };
    let mut report = Report {
        verb: options.verb,
        chip: ChipState::Untouched,
        backup: backup.manifest.id.clone(),
        job: None,
        dry_run: options.dry_run,
        planned: (&plan).into(),
        done: Tally::default(),
        backup_read: backup.bytes_read,
        contact_read: contact.array_bytes,
        backup_millis: millis(backup.time),
        write_millis: 0,
        unlocked: Vec::new(),
        plan: plan.clone(),
    };
    if plan.is_empty() {
        return Ok(report);
    }
    let protected = backup.status.protected.intersection(&plan.blocks());
    let proposal = Proposal {
        verb: options.verb,
        backup: &backup.manifest,
        current: &backup.flash,
        wanted: &wanted.image,
        plan: &plan,
        protected: &protected,
    };
    if options.dry_run {
        return Ok(report);
    }
    let asked = chip.programmer().now();
    if !(decide.confirm)(&proposal) {
        return Err(Cause::Unconfirmed.untouched());
    }
    if chip.programmer().now().saturating_sub(asked) > MOMENT {
        refuse_moved_clip(chip, &backup.flash).map_err(Cause::untouched)?;
    }
    let mut journal = store.open_job(&NewJob {
        verb: options.verb,
        chip: backup.manifest.chip.clone(),
        part: backup.manifest.part.clone(),
        programmer: options.programmer.clone(),
        backup: backup.manifest.id.clone(),
        backup_sha256: backup.manifest.sha256.clone(),
        wanted: &wanted.image,
        bounds: &wanted.bounds,
        blocks: &plan.blocks(),
    })?;
    let id = journal.header.id.clone();
    let _ = events(Event::JobOpened { id: id.clone() });
    journal.run(Direction::Finish)?;
    let allowed = wanted.bounds.allowed.clone();
    let target =
        Target { plan: &plan, wanted: &wanted.image, before: &backup.flash, allowed, over: Over::Written };
    write(chip, &target, journal, &mut report, events)?;
    Ok(report)
}

/// What [`write()`] is to reach.
pub(super) struct Target<'a> {
    pub plan: &'a Plan,
    pub wanted: &'a [u8],
    pub before: &'a [u8],
    /// What may be erased and programmed.
    pub allowed: Spans,
    /// What the job is when it is reached.
    pub over: Over,
}

/// Unlock, execute, relock on every way out, close the journal.
pub(super) fn write<P: Programmer>(
    chip: &mut Chip<P>,
    target: &Target<'_>,
    mut journal: Journal,
    report: &mut Report,
    events: &mut Events<'_>,
) -> Result<(), Error> {
    let id = journal.header.id.clone();
    let begun = chip.programmer().now();
    let jedec_id = chip.identity().jedec_id.clone();
    let permit = Permit::for_confirmed_plan(target.allowed.clone(), &jedec_id);
    let fresh = journal.log.runs <= 1;
    let unlocked = match chip.unlock(&target.plan.blocks(), &permit) {
        Ok(unlocked) => unlocked,
        // Nothing has been erased: a job that has just begun is as if it had not.
        Err(error) if fresh => {
            journal.over(Over::Restored)?;
            return Err(Cause::from(error).untouched());
        }
        Err(error) => return Err(Cause::from(error).partial(&id)),
    };
    let backup = journal.header.backup.clone();
    let work = Work {
        plan: target.plan,
        wanted: target.wanted,
        before: target.before,
        permit: &permit,
        backup: &backup,
    };
    let result = rewrite::execute(chip, &work, &mut journal, &mut report.done, events);
    if unlocked.registers.is_some() || !unlocked.blocks.is_empty() {
        let spans = target.plan.blocks();
        report.unlocked = spans.iter().map(|s| (s.start, s.end)).collect();
    }
    if let Err(error) = chip.relock(unlocked) {
        let _ = events(Event::Warning(Warning::StaysUnprotected { error }));
    }
    report.write_millis = millis(chip.programmer().now().saturating_sub(begun));
    report.job = Some(id.clone());
    match result {
        Ok(()) => {
            journal.over(target.over).map_err(|e| Cause::from(e).partial(&id))?;
            report.chip = match target.over {
                Over::Restored => ChipState::Restored,
                _ => ChipState::Written,
            };
            Ok(())
        }
        Err(cause) => {
            report.chip = ChipState::Partial { job: id.clone() };
            let touched = journal.touched();
            let cause = look_elsewhere(chip, &backup, target, &touched, cause);
            Err(close_if_untouched(chip, target, journal, &report.done, cause))
        }
    }
}

/// A block that does not take its contents may read wrongly rather than be wrong: then so do blocks that were not touched.
fn look_elsewhere<P: Programmer>(
    chip: &mut Chip<P>,
    backup: &str,
    target: &Target<'_>,
    touched: &Spans,
    cause: Cause,
) -> Cause {
    if !matches!(cause, Cause::NotTaken { .. }) {
        return cause;
    }
    match refuse_changed_elsewhere(chip, backup, target.before, touched) {
        Err(elsewhere @ Cause::BackupDiffers { .. }) => elsewhere,
        // Another failure of the look says no more than the first one.
        _ => cause,
    }
}

/// A job that failed in its very first block may have changed nothing at all (a stop before it, a chip that ignores
/// the erase): where the block reads as before, the chip is whole and the job is closed. A chip that is not there reads as
/// one that was blank before: it must answer with its id after that.
fn close_if_untouched<P: Programmer>(
    chip: &mut Chip<P>,
    target: &Target<'_>,
    journal: Journal,
    tally: &Tally,
    cause: Cause,
) -> Error {
    let id = journal.header.id.clone();
    let first = target.plan.steps.first().filter(|_| tally.blocks == 0 && journal.log.runs <= 1);
    let as_before = first.is_some_and(|step| {
        let mut reads_as_before = || -> Result<bool, FlashError> {
            chip.close_work()?;
            let wrong = chip.verify(step.block.start, &target.before[step.block.range()])?;
            check_alive(chip)?;
            Ok(wrong.is_empty())
        };
        reads_as_before().is_ok_and(|same| same)
    });
    match as_before && journal.over(Over::Restored).is_ok() {
        true => cause.untouched(),
        false => cause.partial(&id),
    }
}
