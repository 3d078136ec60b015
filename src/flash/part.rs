//! The type of one row of the parts table: everything about a chip type that identification alone does not give.
//!
//! Only data: the schemes are read by `status`, `protect`, `security`, `read` and `program`, which hold the rules.

use serde::Deserialize;
use std::time::Duration;

/// One part, or a family of parts that share an id, with what all of its members share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Maker, as the field says it: `Winbond`.
    pub vendor: String,
    /// Part or family name: `W25Q64FV`.
    pub name: String,
    /// Other names on the same silicon, or of variants that share the row.
    pub aliases: Vec<String>,
    /// Which command the id answers.
    pub(crate) probe: Probe,
    /// Bytes that answer it, continuation codes kept.
    pub jedec_id: Vec<u8>,
    /// Bytes after [`jedec_id`](Self::jedec_id) that must match too; `None` in the list is any byte.
    pub(crate) ext_id: Vec<Option<u8>>,
    /// What SFDP must look like for this row to be meant, among rows that share an id.
    pub(crate) tell: SfdpTell,
    /// Bytes in the array.
    pub size: u64,
    /// Program unit in bytes; 1 for byte-programming parts.
    pub page: u64,
    /// Erase commands from small to large; the whole chip is [`chip_erase`](Self::chip_erase).
    pub(crate) erase: Vec<EraseSpec>,
    /// Opcode that erases everything.
    pub(crate) chip_erase: Option<u8>,
    /// How bytes are programmed.
    pub(crate) program: ProgramScheme,
    /// Supply in millivolts, least and most, where a source says so.
    pub voltage_mv: Option<(u32, u32)>,
    /// A 1.8 V class part: 3.3 V may destroy it.
    pub low_voltage: bool,
    /// Address bytes of a plain `03` after power-up.
    pub address_bytes: u8,
    /// How bytes past 16 MiB are reached.
    pub(crate) four_byte: FourByte,
    /// Dies in the package that answer for a part of the array each; 1 for nearly all.
    pub(crate) dies: u8,
    /// Where 4-byte mode shows, where the part has such a flag.
    pub(crate) mode_flag: Option<Flag>,
    /// Opcode that selects a die, followed by its number; `None`: dies are not selected.
    pub(crate) die_select: Option<u8>,
    /// Bytes of unique id after `4B` and four dummy bytes; 0: the part has none that is known.
    pub(crate) unique_id: u8,
    /// `35` reads SR2 on this part, or does nothing. On others it is the way into a four-line mode.
    pub(crate) sr2_by_35: bool,
    /// `66`, `99` reset the part.
    pub(crate) reset: bool,
    /// Commands that put wrap and dummy clocks of reads back to what they are after power-up.
    pub(crate) plain_reads: Vec<Vec<u8>>,
    /// How the status registers are read and written.
    pub(crate) status: StatusScheme,
    /// How ranges are protected.
    pub(crate) protection: ProtectScheme,
    /// One-time areas.
    pub(crate) otp: OtpScheme,
    /// Register bits that no ordinary path may set: once 1 they stay, or stay until power-off.
    pub(crate) forever: Vec<RegisterBit>,
    /// The highest SPI clock in Hz of every command, where a source gives it and it is below `PLAIN_READ_HZ`.
    pub max_hz: Option<u32>,
    /// Times, where a source gives them.
    pub(crate) times: Option<Times>,
    /// Where the row comes from.
    pub source: String,
    /// How many independent sources agree.
    pub confidence: Confidence,
}

/// The highest clock of the plain read `03`, in Hz, on parts that allow more to other commands: W25Q64FV datasheet, 33 MHz
/// from 2.7 to 3.0 V; most parts have 33 to 50 MHz.
pub(crate) const PLAIN_READ_HZ: u32 = 33_000_000;

