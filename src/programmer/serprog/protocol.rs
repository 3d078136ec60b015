//! serprog's commands as bytes, and what a device says of itself. Pure.
//!
//! Source: the protocol's public description, version 1 (serial flasher protocol), and what public firmwares do with it.

use std::time::Duration;

/// The answer to a command that was taken.
pub(super) const ACK: u8 = 0x06;
/// The answer to one that was refused; nothing follows it.
pub(super) const NAK: u8 = 0x15;
/// The bit of SPI among the bus types.
pub(super) const SPI: u8 = 0x08;

/// A command by its opcode. Integers go with the lowest byte first.
pub(super) mod op {
    /// Does nothing.
    pub(in super::super) const NOTHING: u8 = 0x00;
    /// The version of the protocol: a word, 1.
    pub(in super::super) const INTERFACE: u8 = 0x01;
    /// Which commands there are: a bit each, 32 bytes.
    pub(in super::super) const COMMANDS: u8 = 0x02;
    /// The device's name: 16 bytes, padded with zeros, not always ended by one.
    pub(in super::super) const NAME: u8 = 0x03;
    /// How many bytes may be sent before answers are read: a word.
    pub(in super::super) const BUFFER: u8 = 0x04;
    /// The bus types that it has: a byte.
    pub(in super::super) const BUSES: u8 = 0x05;
    /// The most bytes that one SPI command may write: 24 bits, 0 for 2^24.
    pub(in super::super) const MAX_WRITE: u8 = 0x08;
    /// Does nothing: refused, then taken.
    pub(in super::super) const SYNC: u8 = 0x10;
    /// The most bytes that one SPI command may read: 24 bits, 0 for 2^24.
    pub(in super::super) const MAX_READ: u8 = 0x11;
    /// Chooses the bus types.
    pub(in super::super) const CHOOSE_BUS: u8 = 0x12;
    /// One chip-select window: lengths to write and to read, 24 bits each, and the bytes to write.
    pub(in super::super) const SPI_OP: u8 = 0x13;
    /// Sets the SPI clock, 32 bits in Hz; answers with the clock that is set.
    pub(in super::super) const CLOCK: u8 = 0x14;
    /// Drives the pins, or floats them.
    pub(in super::super) const PINS: u8 = 0x15;
    /// Chooses a chip select.
    pub(in super::super) const CHIP_SELECT: u8 = 0x16;
    /// 0: a window writes first and reads then; 1: it does both at a time.
    pub(in super::super) const DUPLEX: u8 = 0x17;
    /// 0: chip select follows the window; others hold it.
    pub(in super::super) const HOLD: u8 = 0x18;
}

/// A firmware with commands of its own from 16h on begins its name so (libfrser).
const WITH_ITS_OWN: &str = "frser";

/// The bytes before the data of an SPI command.
pub(super) const HEADER: usize = 7;
/// Where a device does not give its limit: what the most common firmware has room for. A longer write overruns its memory;
/// reads go out as they come in, and have none.
const SAFE_WRITE: usize = 4096;
/// The longest read that 24 bits can ask for. Passes cut shorter pieces.
const LONGEST_READ: usize = (1 << 24) - 1;
/// The longest write that is of use.
const LONGEST_WRITE: usize = 64 * 1024;

/// One chip-select window: `writes` bytes out, then `reads` bytes in.
pub(super) fn spi_op(writes: usize, reads: usize) -> [u8; HEADER] {
    let [w0, w1, w2, _] = (writes as u32).to_le_bytes();
    let [r0, r1, r2, _] = (reads as u32).to_le_bytes();
    [op::SPI_OP, w0, w1, w2, r0, r1, r2]
}

/// What a device has said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    /// Its commands, a bit each.
    commands: [u8; 32],
    /// Its name.
    pub name: String,
    /// Bytes that may be on their way to it before answers are read.
    pub buffer: usize,
    /// The most bytes that one window may write.
    pub max_write: usize,
    /// The most bytes that one window may read.
    pub max_read: usize,
    /// The SPI clock that it has set; 0 where it does not say.
    pub hz: u32,
    /// The time from a command to its answer, as measured at open.
    pub round_trip: Duration,
}

impl Default for Device {
    fn default() -> Self {
        Self {
            commands: [0; 32],
            name: String::new(),
            buffer: 0,
            max_write: SAFE_WRITE,
            max_read: LONGEST_READ,
            hz: 0,
            round_trip: Duration::from_millis(1),
        }
    }
}

impl Device {
    pub(super) fn with_commands(map: &[u8]) -> Self {
        let mut device = Self::default();
        let len = map.len().min(device.commands.len());
        device.commands[..len].copy_from_slice(&map[..len]);
        device
    }

    /// True where it has this command.
    pub(super) fn has(&self, opcode: u8) -> bool {
        self.commands[usize::from(opcode / 8)] >> (opcode % 8) & 1 != 0
    }

    /// A command that the device lists and refuses: it has it no longer.
    pub(super) fn lacks(&mut self, opcode: u8) {
        self.commands[usize::from(opcode / 8)] &= !(1 << (opcode % 8));
    }

    /// The longest writes and reads as the device gives them, 24 bits each.
    pub(super) fn limit(&mut self, write: Option<&[u8]>, read: Option<&[u8]>) {
        let given = |bytes: &[u8], most: usize| match usize::from(bytes[0])
            | usize::from(bytes[1]) << 8
            | usize::from(bytes[2]) << 16
        {
            0 => most,
            given => given.min(most),
        };
        self.max_write = write.map_or(SAFE_WRITE, |bytes| given(bytes, LONGEST_WRITE));
        self.max_read = read.map_or(LONGEST_READ, |bytes| given(bytes, LONGEST_READ));
    }

    /// The name without its padding; other than printable letters become dots. By it some commands are others.
    pub(super) fn take_name(&mut self, bytes: &[u8]) {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let letter = |b: &u8| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' };
        self.name = bytes[..end].iter().map(letter).collect();
        if self.name.starts_with(WITH_ITS_OWN) {
            [op::CHIP_SELECT, op::DUPLEX, op::HOLD].into_iter().for_each(|own| self.lacks(own));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_lengths_of_24_bits() {
        assert_eq!(spi_op(5, 0x01_0203), [0x13, 5, 0, 0, 3, 2, 1]);
    }

    #[test]
    fn limits_are_taken_as_given_and_safe_where_they_are_not() {
        let mut device = Device::with_commands(&[0x3f, 0, 0x3d]);
        assert!(device.has(op::SPI_OP) && device.has(op::NAME) && !device.has(op::CHIP_SELECT));
        device.limit(None, None);
        assert_eq!((device.max_write, device.max_read), (4096, 0xff_ffff));
        device.limit(Some(&[0, 1, 0]), Some(&[0, 0, 0]));
        assert_eq!((device.max_write, device.max_read), (256, 0xff_ffff));
        device.take_name(b"Glasgow serprog\x01");
        assert_eq!(device.name, "Glasgow serprog.");
        device.take_name(b"pico\0\xff\xff");
        assert_eq!(device.name, "pico");
    }
}
