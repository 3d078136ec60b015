//! `-p`: which programmer, opened for use, real or emulated, heeding the user's wish to stop.

mod emulated;
mod faults;
mod open;
mod stoppable;

pub use emulated::{EmuOptions, Emulated};
pub use open::{AnyChip, with_chip};
