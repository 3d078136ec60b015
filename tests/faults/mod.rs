//! What goes wrong on the way, at every point, and what becomes of the chip.

mod bench;
mod data;
mod job;
mod kill;
mod matrix;
mod rows;
mod table;
