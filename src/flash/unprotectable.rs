//! Why a protection cannot be had as asked, and what may hold a status register: facts, without advice.

use crate::span::{Span, Spans};
use thiserror::Error;

/// Why a part cannot be protected as asked. Nothing was sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unprotectable {
    /// How the part keeps its protection is not known.
    #[error("keeps its protection in a way that is not known here, so nothing was sent")]
    SchemeUnknown,
    /// No setting of its bits gives exactly these ranges.
    #[error(
        "cannot protect exactly {wanted}; it can protect: {}",
        .possible.iter().map(Spans::to_string).collect::<Vec<_>>().join("; ")
    )]
    Exactly {
        /// The ranges.
        wanted: Spans,
        /// What it can protect.
        possible: Vec<Spans>,
    },
    /// Protection by single-block locks was chosen once, and stays.
    #[error("has been switched to single-block locks forever; they are set again at every power-up")]
    OnlyBlockLocks,
    /// There is no volatile status write, and a lasting one was not asked for.
    #[error(
        "has no volatile status write: the change can only be made to last, and that has to be asked for"
    )]
    OnlyLasting,
    /// Whatever is written is gone at power-off.
    #[error("sets its protection anew at every power-up: nothing that is written lasts")]
    NothingLasts,
    /// A lock covers more than what was asked for.
    #[error("has one lock for {lock}, which cannot be locked in part")]
    LockLarger {
        /// What the lock covers.
        lock: Span,
    },
}

/// Why a range is still write-protected.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StillProtected {
    /// The registers were written, and protect another range than the wanted one.
    #[error("read back, the protection of this range is not as written; {0}")]
    ReadBackDiffers(RegisterLock),
    /// Single-block locks did not go away.
    #[error("single-block locks stay set; SRL, or SRP with WP# (pin 3) low, may hold them")]
    BlockLocksStay,
    /// Locks of SST26's register did not go away.
    #[error("blocks stay locked after 98h: they are locked forever (nVWLDR), or WP# (pin 3) is low")]
    BlockRegisterStays,
    /// Single-block locks are in force, and were not lifted before.
    #[error("single-block locks (WPS) are in force; unlock first")]
    BlockLocks,
    /// The status registers protect it, and were not lifted before.
    #[error("the status registers protect it (SR1 {sr1:#04x}); unlock first")]
    Registers {
        /// SR1 as read.
        sr1: u8,
    },
    /// How the part keeps its protection is not known, so its registers were not written.
    #[error(
        "SR1 is {sr1:#04x}, the protection scheme of {part} is not known, and a write of SR1 alone might clear quad enable"
    )]
    SchemeUnknown {
        /// SR1 as read.
        sr1: u8,
        /// The part's name.
        part: String,
    },
}

/// What holds the status registers that did not take a write, as far as they show it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RegisterLock {
    /// SRL (SRP1) is set.
    #[error("SRL (SRP1) locks the status registers until the chip loses power")]
    UntilPowerOff,
    /// SRP is set, so the WP# pin must be low.
    #[error("SRP is set and the WP# pin is low: hold WP# (pin 3) high, by the clip or by a pull-up")]
    ByPin,
    /// They show nothing.
    #[error("the chip ignored the write; WP# (pin 3) low, bad contact, or a lock this program does not know")]
    NotShown,
}
