//! What an emulated part is, as data: identity, commands, registers, protection, security registers, times.
//!
//! A part is a [`ChipSpec`]: its commands are rows of a table, so another vendor's part is another table. The values
//! are the emulator's own and are never taken from the code that is tested with it.

use std::time::Duration;

/// What a command does once its opcode, address and dummy bytes are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Does {
    /// Gives array bytes, wrapping from the end of the array to 0.
    ReadArray,
    /// Gives the JEDEC id (9Fh).
    ReadJedecId,
    /// Gives manufacturer and device id alternately, the order by address bit 0 (90h).
    ReadLegacyId,
    /// Wakes the chip; gives the device id after three dummy bytes (ABh).
    Release,
    /// Gives the factory's unique id.
    ReadUniqueId,
    /// Gives the SFDP space from the address.
    ReadSfdp,
    /// Gives one status register, over and over.
    ReadRegister(usize),
    /// Writes this many consecutive status registers at most, from this one.
    WriteRegisters {
        /// Index of the register that takes the first data byte.
        first: usize,
        /// The most registers one command writes.
        count: usize,
    },
    /// Sets the write enable latch.
    WriteEnable,
    /// Makes the next register write volatile.
    VolatileEnable,
    /// Clears the write enable latch.
    WriteDisable,
    /// Programs data into one page of the array.
    Program,
    /// Erases the aligned range of this many bytes around the address.
    Erase(usize),
    /// Erases the whole array.
    EraseChip,
    /// Suspends an erase or program.
    Suspend,
    /// Resumes it.
    Resume,
    /// Enters power-down.
    PowerDown,
    /// First half of the software reset.
    ResetEnable,
    /// Second half.
    Reset,
    /// Gives bytes of a security register, wrapping inside it.
    ReadSecurity,
    /// Programs bytes of a security register.
    ProgramSecurity,
    /// Erases a security register.
    EraseSecurity,
    /// Locks one block or sector (WPS scheme).
    LockBlock,
    /// Unlocks one.
    UnlockBlock,
    /// Gives one lock bit.
    ReadLock,
    /// Locks all.
    LockAll,
    /// Unlocks all.
    UnlockAll,
    /// Enters the four-bit command mode: dead for a one-bit host until power is cut.
    EnterQpi,
    /// Enters 4-byte address mode.
    EnterFourByte,
    /// Leaves it.
    ExitFourByte,
}

impl Does {
    /// True for commands that act at the end of the chip-select window, and only on a byte boundary.
    pub(super) fn writes(self) -> bool {
        !matches!(
            self,
            Self::ReadArray
                | Self::ReadJedecId
                | Self::ReadLegacyId
                | Self::Release
                | Self::ReadUniqueId
                | Self::ReadSfdp
                | Self::ReadRegister(_)
                | Self::ReadSecurity
                | Self::ReadLock
        )
    }

    /// True for commands that take data bytes.
    pub(super) fn takes_data(self) -> bool {
        matches!(self, Self::Program | Self::ProgramSecurity | Self::WriteRegisters { .. })
    }
}

/// How many address bytes follow an opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressBytes {
    /// None.
    None,
    /// Always three.
    Three,
    /// Always four.
    Four,
    /// Three or four, by the address mode.
    ByMode,
}

/// One row of a part's command table.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The opcode.
    pub opcode: u8,
    /// Address bytes after it.
    pub address: AddressBytes,
    /// Dummy bytes after those.
    pub dummy: u8,
    /// What it does.
    pub does: Does,
    /// True when the chip takes it while busy.
    pub while_busy: bool,
}

impl Command {
    /// A command that consists of its opcode (and perhaps data).
    pub const fn plain(opcode: u8, does: Does) -> Self {
        Self { opcode, address: AddressBytes::None, dummy: 0, does, while_busy: false }
    }

    /// A command with an address of the current mode's width, then `dummy` dummy bytes.
    pub const fn at(opcode: u8, dummy: u8, does: Does) -> Self {
        Self { opcode, address: AddressBytes::ByMode, dummy, does, while_busy: false }
    }

