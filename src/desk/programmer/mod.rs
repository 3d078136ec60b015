//! Which programmer, opened for use, real or emulated, and stopped when the user wants it.

mod chip;
mod counts;
mod emulated;
mod faults;
mod learned;
mod open;
mod stoppable;

pub use chip::AnyChip;
pub use emulated::{EmuOptions, Emulated};
pub use learned::Learned;
pub use open::{AnyProgrammer, Bench, ProgrammerChoice};
