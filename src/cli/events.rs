//! A job's events, shown as progress, notes and JSON events; the answer is the user's wish to stop.

use super::progress::Progress;
use super::session::Session;
use super::words::replacement;
use crate::desk::notes::{note, warning};
use crate::wire;
use crate::workflow::{Event, Stage};
use std::ops::ControlFlow;

/// Takes a job's events.
pub struct Reporter<'a> {
    session: &'a Session,
    progress: Progress<'a>,
    stage: Option<Stage>,
    done: u64,
}

impl<'a> Reporter<'a> {
    /// For one job of a session.
    pub fn new(session: &'a Session) -> Self {
        Self { session, progress: session.progress(), stage: None, done: 0 }
    }

    /// Shows one event.
    pub fn take(&mut self, event: Event) -> ControlFlow<()> {
        let out = &self.session.out;
        match event {
            Event::Begin { stage, bytes, time } => {
                (self.stage, self.done) = (Some(stage), 0);
                out.event("stage", wire::stage(stage, bytes, time));
                match stage {
                    _ if bytes == 0 || stage == Stage::Store => {
                        self.progress.finish();
                        out.detail(stage.name());
                    }
                    // Another reading follows, where the store does not know the chip.
                    Stage::FirstRead => self.progress.start_leg(stage.name(), bytes, 2 * bytes),
                    Stage::SecondRead => self.progress.go_on(stage.name(), bytes),
                    _ => self.progress.start(stage.name(), bytes),
                }
            }
            Event::Advance { stage, bytes } => {
                if self.stage == Some(stage) {
                    self.done += bytes;
                    self.progress.at(self.done);
                }
            }
            Event::End { .. } => {
                self.progress.finish();
                self.stage = None;
            }
            Event::Note(found) => self.aside(|out| out.note(note(&found))),
            Event::Warning(found) => self.aside(|out| out.warn(warning(&found))),
            Event::Replacement(found) => self.aside(|out| out.warn(replacement(&found))),
            Event::Stored { id } => {
                out.event("stored", wire::stored(&id));
                self.aside(|out| out.note(format!("backup stored: {id}")));
            }
            Event::JobOpened { id } => {
                out.event("job", wire::job_opened(&id));
                out.detail(format!("job: {id}"));
            }
        }
        self.session.stop.flow()
    }

    /// Ends the running bar, for a question or the result.
    pub fn pause(&mut self) {
        self.progress.pause();
    }

    /// Says something without tearing the bar.
    fn aside(&self, say: impl FnOnce(&super::output::Output)) {
        self.progress.aside(|| say(&self.session.out));
    }
}
