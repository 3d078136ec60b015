//! Which programmer, opened for use, real or emulated, and stopped when the user wants it.

mod bench;
mod chip;
mod counts;
mod emulated;
mod faults;
mod kept;
mod learned;
mod open;
mod stoppable;

pub use bench::Bench;
pub(crate) use chip::AnyChip;
pub use emulated::{EmuOptions, Emulated};
pub use kept::Kept;
pub use learned::Learned;
pub use open::ProgrammerChoice;
