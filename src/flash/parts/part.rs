//! One part: a row of a vendor's file with its schemes filled in.

use super::scheme::{FourByte, OtpScheme, ProtectScheme};
use super::status::StatusAccess;
use crate::flash::geometry::Busy;
use crate::span::Span;
use serde::Deserialize;

/// How sure a row is: on how many independent sources its id and size rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// One source.
    Low,
    /// Two that agree.
    Medium,
    /// Three or more that agree.
    High,
}

/// Which command gives the id of the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Probe {
    /// JEDEC id.
    #[default]
    #[serde(rename = "9F")]
    Jedec,
    /// Electronic signature after `AB` and three dummy bytes.
    #[serde(rename = "AB")]
    Signature,
    /// Manufacturer and device id after `90` and a zero address.
    #[serde(rename = "90")]
    ManufacturerDevice,
    /// AT25F, `15`.
    #[serde(rename = "15")]
    At25f,
}

/// How the array is programmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// `02`, up to a page.
    #[default]
    Page,
    /// `02`, one byte at a time; or `AF`, one byte after the other.
    Byte,
    /// `AD`, two bytes after two bytes (AAI), ended by `04`.
    Word,
}

/// One erase command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EraseSpec {
    /// Opcode with three address bytes.
    pub opcode: u8,
    /// Bytes erased, aligned to it.
    pub size: u64,
    /// The only places where this opcode erases this much; `None` for everywhere.
    pub only: Option<Vec<Span>>,
}

/// Supply range in millivolts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voltage {
    /// Lowest.
    pub min_mv: u32,
    /// Highest.
    pub max_mv: u32,
}

/// Times where a datasheet or an SFDP image gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Page program.
    pub program: Option<Busy>,
    /// 4 KiB erase.
    pub erase_4k: Option<Busy>,
    /// 32 KiB erase.
    pub erase_32k: Option<Busy>,
    /// 64 KiB erase.
    pub erase_64k: Option<Busy>,
    /// Chip erase.
    pub chip_erase: Option<Busy>,
    /// Non-volatile status write.
    pub status: Option<Busy>,
}

/// What the chip must answer for the row to be it, among rows of the same id; nothing said fits everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// `5A` answers with an SFDP header, or does not.
    pub sfdp: Option<bool>,
    /// Minor revision in the SFDP header.
    pub header_minor: Option<u8>,
    /// Minor revision of the basic flash parameter table.
    pub table_minor: Option<u8>,
    /// Bit 4 of its fifth dword (4-4-4 commands).
    pub qpi: Option<bool>,
    /// `15` answers something of its own.
    pub sr3: Option<bool>,
}

/// A part as the tables know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `Winbond`.
    pub vendor: String,
    /// `W25Q64FV`; a family row joins its members: `W25Q64BV/CV/FV`.
    pub name: String,
    /// Other names and variants printed on the same silicon or sharing the row.
    pub aliases: Vec<String>,
    /// Which command the id answers.
    pub probe: Probe,
    /// The id bytes as read, continuation bytes kept.
    pub jedec_id: Vec<u8>,
    /// Bytes that must follow the id; `None` for a byte that may be anything.
    pub ext_id: Vec<Option<u8>>,
    /// What tells it from others of the same id.
    pub when: When,
    /// Bytes in the array.
    pub size: u64,
    /// Program unit.
    pub page: u64,
    /// How it is programmed.
    pub program: Program,
    /// Erase types from small to large; empty: take them from SFDP.
    pub erase: Vec<EraseSpec>,
    /// Opcode that erases everything.
    pub chip_erase: Option<u8>,
    /// Supply range, where a source gives it.
    pub voltage: Option<Voltage>,
    /// True for the 1.8 V class: never on a 3.3 V programmer.
    pub low_voltage: bool,
    /// Ways above 16 MiB; `None` on smaller parts.
    pub four_byte: Option<FourByte>,
    /// Protection.
    pub protection: ProtectScheme,
    /// Security registers.
    pub otp: OtpScheme,
    /// Status registers.
    pub status: StatusAccess,
    /// Times, where known.
    pub times: Option<Times>,
    /// Dies in the package.
    pub dies: u8,
    /// Where the row comes from.
    pub source: String,
    /// How sure it is.
    pub confidence: Confidence,
}
