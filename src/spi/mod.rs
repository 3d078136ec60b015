//! SPI as the flash layer needs it: transactions in batches, and the programmer that runs them.

pub mod hal;
mod link;
mod transaction;

pub use link::{LinkError, LinkFault, LinkNotice};
pub(crate) use transaction::forward_programmer;
pub(crate) use transaction::read_whole;
pub use transaction::{Limits, Op, Programmer, SpiError, Transaction};
