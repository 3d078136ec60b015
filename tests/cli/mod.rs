//! The binary, run as a user runs it, on emulated programmers; one file a theme, one binary for all.

mod bringup;
mod chip;
mod contact;
mod emulate;
mod every;
mod faulty_emulator;
mod images;
mod inspect;
mod interrupted;
mod low_voltage;
mod other_size;
mod otp;
mod outputs;
mod protect;
mod quirks;
mod read;
mod regions;
mod replacement;
mod rewrite;
mod selftest;
mod store;
mod tools;
mod unknown_supply;
mod usage;
mod vendors;
mod write;
