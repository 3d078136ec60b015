//! What goes wrong on the way, at every point, and what becomes of the chip.

pub mod bench;
mod data;
pub mod job;
mod kill;
mod matrix;
mod rows;
mod table;
