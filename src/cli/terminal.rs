//! The command line as a front end of the desk: notices become notes, warnings and progress, the question is asked.

use super::events::Reporter;
use super::exit::Failure;
use super::session::Session;
use super::show::hex;
use super::{five_volts, questions, splicing};
use crate::desk::{Answer, Front, Notice, Question, Refusal, Said};
use crate::units;
use std::cell::RefCell;
use std::ops::ControlFlow;

/// The front end of one job.
pub struct Terminal<'a> {
    session: &'a Session,
    reporter: RefCell<Reporter<'a>>,
    /// Why the question was not answered with yes.
    unconfirmed: RefCell<Option<Failure>>,
    /// An option has answered the question whether to remove or drop something.
    allowed_removal: bool,
}

impl<'a> Terminal<'a> {
    /// For one job of a session.
    pub fn new(session: &'a Session) -> Self {
        let reporter = RefCell::new(Reporter::new(session));
        Self { session, reporter, unconfirmed: RefCell::new(None), allowed_removal: false }
    }

    /// The same, where an option has answered the question whether to remove or drop something.
    pub fn with_removal_allowed(self, allowed: bool) -> Self {
        Self { allowed_removal: allowed, ..self }
    }

    /// A refusal in words; for one that was not confirmed, those of the question itself: nothing was done after it.
    pub fn failure(&self, refusal: Refusal) -> Failure {
        self.unconfirmed.take().unwrap_or_else(|| refusal.into())
    }
}

impl Front for Terminal<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        let (session, out) = (self.session, &self.session.out);
        match notice {
            Notice::MayDriveFiveVolts { path } => five_volts::warn(session, path),
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
            Notice::Spliced(spliced) => {
                self.reporter.borrow_mut().pause();
                out.line("");
                splicing::show(session, spliced);
            }
            Notice::Findings(findings) => {
                self.reporter.borrow_mut().pause();
                splicing::findings(session, findings);
            }
            Notice::Registers { changes, erasable } => questions::show_changes(session, changes, erasable),
            Notice::RegisterToLock(register) => {
                questions::show_register(session, register);
                out.warn("its contents stay forever: no command and no tool undoes a lock");
            }
            Notice::Job(event) => return self.reporter.borrow_mut().take(event.clone()),
            // Shown by the commands that ask for them.
            Notice::Meter(_) | Notice::ProtectionPlanned { .. } => {}
            // The text is one for the option that chooses a programmer.
            Notice::OtherPort { text } => {
                out.warn(format!("a chip answers on another port of this programmer: -p {text}"));
            }
            sentence => {
                self.reporter.borrow_mut().pause();
                match sentence.said() {
                    Some(Said::Detail(text)) => out.detail(text),
                    Some(Said::Note(text)) => out.note(text),
                    Some(Said::Warning(text)) => out.warn(text),
                    None => {}
                }
            }
        }
        session.stop.flow()
    }

    fn ask(&self, question: &Question<'_>) -> Answer {
        self.reporter.borrow_mut().pause();
        let answered = questions::ask(self.session, question, self.allowed_removal);
        answered.unwrap_or_else(|failure| {
            self.unconfirmed.replace(Some(failure));
            Answer::No
        })
    }
}