impl Part {
    /// How ranges are protected: `none`, `unknown`, `bp`, `sector-locks`, `sst26`.
    pub fn protection_name(&self) -> &'static str {
        match self.protection {
            ProtectScheme::None => "none",
            ProtectScheme::Unknown => "unknown",
            ProtectScheme::Bp(_) => "bp",
            ProtectScheme::SectorLocks { .. } => "sector-locks",
            ProtectScheme::Sst26 => "sst26",
        }
    }

    /// The highest clock of the plain read, in Hz.
    pub(crate) fn plain_read_hz(&self) -> u32 {
        self.max_hz.unwrap_or(PLAIN_READ_HZ).min(PLAIN_READ_HZ)
    }
}

/// Which command gives the id of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub enum Probe {
    /// `9F`.
    #[default]
    #[serde(rename = "9F")]
    Jedec,
    /// `AB` and three dummy bytes: electronic signature.
    #[serde(rename = "AB")]
    Signature,
    /// `90` and a zero address: manufacturer and device.
    #[serde(rename = "90")]
    ManufacturerDevice,
    /// `15` (AT25F).
    #[serde(rename = "15")]
    At25f,
}

/// What SFDP must say for a row to be meant. All `None` fits everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SfdpTell {
    /// `Some(false)`: `5A` gives no signature. `Some(true)`: it does.
    pub present: Option<bool>,
    /// Minor revision in the SFDP header.
    pub header_minor: Option<u8>,
    /// Minor revision of the basic table.
    pub bfpt_minor: Option<u8>,
    /// The least minor revision of the basic table (5: JESD216A, the first with 16 dwords).
    pub bfpt_least: Option<u8>,
    /// An address in the SFDP space and the byte that must be there.
    pub byte: Option<(u8, u8)>,
    /// DW5 bit 4, 4-4-4 reads.
    pub qpi: Option<bool>,
    /// Bytes that DW2 claims, true or not.
    pub size: Option<u64>,
}

/// One erase command of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EraseSpec {
    /// Opcode with the part's own address width.
    pub opcode: u8,
    /// Bytes erased, a power of two.
    pub size: u64,
    /// Whether one command may erase only a part of the block: see [`EraseType::split`].
    ///
    /// [`EraseType::split`]: super::geometry::EraseType::split
    pub split: bool,
}

impl EraseSpec {
    /// Whether SFDP, which says `size` bytes for the opcode, contradicts the row. A split block's parts may be named
    /// there too, nothing larger.
    pub(crate) fn contradicted_by(&self, opcode: u8, size: u64) -> bool {
        opcode == self.opcode && if self.split { size > self.size } else { size != self.size }
    }
}

/// How bytes are programmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ProgramScheme {
    /// `02` with up to a page.
    #[default]
    Page,
    /// `02` with one byte.
    Byte,
    /// `AD` with pairs of bytes, ended by `04` (SST25).
    AaiWord,
    /// `AF` with single bytes, ended by `04` (oldest SST25).
    AaiByte,
}

/// How bytes past 16 MiB are reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FourByte {
    /// `13` reads, `12` programs, `21`/`5C`/`DC` erase with four address bytes in any mode.
    pub native: bool,
    /// How 4-byte mode is entered and left.
    pub mode: FourByteMode,
    /// The extended address register exists (`C5` writes, `C8` reads).
    pub extended_register: bool,
}

/// How 4-byte mode is entered and left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FourByteMode {
    /// Never, or not known.
    #[default]
    None,
    /// `B7`, left by `E9`.
    Plain,
    /// `06`, `B7`, left by `06`, `E9`.
    WithWriteEnable,
    /// Bank register `17` bit 7 (Spansion).
    BankRegister,
    /// The part has no other mode.
    Always,
}

/// A bit in the answer to an opcode without address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Flag {
    /// The opcode that reads the register.
    pub opcode: u8,
    /// Which byte of the answer, from 0.
    pub byte: u8,
    /// Which bit, 0..=7.
    pub bit: u8,
}

