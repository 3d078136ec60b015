//! USB as the programmers need it: control requests, and OUT and IN transfers in flight together.
//!
//! [`Pipe`] is the seam: `host` implements it on rusb, the emulator implements it in process. A pipe has a clock,
//! because waiting is part of talking to a chip and the emulator's time is virtual.

mod device;
mod error;
#[cfg(any(feature = "host", target_os = "wasi"))]
mod flight;
#[cfg(feature = "host")]
pub mod host;
#[cfg(not(any(feature = "host", target_os = "wasi")))]
#[path = "no_host.rs"]
pub mod host;
#[cfg(all(not(feature = "host"), target_os = "wasi"))]
#[path = "web/mod.rs"]
pub mod host;
pub mod message;
mod pipe;
#[cfg(feature = "host")]
mod queue;
mod stream;
mod trace;

pub use device::{FoundDevice, Interface, Wanted};
pub use error::UsbError;
pub(crate) use pipe::PATIENCE;
pub use pipe::{About, Burst, Control, Pipe, Recipient, Reply};
pub use stream::{GpioLine, StreamAddress};
pub(crate) use trace::{Log, Traced};
