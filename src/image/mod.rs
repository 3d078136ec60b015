//! Images and what is in them: regions, boards, containers, donors, the splice; pure.
//!
//! A [`Board`] names its regions ([`Layout`]) and what is known of each; [`splice()`] puts the board's own dump
//! and [`Donor`]s together as a [`Choice`] says, and judges everything it takes ([`checks`]).

pub(crate) mod boards;
pub mod checks;
pub(crate) mod chips;
pub mod container;
pub mod devicetree;
pub(crate) mod donor;
mod error;
#[cfg(test)]
mod few_cases;
pub(crate) mod formats;
pub mod inspect;
pub(crate) mod layout;
pub mod layouts;
#[cfg(test)]
pub(crate) mod made_tree;
pub(crate) mod pc;
mod per_unit;
pub mod records;
pub(crate) mod splice;
pub mod synthetic;
pub mod unit;
pub(crate) mod vscc;
mod whole;

pub use splice::describe;
pub(crate) use splice::fitness;

pub use boards::{Board, Hardware, Recovery, RecoveryKind};
pub use checks::finding::{Allow, Finding, Severity};
pub use donor::contents::contents;
pub(crate) use donor::recognise::by_tree;
pub use donor::recognise::{auto, recognise};
pub use donor::recognised::Recognised;
pub use donor::{Content, Donor};
pub use error::ImageError;
pub use layout::{Format, Layout, PerUnit, Region, Role, Source, UnitKind};
pub use layouts::any::parse_any;
pub(crate) use splice::check_sources;
pub(crate) use splice::splice_moved;
pub use splice::{
    Choice, Edits, EnvValue, Moved, Purpose, Recipe, RecipeDonor, RegionRow, RegionSource, SerialNumber,
    Spliced, UnitRow, Uuid, check_tftp, splice,
};
pub(crate) use whole::is_blank;
pub use whole::{Image, sha256};
