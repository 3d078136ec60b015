//! The command line as a front end of the desk: notices become notes, warnings and progress, the question is asked.

use super::events::Reporter;
use super::exit::Failure;
use super::session::Session;
use super::show::hex;
use super::{five_volts, jobs, splicing};
use crate::desk::programmer::{AnyChip, AnyProgrammer};
use crate::desk::{Front, Notice, Question, Refusal};
use crate::units;
use std::cell::RefCell;
use std::ops::ControlFlow;

/// The front end of one job.
pub struct Terminal<'a> {
    session: &'a Session,
    reporter: RefCell<Reporter<'a>>,
    /// Why the question was not answered with yes.
    unconfirmed: RefCell<Option<Failure>>,
}

impl<'a> Terminal<'a> {
    /// For one job of a session.
    pub fn new(session: &'a Session) -> Self {
        Self { session, reporter: RefCell::new(Reporter::new(session)), unconfirmed: RefCell::new(None) }
    }

    /// A refusal in words; for one that was not confirmed, those of the question itself.
    pub fn failure(&self, refusal: Refusal) -> Failure {
        self.question_or(refusal.into())
    }

    /// The failure of the question, where that was not answered with yes: nothing was done after it. Else this one.
    pub fn question_or(&self, failure: Failure) -> Failure {
        self.unconfirmed.take().unwrap_or(failure)
    }
}

impl Front for Terminal<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        let (session, out) = (self.session, &self.session.out);
        match notice {
            Notice::MayDriveFiveVolts { path } => five_volts::warn(session, path),
            Notice::LowerClock { asked_hz, clock_hz } => {
                let (asked, clock) = (units::hz(asked_hz), units::hz(clock_hz));
                out.note(format!(
                    "speed={asked}: the SPI clock is {clock}, the next one below that this programmer has"
                ));
            }
            Notice::Link(notice) => out.warn(notice.to_string()),
            Notice::Opened { name, clock_hz } => {
                out.detail(format!("programmer: {name}, SPI clock {}", units::hz(clock_hz)));
            }
            Notice::Connecting(text) => out.note(text),
            Notice::Connected { identity, over_voltage } => {
                if over_voltage {
                    out.warn(format!(
                        "{} is a 1.8 V part: 3.3 V may destroy it. Take the clip off unless a 1.8 V adapter is between.",
                        identity.part_name
                    ));
                }
                let (part, id) = (&identity.part_name, hex(&identity.jedec_id));
                out.note(format!("chip: {part} ({id}), {}", units::size(identity.part.size)));
                identity.left.iter().for_each(|found| out.note(found.to_string()));
                identity.notes.iter().for_each(|note| out.note(note));
            }
            Notice::ClockFound { hz } => out.note(format!("SPI clock: {}", units::hz(hz))),
            Notice::BoardFound { name, by } => {
                self.reporter.borrow_mut().pause();
                out.note(format!("board: {name}, by {}", by.join("; ")));
            }
            Notice::Spliced(spliced) => {
                self.reporter.borrow_mut().pause();
                out.line("");
                splicing::show(session, spliced);
            }
            Notice::NotRecorded(refusal) => {
                out.warn(format!("a report of this job will lack details: {refusal}"));
            }
            Notice::Job(event) => return self.reporter.borrow_mut().take(event.clone()),
        }
        session.stop.flow()
    }

    fn confirm(&self, question: &Question<'_>) -> bool {
        let asked =
            jobs::ask(self.session, &mut self.reporter.borrow_mut(), question.proposal, question.layout);
        asked.map_err(|failure| self.unconfirmed.replace(Some(failure))).is_ok()
    }
}

/// Opens the session's programmer and runs `work` with it; with `--wait`, once a chip answers steadily.
///
/// # Errors
/// Exit code 5 where there is no programmer, 2 where several are meant; those of `work`.
pub fn with_programmer<T>(
    session: &Session,
    work: impl FnOnce(AnyProgrammer, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    session.desk()?.with_programmer(&Terminal::new(session), work)
}

/// Opens the session's programmer, connects to the chip and runs `work` with it.
///
/// # Errors
/// As [`with_programmer`]; exit code 5 where no chip answers.
pub fn with_chip<T>(
    session: &Session,
    work: impl FnOnce(&mut AnyChip, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    session.desk()?.with_chip(&Terminal::new(session), work)
}

/// The same for commands that write.
///
/// # Errors
/// As [`with_chip`]; exit code 2 for a 1.8 V part without its adapter.
pub fn with_chip_to_write<T>(
    session: &Session,
    work: impl FnOnce(&mut AnyChip, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    session.desk()?.with_chip_to_write(&Terminal::new(session), work)
}
