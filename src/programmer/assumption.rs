//! What the driver rests on, and what a test found of it.

use std::time::Duration;

/// Something that the driver rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assumption {
    /// The adapter is of a version that is known.
    Version,
    /// Each `A8` packet of 1, 2 and 3 bytes has an answer of its own (CH341A).
    ShortAnswers,
    /// Each full `A8` packet has an answer of its own (CH341A).
    FullAnswers,
    /// Nothing is lost while the host fetches nothing for 200 ms.
    HeldBack,
    /// Pins move in their turn, behind data that no one has fetched.
    PinsInTurn,
    /// A bad command (FTDI), or one that does nothing (serprog), is answered at once.
    RoundTrip,
    /// 64 KiB come back through the loopback as they were sent (FTDI).
    Loopback,
    /// `8F` clocks without data, for as long as its count says (FTDI).
    IdleClocks,
    /// Chip select reads back as it is driven (FTDI).
    SelectReadBack,
    /// The sync is answered, a hundred times (serprog).
    Syncs,
    /// A message as long as the kernel's buffers is carried out (spidev).
    FullBuffer,
    /// A pause of 2 ms inside of a message is kept (spidev).
    PauseKept,
    /// The proof of each start, a thousand times.
    Thousand,
    /// The chip's id by many windows in one burst is that by single ones, a thousand times.
    ChipId,
    /// 64 KiB of the chip by one burst are those by single commands.
    ChipRead,
    /// Write enable is set and cleared eight times in one burst, and cleared at the end.
    WriteEnable,
}

impl Assumption {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::ShortAnswers => "short-answers",
            Self::FullAnswers => "full-answers",
            Self::HeldBack => "held-back",
            Self::PinsInTurn => "pins-in-turn",
            Self::RoundTrip => "round-trip",
            Self::Loopback => "loopback",
            Self::IdleClocks => "idle-clocks",
            Self::SelectReadBack => "select-read-back",
            Self::Syncs => "syncs",
            Self::FullBuffer => "full-buffer",
            Self::PauseKept => "pause-kept",
            Self::Thousand => "thousand",
            Self::ChipId => "chip-id",
            Self::ChipRead => "chip-read",
            Self::WriteEnable => "write-enable",
        }
    }
}

/// What was found of an assumption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It holds.
    Proven,
    /// It does not; what was seen.
    Disproven(String),
    /// It was not tested; why.
    NotDone(String),
}

/// A measured or modelled figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// None.
    None,
    /// A time.
    Time(Duration),
    /// A count.
    Count(u64),
    /// A version or release number.
    Code(u16),
}

/// One assumption and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub assumption: Assumption,
    /// What was found.
    pub found: Found,
    /// As measured on this adapter.
    pub measured: Figure,
    /// As in the model that the driver is built by.
    pub model: Figure,
}
