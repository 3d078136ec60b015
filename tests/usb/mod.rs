//! The real USB layer and the real binary over a stand-in for libusb: no device, no root, no kernel.

#[cfg(libusb_built_in)]
mod absent;
#[cfg(not(libusb_built_in))]
mod binary;
#[cfg(not(libusb_built_in))]
mod child;
#[cfg(not(libusb_built_in))]
mod contract;
#[cfg(not(libusb_built_in))]
mod judges;
#[cfg(not(libusb_built_in))]
mod queue;

#[cfg(not(libusb_built_in))]
pub use child::stand_in;
