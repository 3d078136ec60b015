//! Arguments, options, progress, what is printed, exit codes: the only layer that talks to the user.
//!
//! `args` are the words, `options` what they mean, `run` the way from the one to an exit code, `commands` a file a
//! verb. Results go to stdout, everything else to stderr; with `--json` stdout holds JSON lines and nothing else.
//! Options are checked before a programmer is opened.

mod args;
mod browser;
mod commands;
mod completion;
mod confirm;
mod differences;
mod events;
mod every;
mod exit;
mod five_volts;
mod flashrom;
mod flow;
mod global;
mod guide;
mod help;
mod home;
mod jobs;
mod options;
mod order;
mod output;
mod place;
mod progress;
mod questions;
mod rescue;
mod run;
mod session;
mod setup;
mod shell;
mod show;
mod signals;
mod splicing;
mod store;
mod streams;
mod subject;
mod table;
mod terminal;
mod time_left;
mod words;

pub use exit::Exit;
pub use run::main;
