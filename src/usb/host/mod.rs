//! Real USB through rusb: which devices there are, and a [`Pipe`](super::Pipe) to one of them; and a pipe over a serial
//! port or a socket.
//!
//! Assumed of the system: libusb 1.0.16 or later and, on Linux, write access to the device node (`udev/60-norsplice.rules`).
//! Where something is Linux's own (detaching a kernel driver), libusb's "not supported" elsewhere is no failure.

mod find;
mod pipe;
mod stream;

pub use find::{list, open, plugged};
pub use pipe::HostPipe;
pub use stream::{StreamPipe, open_stream};
