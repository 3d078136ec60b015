//! The emulated hardware: chip, CH341A, CH347 and FT2232H at the USB level, spidev at the kernel's calls, on a virtual clock.
//!
//! An [`Emulator`] is one programmer with its clip on one chip; [`Emulator::pipe`] is its opened USB interface. The
//! emulator has constants of its own, so that a wrong one in a driver cannot agree with itself here. It counts the work
//! and what a driver must not do ([`Counts`]), and goes wrong on demand ([`Faults`]).
//!
//! [`Emulator`], [`Options`], [`ProgrammerKind`] and [`EmulatedPipe`] are for everyone. The rest are instruments of this project's own tests:
//! what is inside of the chip and the clip, faults, quirks, misdeeds. They are left out of the documentation, and change as the tests need it.

#[cfg(feature = "host")]
mod byte_server;
mod ch341a;
mod ch347;
#[doc(hidden)]
pub mod chip;
mod clip;
mod clock;
mod counts;
mod device;
mod emulated;
mod faults;
mod ftdi;
mod machine;
mod options;
mod pipe;
mod programmers;
mod quirk;
mod random;
mod serprog;
mod spidev;
mod unruly;
#[doc(hidden)]
#[cfg(feature = "host")]
pub mod usbip;

#[doc(hidden)]
#[cfg(feature = "host")]
pub use byte_server::{ByteServer, Connection};
#[doc(hidden)]
pub use clip::Clip;
#[cfg(test)]
mod tests;

pub use clock::Clock;
#[doc(hidden)]
pub use counts::{Counts, Misdeed};
#[doc(hidden)]
pub use device::{Descriptors, PacketAnswer, Setup, Speed, Stalled, UsbDevice};
pub use emulated::{Emulator, OptionsError};
#[doc(hidden)]
pub use faults::{Fault, Faults};
#[doc(hidden)]
pub use machine::{Change, Machine, TransferFault, Watcher};
pub use options::{Bus, Options};
pub use pipe::EmulatedPipe;
pub use programmers::ProgrammerKind;
#[doc(hidden)]
pub use quirk::Quirk;
pub use serprog::SerprogKind;
pub use spidev::SpidevKind;
