//! Donors: files that regions take their bytes from, opened by their structure and checked.

mod anatomy;
#[cfg(test)]
mod closed_tests;
pub(crate) mod contents;
pub(crate) mod dump;
mod file;
pub(crate) mod firmware;
pub mod form;
mod headed;
pub(crate) mod identity;
mod layer;
pub(crate) mod loader;
pub(crate) mod machine;
pub(crate) mod other_flash;
mod padding;
pub(crate) mod plain;
#[cfg(test)]
mod plain_tests;
pub(crate) mod recognise;
pub(crate) mod recognised;
pub(crate) mod reference;
pub(crate) mod root;
mod unheaded;
mod unwrap;

pub use anatomy::{Anatomy, Kind, Piece};
pub use contents::Content;
pub use file::Donor;
