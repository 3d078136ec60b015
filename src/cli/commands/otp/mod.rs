//! `otp`: the security registers. `show` and `dump` only read; the rest writes, with a backup that holds the registers.

mod args;
mod change;
mod diff;
mod on_chip;
mod show;

pub use args::{Args, run};
