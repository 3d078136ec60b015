//! How an emulated part protects its array and what its one-time memory is like, as data.

use std::ops::Range;

/// A bit of a status register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bit {
    /// Index of the register.
    pub register: usize,
    /// The bit's mask.
    pub mask: u8,
}

impl Bit {
    /// A bit by register index and bit number.
    pub const fn new(register: usize, number: u8) -> Self {
        Self { register, mask: 1 << number }
    }
}

/// How the array is protected.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Protection {
    /// Not at all.
    None,
    /// Winbond's BP2..0, TB, SEC in the first register, CMP in the second.
    WinbondBp {
        /// The CMP bit, where the part has one.
        complement: Option<Bit>,
    },
    /// BP bits anywhere.
    Bp(BpMap),
    /// One lock a sector of this size, all set at power-up; a register write with 0 in bits 5..2 clears all, with ones
    /// there sets all (Atmel, Adesto).
    SectorLocks {
        /// Bytes a lock covers.
        size: usize,
    },
    /// A long register with one lock a block, all set at power-up (SST26): four of 8 KiB and one of 32 KiB at each end.
    BlockRegister,
}

/// BP bits and how they are read: 0 nothing, all ones everything, else `unit << (bp - 1)` bytes.
#[derive(Clone, Debug)]
pub struct BpMap {
    /// BP0 first.
    pub bp: Vec<Bit>,
    /// The range starts at 0 instead of ending at the top.
    pub top_bottom: Option<Bit>,
    /// The range is turned over.
    pub complement: Option<Bit>,
    /// Bytes at BP = 1.
    pub unit: usize,
}

/// What keeps one-time memory from being written.
#[derive(Clone, Debug, Default)]
pub enum SecurityRule {
    /// Only the lock bits.
    #[default]
    LockBits,
    /// A byte after the data: once its bit 0 has this value, nothing can be programmed any more.
    ControlByte {
        /// Index of the byte.
        at: usize,
        /// Value of its bit 0 that locks.
        locked: u8,
    },
    /// Bytes of lock bits inside: bit `n` at 0 freezes the `n`th region.
    LockBytes {
        /// Index of the first.
        at: usize,
        /// Bytes a region.
        region: usize,
    },
    /// Every byte takes one program.
    Once,
}

/// The mode in which the array's commands reach the one-time memory.
#[derive(Clone, Copy, Debug)]
pub struct SecurityMode {
    /// Write disable leaves it, too.
    pub left_by_write_disable: bool,
    /// The erase commands work inside.
    pub erasable: bool,
    /// Inside, the first status register reads as this one, and writing it sets this one's one-time bits.
    pub status: Option<usize>,
}

/// The security (one-time programmable) registers.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// Number of registers.
    pub count: usize,
    /// Bytes of one.
    pub size: usize,
    /// Address of the first.
    pub first: usize,
    /// Distance of their addresses.
    pub stride: usize,
    /// The lock bit of each, or one for all; empty when there is none.
    pub locks: Vec<Bit>,
    /// True when reading register 0 (below `first`) gives the SFDP space.
    pub sfdp_in_zero: bool,
    /// What the factory wrote, at the start of the first register, and no one can change.
    pub factory: Range<usize>,
    /// What else keeps it from being written.
    pub rule: SecurityRule,
    /// How it is reached where it has no commands of its own.
    pub mode: Option<SecurityMode>,
}
