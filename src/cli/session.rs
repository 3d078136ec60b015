//! What every command is given: the checked options, the voice, and the user's wish to stop.

use super::options::Options;
use super::output::Output;
use super::progress::Progress;
use super::signals::Stop;
use crate::workflow::Store;
use std::sync::Arc;

/// One run of the program.
#[derive(Debug)]
pub struct Session {
    /// Options of every command.
    pub options: Options,
    /// The voice.
    pub out: Output,
    /// Ctrl-C and its like.
    pub stop: Stop,
    /// The store, where jobs side by side share it; otherwise a command opens it by itself.
    pub store: Option<Arc<Store>>,
}

impl Session {
    /// Progress told by this session's voice.
    pub fn progress(&self) -> Progress<'_> {
        Progress::new(&self.out)
    }
}
