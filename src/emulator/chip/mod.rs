//! The chip under the clip, clock by clock: what a SPI NOR part does with each byte, and when.
//!
//! [`FlashChip`] is driven by chip select, bytes and time, and knows nothing of programmers. A part is data
//! ([`ChipSpec`]); time is given with every call, so the model is the same on a virtual and on a real clock. Behaviour:
//! Winbond W25Q64FV data sheet, revision S (sections 7 and 8), with the differences of BV, CV and JV.

mod answer;
mod command;
mod model;
mod operation;
mod protect;
mod registers;
pub mod spec;
mod state;
#[cfg(test)]
mod tests;
pub mod winbond;
mod window;

pub use model::{FlashChip, OperationFault};
pub use spec::ChipSpec;
pub use state::ChipState;

/// The parts by name.
const PARTS: &[fn() -> ChipSpec] =
    &[winbond::w25q64fv, winbond::w25q64bv, winbond::w25q64cv, winbond::w25q64jv];

/// The part of that name (case does not matter), or `None`.
pub fn find(name: &str) -> Option<ChipSpec> {
    PARTS.iter().map(|part| part()).find(|part| part.name.eq_ignore_ascii_case(name))
}

/// Names of all emulated parts.
pub fn names() -> Vec<String> {
    PARTS.iter().map(|part| part().name).collect()
}
