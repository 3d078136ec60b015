//! Whole jobs on the emulator.

mod bench;
mod budget;
mod contact;
mod cuts;
mod data_faults;
mod engines;
mod guards;
mod known;
mod long_answers;
mod short_reads;
mod unforeseen;
mod whole;
