//! What went over the wires, counted: the work done, events worth knowing, and misdeeds a driver must not commit.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Something a driver must not do; each is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Misdeed {
    /// A command that the chip ignores while it erases, programs or writes a register.
    WhileBusy(u8),
    /// A command before the chip is ready after power-up, reset, power-down or release from it.
    NotReady(u8),
    /// A command that needs the write enable latch, without it.
    NoWriteEnable(u8),
    /// A program whose data ran past the end of its page and wrapped.
    PageWrap,
    /// A program command without data.
    NoData(u8),
    /// Chip select raised in the middle of a byte of a command that writes.
    PartialByte(u8),
    /// Chip select raised before the address was complete in a command that writes.
    ShortAddress(u8),
    /// Bytes after a command that takes no more: the chip then ignores it.
    ExtraBytes(u8),
    /// An opcode that is destructive or irreversible on this part.
    Forbidden(u8),
    /// Software reset, or chip select, while an erase or program was running: its range is undefined.
    ResetWhileBusy,
    /// A read or erase that touches a suspended operation's range, or an operation that is not allowed meanwhile.
    Suspended(u8),
    /// A command other than status, write disable or the next bytes while the chip programs on and on (AAI).
    WhileProgrammingOn(u8),
    /// The chip was selected while clock or data out floated.
    FloatingPins,
    /// The programmer drove the chip's data output.
    DrivesMiso,
    /// The chip was selected with the clock line high, or data was clocked out on the edge the chip samples.
    WrongClockEdge,
    /// Bytes after the end of a stream inside one packet; the programmer ignores them.
    AfterStreamEnd,
    /// A packet that starts with no command the programmer knows, or a stream without its end.
    BadPacket(u8),
    /// An MPSSE command the engine does not know (other than the AAh and ABh of a deliberate sync).
    BadMpsse(u8),
    /// Data sent to a port that is not in MPSSE mode.
    NotMpsse,
    /// MPSSE switched off with commands left in the port: they leave as UART data on the clock line.
    StrayClocks,
    /// A control request the device does not know.
    BadControl(u8),
    /// A USB request to an endpoint the device does not have.
    BadEndpoint(u8),
}

impl fmt::Display for Misdeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WhileBusy(op) => write!(f, "command {op:02x}h while the chip was busy"),
            Self::NotReady(op) => write!(f, "command {op:02x}h before the chip was ready"),
            Self::NoWriteEnable(op) => write!(f, "command {op:02x}h without write enable"),
            Self::PageWrap => f.write_str("page program past the end of its page"),
            Self::NoData(op) => write!(f, "command {op:02x}h without data"),
            Self::PartialByte(op) => write!(f, "command {op:02x}h ended in the middle of a byte"),
            Self::ShortAddress(op) => write!(f, "command {op:02x}h ended before its address was complete"),
            Self::ExtraBytes(op) => write!(f, "bytes after command {op:02x}h, which takes no more"),
            Self::Forbidden(op) => write!(f, "forbidden command {op:02x}h"),
            Self::ResetWhileBusy => f.write_str("software reset while an erase or program was running"),
            Self::Suspended(op) => write!(f, "command {op:02x}h not allowed while an operation is suspended"),
            Self::WhileProgrammingOn(op) => write!(f, "command {op:02x}h in the middle of an AAI program"),
            Self::FloatingPins => f.write_str("chip selected while clock or data out floated"),
            Self::DrivesMiso => f.write_str("programmer drove the chip's data output"),
            Self::WrongClockEdge => f.write_str("wrong clock edge or idle level for SPI mode 0"),
            Self::AfterStreamEnd => f.write_str("bytes after the end of a stream in a packet"),
            Self::BadPacket(byte) => write!(f, "packet with unknown or unfinished command {byte:02x}h"),
            Self::BadMpsse(op) => write!(f, "bad MPSSE command {op:02x}h"),
            Self::NotMpsse => f.write_str("data sent to a port that is not in MPSSE mode"),
            Self::StrayClocks => f.write_str("MPSSE switched off with commands left in the port"),
            Self::BadControl(request) => write!(f, "unknown control request {request:02x}h"),
            Self::BadEndpoint(ep) => write!(f, "transfer on endpoint {ep:02x}h, which does not exist"),
        }
    }
}

