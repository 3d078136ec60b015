//! The other jobs on a chip: bytes to a place, a backup put back, an open job finished or undone, a backup taken.

use super::about::keep_counts;
use super::conditions::Desk;
use super::front::{Front, Notice};
use super::leave::Asking;
use super::question::{Question, RemoveQuestion, WriteQuestion};
use super::regions::board_of;
use super::{Place, PlaceError, Refusal, write_checks};
use crate::flash::geometry::{Costs, Geometry};
use crate::image::checks::stopping;
use crate::image::{Allow, Board, ImageError, Layout, Role};
use crate::span::Span;
use crate::workflow::backup::{Backup, BackupOptions};
use crate::workflow::job::{self, Decide, JobOptions, Report, Wanted};
use crate::workflow::journal::{Direction, Verb};
use crate::workflow::restore::RestoreOptions;
use crate::workflow::resume::ResumeOptions;
use crate::workflow::{Cause, Store, backup, restore, resume};
use crate::workflow::{Listed, Manifest};
use std::cell::RefCell;

/// What is put onto the chip, and how the job is recorded.
#[derive(Clone, Debug)]
pub struct Put<'a> {
    /// Where it goes.
    pub place: &'a Place,
    /// What goes there.
    pub contents: PutContents<'a>,
    /// The board, where it is known; for the backup.
    pub board: Option<String>,
    /// The map that names regions in the question.
    pub layout: Option<&'a Layout>,
    /// Checks that may pass ([`write_checks`]).
    pub allow: Allow,
}

/// What goes onto the chip.
#[derive(Clone, Copy, Debug)]
pub enum PutContents<'a> {
    /// These bytes, from the place's first address on.
    Bytes(&'a [u8]),
    /// Erased bytes in the whole place.
    Blank,
}

impl Put<'_> {
    /// The kind of job, where it writes on a chip of `size` bytes, and the bytes.
    fn resolve(&self, size: u64) -> Result<(Verb, Span, Vec<u8>), PlaceError> {
        match self.contents {
            PutContents::Bytes(bytes) => {
                let (span, bytes) = self.place.fit(bytes, size)?;
                Ok((Verb::Write, span, bytes.to_vec()))
            }
            PutContents::Blank => {
                let span = self.place.span(size)?;
                // A chip's size was checked when it was identified: it fits into memory.
                Ok((Verb::Erase, span, vec![BLANK; span.len() as usize]))
            }
        }
    }
}

impl Put<'_> {
    /// Checks what the chip will hold by what it holds now. What is erased on purpose is not checked.
    fn check(&self, front: &dyn Front, backup: &Backup, after: &[u8]) -> Result<(), Refusal> {
        let PutContents::Bytes(bytes) = self.contents else { return Ok(()) };
        let board = self.board.as_deref().and_then(|name| Board::named(name).ok());
        let mut findings = write_checks::against_chip(&backup.flash, after, board);
        findings.extend(write_checks::of_part(bytes, backup.flash.len() as u64, self.place));
        let stop = stopping(&findings, &self.allow);
        if !stop.is_empty() {
            let refusal = Refusal::from(ImageError::Refused { findings: stop });
            return Err(refusal.after_backup(&backup.manifest.id).untouched());
        }
        let _ = front.notice(Notice::Findings(&findings));
        Ok(())
    }
}

impl Put<'_> {
    /// What the chip is to hold by what it holds now, checked; for [`Desk::put_as_chosen`].
    ///
    /// # Errors
    /// [`Why::Place`](super::Why::Place), [`Why::Image`](super::Why::Image).
    pub fn chosen(
        &self,
        front: &dyn Front,
        backup: &Backup,
        geometry: &Geometry,
    ) -> Result<PutChosen, Refusal> {
        let smallest = geometry.erase.first().map_or(1, |erase| erase.size);
        let (_, span, bytes) = self.resolve(geometry.size)?;
        let wanted = Wanted::patch(&backup.flash, span.start, &bytes, smallest)?;
        self.check(front, backup, &wanted.image)?;
        Ok(PutChosen { span, wanted, layout: self.layout.cloned() })
    }
}

/// What goes onto the chip, chosen after its backup.
#[derive(Clone, Debug)]
pub struct PutChosen {
    /// Where the bytes go.
    pub span: Span,
    /// What the chip is to hold.
    pub wanted: Wanted,
    /// The map that names regions in the question.
    pub layout: Option<Layout>,
}

