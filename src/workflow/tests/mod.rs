//! Whole jobs on the emulator.

mod bench;
mod cuts;
mod engines;
mod whole;
