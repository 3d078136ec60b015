//! One request's side of the protocol: what happens becomes lines, a question waits for its answer, a cancel stops.

use super::lines::{Ended, Line, Lines};
use super::picture::picture;
use crate::desk::programmer::Kept;
use crate::desk::{Answer, Front, Notice, Question, Said, Stop};
use crate::wire::request::{Id, Request, What};
use crate::wire::{self, Fields};
use crate::workflow::{Event, Stage};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::ops::ControlFlow;

/// Where lines go, and whether someone still takes them.
pub struct Output<'w>(RefCell<&'w mut dyn Write>, Cell<bool>);

impl<'w> Output<'w> {
    /// Lines into `writer`.
    pub fn new(writer: &'w mut dyn Write) -> Self {
        Self(RefCell::new(writer), Cell::new(true))
    }

    /// True while every line was taken.
    pub fn is_open(&self) -> bool {
        self.1.get()
    }

    /// Sends one line at once.
    pub fn send(&self, fields: &Fields) {
        let mut writer = self.0.borrow_mut();
        if writeln!(writer, "{fields}").and_then(|()| writer.flush()).is_err() {
            self.1.set(false);
        }
    }
}

/// The front end of one request.
pub struct Talk<'t> {
    /// The request's id.
    id: Id,
    lines: &'t Lines,
    output: &'t Output<'t>,
    stop: Stop,
    /// The programmer that stays open from request to request.
    kept: &'t Kept,
    /// The input has ended, which was taken for a wish to stop.
    ended: Cell<bool>,
    /// The stage that runs, its bytes, those that are done, and the hundredths that were reported last.
    running: Cell<Option<(Stage, u64, u64, u64)>>,
}

impl<'t> Talk<'t> {
    /// For the request of this id.
    pub fn new(id: Id, lines: &'t Lines, output: &'t Output<'t>, stop: Stop, kept: &'t Kept) -> Self {
        Self { id, lines, output, stop, kept, ended: Cell::new(false), running: Cell::new(None) }
    }

    /// Sends an event of this request.
    pub fn send(&self, event: &str, fields: Fields) {
        self.output.send(&wire::session::line(Some(&self.id), event, fields));
    }

    /// Takes what has come in since the last look: a cancel, or what cannot be done now.
    fn attend(&self) -> ControlFlow<()> {
        loop {
            match self.lines.look() {
                Ok(None) => break,
                Ok(Some(line)) => drop(self.take(line, None)),
                Err(Ended) => {
                    if !self.ended.replace(true) {
                        self.stop.request_soon();
                    }
                    break;
                }
            }
        }
        if !self.output.is_open() && !self.ended.replace(true) {
            self.stop.request_soon();
        }
        self.stop.flow()
    }

    /// Takes a line while this request runs; gives the answer where it is one to `question`.
    fn take(&self, line: Line, question: Option<&Question<'_>>) -> Option<Answer> {
        let complain = |id: Option<&Id>, message: &str| {
            self.output.send(&wire::session::line(id, "error", wire::session::complaint(message)));
        };
        let Request { id, what } = match line.request() {
            Ok(request) => request,
            Err(none) => {
                complain(none.id.as_ref(), &none.why);
                return None;
            }
        };
        let is_ours = id == self.id;
        match (what, question) {
            (What::Cancel, _) if is_ours => {
                self.stop.request_soon();
                // A question that is cancelled is one that is not confirmed.
                question.map(|_| Answer::No)
            }
            (What::Answer(answer), Some(question)) if is_ours => {
                if answer == Answer::No || question.is_confirmed_by(&answer) {
                    return Some(answer);
                }
                complain(
                    Some(&id),
                    "the answer does not confirm the question that was shown: its digest, phrase or sha256 is another",
                );
                None
            }
            (What::Answer(_), _) => {
                complain(Some(&id), "no question of this id waits for an answer");
                None
            }
            (What::Cancel, _) => {
                complain(Some(&id), "no request of this id runs");
                None
            }
            (What::Do(..), _) => {
                complain(Some(&id), &format!("the request {} runs: one after the other", self.id));
                None
            }
        }
    }

    /// Reports each hundredth of a stage once.
    fn advance(&self, bytes: u64) {
        let Some((stage, total, done, reported)) = self.running.get() else { return };
        let done = done + bytes;
        let hundredths = (u128::from(done) * 100).checked_div(u128::from(total)).unwrap_or(0) as u64;
        self.running.set(Some((stage, total, done, hundredths)));
        if hundredths > reported {
            self.send("progress", wire::progress(stage.name(), done, total));
        }
    }

    fn job(&self, event: &Event) {
        match event {
            Event::Begin { stage, bytes, time } => {
                self.running.set(Some((*stage, *bytes, 0, 0)));
                self.send("stage", wire::stage(*stage, *bytes, *time));
            }
            Event::Advance { bytes, .. } => self.advance(*bytes),
            Event::End { .. } => self.running.set(None),
            Event::Stored { id } => self.send("stored", wire::stored(id)),
            Event::JobOpened { id } => self.send("job", wire::job_opened(id)),
            // Sentences.
            Event::Note(_) | Event::Warning(_) | Event::Replacement(_) => {}
        }
    }
}

impl Front for Talk<'_> {
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
        let message = |event: &str, text: &str| self.send(event, wire::message(text));
        match notice.said() {
            Some(Said::Detail(text) | Said::Note(text)) => message("note", &text),
            Some(Said::Warning(text)) => message("warning", &text),
            None => self.facts(notice),
        }
        self.attend()
    }

    fn ask(&self, question: &Question<'_>) -> Answer {
        self.send("question", wire::question(question).and(shown(question)));
        loop {
            // Without another side there is no yes.
            let line = if self.output.is_open() { self.lines.wait() } else { None };
            let Some(line) = line else {
                self.ended.set(true);
                self.stop.request_soon();
                return Answer::No;
            };
            if let Some(answer) = self.take(line, Some(question)) {
                return answer;
            }
        }
    }

    fn kept(&self) -> Option<&Kept> {
        Some(self.kept)
    }
}

impl Talk<'_> {
    /// Sends a notice that is more than a sentence.
    fn facts(&self, notice: Notice<'_>) {
        match notice {
            Notice::Connected { identity, over_voltage } => {
                self.send("chip", wire::connected(identity, over_voltage));
            }
            Notice::Spliced(spliced) => self.send("spliced", wire::proposed(spliced)),
            Notice::Findings(findings) => self.send("findings", wire::checked(findings)),
            Notice::Meter(meter) => self.send("meter", wire::meter(meter)),
            Notice::Job(event) => self.job(event),
            // The question that follows holds them; all others are sentences.
            _ => {}
        }
    }
}

/// The picture that goes with a question about a plan.
fn shown(question: &Question<'_>) -> Fields {
    match question {
        Question::Write(asked) => {
            let proposal = asked.proposal;
            let cells = picture(&proposal.backup.id, proposal.current, proposal.wanted, asked.layout);
            wire::pictured(cells)
        }
        _ => Fields::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_that_is_said_again_is_the_same_one_and_so_is_the_end_after_it() {
        let lines = Lines::beside(std::io::Cursor::new("{\"id\":1,\"cancel\":true}\n".repeat(3)));
        let (mut written, kept, stop) = (Vec::new(), Kept::default(), Stop::default());
        let output = Output::new(&mut written);
        let talk = Talk::new(Id(1.into()), &lines, &output, stop.clone(), &kept);
        while !talk.ended.get() {
            let _ = talk.attend();
        }
        assert!(stop.soon() && !stop.now(), "a second wish would stop at once, and not after the block");
    }
}
