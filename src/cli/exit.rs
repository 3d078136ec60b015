//! How the program ends: exit codes, and the failure that carries one together with what the user needs to know.

use crate::wire::{self, Ending, Fields};
use std::process::ExitCode;

/// The exit codes, by what the user can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed; the chip was not touched.
    Failed = 1,
    /// Wrong usage, a refused input, or a confirmation that was not given.
    Refused = 2,
    /// The chip is partly written; the message has the command that finishes it.
    Partial = 3,
    /// The contents differ.
    Differ = 4,
    /// No programmer, or no chip under the clip.
    NoChip = 5,
}

impl Exit {
    /// As a number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// A command that did not do its work: the exit code, the message, the next action, and what `--json` adds.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed, where, expected and found.
    pub message: String,
    /// What to do next, where the message does not say so itself.
    pub hint: Option<String>,
    /// The job that is open on the chip; the commands that end it are added by [`Failure::with_commands`].
    pub open_job: Option<String>,
    /// Fields of the JSON result beyond `status` and `message`. Boxed: failures are rare and returned everywhere.
    pub fields: Box<Fields>,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None, open_job: None, fields: Box::default() }
    }

    /// Exit code 1: failed, chip untouched.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// Exit code 2: usage, or an input that is refused.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// The same with the commands that finish or undo an open job. `command` makes one of a verb: it names this run's
    /// programmer and store.
    pub fn with_commands(self, command: impl Fn(&str) -> String) -> Self {
        let Some(job) = &self.open_job else { return self };
        let resume = command(&format!("resume {job}"));
        let undo = command(&format!("resume --undo {job}"));
        self.hint(format!(
            "the chip is partly written. Finish it:  {resume}\n        or put the backup back:  {undo}"
        ))
        .with_fields(wire::open_job_commands(&resume, &undo))
    }

    /// The same with the next action.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with those of these fields that it has not yet, in the JSON result.
    pub fn with_fields(self, fields: Fields) -> Self {
        Self { fields: Box::new(self.fields.and(fields)), ..self }
    }
}

/// How a command ends: `Done` or `Differ`, with the fields of its JSON result, or a failure.
pub type Outcome = Result<(Exit, Fields), Failure>;

/// The fields of the event that ends a command.
pub fn result(command: &str, outcome: &Outcome) -> Fields {
    match outcome {
        Ok((exit, fields)) => wire::result(command, exit.code(), Ending::Done(fields)),
        Err(Failure { exit, message, hint, fields, .. }) => {
            let ending = Ending::Failed { message, hint: hint.as_deref(), fields };
            wire::result(command, exit.code(), ending)
        }
    }
}
