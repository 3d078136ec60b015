//! What every command is given: the checked options, the output, and the user's wish to stop.

use super::exit::Failure;
use super::options::Options;
use super::output::Output;
use super::progress::Progress;
use crate::desk::Stop;
use crate::desk::programmer::ProgrammerChoice;
use crate::desk::{Desk, Why, allowed};
use crate::flash::Assumed;
use crate::units;
use crate::workflow::Store;
use std::sync::Arc;
use std::time::Duration;

/// How `-p` names the programmer in software.
const EMULATED: &str = "emu";

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
        let assumed = match (&options.part, options.size) {
            (Some(name), _) => Some(Assumed::part(name)?),
            (None, Some(bytes)) => Some(Assumed::size(bytes)?),
            (None, None) => None,
        };
        Ok(Desk {
            programmer: programmer.unwrap_or_default(),
            wait: options.wait,
            voltage_adapter: options.voltage_adapter,
            assumed,
            allow: allowed(options.allow.iter().map(String::as_str))?,
            dry_run: options.dry_run,
            stop: self.stop.clone(),
            // A command has one desk.
            ..Desk::default()
        })
    }

    /// Progress shown by this session's output.
    pub fn progress(&self) -> Progress<'_> {
        Progress::new(&self.out, self.is_modelled())
    }

    /// True where the chip is one in software: its time is modelled, and the time that passes here is not shown beside it.
    pub fn is_modelled(&self) -> bool {
        let programmer = self.options.programmer.as_deref().and_then(|text| text.split(':').next());
        programmer == Some(EMULATED)
    }

    /// How long something on the chip took, in words.
    pub fn took(&self, time: Duration) -> String {
        let modelled = if self.is_modelled() { " (modelled)" } else { "" };
        format!("{}{modelled}", units::time(time))
    }
}
