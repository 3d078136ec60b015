//! Whole jobs on the emulator.

mod bench;
mod budget;
mod cuts;
mod engines;
mod whole;
