//! The SPI configuration: read, changed, written back. A part that no one has configured sends the least significant bit
//! first.
//!
//! Source: WCH's `ch34x_mphsi_master_linux` and ufprog agree on the fields; little endian.

use super::{ASK, FILL};

/// Bytes of it.
pub(super) const LEN: usize = 26;
/// What the driver sets: place, value. The prescaler, byte 12, comes on top.
const FIELDS: [(usize, u8); 16] = [
    // Two lines, master, eight bits.
    (0, 0x00),
    (1, 0x00),
    (2, 0x04),
    (3, 0x01),
    (4, 0x00),
    (5, 0x00),
    // Mode 0.
    (6, 0x00),
    (7, 0x00),
    (8, 0x00),
    (9, 0x00),
    // Chip select by command.
    (10, 0x00),
    (11, 0x02),
    // Most significant bit first.
    (14, 0x00),
    (15, 0x00),
    // No time between bytes.
    (18, 0x00),
    (19, 0x00),
];
/// Step of the clock, times 8.
const PRESCALER: usize = 12;
/// Data out while only reading.
const OUT_DEFAULT: usize = 20;
/// Bits 7 and 6: chip selects that are active high.
const MISC: usize = 21;
const POLARITY: u8 = 0xC0;

/// What a device holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config([u8; LEN]);

impl Default for Config {
    /// What was seen in devices of every version, where the driver does not set it.
    fn default() -> Self {
        let mut bytes = [0; LEN];
        // The polynomial of a CRC that nothing uses.
        bytes[16] = 0x07;
        Self(bytes)
    }
}

impl Config {
    /// The last of the answers that is one.
    pub(super) fn read(answers: &[(u8, Vec<u8>)]) -> Option<Self> {
        let (_, payload) = answers.iter().rev().find(|(command, p)| (*command, p.len()) == (ASK, LEN))?;
        payload[..].try_into().ok().map(Self)
    }

    /// As the driver needs it; what it does not know stays.
    pub(super) fn bytes(&self, prescaler: u8) -> [u8; LEN] {
        let mut bytes = self.0;
        for (at, value) in FIELDS {
            bytes[at] = value;
        }
        bytes[PRESCALER] = prescaler << 3;
        bytes[PRESCALER + 1] = 0;
        bytes[OUT_DEFAULT] = FILL;
        bytes[MISC] &= !POLARITY;
        bytes
    }

    /// True where it holds what was written, as far as the driver sets it.
    pub(super) fn is(&self, written: &[u8; LEN]) -> bool {
        let same = |at: usize| self.0[at] == written[at];
        FIELDS.iter().all(|(at, _)| same(*at)) && same(PRESCALER) && self.0[MISC] & POLARITY == 0
    }
}
