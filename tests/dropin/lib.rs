//! A stand-in for libusb over the emulator, to be LD_PRELOADed under the real binary or a test.
//!
//! So the shipped code runs as it is, rusb's calls, the queue of transfers and its `unsafe` included, with no device, no
//! root and no kernel. Configured by the environment ([`config`]); what it saw, misuse of libusb's rules included, is
//! reported when the process ends ([`world`]). Transfers complete only while events are handled, as in
//! libusb; the devices' time is virtual, and real time is slept only when nothing can happen.
//!
//! The other place besides `src/usb/queue.rs` where `unsafe` may be.
//! With libusb built in there is nothing to stand in for, and this library is empty.
#![cfg(not(libusb_built_in))]

mod config;
mod descriptors;
mod engine;
mod symbols;
mod transfers;
mod world;
