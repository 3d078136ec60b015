//! `-p`: which programmer, opened for use, real or emulated, heeding the user's wish to stop.

mod chip;
mod emulated;
mod faults;
mod open;
mod stoppable;

pub use chip::{AnyChip, with_chip, with_chip_to_write, with_programmer};
pub use emulated::{EmuOptions, Emulated};
pub use open::Choice;
