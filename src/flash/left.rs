//! The state a chip was found in, and what was done about it. Data only: words for it are made by the front ends.

/// A state that the board, or a run that was killed, has left the chip in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftState {
    /// An erase, program or register write was running.
    Busy,
    /// An erase or program was suspended.
    Suspended,
    /// The write enable latch was set.
    WriteEnabled,
    /// Commands were heard only after ones had been clocked: continuous read, or a four-line command mode.
    ContinuousRead,
    /// Deep power-down.
    PowerDown,
    /// Reads of the array reached the one-time area.
    OneTimeArea,
    /// Four address bytes for commands that take three after power-up.
    FourByteMode,
    /// Address bits above the third byte were set (extended address or bank register).
    ExtendedAddress,
    /// Reads wrapped at this many bytes.
    BurstWrap(u16),
    /// Fast reads took another number of dummy clocks than after power-up.
    ReadParameters,
}

impl LeftState {
    /// A name for programs, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Suspended => "suspended",
            Self::WriteEnabled => "write-enabled",
            Self::ContinuousRead => "continuous-read",
            Self::PowerDown => "power-down",
            Self::OneTimeArea => "one-time-area",
            Self::FourByteMode => "four-byte-mode",
            Self::ExtendedAddress => "extended-address",
            Self::BurstWrap(_) => "burst-wrap",
            Self::ReadParameters => "read-parameters",
        }
    }
}

/// What was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftDone {
    /// Its end was waited for.
    Waited,
    /// It was resumed and its end waited for.
    Resumed,
    /// It was left for good.
    Left,
    /// It was left for this session and is put back at the end.
    PutBack,
    /// The chip was reset by `66`, `99`.
    Reset,
}

impl LeftDone {
    /// A name for programs, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waited => "waited",
            Self::Resumed => "resumed",
            Self::Left => "left",
            Self::PutBack => "put-back",
            Self::Reset => "reset",
        }
    }
}

/// One state that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeftFound {
    /// The state.
    pub state: LeftState,
    /// What was done about it.
    pub done: LeftDone,
}

impl std::fmt::Display for LeftFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.state {
            LeftState::Busy => f.write_str("the chip was found busy with an earlier operation"),
            LeftState::Suspended => f.write_str("the chip was found with a suspended erase or program"),
            LeftState::WriteEnabled => f.write_str("the chip was found with write enable set"),
            LeftState::ContinuousRead => {
                f.write_str("the chip was found in continuous read or a four-line mode")
            }
            LeftState::PowerDown => f.write_str("the chip was found in deep power-down"),
            LeftState::OneTimeArea => f.write_str("the chip was found in its one-time area"),
            LeftState::FourByteMode => f.write_str("the chip was found in 4-byte address mode"),
            LeftState::ExtendedAddress => {
                f.write_str("the chip was found with its extended address on an upper 16 MiB")
            }
            LeftState::BurstWrap(bytes) => {
                write!(f, "the chip was found with reads that wrap at {bytes} bytes")
            }
            LeftState::ReadParameters => f.write_str("the chip was found with changed read parameters"),
        }?;
        f.write_str(match self.done {
            LeftDone::Waited => "; its end was waited for",
            LeftDone::Resumed => "; it was resumed and its end waited for",
            LeftDone::Left => "; that was undone",
            LeftDone::PutBack => "; that is undone for this session and put back at its end",
            LeftDone::Reset => "; a software reset ended that",
        })
    }
}
