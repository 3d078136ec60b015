//! One file a verb: its words on the command line, their check, and its run.

mod backups;
mod boards;
mod chips;
mod completions;
mod emulate;
mod inspect;
mod jobs;
mod layout;
mod list;
mod man;
mod otp;
mod probe;
mod splice;
mod table;

pub use table::{Command, run};