impl Flag {
    /// Whether the bit is set in the register as read.
    pub fn is_set(self, register: u8) -> bool {
        register >> self.bit & 1 == 1
    }
}

/// A register as the rows name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Register {
    /// Read by `05`.
    Sr1,
    /// Read by the row's `sr2` opcode.
    Sr2,
    /// Read by the row's `sr3` opcode.
    Sr3,
    /// Macronix security register, read by `2B`.
    Security,
    /// ISSI function register, read by `48`.
    Function,
}

/// One bit of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct RegisterBit {
    /// Which register.
    pub register: Register,
    /// Which bit, 0..=7.
    pub bit: u8,
}

#[cfg(test)]
impl RegisterBit {
    /// Bit of the first status register.
    pub const fn sr1(bit: u8) -> Self {
        Self { register: Register::Sr1, bit }
    }
    /// Bit of the second.
    pub const fn sr2(bit: u8) -> Self {
        Self { register: Register::Sr2, bit }
    }
}

/// How the status registers are read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StatusScheme {
    /// Opcode that reads SR2 (`35`; `15` is the configuration register of Macronix); `None`: do not send one.
    pub read_sr2: Option<u8>,
    /// Opcode that reads SR3 (`15`).
    pub read_sr3: Option<u8>,
    /// Opcode that writes SR2 alone (`31`).
    pub write_sr2: Option<u8>,
    /// Opcode that writes SR3 alone (`11`).
    pub write_sr3: Option<u8>,
    /// What `01` takes.
    pub write_01: Write01,
    /// What goes before a status write.
    pub enable: StatusEnable,
    /// Quad enable, kept on every path.
    pub quad_enable: Option<RegisterBit>,
    /// Micron's flag status register `70` shows the end and the failure of an operation; cleared by `50`.
    #[serde(default)]
    pub flag_status: bool,
    /// Spansion's SR1 bits 5 and 6 stick after a failure and hold BUSY; cleared by `30`.
    #[serde(default)]
    pub sticky_errors: bool,
    /// `05` gives two registers in turn, SR1 first (AT25DF081A datasheet); both have BUSY in bit 0.
    #[serde(default)]
    pub two_bytes: bool,
    /// How a suspended erase or program shows, and what resumes it.
    #[serde(default)]
    pub suspend: Option<Suspend>,
}

/// What is safe on a part that no one has described: SR1 alone, one byte at a time, non-volatile.
pub(crate) const STATUS_UNKNOWN: StatusScheme = StatusScheme {
    read_sr2: None,
    read_sr3: None,
    write_sr2: None,
    write_sr3: None,
    write_01: Write01::One,
    enable: StatusEnable::Wren,
    quad_enable: None,
    flag_status: false,
    sticky_errors: false,
    two_bytes: false,
    suspend: None,
};

/// How a suspended erase or program shows, and what resumes it. Written `7A 35.7`: opcodes, then flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Suspend {
    /// Opcodes that resume, each harmless where nothing is suspended.
    pub resume: [Option<u8>; 2],
    /// Bits that show it.
    pub flags: [Option<Flag>; 2],
}

/// What `01` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Write01 {
    /// SR1 alone.
    One,
    /// SR1, SR2; with one byte SR2 becomes 0 or is not promised to stay.
    Two,
    /// SR1, SR2 may follow; one byte leaves SR2 alone.
    OneOrTwo,
    /// SR1, SR2, SR3.
    Three,
}

/// What goes before a status write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StatusEnable {
    /// `06` only: every write is non-volatile.
    Wren,
    /// `50` makes the write volatile, `06` non-volatile.
    VolatileOrWren,
    /// `50` is the only enable and the bits are as they are (SST25).
    Only50,
}

/// How ranges are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProtectScheme {
    /// The part has none.
    None,
    /// Not known: SR1 is compared with 0 and explained, never decoded.
    Unknown,
    /// BP bits in the status registers.
    Bp(BpBits),
    /// One lock a sector, all set at power-up: `36`, `39`, `3C`; all at once by `01` (Adesto, Atmel).
    SectorLocks {
        /// Bytes a lock covers.
        sector: u64,
    },
    /// Block-protection register `72`/`42`, all cleared by `98` (SST26).
    Sst26,
}

