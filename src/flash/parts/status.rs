//! Status and configuration registers of a part: which exist, how each is read and written, which bits are for ever.

use serde::Deserialize;
use std::fmt;

/// A register of a flash chip by its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Register {
    /// Status register 1, `05`.
    #[serde(rename = "SR1")]
    Sr1,
    /// Status register 2, `35` on most parts.
    #[serde(rename = "SR2")]
    Sr2,
    /// Status register 3, `15` on most parts.
    #[serde(rename = "SR3")]
    Sr3,
    /// Configuration register (Macronix `15`, Spansion `35`).
    #[serde(rename = "CR")]
    Config,
    /// Macronix security register, `2B`.
    #[serde(rename = "SECURITY")]
    Security,
    /// ISSI function register, `48`.
    #[serde(rename = "FUNCTION")]
    Function,
    /// Micron flag status register, `70`.
    #[serde(rename = "FLAG")]
    Flag,
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sr1 => "SR1",
            Self::Sr2 => "SR2",
            Self::Sr3 => "SR3",
            Self::Config => "CR",
            Self::Security => "SECURITY",
            Self::Function => "FUNCTION",
            Self::Flag => "FLAG",
        })
    }
}

/// One bit of a register, written `SR1.5`, or `CR.3!` where a 1 is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Bit {
    /// The register.
    pub register: Register,
    /// 0 is the least significant.
    pub bit: u8,
    /// True when the bit cannot be cleared again: never written by any path but the one that is asked for it.
    pub one_time: bool,
}

impl Bit {
    /// The bit as a mask within its register.
    pub fn mask(&self) -> u8 {
        1 << self.bit
    }
}

impl fmt::Display for Bit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.register, self.bit)
    }
}

impl TryFrom<String> for Bit {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let fault = || format!("'{text}' is not a register bit; write SR1.5, or CR.3! for a one-time bit");
        let (plain, one_time) = match text.strip_suffix('!') {
            Some(plain) => (plain, true),
            None => (text.as_str(), false),
        };
        let (register, bit) = plain.split_once('.').ok_or_else(fault)?;
        let register = match register {
            "SR1" => Register::Sr1,
            "SR2" => Register::Sr2,
            "SR3" => Register::Sr3,
            "CR" => Register::Config,
            "SECURITY" => Register::Security,
            "FUNCTION" => Register::Function,
            "FLAG" => Register::Flag,
            _ => return Err(fault()),
        };
        let bit = bit.parse::<u8>().ok().filter(|b| *b < 8).ok_or_else(fault)?;
        Ok(Self { register, bit, one_time })
    }
}

/// How one register is read and written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterAccess {
    /// Which register.
    pub register: Register,
    /// Opcode that reads it.
    pub read: u8,
    /// Opcode that writes it; `None` when it is read-only, or only by a path of its own (`2F`).
    pub write: Option<u8>,
    /// Its place in the data of a multi-byte write with that opcode: 1 for SR2 as second byte of `01`.
    #[serde(default)]
    pub byte: usize,
    /// A second opcode of one data byte to try when the first does not take (`31` for SR2).
    pub else_write: Option<u8>,
    /// Bits that are for ever, or until power-off, once set; kept as read by every ordinary write.
    #[serde(default)]
    pub one_time: u8,
}

/// The registers of a part, SR1 first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusAccess {
    /// Each register that exists. What is not listed is never read: the same opcode may mean something else.
    pub registers: Vec<RegisterAccess>,
    /// Opcodes that open a register write: `06` non-volatile, `50` volatile (on old SST parts `50` is the only one).
    pub enable: Vec<u8>,
    /// True when `50` opens a volatile write that is undone by power-off.
    #[serde(default)]
    pub volatile: bool,
    /// True when a one-byte `01` clears SR2, so both bytes must always be sent.
    #[serde(default)]
    pub one_byte_clears: bool,
}

impl StatusAccess {
    /// SR1 alone, `05`, never written: all that is safe on a part nobody described.
    pub fn unknown() -> Self {
        let sr1 = RegisterAccess {
            register: Register::Sr1,
            read: 0x05,
            write: None,
            byte: 0,
            else_write: None,
            one_time: 0,
        };
        Self { registers: vec![sr1], enable: Vec::new(), volatile: false, one_byte_clears: false }
    }

    /// How `register` is reached, or `None` when the part has no such register.
    pub fn access(&self, register: Register) -> Option<&RegisterAccess> {
        self.registers.iter().find(|a| a.register == register)
    }
}