/// Everything counted since the emulator was made or [`reset`](crate::emulator::Emulator::reset_counts).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bulk OUT transfers finished.
    pub out_transfers: u64,
    /// Bulk IN transfers finished.
    pub in_transfers: u64,
    /// Control transfers finished.
    pub control_transfers: u64,
    /// Bulk OUT packets taken by the device.
    pub out_packets: u64,
    /// Bulk IN packets fetched from the device.
    pub in_packets: u64,
    /// Payload bytes of those packets, both ways.
    pub usb_bytes: u64,
    /// Times the host started with nothing queued: bursts, control requests, drains.
    pub waits: u64,
    /// Sleeps of the host.
    pub sleeps: u64,
    /// Virtual time of those sleeps.
    pub slept: Duration,
    /// Bytes clocked while the chip was selected.
    pub spi_bytes: u64,
    /// Chip-select windows.
    pub selects: u64,
    /// Commands the chip heard, by opcode, whether it obeyed them or not.
    pub opcodes: BTreeMap<u8, u64>,
    /// Array bytes read, by read opcode.
    pub read_bytes: BTreeMap<u8, u64>,
    /// Status read commands.
    pub status_polls: u64,
    /// Status bytes answered.
    pub status_bytes: u64,
    /// Erases started, by size in bytes (the chip's size for a chip erase).
    pub erases: BTreeMap<u64, u64>,
    /// Page programs started in the array.
    pub pages: u64,
    /// Programs and erases of security registers started.
    pub security_operations: u64,
    /// Everything that made the chip busy: erases, programs, non-volatile register writes.
    pub operations: u64,
    /// Time the chip was busy (started operations, their whole time).
    pub busy: Duration,
    /// Software resets (66h, 99h) carried out.
    pub resets: u64,
    /// Programs and erases refused because of protection.
    pub protected: u64,
    /// Register writes refused (SRP, WP#).
    pub refused_writes: u64,
    /// Event: one-time lock bits that went from 0 to 1.
    pub lock_bits_set: u64,
    /// Event: non-volatile register writes.
    pub nonvolatile_writes: u64,
    /// Event: volatile register writes.
    pub volatile_writes: u64,
    /// Event: opcodes the part does not know (it ignores them).
    pub unknown_opcodes: BTreeMap<u8, u64>,
    /// MPSSE sync probes (AAh, ABh) answered with FAh.
    pub mpsse_syncs: u64,
    /// Faults that struck.
    pub faults: u64,
    /// What a driver must not do, by kind.
    pub misdeeds: BTreeMap<Misdeed, u64>,
}

impl Counts {
    /// Notes one misdeed.
    pub fn misdeed(&mut self, what: Misdeed) {
        *self.misdeeds.entry(what).or_default() += 1;
    }

    /// All misdeeds together; a sound driver keeps this at 0.
    pub fn misdeed_count(&self) -> u64 {
        self.misdeeds.values().sum()
    }

    /// The misdeeds as text, one a line, `2 x page program past the end of its page`; empty when there are none.
    pub fn misdeed_text(&self) -> String {
        self.misdeeds.iter().map(|(what, n)| format!("{n} x {what}\n")).collect()
    }

    /// Array bytes read by all read opcodes.
    pub fn array_bytes_read(&self) -> u64 {
        self.read_bytes.values().sum()
    }

    /// Bytes erased in the array.
    pub fn bytes_erased(&self) -> u64 {
        self.erases.iter().map(|(size, n)| size * n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misdeeds_are_counted_by_kind() {
        let mut counts = Counts::default();
        assert_eq!((counts.misdeed_count(), counts.misdeed_text().as_str()), (0, ""));
        counts.misdeed(Misdeed::PageWrap);
        counts.misdeed(Misdeed::NoWriteEnable(2));
        counts.misdeed(Misdeed::PageWrap);
        assert_eq!(counts.misdeed_count(), 3);
        assert_eq!(
            counts.misdeed_text(),
            "1 x command 02h without write enable\n2 x page program past the end of its page\n"
        );
    }
}
