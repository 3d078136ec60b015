//! One file a verb: its words on the command line, their check, and its run.

mod backup;
mod backups;
mod boards;
mod chips;
mod completions;
mod contact;
mod demo;
mod diff;
mod emulate;
mod erase;
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
mod probe;
mod protect;
mod read;
pub mod report;
mod restore;
mod resume;
pub mod rewrite;
mod selftest;
mod setup;
mod splice;
mod table;
mod tftp;
mod verify;
mod write;

pub use table::{Command, run};
