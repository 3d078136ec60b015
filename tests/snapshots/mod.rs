//! What users see, kept as text: the help of every command, and every command's output on the demo board.
//!
//! `NORSPLICE_UPDATE=1 cargo test --test all snapshots` draws the files under `tests/data/snapshots` anew, for review in the
//! diff. A new command needs a line in [`steps::STEPS`].

mod help;
mod kept;
mod output;
pub mod schema;
mod session;
mod steps;
