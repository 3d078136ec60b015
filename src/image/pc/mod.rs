//! PCs: what is in the part of their flash that the processor runs, who owns it, and whether a splice of it holds.
//!
//! [`Bios`](bios::Bios) is a BIOS region, read once: volumes with their files, stores of variables, tables and directories.
//! From it come the claims (what stays the board's own), the values of the unit, the names of the model, and the hashes that
//! a result must hold. [`board`] makes a board of it, whose regions the splice puts together like any other board's; what
//! is judged besides is in `judge`. Code is unpacked to be described alone (`sections`): what is the unit's is not packed.

pub mod address;
pub mod apple;
pub mod bios;
pub mod board;
pub mod boot_guard;
pub mod claims;
pub mod dvar;
pub mod edit;
pub mod file;
pub mod fit;
pub mod flash;
pub mod guid;
pub mod hashed;
pub mod hashes;
pub mod identity;
pub mod insyde;
pub mod item;
pub mod judge;
pub mod legacy;
pub mod me;
pub mod missing;
pub mod models;
pub mod nvar;
pub mod nvram;
pub mod phoenix;
pub mod proof;
pub mod psp;
pub mod sections;
pub mod variables;
pub mod volume;
pub mod vss;

#[cfg(test)]
mod amd_tests;
#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod kinds_tests;
#[cfg(test)]
#[path = "../../../tests/pc/made/mod.rs"]
pub(crate) mod made;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod update_tests;
