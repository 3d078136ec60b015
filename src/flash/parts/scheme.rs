//! The schemes parts share: protection, security registers (OTP), and addresses above 16 MiB. Data, no behaviour.

use super::status::Bit;
use serde::Deserialize;

/// How a part protects its array.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ProtectScheme {
    /// No source says; nothing but reading SR1 is safe.
    Unknown,
    /// The part has none.
    None,
    /// Block-protect bits in the status register, with or without per-block locks beside them.
    BlockBits(BlockBits),
    /// Atmel/Adesto: one lock bit a sector by `36`/`39`, read by `3C`; all at once through SR1 (`00` clears, `7F` sets).
    SectorRegisters {
        /// Locks the sector of an address.
        lock: u8,
        /// Unlocks it.
        unlock: u8,
        /// Reads it: FF locked, 00 not.
        read: u8,
    },
    /// SST26: one long block-protection register, all set at power-up.
    BlockRegister {
        /// Reads the register.
        read: u8,
        /// Writes it.
        write: u8,
        /// Clears every write-lock bit.
        unlock_all: u8,
        /// Locks the register until power-off.
        lock_down: u8,
    },
}

/// BP bits and their companions.
///
/// The length of the protected range for a value `bp` of `n` bits: 0 nothing, `2^n - 1` everything, else
/// `max(64 KiB, size >> (2^n - 2)) << (bp - 1)`, capped at the size. With SEC set `4 KiB << (bp - 1)`, capped at 32 KiB.
/// It hangs from the top, or stands at 0 when TB is set; CMP gives the complement. Parts that differ name their `table`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockBits {
    /// BP0 first.
    pub bp: Vec<Bit>,
    /// Top/bottom.
    pub tb: Option<Bit>,
    /// Sectors (4 KiB) instead of blocks.
    pub sec: Option<Bit>,
    /// Complement.
    pub cmp: Option<Bit>,
    /// Status register protect, with the WP# pin.
    pub srp: Option<Bit>,
    /// Status register lock (SRP1).
    pub srl: Option<Bit>,
    /// 1: the BP bits are out of play and every block has a lock of its own.
    pub wps: Option<Bit>,
    /// The locks that [`wps`](Self::wps) switches to.
    pub locks: Option<BlockLocks>,
    /// Name of a range table that is not the usual formula; `None` for the formula.
    pub table: Option<String>,
}

/// Per-block lock opcodes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockLocks {
    /// Locks one block.
    pub lock: u8,
    /// Unlocks one block.
    pub unlock: u8,
    /// Reads one lock, bit 0.
    pub read: u8,
    /// Locks all.
    pub lock_all: u8,
    /// Unlocks all.
    pub unlock_all: u8,
}

/// One separately addressed piece of one-time-programmable memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtpArea {
    /// Address sent with the opcode. `from_top` areas are given as the distance below the end of the array.
    pub address: u64,
    /// Bytes.
    pub size: u64,
    /// True when `address` counts down from the end of the array.
    #[serde(default)]
    pub from_top: bool,
}

/// How an OTP area is frozen, and how that is seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OtpLock {
    /// No source says how.
    Unknown,
    /// One register bit an area, in the order of the areas; one bit alone freezes all.
    Bits {
        /// The bits.
        bits: Vec<Bit>,
    },
    /// Macronix: `2B` is read, `2F` sets.
    SecurityRegister {
        /// Factory lock bit first, customer lock bit second.
        bits: Vec<Bit>,
        /// Opcode that sets the customer bit for ever.
        set: u8,
    },
    /// Bits of SR1 as read inside OTP mode, one an area.
    InMode {
        /// The bits.
        bits: Vec<Bit>,
    },
    /// A byte behind the data: locked when its bit 0 equals `locked`.
    ControlByte {
        /// Address of the byte.
        address: u64,
        /// Value of bit 0 that means locked.
        locked: u8,
    },
    /// Lock bytes inside the OTP itself, one bit a region, 0 = locked.
    LockBytes {
        /// Address of the first.
        address: u64,
        /// How many.
        count: u64,
    },
    /// An opcode of its own; a status bit tells.
    Opcode {
        /// The opcode: one byte, for ever.
        opcode: u8,
        /// The bit that proves it.
        bit: Bit,
    },
    /// Programming it once is what freezes it.
    ByProgramming,
}

/// How security registers (OTP) are reached.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OtpScheme {
    /// No source says: nothing is sent.
    Unknown,
    /// The part has none.
    None,
    /// Opcodes of its own: `48`/`42`/`44`, `68`/`62`/`64`, `4B`/`42`, `77`/`9B`, `88`/`A5`.
    Opcodes {
        /// Reads.
        read: u8,
        /// Dummy bytes between address and data.
        dummy: u8,
        /// Address bytes; `None`: as the chip's present mode.
        address_bytes: Option<u8>,
        /// Programs.
        program: u8,
        /// Erases, where that can be done.
        erase: Option<u8>,
        /// The pieces.
        areas: Vec<OtpArea>,
        /// How it is frozen.
        lock: OtpLock,
        /// True when sources disagree on the sizes: read on until the data repeats.
        #[serde(default)]
        sizes_disputed: bool,
    },
    /// A mode in which `03` and `02` reach the OTP: `B1`..`C1`, `3A`..`04`. Left on every path, and proven left.
    Mode {
        /// Enters.
        enter: u8,
        /// Leaves.
        exit: u8,
        /// The pieces.
        areas: Vec<OtpArea>,
        /// `20` erases while inside.
        #[serde(default)]
        erasable: bool,
        /// How it is frozen.
        lock: OtpLock,
        /// True when sources disagree on the sizes: read on until the data repeats.
        #[serde(default)]
        sizes_disputed: bool,
    },
}

/// A way into (and out of) addresses above 16 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Enter {
    /// `B7`, left by `E9`.
    #[serde(rename = "B7")]
    Plain,
    /// `06` `B7`, left by `06` `E9`.
    #[serde(rename = "06+B7")]
    WithWriteEnable,
    /// Extended address register, `C5` writes, `C8` reads.
    #[serde(rename = "EAR")]
    ExtendedAddress,
    /// Bank address register, `17` writes, `16` reads; bit 7 is the 4-byte mode.
    #[serde(rename = "BAR")]
    Bank,
}

/// Addresses above 16 MiB.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FourByte {
    /// Ways in, best first.
    pub enter: Vec<Enter>,
    /// 4-byte read, `13`.
    pub read: Option<u8>,
    /// 4-byte program, `12`.
    pub program: Option<u8>,
    /// Pairs of a 3-byte erase opcode and its 4-byte twin: `[0x20, 0x21]`.
    #[serde(default)]
    pub erase: Vec<(u8, u8)>,
}
