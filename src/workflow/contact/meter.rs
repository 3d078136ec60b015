//! The live meter to wiggle the clip by, and waiting for a steady chip.

use super::findings::{Line, Tallied};
use super::line;
use crate::flash::FlashError;
use crate::spi::Programmer;
use crate::workflow::error::Cause;
use crate::workflow::event::{Event, Events, Stage};
use crate::workflow::note::Note;
use std::time::Duration;

/// Reads of the id in one look: a few milliseconds.
const READS: usize = 32;
/// Looks in a row that must be steady, and how far apart: a second in all.
const STEADY: u32 = 10;
const APART: Duration = Duration::from_millis(100);

/// One look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// The data line with no one selected.
    pub line: Line,
    /// The id, many times.
    pub id: Tallied,
}

impl Meter {
    /// A chip answers, always the same.
    pub fn is_steady(&self) -> bool {
        self.id.is_steady() && !self.id.is_all(0xff) && !self.id.is_all(0x00) && self.line != Line::Toggling
    }

    /// Parts in a hundred of the reads that gave the usual answer; 0 for a dead bus.
    pub fn percent(&self) -> u32 {
        if self.id.is_all(0xff) || self.id.is_all(0x00) {
            return 0;
        }
        (self.id.agreed() * 100 / self.id.asked().max(1)) as u32
    }
}

/// Looks once.
///
/// # Errors
/// What failed below.
pub fn meter<P: Programmer>(programmer: &mut P) -> Result<Meter, FlashError> {
    // A chip left asleep is woken; the command is harmless on any other.
    programmer.run(&mut [crate::spi::Transaction::write(&[0xab])])?;
    Ok(Meter { line: line::idle(programmer)?, id: line::ids(programmer, READS)? })
}

/// Waits until a chip has answered steadily for a second. Reports each change by an [`Event::Note`]; a `Break` ends the
/// wait, and is the only thing that does: the user is at the clip.
///
/// # Errors
/// [`Cause::Stopped`]; what failed below.
pub fn wait_until_steady<P: Programmer>(programmer: &mut P, events: &mut Events<'_>) -> Result<(), Cause> {
    let mut steady = 0;
    let mut reported = None;
    loop {
        let look = meter(programmer)?;
        steady = if look.is_steady() { steady + 1 } else { 0 };
        let note = match steady {
            0 => Note::Answers { percent: look.percent(), steady: false },
            _ => Note::Answers { percent: 100, steady: true },
        };
        let stop = if reported.as_ref() == Some(&note) {
            // Nothing new to report, but the user may want to stop.
            events(Event::Advance { stage: Stage::Contact, bytes: 0 }).is_break()
        } else {
            let stop = events(Event::Note(note.clone())).is_break();
            reported = Some(note);
            stop
        };
        if stop {
            return Err(Cause::Stopped);
        }
        if steady >= STEADY {
            return Ok(());
        }
        programmer.sleep(APART);
    }
}
