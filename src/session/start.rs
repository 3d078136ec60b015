//! What every request of a session begins with.

use crate::desk::Desk;
use std::path::PathBuf;

/// What every request begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The programmer and the conditions where a request names none; its stop flag is the session's.
    pub desk: Desk,
    /// The folder of the store.
    pub store: PathBuf,
    /// Version of the program, for the first line.
    pub version: String,
}
