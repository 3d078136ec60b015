//! The integration tests: one program, a module for each subject, so that the library is linked once.
//!
//! `cargo test --test all cli::rewrite` runs one module's tests. What needs a process of its own is a program of its
//! own: `memory`, whose allocator counts for the whole process.

mod apart;
mod bench;
mod browser;
mod ch347;
mod chip;
mod cli;
mod devicetrees;
mod examples;
#[cfg(unix)]
mod faults;
mod flashrom;
mod guide;
mod layers;
mod licences;
mod long_forms;
mod mr200;
mod one_row;
mod outside;
mod page;
mod parts;
mod pc;
mod programmers;
#[cfg(unix)]
mod public_api;
mod quirks;
mod serprog;
mod session;
mod shapes;
mod snapshots;
mod spidev;
mod times;
mod tools;
#[cfg(target_os = "linux")]
mod usb;
mod ways_out;
mod widths;
