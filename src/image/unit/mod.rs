//! Data that belong to one unit of a board: MAC addresses, calibration, serial numbers and PINs.

mod data;
mod texts;

pub use data::*;
pub use texts::texts;
