//! What every command is given: the checked options, the output, and the user's wish to stop.

use super::exit::Failure;
use super::options::Options;
use super::output::Output;
use super::progress::Progress;
use crate::desk::Stop;
use crate::desk::programmer::ProgrammerChoice;
use crate::desk::{Desk, Why};
use crate::workflow::Store;
use std::sync::Arc;

/// One run of the program.
#[derive(Debug)]
pub struct Session {
    /// Options of every command.
    pub options: Options,
    /// The output.
    pub out: Output,
    /// Ctrl-C and its like.
    pub stop: Stop,
    /// The store, where jobs side by side share it; otherwise a command opens it by itself.
    pub store: Option<Arc<Store>>,
}

impl Session {
    /// The desk with the programmer and conditions that the options name.
    ///
    /// # Errors
    /// Exit code 2 where `-p` cannot be read, or names several.
    pub fn desk(&self) -> Result<Desk, Failure> {
        let options = &self.options;
        if !options.more_programmers.is_empty() {
            return Err(Why::SeveralProgrammers.into());
        }
        let programmer = options.programmer.as_deref().map(ProgrammerChoice::parse).transpose()?;
        Ok(Desk {
            programmer: programmer.unwrap_or_default(),
            wait: options.wait,
            voltage_adapter: options.voltage_adapter,
            dry_run: options.dry_run,
            stop: self.stop.clone(),
        })
    }

    /// Progress shown by this session's output.
    pub fn progress(&self) -> Progress<'_> {
        Progress::new(&self.out)
    }
}
