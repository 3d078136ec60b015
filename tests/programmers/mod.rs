//! Codecs and driver on the emulated programmers.

mod bytes;
mod failures;
mod opened;
mod pace;
mod pins;
