//! The shapes of USB traffic that a driver can give the same SPI work, from the fastest to the smallest.
//!
//! The fast shape rests on how the adapter orders and buffers its packets, which no other program relies on. The plain
//! shape is what other programs have used for years. The smallest one has one short answer outstanding at any time.

use std::fmt;

/// How the SPI work is cut into bursts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Many chip-select windows in one burst. Used once the adapter has shown that it keeps their order.
    #[default]
    Fast,
    /// One window in a burst, 4 KiB at most.
    Plain,
    /// One packet's worth of answer in a burst.
    Smallest,
}

impl Shape {
    /// The next smaller shape.
    pub fn lower(self) -> Option<Self> {
        match self {
            Self::Fast => Some(Self::Plain),
            Self::Plain => Some(Self::Smallest),
            Self::Smallest => None,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast => "fast mode",
            Self::Plain => "plain mode",
            Self::Smallest => "plain mode in the smallest pieces",
        })
    }
}

/// The most that one burst carries of a chip-select window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Bytes clocked.
    pub clocked: usize,
    /// Bytes of them that are read.
    pub read: usize,
}

/// What a burst is to the chip-select line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Each transaction is one window: chip select falls before and rises after it.
    Windows,
    /// The transactions are clocked with chip select high.
    Deselected,
    /// A part of one window.
    Part {
        /// Chip select falls before it.
        first: bool,
        /// The window ends with it. The codec may leave raising chip select to the next burst.
        last: bool,
    },
}
