//! The chip under the clip, clock by clock: what a SPI NOR part does with each byte, and when.
//!
//! [`FlashChip`] is driven by chip select, bytes and time, and knows nothing of programmers. A part is data
//! ([`ChipSpec`](spec::ChipSpec)); time is given with every call, so the model is the same on a virtual and on a real clock. Behaviour:
//! Winbond W25Q64FV data sheet, revision S (sections 7 and 8), with the differences of BV, CV and JV.

mod adesto;
mod answer;
mod command;
mod common;
mod data_fault;
mod eon;
mod gigadevice;
mod issi;
mod large;
mod left;
mod macronix;
mod micron;
mod model;
mod onward;
mod operation;
mod parts;
mod protect;
mod registers;
mod scheme;
mod security;
mod sfdp;
mod spansion;
pub mod spec;
mod sst;
mod state;
#[cfg(test)]
mod tests;
mod winbond;
mod window;

pub use data_fault::DataFault;
pub use left::LeftState;
pub use model::{FlashChip, OperationFault};
pub use parts::{find, names};
pub use state::ChipState;
