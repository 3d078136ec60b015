//! USB as the programmers need it: control requests, and OUT and IN transfers in flight together.
//!
//! [`Pipe`] is the seam: `host` implements it on rusb, the emulator implements it in process. A pipe has a clock,
//! because waiting is part of talking to a chip and the emulator's time is virtual.

mod error;
pub mod host;
mod pipe;
mod queue;

pub use error::UsbError;
pub use pipe::{Burst, Control, PATIENCE, Pipe, Recipient, Reply};
