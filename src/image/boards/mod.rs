//! Boards as data: one TOML file a board, every fact with its source, and no offset that no source gives.

mod file;
mod table;

pub use file::parse;
pub use table::all;
