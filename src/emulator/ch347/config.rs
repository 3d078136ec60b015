//! The SPI configuration that C0h sets and CAh reads, and the clock it makes.

/// Bytes of it.
pub(super) const LEN: usize = 26;
/// Byte 2: the low half of "master".
const MASTER: [u8; 2] = [0x04, 0x01];
/// Chip select by software.
const SOFT_SELECT: [u8; 2] = [0x00, 0x02];
/// The least significant bit first.
const LSB_FIRST: u8 = 0x80;

/// The configuration as the host writes it, little endian.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config(pub(super) [u8; LEN]);

impl Config {
    /// After power-up: 60 MHz, mode 0, least significant bit first, by nic3-14159's capture.
    pub(super) fn at_power_up() -> Self {
        let mut bytes = [0; LEN];
        bytes[2..4].copy_from_slice(&MASTER);
        bytes[10..12].copy_from_slice(&SOFT_SELECT);
        bytes[14] = LSB_FIRST;
        bytes[16] = 0x07;
        Self(bytes)
    }

    /// True where it can be carried out: two lines, master, eight bits, a known clock.
    pub(super) fn is_valid(&self) -> bool {
        self.0[..2] == [0, 0] && self.0[2..4] == MASTER && self.0[4..6] == [0, 0] && self.0[12] & 0x07 == 0
    }

    /// True for SPI mode 0 with active-low chip select by software.
    pub(super) fn is_mode_0(&self) -> bool {
        self.0[6..10] == [0; 4] && self.0[10..12] == SOFT_SELECT && self.0[21] & 0xc0 == 0
    }

    pub(super) fn lsb_first(&self) -> bool {
        self.0[14] & LSB_FIRST != 0
    }

    /// What goes out while only reading.
    pub(super) fn fill(&self) -> u8 {
        self.0[20]
    }

    /// The clock from a base.
    pub(super) fn hz(&self, base: u32) -> u32 {
        base >> (self.0[12] >> 3 & 0x07)
    }
}

/// The base that E1h selects.
pub(super) fn base(code: u8) -> Option<u32> {
    match code {
        1 => Some(28_000_000),
        3 => Some(48_000_000),
        4 => Some(60_000_000),
        5 => Some(72_000_000),
        _ => None,
    }
}
