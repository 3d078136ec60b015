//! What the planner must know of a chip and of the way to it: sizes, erase types, times and costs.

use std::time::Duration;

/// A time the chip takes: what is usual and what the datasheet allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Typical time.
    pub typical: Duration,
    /// The datasheet's (or SFDP's) maximum; a wait gives up at twice this.
    pub max: Duration,
}

/// One erase command: an opcode and the aligned block it erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EraseType {
    /// Opcode with the chip's own address width (`20`, `52`, `D8`, or a 4-byte one).
    pub opcode: u8,
    /// Bytes erased; blocks are aligned to it.
    pub size: u64,
    /// Whether some of the blocks are made of smaller ones, of 4 KiB and more, of which a command erases the one that
    /// holds its address: parts with small boot sectors at one end (EN25B, A25L: datasheets' sector tables), which
    /// their id does not always distinguish from parts without. Never a byte outside of the block is erased.
    pub split: bool,
    /// How long it takes.
    pub busy: Busy,
}

/// The chip as the planner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Bytes in the array.
    pub size: u64,
    /// Program unit in bytes, a power of two; 1 for byte-programming parts.
    pub page: u64,
    /// Erase types from small to large, each size a multiple of the one before; never empty on a writable part.
    pub erase: Vec<EraseType>,
    /// Opcode and time of the erase of everything, where the part has one.
    pub chip_erase: Option<(u8, Busy)>,
    /// Time of one page program.
    pub program: Busy,
}

/// What work costs by this programmer on this chip; the planner weighs erase sizes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Time of one byte on the wire.
    pub byte: Duration,
    /// Time of one programmed page, everything in it (steady state).
    pub page: Duration,
    /// Time of one erase or read beyond its bytes and the chip's own time.
    pub round_trip: Duration,
}
