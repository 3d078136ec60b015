//! What an emulated part is, as data: identity, commands, registers, protection, security registers, times.
//!
//! A part is a [`ChipSpec`]: its commands are rows of a table, so another vendor's part is another table. The values
//! are the emulator's own and are never taken from the code that is tested with it.

pub use super::scheme::{Bit, BpMap, Protection, Security, SecurityMode, SecurityRule};
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
    /// Gives two status registers in turn; both show busy in bit 0.
    ReadTwoRegisters(usize, usize),
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
    /// Erases the block around the address, as large as its lock's range is (SST26).
    EraseBlock,
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
    /// Erases a block of 64 KiB; the last one is made of 32, 16, 8, 4 and 4 KiB, erased one by one (EN25B, top boot).
    EraseTopBoot,
    /// Enters the four-bit command mode: dead for a one-bit host until power is cut.
    EnterQpi,
    /// Enters 4-byte address mode.
    EnterFourByte,
    /// Leaves it.
    ExitFourByte,
    /// Writes a register at once, without a write time: extended address, bank.
    WriteDirect(usize),
    /// Sets the bits of a mask in a register, forever where they are one-time bits.
    SetBits {
        /// Index of the register.
        register: usize,
        /// The bits.
        mask: u8,
    },
    /// Clears error bits that stick in a register, and the busy bit they hold.
    ClearErrors {
        /// Index of the register.
        register: usize,
        /// The bits.
        mask: u8,
    },
    /// Programs this many bytes at the address, then at the next ones with every further command, until write disable.
    ProgramOn(usize),
    /// The array's reads and programs reach the security registers from here on.
    EnterSecurity,
    /// They reach the array again.
    ExitSecurity,
    /// Gives FFh for a locked sector, 00h for another (Atmel).
    ReadSectorLock,
    /// Gives all block locks, one bit each (SST26).
    ReadLocks,
    /// Writes them (SST26).
    WriteLocks,
    /// Selects one of several dies by the data byte.
    SelectDie,
    /// Sets wrap and dummy clocks of reads; zero and all ones are the values after power-up.
    ReadParameters,
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
                | Self::ReadTwoRegisters(..)
                | Self::ReadSecurity
                | Self::ReadLock
                | Self::ReadSectorLock
                | Self::ReadLocks
        )
    }

    /// True for commands that take data bytes.
    pub(super) fn takes_data(self) -> bool {
        matches!(
            self,
            Self::Program
                | Self::ProgramOn(_)
                | Self::ProgramSecurity
                | Self::WriteRegisters { .. }
                | Self::WriteDirect(_)
                | Self::WriteLocks
                | Self::SelectDie
                | Self::ReadParameters
        )
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
    /// One.
    One,
    /// Two.
    Two,
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
    /// True when a command that is no erase or program needs the write enable latch, too.
    pub needs_wel: bool,
}

impl Command {
    /// A command that consists of its opcode (and perhaps data).
    pub const fn plain(opcode: u8, does: Does) -> Self {
        Self { opcode, address: AddressBytes::None, dummy: 0, does, while_busy: false, needs_wel: false }
    }

    /// A command with an address of the current mode's width, then `dummy` dummy bytes.
    pub const fn at(opcode: u8, dummy: u8, does: Does) -> Self {
        Self { opcode, address: AddressBytes::ByMode, dummy, does, while_busy: false, needs_wel: false }
    }

    /// A command with `dummy` dummy bytes and no address.
    pub const fn dummies(opcode: u8, dummy: u8, does: Does) -> Self {
        Self { opcode, address: AddressBytes::None, dummy, does, while_busy: false, needs_wel: false }
    }

    /// The same with a fixed address width.
    pub const fn address(mut self, address: AddressBytes) -> Self {
        self.address = address;
        self
    }

    /// The same, obeyed only with the write enable latch set.
    pub const fn needs_wel(mut self) -> Self {
        self.needs_wel = true;
        self
    }

    /// The same, taken while the chip is busy, too.
    pub const fn while_busy(mut self) -> Self {
        self.while_busy = true;
        self
    }
}

/// What comes after the last byte of the JEDEC id while the host continues clocking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterId {
    /// The id again.
    Repeats,
    /// This byte forever.
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

/// Where the bits are that the model itself must know.
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
    /// Status register protect 1: locked until the next power cycle (with SRP0 also set: forever).
    pub srp1: Option<Bit>,
    /// Quad enable: /WP is not looked at.
    pub quad: Option<Bit>,
    /// Write protect selection: block locks instead of the protection map.
    pub wps: Option<Bit>,
    /// The inverse of busy (Micron's flag status).
    pub ready: Option<Bit>,
    /// Shows the 4-byte address mode.
    pub four_byte: Option<Bit>,
    /// Decides it: the mode follows this bit of a bank register.
    pub follows: Option<Bit>,
    /// The mode after power-up and reset.
    pub power_up_mode: Option<Bit>,
    /// Sticks when a program is refused.
    pub program_error: Option<Bit>,
    /// Sticks when an erase is refused.
    pub erase_error: Option<Bit>,
    /// Those errors hold the busy bit until they are cleared (Spansion).
    pub errors_hold_busy: bool,
}

impl Bits {
    /// Busy and write enable latch in bits 0 and 1 of the first register, and nothing else.
    pub const PLAIN: Bits = Bits {
        busy: Bit::new(0, 0),
        wel: Bit::new(0, 1),
        suspended: None,
        srp0: None,
        srp1: None,
        quad: None,
        wps: None,
        ready: None,
        four_byte: None,
        follows: None,
        power_up_mode: None,
        program_error: None,
        erase_error: None,
        errors_hold_busy: false,
    };
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

/// The extended address register.
#[derive(Clone, Copy, Debug)]
pub struct ExtendedAddress {
    /// Index of the register.
    pub register: usize,
    /// What leaving 4-byte mode writes into it; `None`: nothing (W25Q256FV is known to leave a 1 behind).
    pub after_exit: Option<u8>,
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
    /// The register that holds the address bits above 24 while three address bytes are sent.
    pub extended_address: Option<ExtendedAddress>,
    /// Dies that share the pins; each has an array of `size / dies` bytes.
    pub dies: usize,
    /// Times.
    pub times: Times,
}
