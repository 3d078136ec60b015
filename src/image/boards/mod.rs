//! Boards as data: one TOML file a board, every fact with its source, and no offset that no source gives.

mod board;
mod file;
mod table;

pub use board::{Board, Hardware, Recovery, RecoveryKind};
pub use file::parse;
