//! The chip on the clip: who it is, read, erase, program, verify, protection, security registers.
//!
//! [`Chip`] is the way in: [`Chip::connect`] wakes, identifies and describes the chip; every method is one batch or a
//! few. What is pure is separate from what acts: `sfdp`, `protect`, `status`, the judgement of a page and the
//! learned page time know no programmer. Assumed of the layer below: [`Programmer`](crate::spi::Programmer) runs a
//! batch in order without branching. A [`Permit`] is needed for every erase and program.

mod aai;
mod assumed;
mod at_work;
mod chip;
mod command;
mod connecting;
mod cut;
mod describe;
mod dies;
mod erase;
mod error;
#[cfg(test)]
mod fake;
pub mod geometry;
mod identify;
mod left;
mod locks;
mod mode;
mod nor_flash;
mod otp;
mod otp_write;
mod pace;
mod page;
pub mod part;
pub mod parts;
mod permit;
mod program;
#[cfg(test)]
mod program_tests;
pub(crate) mod protect;
mod protection;
mod quad;
mod reach;
mod read;
mod resort;
mod second;
mod security;
mod settle;
mod sfdp;
mod status;
mod stuck;
mod unlock;
mod unprotectable;
mod wait;
mod width;

pub use assumed::{Assumed, AssumedFault};
pub use chip::{Chip, WriteEnableCheck};
pub use connecting::Connecting;
pub(crate) use cut::LONGEST as LONGEST_READ;
pub use error::FlashError;
pub use identify::Identity;
pub use left::{LeftDone, LeftFound, LeftState};
pub use nor_flash::{FaceError, NorFlashFace};
pub use otp_write::{LockPermit, OtpPermit};
pub use permit::Permit;
pub use program::Programmed;
pub use protect::Bp;
pub use protection::ProtectionPlan;
pub(crate) use read::ReadCommand;
pub(crate) use read::Sink;
pub use security::SecurityRegister;
pub use status::Status;
pub use unlock::{Lasting, Unlocked};
pub use unprotectable::{RegisterLock, StillProtected, Unprotectable};
