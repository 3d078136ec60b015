//! One file a verb: its words on the command line, their check, and its run.

mod completions;
mod man;
mod table;

pub use table::{Command, run};
