//! USB of a page: WebUSB behind functions that the page gives to the module (`page/engine/usb.js`).
//!
//! Many transfers are in flight as promises; the module waits for them by suspending (JSPI). WebUSB cannot cancel one
//! transfer: the interface is let go and claimed again, which ends all of them.

mod calls;
mod fault;
mod find;
mod pipe;

pub(crate) use find::NONE;
pub use find::{list, open, open_address, plugged, serial_ports};
pub use pipe::HostPipe;
