//! A plan executed: block by block erase, program, verify, with the journal ahead of each step.
//!
//! At most one block is undefined at any time, and the journal names it. A block that does not take its contents is
//! done again three times, only what is wrong of it. After the first erase of each size its neighbours, and its place in the other
//! half, are compared with the backup: an erase that reaches further than believed, or a chip smaller than it says, is
//! found before more harm is done.

use super::alike::read_alike;
use super::engine::{check_alive, is_transient};
use super::error::Cause;
use super::event::{Event, Events, Stage};
use super::journal::Journal;
use super::note::Warning;
use super::wake::Wake;
use crate::flash::geometry::{EraseType, Geometry};
use crate::flash::{Chip, FlashError, Permit};
use crate::plan::{Erase, Plan, Step, diff_near};
use crate::span::{Span, Spans};
use crate::spi::Programmer;
use serde::Serialize;
use std::time::Duration;

/// Further tries of a block.
const RETRIES: u32 = 3;
/// Compared on each side of the first block of an erase size, and in the other half, at most: three sizes and the contact
/// tests stay under 64 KiB.
const NEIGHBOUR: u64 = 2048;

/// What was really done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Blocks seen through.
    pub blocks: u64,
    /// Erase commands.
    pub erases: u64,
    /// Bytes erased.
    pub erased: u64,
    /// Pages programmed.
    pub pages: u64,
    /// Bytes programmed.
    pub programmed: u64,
    /// Bytes read back to verify.
    pub verified: u64,
    /// Bytes next to the first erase compared with the backup.
    pub neighbours: u64,
    /// Blocks done again.
    pub retries: u64,
    /// Page commands that the chip did not take at first.
    pub pages_resent: u64,
    /// Verifies that failed and were right when read again.
    pub misreads: u64,
}

/// What [`execute`] works from.
pub struct Work<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// The whole wanted contents.
    pub wanted: &'a [u8],
    /// The whole contents before.
    pub before: &'a [u8],
    /// The right to do it.
    pub permit: &'a Permit,
    /// The backup of the contents before.
    pub backup: &'a str,
}

/// Executes a plan. The tally is true on every way out.
///
/// # Errors
/// [`Cause::Stopped`] between blocks after a `Break`; [`Cause::NotTaken`], [`Cause::ErasedTooMuch`], and what failed
/// below, within a block.
pub fn execute<P: Programmer>(
    chip: &mut Chip<P>,
    work: &Work<'_>,
    journal: &mut Journal,
    tally: &mut Tally,
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let stage = Stage::Write;
    let bytes = work.plan.steps.iter().map(|s| s.block.len()).sum();
    let mut stop = events(Event::Begin { stage, bytes, time: Some(work.plan.time()) }).is_break();
    let mut done = None;
    let mut wake = Wake::new();
    for (n, step) in work.plan.steps.iter().enumerate() {
        if stop {
            journal.step(done, None)?;
            return Err(Cause::Stopped);
        }
        if let Some(gap) = wake.slept() {
            // The chip may have lost its supply meanwhile, or somebody the clip.
            stop |= events(Event::Warning(Warning::WasAsleep { gap })).is_break();
            check_alive(chip)?;
        }
        journal.step(done.take(), Some(step.block))?;
        let touched = Block { work, chip, tally, events, journal }.see_through(step)?;
        done = Some(touched);
        tally.blocks += 1;
        let first_erase = is_first_of_its_size(&work.plan.steps[..n], step);
        if first_erase && let Err(error) = check_neighbours(chip, work, step.block, tally) {
            // Whatever finishes or undoes the job must look at all that may have been erased.
            let largest = chip.geometry().erase.last().map_or(1, |e| e.size);
            journal.step(
                None,
                step.block.aligned_out(largest).intersection(Span::new(0, chip.geometry().size)),
            )?;
            return Err(error);
        }
        stop |= events(Event::Advance { stage, bytes: step.block.len() }).is_break();
    }
    journal.step(done, None)?;
    let _ = events(Event::End { stage });
    Ok(())
}

/// True for the first erase of its size: what one command reaches says nothing of another's reach.
fn is_first_of_its_size(earlier: &[Step], step: &Step) -> bool {
    let same = |s: &Step| s.erase.is_some() && s.block.len() == step.block.len();
    step.erase.is_some() && !earlier.iter().any(same)
}