/// Where the protection bits sit and how they are read as a range.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BpBits {
    /// BP0 first.
    pub bp: Vec<RegisterBit>,
    /// Top or bottom.
    pub tb: Option<RegisterBit>,
    /// Sectors instead of blocks.
    pub sec: Option<RegisterBit>,
    /// Complement.
    pub cmp: Option<RegisterBit>,
    /// Status register protect, by the WP# pin.
    pub srp: Option<RegisterBit>,
    /// Status register lock (SRP1).
    pub srl: Option<RegisterBit>,
    /// Single-block locks instead of BP bits: `36`/`39`/`3D`, `7E`/`98`.
    pub wps: Option<RegisterBit>,
    /// How BP is read as a length.
    #[serde(default)]
    pub rule: BpRule,
}

/// How the BP number is read as a length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum BpRule {
    /// `max(64 KiB, size / 2^(max - 1)) << (bp - 1)`, never more than the chip; all ones is everything.
    #[default]
    Doubling,
    /// Any BP bit set protects everything.
    All,
    /// The row's bits are known, their ranges are not: 0 is nothing, the rest counts as everything.
    Opaque,
}

/// One-time areas of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OtpScheme {
    /// The commands.
    pub method: OtpMethod,
    /// The areas, in the maker's order.
    pub registers: Vec<OtpRegister>,
    /// Sources dispute the sizes: find them by the repeat period.
    pub disputed: bool,
}

/// One one-time area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtpRegister {
    /// The maker's number.
    pub index: u8,
    /// Address in the OTP space.
    pub address: u32,
    /// Bytes.
    pub size: u32,
    /// The bit that shows the lock, and whether 1 means locked.
    pub lock: Option<(RegisterBit, bool)>,
}

/// The commands of a one-time area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtpMethod {
    /// The part has none.
    None,
    /// Not known: nothing is sent.
    Unknown,
    /// `48` reads, `42` programs, `44` erases (Winbond and many).
    Registers48,
    /// `B1` enters, `C1` leaves, `03`/`02` inside; lock state in `2B`, set by `2F` (Macronix).
    Enso,
    /// As [`Enso`](Self::Enso), left by `04`; locked by `01` inside (ESMT).
    EnsoLeave04,
    /// `3A` enters, `04` leaves, `03`/`02` inside (Eon).
    Eon3A,
    /// `4B` reads with one dummy byte, `42` programs, lock in a control byte after the area (Micron).
    Micron4B,
    /// `4B` reads, `42` programs, lock bytes at 10h (Spansion FL-S, FS-S).
    Spansion4B,
    /// `68` reads, `62` programs, `64` erases (ISSI).
    Issi68,
    /// `4B` reads without dummy, `B1` programs, control byte at the end (old ISSI, PMC).
    Issi4B,
    /// `88` reads with two address bytes, `A5` programs, `85` locks (SST26).
    Sst88,
    /// `88` with one address byte (SST25VF064C, SST26VF016/032).
    Sst88Short,
    /// `77` reads with two dummy bytes, `9B` programs once (Adesto DataFlash-like).
    Adesto77,
    /// `4B` reads, `9B` programs (AT25FF, AT25XE-D).
    Adesto4B,
}

/// Typical and maximum times of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// One page.
    pub program: Option<(Duration, Duration)>,
    /// Erase times by block size.
    pub erase: Vec<(u64, Duration, Duration)>,
    /// The whole chip.
    pub chip_erase: Option<(Duration, Duration)>,
    /// Non-volatile status write.
    pub write_status: Option<(Duration, Duration)>,
}

/// How many independent sources agree on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One source.
    Low,
    /// Two.
    Medium,
    /// Three or more, or read in a datasheet.
    High,
}
