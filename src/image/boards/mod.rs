//! Boards as data: one TOML file for each board, every fact with its source, and no offset without a source.

mod board;
mod file;
mod table;

pub use board::{Board, Hardware, Recovery, RecoveryKind};
pub use file::parse;
