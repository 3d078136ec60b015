//! The one pass: backup, splice, plan, question, write, verify.

use super::Refusal;
use super::about::About;
use super::chosen::Chosen;
use super::conditions::Desk;
use super::front::{Front, Notice};
use super::jobs::note_board;
use super::leave::Asking;
use super::order::Order;
use super::programmer::AnyChip;
use super::question::WriteQuestion;
use super::why::Why;
use crate::flash::geometry::{Costs, Geometry};
use crate::image::{Board, Image};
use crate::workflow::backup::Backup;
use crate::workflow::job::{self, Decide, JobOptions, Report};
use crate::workflow::journal::Verb;
use crate::workflow::{Cause, Event, Store};
use std::cell::RefCell;

/// Refuses a chip of another size than the board's, or than one of its two: it is another board's, or was read wrongly.
fn check_size(chip: &AnyChip, board: &Board) -> Result<(), Refusal> {
    let (found, size) = (chip.geometry().size, board.chip_size);
    if found == size || board.layout.chips.contains(&found) {
        return Ok(());
    }
    let (part, board) = (chip.identity().part_name.clone(), board.name.clone());
    Err(Refusal::from(Why::OtherSize { part, found, board, size }).untouched())
}

/// How a rewrite ended.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// What was done.
    pub report: Report,
    /// What was put onto the chip.
    pub chosen: Chosen,
}

/// Rewrites the chip on the desk's programmer as ordered. With a `base`, the board's own regions come from that older
/// dump; what is on the chip is backed up in any case.
///
/// # Errors
/// Any [`Refusal`]; its `chip` says what was left on the chip.
pub fn rewrite(
    desk: &Desk,
    front: &dyn Front,
    store: &Store,
    order: &mut Order,
    mut base: Option<Image>,
) -> Result<Rewritten, Refusal> {
    let board = order.board().cloned();
    // With an older dump as base, a blank chip is a new one to be filled.
    let blank_allowed = base.is_some();
    rewrite_as_chosen(desk, front, store, board.as_ref(), blank_allowed, &mut |backup, geometry, _| {
        let own = base.take().unwrap_or_else(|| backup.flash.clone().into());
        let chosen = Chosen::new(order, &own, backup, geometry, front)?;
        let _ = front.notice(Notice::Spliced(&chosen.spliced));
        Ok(chosen)
    })
}

/// Makes the choice once the backup is there; given the chip's geometry and costs, to plan with.
pub type Choose<'a> = dyn FnMut(&Backup, &Geometry, &Costs) -> Result<Chosen, Refusal> + 'a;

/// As [`rewrite`], where what goes onto the chip is chosen after the backup. `board` is the one that is expected.
///
/// # Errors
/// As [`rewrite`]; a refusal of `choose` leaves the chip untouched.
pub(crate) fn rewrite_as_chosen(
    desk: &Desk,
    front: &dyn Front,
    store: &Store,
    board: Option<&Board>,
    blank_allowed: bool,
    choose: &mut Choose<'_>,
) -> Result<Rewritten, Refusal> {
    desk.with_chip_to_write(front, |chip, programmer| {
        if let Some(board) = board {
            check_size(chip, board)?;
        }
        let options = JobOptions {
            verb: Verb::Rewrite,
            programmer: programmer.to_owned(),
            board: board.map(|board| board.name.clone()),
            dry_run: desk.dry_run,
            blank_allowed,
        };
        let (geometry, costs) = (chip.geometry().clone(), chip.costs());
        let chosen = RefCell::new(None);
        let (mut refused, mut asking) = (None, Asking::new(desk, front, store));
        let mut decide = Decide {
            wanted: &mut |backup| match choose(backup, &geometry, &costs) {
                Ok(choice) => {
                    note_board(store, backup, Some(&choice.board.name));
                    let wanted = choice.wanted();
                    *chosen.borrow_mut() = Some(choice);
                    Ok(wanted)
                }
                Err(refusal) => {
                    // The job only has to end here; the refusal itself is given back below.
                    refused = Some(refusal.after_backup(&backup.manifest.id));
                    Err(Cause::Stopped.untouched())
                }
            },
            confirm: &mut |proposal| {
                let chosen = chosen.borrow();
                let layout = chosen.as_ref().map(|chosen: &Chosen| &chosen.board.layout);
                asking.confirms(WriteQuestion { proposal, layout })
            },
        };
        let done = job::run(chip, store, &options, &mut decide, &mut |event| {
            if let (Event::JobOpened { id }, Some(chosen)) = (&event, &*chosen.borrow()) {
                // Kept from the beginning: a job that is cut off has it, too. What fails here is tried again at the end.
                let _ = About::from(chosen).keep(store, id);
            }
            front.notice(Notice::Job(&event))
        });
        match (asking.settle(done.map_err(Refusal::from)), refused, chosen.into_inner()) {
            (_, Some(refusal), _) => Err(refusal.untouched()),
            (Err(refusal), ..) => Err(refusal),
            (Ok(report), None, Some(chosen)) => {
                if let Some(job) = &report.job {
                    let about = About { counted: Some((&report).into()), ..About::from(&chosen) };
                    if let Err(error) = about.keep(store, job) {
                        let _ = front.notice(Notice::NotRecorded(&error.into()));
                    }
                }
                Ok(Rewritten { report, chosen })
            }
            // A job ends well only after it was given what is wanted.
            (Ok(_), None, None) => Err(Cause::Unconfirmed.untouched().into()),
        }
    })
}