/// Makes the choice once the backup is there; given the chip's geometry and costs, to plan with.
pub(crate) type ChoosePut<'a> = dyn FnMut(&Backup, &Geometry, &Costs) -> Result<PutChosen, Refusal> + 'a;

/// Notes the board on a backup that has none: the one that was found, or the one that its contents name. A store that does
/// not take it loses nothing but a word in its list.
pub(super) fn note_board(store: &Store, backup: &Backup, found: Option<&str>) -> Option<Manifest> {
    if backup.manifest.board.is_some() {
        return None;
    }
    let named = found.filter(|name| Board::named(name).is_ok()).map(str::to_owned);
    let named = named.or_else(|| board_of(&backup.flash).map(|found| found.board.name.clone()));
    store.note_board(&backup.manifest.id, &named?).ok()
}

/// An erased byte.
const BLANK: u8 = 0xff;

impl Desk {
    /// Reads the chip twice and stores it; the options' programmer is the desk's.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn backup(
        &self,
        front: &dyn Front,
        store: &Store,
        options: &BackupOptions,
    ) -> Result<Backup, Refusal> {
        self.with_chip(front, |chip, programmer| {
            let options = BackupOptions { programmer: programmer.to_owned(), ..options.clone() };
            let done = backup::backup(chip, store, &options, &mut |event| front.notice(Notice::Job(&event)));
            let mut backup = done.map_err(Refusal::from)?;
            note_board(store, &backup, None).into_iter().for_each(|noted| backup.manifest = noted);
            Ok(backup)
        })
    }

    /// Writes bytes to a place of the chip, or erases it, after a backup. A whole chip is erased by its own command.
    ///
    /// # Errors
    /// Any [`Refusal`]; its `chip` says what was left on the chip.
    pub fn put(&self, front: &dyn Front, store: &Store, put: &Put<'_>) -> Result<(Span, Report), Refusal> {
        self.with_chip_to_write(front, |chip, programmer| {
            let geometry = chip.geometry();
            let smallest = geometry.erase.first().map_or(1, |erase| erase.size);
            let resolved = put.resolve(geometry.size);
            let (verb, span, bytes) = resolved.map_err(|error| Refusal::from(error).untouched())?;
            let whole_erase = verb == Verb::Erase && *put.place == Place::Whole;
            let (board, layout) = (put.board.clone(), put.layout);
            let (programmer, dry_run) = (programmer.to_owned(), self.dry_run);
            // A chip that answers to its id and reads FF only is blank: there is nothing on it to lose.
            let options = JobOptions { verb, programmer, board, dry_run, blank_allowed: true };
            let (mut refused, mut asking) = (None, Asking::new(self, front, store));
            let mut decide = Decide {
                wanted: &mut |backup| {
                    note_board(store, backup, None);
                    let wanted = Wanted::patch(&backup.flash, span.start, &bytes, smallest)?;
                    if let Err(refusal) = put.check(front, backup, &wanted.image) {
                        // The job only has to end here; the refusal itself is given back below.
                        refused = Some(refusal);
                        return Err(Cause::Stopped.untouched());
                    }
                    Ok(Wanted { whole_erase, ..wanted })
                },
                confirm: &mut |proposal| asking.confirms(WriteQuestion { proposal, layout }),
            };
            let done =
                job::run(chip, store, &options, &mut decide, &mut |event| front.notice(Notice::Job(&event)));
            if let Some(refusal) = refused {
                return Err(refusal);
            }
            let report = asking.settle(done.map_err(Refusal::from))?;
            record(front, store, &report);
            Ok((span, report))
        })
    }

    /// As [`Desk::put`], where what goes onto the chip is chosen after the backup.
    ///
    /// # Errors
    /// Any [`Refusal`]; one of `choose` leaves the chip untouched.
    pub fn put_as_chosen(
        &self,
        front: &dyn Front,
        store: &Store,
        choose: &mut ChoosePut<'_>,
    ) -> Result<Report, Refusal> {
        self.with_chip_to_write(front, |chip, programmer| {
            let (geometry, costs) = (chip.geometry().clone(), chip.costs());
            let (programmer, dry_run) = (programmer.to_owned(), self.dry_run);
            let options =
                JobOptions { verb: Verb::Write, programmer, board: None, dry_run, blank_allowed: true };
            let (mut refused, map) = (None, RefCell::new(None));
            let mut asking = Asking::new(self, front, store);
            let mut decide = Decide {
                wanted: &mut |backup| match choose(backup, &geometry, &costs) {
                    Ok(chosen) => {
                        note_board(store, backup, None);
                        *map.borrow_mut() = chosen.layout;
                        Ok(chosen.wanted)
                    }
                    Err(refusal) => {
                        // The job only has to end here; the refusal itself is given back below.
                        refused = Some(refusal.after_backup(&backup.manifest.id));
                        Err(Cause::Stopped.untouched())
                    }
                },
                confirm: &mut |proposal| {
                    let map = map.borrow();
                    asking.confirms(WriteQuestion { proposal, layout: map.as_ref() })
                },
            };
            let done =
                job::run(chip, store, &options, &mut decide, &mut |event| front.notice(Notice::Job(&event)));
            if let Some(refusal) = refused {
                return Err(refusal.untouched());
            }
            let report = asking.settle(done.map_err(Refusal::from))?;
            record(front, store, &report);
            Ok(report)
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
            let mut asking = Asking::new(self, front, store);
            let mut confirm =
                |proposal: &job::Proposal<'_>| asking.confirms(WriteQuestion { proposal, layout });
            let done = restore::restore(chip, store, &options, &mut confirm, &mut |event| {
                front.notice(Notice::Job(&event))
            });
            let report = asking.settle(done.map_err(Refusal::from))?;
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
        // It erases, too. Without a name it may be any of the open ones.
        for listed in store.jobs()?.iter().filter(|one| one.is_open()) {
            if let (true, Ok(header)) = (job.as_ref().is_none_or(|job| *job == listed.id), &listed.header) {
                self.safe(front, store, &store.manifest(&header.backup)?)?;
            }
        }
        self.with_chip_to_finish(front, |chip, _| {
            let options = ResumeOptions { job, direction, dry_run: self.dry_run };
            let report =
                resume::resume(chip, store, &options, &mut |event| front.notice(Notice::Job(&event)))?;
            record(front, store, &report);
            Ok(report)
        })
    }
}

/// Gives an open job up, after a question: the chip stays as it is, and is no longer taken for half-written.
///
/// # Errors
/// [`Why::Store`](super::Why::Store); [`Cause::Unconfirmed`].
pub fn drop_job(front: &dyn Front, store: &Store, job: &str) -> Result<(), Refusal> {
    if !front.confirms(&Question::DropJob { job }) {
        return Err(Cause::Unconfirmed.into());
    }
    Ok(store.drop_job(job)?)
}

/// Removes a backup; asks where nothing replaces it ([`RemoveQuestion`]).
///
/// # Errors
/// [`Why::Store`](super::Why::Store); [`Cause::Unconfirmed`].
pub(crate) fn remove_backup(front: &dyn Front, store: &Store, backup: &str) -> Result<(), Refusal> {
    let manifest = store.manifest(backup)?;
    let others = store.list()?.into_iter().filter(|listed| listed.id != backup);
    let same = |listed: Listed| listed.manifest.is_ok_and(|other| other.sha256 == manifest.sha256);
    let jobs = store.jobs()?.into_iter();
    let jobs = jobs.filter(|job| job.header.as_ref().is_ok_and(|header| header.backup == backup));
    let jobs: Vec<String> = jobs.map(|job| job.id).collect();
    let asked = RemoveQuestion {
        backup,
        only_of_chip: store.is_only_backup(backup).unwrap_or(true),
        only_with_contents: !others.into_iter().any(same),
        jobs: &jobs,
    };
    let needed = asked.only_of_chip || asked.only_with_contents || !jobs.is_empty();
    if needed && !front.confirms(&Question::RemoveBackup(asked)) {
        return Err(Cause::Unconfirmed.into());
    }
    Ok(store.remove(backup, true)?)
}

/// Removes backups that newer ones of their chips equal ([`Store::needless`]), after a question.
///
/// # Errors
/// [`Why::Store`](super::Why::Store); [`Cause::Unconfirmed`].
pub(crate) fn prune_backups(front: &dyn Front, store: &Store, backups: &[String]) -> Result<(), Refusal> {
    if !front.confirms(&Question::PruneBackups(backups)) {
        return Err(Cause::Unconfirmed.into());
    }
    Ok(backups.iter().try_for_each(|backup| store.remove(backup, false))?)
}

/// Keeps what the job counted; the job itself is done whether or not that succeeds.
fn record(front: &dyn Front, store: &Store, report: &Report) {
    if let Err(refusal) = keep_counts(store, report) {
        let _ = front.notice(Notice::NotRecorded(&refusal));
    }
}
