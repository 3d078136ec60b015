//! What can go wrong on the chip, by what the user can do about it.

use super::left::LeftState;
use super::part::Register;
use super::unprotectable::{RegisterLock, StillProtected, Unprotectable};
use crate::span::{Span, Spans};
use crate::spi::SpiError;
use std::time::Duration;
use thiserror::Error;

/// A failure of the chip or of the way to it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlashError {
    /// The programmer or USB failed.
    #[error(transparent)]
    Spi(#[from] SpiError),
    /// The chip does not answer: the id is all FF or all 00.
    #[error(
        "no chip answers (id {}): check that pin 1 of the clip is on pin 1 of the chip, that every pin has contact \
         and that the chip has power. A chip that the board has left in a four-line (QPI), eight-line (octal) or \
         double-rate mode hears nothing of one data line: take its power away for a moment",
        hex(.seen)
    )]
    NoChip {
        /// What `9F` gave.
        seen: Vec<u8>,
    },
    /// The id is not the same each time it is read.
    #[error(
        "the chip's id changes from read to read ({}): reseat the clip, shorten the wires, hold the board's processor \
         in reset or lower the SPI clock",
        .ids.iter().map(|id| hex(id)).collect::<Vec<_>>().join(", ")
    )]
    Unstable {
        /// The different answers.
        ids: Vec<Vec<u8>>,
    },
    /// The status registers never read the same twice.
    #[error(
        "the status registers change from read to read ({}): reseat the clip, shorten the wires or lower the SPI clock",
        .seen.iter().map(|s| hex(s)).collect::<Vec<_>>().join(", ")
    )]
    UnstableStatus {
        /// The readings.
        seen: Vec<Vec<u8>>,
    },
    /// Two reads in a row never agreed.
    #[error("{what} reads differently each time: reseat the clip, shorten the wires or lower the SPI clock")]
    UnstableRead {
        /// What was read.
        what: String,
    },
    /// Nothing is known of a chip with this id.
    #[error("the chip answers with id {}, which is in no table, and it has no SFDP: its size is not known", hex(.id))]
    UnknownPart {
        /// The id.
        id: Vec<u8>,
    },
    /// A part or a size was given by hand for a chip that is known without.
    #[error(
        "the chip answers with id {} and is known: {part}. A part or a size given by hand is only for a chip that neither \
         the table nor its SFDP knows",
        hex(.id)
    )]
    KnownPart {
        /// The id.
        id: Vec<u8>,
        /// What it is.
        part: String,
    },
    /// The size given by hand is too small.
    #[error("the chip holds other bytes past {size:#x}: it is larger than the size given by hand")]
    LargerThanAssumed {
        /// The size in bytes.
        size: u64,
    },
    /// The size given by hand is too large.
    #[error(
        "the chip holds the same bytes in both halves of {size:#x}: it repeats itself, so it is smaller than the size \
         given by hand"
    )]
    SmallerThanAssumed {
        /// The size in bytes.
        size: u64,
    },
    /// The chip is read by a part or size given by hand.
    #[error(
        "a chip whose part or size is given by hand is only read: its erase commands, write protection and supply are \
         not known"
    )]
    OnlyRead,
    /// BUSY did not end in twice the longest time that the part is allowed.
    #[error(
        "the chip is still busy {} s after {what} (status {status:#04x}); twice the datasheet's limit is over: \
         the chip is defect, or its supply sags",
        .after.as_secs_f32()
    )]
    StillBusy {
        /// What it was to do.
        what: String,
        /// How long was waited.
        after: Duration,
        /// The last status.
        status: u8,
    },
    /// The status register answers with what this chip cannot say: the clip has lost contact or power.
    #[error(
        "lost the chip during {what}: its status reads {status:#04x}, expected {expected:#04x} apart from busy; \
         check the clip and the chip's supply"
    )]
    BusLost {
        /// The step.
        what: String,
        /// What was read.
        status: u8,
        /// The steady bits of this chip.
        expected: u8,
    },
    /// Status and id are the same constant: the data line is stuck, and no chip answers.
    #[error(
        "the bus gives {value:#04x} for everything during {what}, the status and the id alike: no chip drives the data \
         line. Check that the clip sits right, pin 2 (DO) above all, that the chip has power, and that nothing else on \
         the board drives the line"
    )]
    BusStuck {
        /// The step.
        what: String,
        /// The constant.
        value: u8,
    },
    /// The chip does not take erase or program commands.
    #[error("the chip does not take {what}: {why}")]
    NotWritable {
        /// What it refused.
        what: String,
        /// Why, as far as it is known, and what to try.
        why: String,
    },
    /// The part is of the 1.8 V class, and no one has said that a voltage adapter is in place.
    #[error("{part} is a 1.8 V part: at 3.3 V it may be destroyed. Nothing was written")]
    LowVoltage {
        /// The part.
        part: String,
    },
    /// Bytes on the chip differ from the wanted ones.
    #[error("{} bytes differ from what was wanted, in {spans}", .spans.len())]
    Mismatch {
        /// Every differing range.
        spans: Spans,
    },
    /// The range is write-protected.
    #[error("{spans} is write-protected: {why}")]
    Protected {
        /// What of the wanted range is protected.
        spans: Spans,
        /// Why it could not be lifted, or what lifts it.
        why: StillProtected,
    },
    /// A status register did not take the wanted value.
    #[error(
        "{register:?} stayed {found:#04x} where {wanted:#04x} was written: {lock}{}",
        if *.volatile_unproven { VOLATILE_UNPROVEN } else { "" }
    )]
    StatusRefused {
        /// Which.
        register: Register,
        /// What was written.
        wanted: u8,
        /// What it reads.
        found: u8,
        /// What may hold it.
        lock: RegisterLock,
        /// The write was volatile, and no data sheet says that the part knows `50`.
        volatile_unproven: bool,
    },
    /// The part cannot be protected as asked.
    #[error("{part} {why}")]
    Unprotectable {
        /// The part.
        part: String,
        /// Why.
        why: Unprotectable,
    },
    /// The permit does not cover this.
    #[error("{span} is not in what this job may erase or program ({allowed})")]
    NotAllowed {
        /// What was asked for.
        span: Span,
        /// What is allowed.
        allowed: Spans,
    },
    /// The permit was given for another chip.
    #[error("the permit is for a chip with id {}, the one on the clip answers {}", hex(.permitted), hex(.found))]
    OtherChip {
        /// The permit's.
        permitted: Vec<u8>,
        /// The chip's.
        found: Vec<u8>,
    },
    /// The range reaches past the end of the array.
    #[error("{span} reaches past the end of the chip ({size:#x} bytes)")]
    Outside {
        /// What was asked for.
        span: Span,
        /// The chip's size.
        size: u64,
    },
    /// A security register cannot be written or locked as asked.
    #[error("security register {index}: {why}")]
    OtpRefused {
        /// Its number.
        index: u8,
        /// Why.
        why: String,
    },
    /// The mode in which one-time areas are read could not be left.
    #[error(
        "the chip does not leave its one-time area (entered by {opcode:02x}): take its power away before anything else, a write would now go into that area"
    )]
    OtpMode {
        /// The opcode that entered it.
        opcode: u8,
    },
    /// A state that the chip was found in does not end by any way that is known for this part.
    #[error(
        "{found}, and no way out that is known for {part} works: take the chip's power away, or lift it from the \
         board; nothing read in that state would be right",
        found = stuck(*.state)
    )]
    StuckIn {
        /// The state.
        state: LeftState,
        /// The part.
        part: String,
    },
    /// The part or the way to it cannot do this.
    #[error("{0}")]
    Unsupported(String),
    /// The second, independent read engine failed.
    #[error("spi-memory's read failed at {address:#08x}: {message}")]
    SecondOpinion {
        /// Where.
        address: u64,
        /// In its own words.
        message: String,
    },
}

const VOLATILE_UNPROVEN: &str =
    "; or the part does not know 50h, the enable of a write that lasts until power-off only";

fn stuck(state: LeftState) -> String {
    match state {
        LeftState::FourByteMode => "the chip takes four address bytes where it should take three".into(),
        LeftState::BurstWrap(bytes) => format!("the chip's reads wrap at {bytes} bytes"),
        LeftState::Suspended => "the chip holds a suspended erase or program".into(),
        other => format!("the chip is left in a mode ({})", other.name()),
    }
}

/// Bytes as people compare ids: `ef 40 17`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    crate::units::hex_with(bytes, " ")
}
