//! Real USB through rusb: which devices there are, and a [`Pipe`](super::Pipe) to one of them; and a pipe over a serial
//! port, a socket or a spidev device.
//!
//! Assumed of the system: libusb 1.0.16 or later and, on Linux, write access to the device node (`udev/60-norsplice.rules`).
//! Where something is Linux's own (detaching a kernel driver), libusb's "not supported" elsewhere is no failure.

mod address;
mod fault;
mod find;
mod pipe;
#[cfg(target_os = "linux")]
mod spidev;
mod stream;

pub use address::open_address;
pub(crate) use find::NONE;
pub use find::{list, open, plugged};
pub use pipe::HostPipe;
pub(crate) use stream::open_stream;
pub use stream::{StreamPipe, serial_ports};
