//! Images and what is in them: regions, boards, containers, donors, the splice; pure.
//!
//! A [`Board`] names its regions ([`Layout`]) and what is known of each; [`splice()`] puts the board's own dump
//! and [`Donor`]s together as a [`Choice`] says, and judges everything it takes ([`checks`]).

pub mod anatomy;
mod base;
pub mod board;
pub mod boards;
pub mod checks;
pub mod choice;
mod compose;
pub mod container;
pub mod describe;
pub mod devicetree;
pub mod donor;
mod dump;
mod edits;
pub mod error;
#[cfg(test)]
mod few_cases;
pub mod finding;
mod firmware;
pub mod fitness;
pub mod form;
mod found;
pub mod inspect;
pub mod item;
mod judge;
pub mod layout;
pub mod layouts;
pub mod loader;
mod plain;
#[cfg(test)]
mod plain_tests;
pub mod recipe;
pub mod recognise;
pub mod rescue;
#[cfg(test)]
mod rescue_tests;
mod resolve;
pub mod splice;
#[cfg(test)]
mod splice_tests;
pub mod synthetic;
pub mod unit;
pub mod whole;

pub use board::{Board, Hardware, Recovery, RecoveryKind};
pub use choice::{Choice, Edits, Purpose};
pub use donor::Donor;
pub use error::ImageError;
pub use finding::{Allow, Finding, Severity};
pub use layout::{Format, Layout, PerUnit, Region, Role, Source, UnitKind};
pub use layouts::parse_any;
pub use recipe::{Recipe, RecipeDonor};
pub use recognise::{Recognised, auto, by_tree, recognise};
pub use rescue::check_tftp;
pub use splice::{RegionRow, Spliced, UnitRow, splice};
pub use whole::{Image, is_blank, sha256};
