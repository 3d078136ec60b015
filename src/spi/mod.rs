//! SPI as the flash layer needs it: transactions in batches, and the programmer that runs them.

mod transaction;

pub use transaction::{Limits, Op, Programmer, SpiError, Transaction};
