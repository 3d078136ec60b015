//! A USB/IP server for emulated programmers: any program on the machine can use a virtual clip.
//!
//! `protocol` is the wire format, `urbs` serves queued transfers on one device, `session` is one connection as a
//! pure machine of bytes in and bytes out, `server` puts sockets around it. Protocol: Linux,
//! Documentation/usb/usbip_protocol.rst, version 1.1.1. Time: the device's clock runs at least as fast as the real one,
//! and leaps over the time that the device itself works, so that no one waits for a modelled wire.

mod protocol;
mod server;
mod session;
#[cfg(test)]
mod tests;
mod urbs;

pub use server::{Event, Server, ServerError};
pub use session::Export;
