//! The binary, run as a user runs it, on emulated programmers; one file a theme, one binary for all.

mod bringup;
mod chip;
mod contact;
mod emulate;
mod every;
mod images;
mod inspect;
mod interrupted;
mod low_voltage;
mod otp;
mod protect;
mod quirks;
mod read;
mod replacement;
mod rewrite;
mod selftest;
mod store;
mod usage;
mod vendors;
mod write;
