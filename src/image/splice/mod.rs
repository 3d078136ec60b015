//! The splice: the board's own dump, donors and a choice become the bytes for a chip or a rescue file.

mod base;
mod choice;
mod classes;
mod compose;
mod coreboot;
pub mod describe;
mod edits;
pub(crate) mod fitness;
mod fmaps;
mod judge;
mod kinship;
mod maps;
mod moved;
mod parties;
mod pc;
mod product;
pub mod recipe;
mod rescue;
#[cfg(test)]
mod rescue_tests;
mod resolve;
mod router;
mod spliced;
mod strays;
#[cfg(test)]
mod tests;
mod tree_map;

pub use choice::{Choice, Edits, EnvValue, Purpose, RegionSource, SerialNumber, Uuid};
pub use moved::Moved;
pub use recipe::{Recipe, RecipeDonor};
pub use rescue::check_tftp;
pub(crate) use resolve::check_sources;
pub(crate) use spliced::splice_moved;
pub use spliced::{RegionRow, Spliced, UnitRow, splice};
