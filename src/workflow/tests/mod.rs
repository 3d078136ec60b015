//! Whole jobs on the emulator.

mod bench;
mod budget;
mod contact;
mod cuts;
mod engines;
mod guards;
mod whole;
