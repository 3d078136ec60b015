//! One file a verb: its words on the command line, their check, and its run.

mod backup;
mod backups;
mod blank_check;
mod boards;
mod chips;
mod completions;
mod contact;
mod demo;
mod diff;
mod emulate;
mod erase;
mod extract;
mod flashrom;
mod guide;
mod hexdump;
mod inspect;
mod jobs;
mod layout;
mod list;
mod man;
mod map;
mod otp;
#[cfg(feature = "page")]
mod page;
mod patch;
mod probe;
mod protect;
mod read;
pub mod report;
mod restore;
mod resume;
pub mod rewrite;
mod selftest;
mod session;
mod setup;
mod splice;
mod status;
mod table;
mod tftp;
mod verify;
mod write;

pub use table::{Command, run};