    /// A command with `dummy` dummy bytes and no address.
    pub const fn dummies(opcode: u8, dummy: u8, does: Does) -> Self {
        Self { opcode, address: AddressBytes::None, dummy, does, while_busy: false }
    }

    /// The same with a fixed address width.
    pub const fn address(mut self, address: AddressBytes) -> Self {
        self.address = address;
        self
    }

    /// The same, taken while the chip is busy, too.
    pub const fn while_busy(mut self) -> Self {
        self.while_busy = true;
        self
    }
}

/// What comes after the last byte of the JEDEC id while the host goes on clocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterId {
    /// The id again.
    Repeats,
    /// This byte for ever.
    Byte(u8),
}

/// One status register.
#[derive(Clone, Copy, Debug, Default)]
pub struct Register {
    /// Value from the factory.
    pub factory: u8,
    /// Bits that a write can change both ways.
    pub writable: u8,
    /// Bits that a write can set once and never clear.
    pub one_time: u8,
    /// Bits that a write of fewer registers than the command can take sets to 0 (one-byte 01h on old Winbonds).
    pub cleared_by_short_write: u8,
}

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

/// Where the bits that the model itself must know stand.
#[derive(Clone, Copy, Debug)]
pub struct Bits {
    /// Operation in progress.
    pub busy: Bit,
    /// Write enable latch.
    pub wel: Bit,
    /// Something is suspended.
    pub suspended: Option<Bit>,
    /// Status register protect 0: with /WP low, registers cannot be written.
    pub srp0: Option<Bit>,
    /// Status register protect 1: locked until the next power cycle (with SRP0 also set: for ever).
    pub srp1: Option<Bit>,
    /// Quad enable: /WP is not looked at.
    pub quad: Option<Bit>,
    /// Write protect selection: block locks instead of the protection map.
    pub wps: Option<Bit>,
}

/// How the array is protected by register bits.
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
    /// The lock bit of each; empty when there is none.
    pub locks: Vec<Bit>,
    /// True when reading register 0 (below `first`) gives the SFDP space.
    pub sfdp_in_zero: bool,
}

/// Typical times; the model uses these as they are.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// A whole page.
    pub page: Duration,
    /// First byte of a shorter program.
    pub first_byte: Duration,
    /// Each further byte of a shorter program.
    pub next_byte: Duration,
    /// Erases by size; sizes not named take as long as the next larger one.
    pub erase: [(usize, Duration); 3],
    /// Whole chip.
    pub chip: Duration,
    /// Non-volatile register write (tW).
    pub register: Duration,
    /// From power-down to standby (tRES1), and into it (tDP).
    pub wake: Duration,
    /// Software reset (tRST).
    pub reset: Duration,
    /// Suspend (tSUS).
    pub suspend: Duration,
    /// Power good to the first command (tVSL).
    pub power_up: Duration,
    /// Power good to the first write (tPUW).
    pub power_up_write: Duration,
}

/// An emulated part.
#[derive(Clone, Debug)]
pub struct ChipSpec {
    /// The part's name.
    pub name: String,
    /// Answer to 9Fh.
    pub jedec_id: Vec<u8>,
    /// What follows it.
    pub after_id: AfterId,
    /// Manufacturer and device id (90h), the latter also by ABh.
    pub legacy_id: [u8; 2],
    /// Array size in bytes.
    pub size: usize,
    /// Page size in bytes.
    pub page: usize,
    /// The SFDP space; empty when there is none.
    pub sfdp: Vec<u8>,
    /// All commands the part knows.
    pub commands: Vec<Command>,
    /// Opcodes that must never be sent to it.
    pub forbidden: Vec<u8>,
    /// Status registers.
    pub registers: Vec<Register>,
    /// Bits with a meaning to the model.
    pub bits: Bits,
    /// Array protection.
    pub protection: Protection,
    /// Security registers.
    pub security: Security,
    /// Times.
    pub times: Times,
}
