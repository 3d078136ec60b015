//! One file a verb: its words on the command line, their check, and its run.

mod backups;
mod completions;
mod jobs;
mod list;
mod man;
mod otp;
mod probe;
mod table;

pub use table::{Command, run};
