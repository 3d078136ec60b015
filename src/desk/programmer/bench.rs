//! An opened programmer at work: used up by one job, or lent to it.

use super::super::Refusal;
use super::super::front::{Front, Notice};
use super::emulated::Emulated;
use crate::spi::{Programmer, forward_programmer};
use std::cell::RefCell;
use std::rc::Rc;

/// Any programmer.
pub(crate) type AnyProgrammer = Box<dyn Programmer>;

/// An opened programmer and, for an emulated one, what has to be saved when the run ends.
pub struct Bench {
    /// The text that chose it; `None` for the only one plugged in.
    pub(super) text: Option<String>,
    /// What it is, for reports.
    pub name: String,
    /// Its SPI clock as it was opened, in Hz.
    pub(super) clock_hz: u32,
    /// The USB path of one that may drive its data lines at 5 V.
    pub(super) five_volts: Option<String>,
    pub(super) programmer: AnyProgrammer,
    pub(super) emulated: Option<Emulated>,
}

impl Bench {
    /// What every job on it begins with.
    pub(super) fn say(&self, front: &dyn Front) {
        if let Some(path) = &self.five_volts {
            let _ = front.notice(Notice::MayDriveFiveVolts { path });
        }
        let _ = front.notice(Notice::Opened { name: &self.name, clock_hz: self.clock_hz });
    }

    /// As [`run`](Self::run), and gives it back open; not after a failure, nor where its pins could not be let go.
    pub(super) fn lend<T, E: From<Refusal>>(
        self,
        work: impl FnOnce(AnyProgrammer) -> Result<T, E>,
    ) -> Result<(T, Option<Self>), E> {
        let Self { text, name, clock_hz, five_volts, programmer, mut emulated } = self;
        let shared = Rc::new(RefCell::new(programmer));
        let done = work(Box::new(Lent(Rc::clone(&shared))));
        let let_go = shared.borrow_mut().release();
        let saved = emulated.as_mut().map_or(Ok(()), Emulated::save);
        let done = done?;
        saved?;
        let programmer = Rc::into_inner(shared).filter(|_| let_go.is_ok()).map(RefCell::into_inner);
        let own =
            programmer.map(|programmer| Self { text, name, clock_hz, five_volts, programmer, emulated });
        Ok((done, own))
    }

    /// Runs `work` with the programmer; then the pins are released, and an emulated chip is saved, whatever `work` gave.
    ///
    /// # Errors
    /// Those of `work`, else those of the saving.
    pub fn run<T, E: From<Refusal>>(self, work: impl FnOnce(AnyProgrammer) -> Result<T, E>) -> Result<T, E> {
        let Self { programmer, mut emulated, .. } = self;
        let done = work(programmer);
        let saved = emulated.as_mut().map_or(Ok(()), Emulated::save);
        let done = done?;
        saved?;
        Ok(done)
    }
}

/// A programmer that a job uses while someone else keeps it.
struct Lent(Rc<RefCell<AnyProgrammer>>);

impl Programmer for Lent {
    forward_programmer!(this: this.0.borrow(), this.0.borrow_mut());
}