/// Compares the bytes next to a block just erased, and where it would be in a chip of half the size, with what was
/// there before.
fn check_neighbours<P: Programmer>(
    chip: &mut Chip<P>,
    work: &Work<'_>,
    block: Span,
    tally: &mut Tally,
) -> Result<(), Cause> {
    let whole = Span::new(0, work.before.len() as u64);
    // Blocks of earlier steps read as wanted by now.
    let earlier: Spans = work.plan.steps.iter().take_while(|s| s.block != block).map(|s| s.block).collect();
    // In a chip that is smaller than it says, the other half is the same cells.
    let half = whole.len() / 2;
    let other = if block.start < half { block.start + half } else { block.start - half };
    let sides = [
        Span::new(block.start.saturating_sub(NEIGHBOUR), block.start),
        Span::new(block.end, block.end + NEIGHBOUR),
        Span::new(other, other + NEIGHBOUR.min(block.len())),
    ];
    let (mut changed, mut others) = (Spans::new(), Spans::new());
    // What the erase itself was to reach is no neighbour: a chip erase has none.
    for side in sides.into_iter().filter(|side| block.intersection(*side).is_none()) {
        let Some(side) = side.intersection(whole) else { continue };
        let mut found = chip.read_to_vec(side)?;
        tally.neighbours += side.len();
        let before = &work.before[side.range()];
        let seen: Spans = diff_near(&found, before, 0).iter().map(|s| s.shifted(side.start)).collect();
        if !many(seen, &earlier).is_empty() {
            // One read of a bad link is no erase, and says nothing of the backup.
            found = read_alike(chip, side)?.bytes;
        }
        let wrong = diff_near(&found, before, 0);
        for span in wrong.iter() {
            // An erase that reached too far leaves FF, and cells that are the same hold what has been written to them by now.
            // Anything else was never as the backup has it.
            let erased = span.of(&found).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0xff));
            let written = Span::at(block.start, side.len()).and_then(|place| place.of(work.wanted));
            let same_cells = side.start == other && written == Some(&found[..]);
            if erased || same_cells {
                changed.insert(span.shifted(side.start))
            } else {
                others.insert(span.shifted(side.start))
            }
        }
    }
    let (ff, others) = (many(changed, &earlier), many(others, &earlier));
    if ff.is_empty() && !others.is_empty() {
        return Err(Cause::BackupDiffers { backup: work.backup.into(), spans: others });
    }
    match ff.is_empty() {
        true => Ok(()),
        false => Err(Cause::ErasedTooMuch { erased: block, spans: ff }),
    }
}

/// What of it is no flipped bit in a read, and outside of what earlier steps have changed.
fn many(spans: Spans, earlier: &Spans) -> Spans {
    spans.difference(earlier).iter().filter(|span| span.len() >= 8).collect()
}

/// One block at work.
struct Block<'w, 'e, P: Programmer> {
    work: &'w Work<'w>,
    chip: &'w mut Chip<P>,
    tally: &'w mut Tally,
    events: &'w mut Events<'e>,
    journal: &'w mut Journal,
}

/// One go at a block: erases, then programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Go {
    erase: Vec<(Erase, Span)>,
    program: Vec<Span>,
}

