//! What a job reports besides its progress and its result: notes and warnings, as facts.

use crate::flash::{Connecting, FlashError};
use crate::span::{Span, Spans};
use std::time::Duration;

/// Worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Connecting to the chip takes time.
    Connecting(Connecting),
    /// How a chip answers while its clip is waited for.
    Answers {
        /// Reads of its id that agree, of a hundred.
        percent: u32,
        /// All of them, and the line is quiet between them.
        steady: bool,
    },
    /// The contents repeat as if an address bit were not seen; one long read decides.
    MayRepeat {
        /// The lowest such bit.
        bit: u32,
        /// How long the read takes.
        time: Duration,
    },
    /// The contents do repeat; a chip that is smaller than it says looks so too.
    Repeats {
        /// Bytes after which they begin again.
        every: u64,
    },
    /// The chip is blank but for little; one long read proves where that is.
    AlmostBlank {
        /// How long the read takes.
        time: Duration,
    },
    /// The quad enable bit is now as on the chip that was replaced.
    QuadEnable {
        /// What it is.
        now: bool,
    },
}

/// Worth acting on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Every byte of the chip reads FFh.
    ReadsBlank,
    /// A read broke off and continues with what is left of it.
    Continuing {
        /// How it broke off.
        error: FlashError,
        /// What is left.
        rest: Span,
    },
    /// A transfer was lost in the tests of the contact, which begin again.
    ContactAgain {
        /// How it was lost.
        error: FlashError,
    },
    /// Reads disagree, and the clock was lowered.
    SlowerClock {
        /// The clock at which they disagree, in Hz.
        from_hz: u32,
        /// The clock now, in Hz.
        to_hz: u32,
    },
    /// The machine was asleep during a write; the chip is looked at again.
    WasAsleep {
        /// For so long.
        gap: Duration,
    },
    /// A block whose erase or program broke off is done again.
    DoneAgain {
        /// How it broke off.
        error: FlashError,
        /// The block.
        block: Span,
    },
    /// Bytes of a block did not take what was written, which is done again.
    NotTaken {
        /// The bytes.
        wrong: Spans,
        /// The block.
        block: Span,
    },
    /// The write protection could not be put back as it was.
    StaysUnprotected {
        /// Why not.
        error: FlashError,
    },
    /// How the chip was protected cannot be read from the backup, and so it was not put back.
    ProtectionUnknown {
        /// The backup's id.
        backup: String,
        /// Why not, in the system's words.
        error: String,
    },
    /// The quad enable bit is not as on the chip that was replaced.
    QuadEnableDiffers {
        /// What it is.
        now: bool,
        /// What it was on that chip.
        wanted: bool,
        /// Why it could not be changed.
        error: FlashError,
    },
}