impl<P: Programmer> Block<'_, '_, P> {
    /// Does a step until it verifies; gives what was touched.
    fn see_through(&mut self, step: &Step) -> Result<Span, Cause> {
        let mut go = Go {
            erase: step.erase.map(|e| (e, step.block)).into_iter().collect(),
            program: step.program.clone(),
        };
        let mut touched = step.block;
        let mut verify = step.verify;
        let mut tries = 0;
        loop {
            tries += 1;
            let wrong = match self.try_once(&go, verify) {
                Ok(wrong) if wrong.is_empty() => return Ok(touched),
                Ok(wrong) => wrong,
                Err(error) if is_transient(&error) && tries <= RETRIES => {
                    self.warn(Warning::DoneAgain { error, block: step.block });
                    self.wait_until_idle()?;
                    self.tally.retries += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let found = self.chip.read_to_vec(verify)?;
            self.tally.verified += verify.len();
            let wanted = &self.work.wanted[verify.range()];
            let again: Spans = diff_near(&found, wanted, 0).iter().map(|s| s.shifted(verify.start)).collect();
            // A byte that one of the two reads gave as wanted was misread in the other.
            let wrong = wrong.intersection(&again);
            if wrong.is_empty() {
                self.tally.misreads += 1;
                return Ok(touched);
            }
            if tries > RETRIES {
                return Err(Cause::NotTaken { tries, spans: wrong });
            }
            self.tally.retries += 1;
            self.warn(Warning::NotTaken { wrong: wrong.clone(), block: step.block });
            go = redo(step, &wrong, verify, &found, self.work, self.chip.geometry());
            // A sector erased to mend pages that were only to be programmed is touched, and verified, as a whole.
            for (_, block) in &go.erase {
                verify = hull(verify, *block);
            }
            if !touched.covers(verify) {
                touched = hull(touched, verify);
                self.journal.step(None, Some(touched))?;
            }
        }
    }

    /// Erases, programs, and gives every range that differs then.
    fn try_once(&mut self, go: &Go, verify: Span) -> Result<Spans, FlashError> {
        for (erase, block) in &go.erase {
            match erase {
                Erase::Block(kind) => self.chip.erase(kind, block.start, self.work.permit)?,
                Erase::Chip { .. } => self.chip.erase_chip(self.work.permit)?,
            }
            self.tally.erases += 1;
            self.tally.erased += block.len();
        }
        let Work { wanted, permit, .. } = *self.work;
        let (done, wrong) = self.chip.program_and_verify(wanted, &go.program, verify, permit)?;
        self.tally.pages += done.pages;
        self.tally.programmed += done.bytes;
        self.tally.pages_resent += done.retried;
        self.tally.verified += verify.len();
        Ok(wrong)
    }

    /// After a transfer that broke off, the chip may be in the middle of what was sent to it last.
    fn wait_until_idle(&mut self) -> Result<(), FlashError> {
        let geometry = self.chip.geometry();
        let longest = geometry.erase.last().map_or(Duration::from_secs(3), |e| e.busy.max * 2);
        self.chip.wait_until_idle(longest)?;
        check_alive(self.chip)
    }

    fn warn(&mut self, warning: Warning) {
        // A stop asked for here is asked for again at the end of the block.
        let _ = (self.events)(Event::Warning(warning));
    }
}

fn hull(a: Span, b: Span) -> Span {
    Span::new(a.start.min(b.start), a.end.max(b.end))
}

/// What has to be done again: only the wrong pages where bits must fall, the block where they must rise; of a block
/// that was only to be programmed, or of a whole chip, the smallest sectors that hold such bits, where those may be
/// erased.
fn redo(step: &Step, wrong: &Spans, verify: Span, found: &[u8], work: &Work<'_>, geometry: &Geometry) -> Go {
    let rises = |span: Span| {
        let at = Span::new(span.start - verify.start, span.end - verify.start);
        at.of(found).is_some_and(|f| f.iter().zip(&work.wanted[span.range()]).any(|(f, w)| w & !f != 0))
    };
    let pages: Spans =
        wrong.iter().filter_map(|s| s.aligned_out(geometry.page.max(1)).intersection(verify)).collect();
    if !wrong.iter().any(rises) {
        return Go { erase: Vec::new(), program: pages.iter().collect() };
    }
    if let Some(erase @ Erase::Block(_)) = step.erase {
        return Go { erase: vec![(erase, step.block)], program: step.program.clone() };
    }
    let Some(kind) = geometry.erase.first() else {
        return Go { erase: Vec::new(), program: pages.iter().collect() };
    };
    let mut go = Go::default();
    let mut sectors = Spans::new();
    wrong.iter().filter(|s| rises(*s)).for_each(|s| sectors.insert(s.aligned_out(kind.size)));
    for sector in sectors.iter().flat_map(|s| s.pieces(kind.size)) {
        if work.permit.spans().covers(sector) {
            go.erase.push((Erase::Block(EraseType { ..*kind }), sector));
            go.program.push(sector);
        }
    }
    go.program.extend(pages.difference(&sectors).iter());
    go
}
