//! CH341A: SPI transactions as 32-byte packets, pins as UIO streams.
//!
//! Bulk OUT and IN packets hold 32 bytes. A packet is one command: `A8` and up to 31 bytes to clock, or `AB` and pin
//! commands up to a stream end. Every byte clocked comes back. The answer to each `A8` packet is expected as an IN packet
//! of its own, which is shorter than 32 bytes and so ends its transfer; but answers are taken as a stream of bytes, so
//! merged and split packets are taken too. The bits of a byte go least significant first: both ways are reversed here.
//! Chip select is a pin like any other.
//!
//! The fast shape queues chip-select packets behind `A8` packets whose answers no one has fetched yet. No other known
//! driver relies on their order, so it is proven at open. The plain shape is that of flashrom: a padded chip-select packet
//! and one command in one transfer, and chip select raised by the next command's packet.
//!
//! Sources: flashrom `ch341a_spi.c` (facts: opcodes, pin bits, idle and direction values, about 0.75 us a UIO byte,
//! chip-select high at least 2.25 us, the plain shape), frank-zago `spi-ch341.c` (one SPI clock of about 1.5 MHz, 12 MHz
//! / 8), WCH's Linux library (version request, padding for version 20h).

mod answers;
mod examine;
mod packets;

use super::assumption::Check;
use super::codec::{Codec, Encoded, MAX_WINDOW, Scatter, Silence, Stream, read_away};
use super::pins::Level;
use super::shape::{Framing, Piece, Shape};
use crate::spi::{Limits, LinkError, LinkFault, Op, SpiError, Transaction};
use crate::usb::{Burst, Control, PATIENCE, Pipe, Recipient, UsbError};
use answers::{Answers, MARK, Mark};
use packets::{OUT_TRANSFER, Packets, Transfers};
use std::time::Duration;

/// SPI stream: the packet's other bytes are clocked out, as many come back.
const SPI_STREAM: u8 = 0xA8;
/// I2C stream; only its mode setting is used here.
const I2C_STREAM: u8 = 0xAA;
/// I2C: mode 0, that is 20 kHz for I2C and one data line for SPI. Another program may have left two (bit 2).
const I2C_MODE: u8 = 0x60;
/// I2C: end of the stream.
const I2C_END: u8 = 0x00;
/// Sets the mode.
const MODE: [u8; 3] = [I2C_STREAM, I2C_MODE, I2C_END];
/// UIO stream: the packet's other bytes are pin commands.
const UIO_STREAM: u8 = 0xAB;
/// UIO: set the output pins to bits 5:0.
const UIO_OUT: u8 = 0x80;
/// UIO: set the direction of the pins from bits 5:0, 1 = output.
const UIO_DIR: u8 = 0x40;
/// UIO: read the pins; one byte comes back.
const UIO_IN: u8 = 0x00;
/// UIO: end of the stream; what follows it in the packet is ignored.
const UIO_END: u8 = 0x20;

/// wMaxPacketSize of both bulk endpoints.
const PACKET: usize = 32;
/// D0 to D2 (the three chip selects) high, D3 (clock) low, D4 (second data out) and D5 (MOSI) high.
const IDLE: u8 = 0x37;
/// D5, MOSI.
const MOSI: u8 = 0x20;
/// D0, chip select of the clip.
const CS: u8 = 0x01;
/// D0 to D5 are outputs; D6 and D7 (MISO) can only be inputs.
const OUTPUTS: u8 = 0x3F;
/// What MOSI carries while only reading.
const FILL: u8 = 0xFF;
/// The fixed SPI clock.
pub(super) const CLOCK_HZ: u32 = 1_500_000;
/// Time of one UIO command; a pause that fits a packet is made of repeated outputs.
const UIO_STEP: Duration = Duration::from_nanos(750);
/// The longest pause made of UIO commands in one packet in addition to the edges themselves.
const UIO_PAUSE: Duration = Duration::from_micros(18);
/// IN transfers kept queued: flashrom's 32 keep up with the wire; twice that leaves room for a busy host.
const IN_DEPTH: usize = 64;

/// The same in the plain shape, as flashrom does.
const PLAIN_IN_DEPTH: usize = 32;
/// A part in the plain shape: 4 KiB read by a command of up to 5 bytes, in full packets where it is cut.
const PLAIN_PART: usize = 133 * (PACKET - 1);
/// Bytes of a read in the plain shape.
const PLAIN_READ: usize = 4096;
/// Control request: the chip's version, two bytes.
const VERSION: u8 = 0x5F;
/// Control request: forget what is under way. In WCH's header only; a chip that does not know it stalls.
const CLEAR: u8 = 0xB2;
/// Versions from here on are the ones that everyone has.
const COMMON_VERSION: u8 = 0x30;
/// This version loses the packet after a full `A8` packet; an empty packet goes between.
const PADDED_VERSION: u8 = 0x20;
/// What an earlier session has left in the chip comes within this time.
const LEFT_OVER: Duration = Duration::from_millis(3);
/// The self-test waits so long for the rest of an answer.
const PROOF_QUIET: Duration = Duration::from_millis(300);
/// The part of the patience that the proof waits for the rest of an answer, and a re-sync for silence.
const PROOF_PART: u32 = 3;

/// A CH341A and what its spare pins hold.
#[derive(Clone, Debug)]
pub struct Ch341a {
    idle: u8,
    /// The chip's version, once it has been asked.
    version: Option<u8>,
    /// It has been brought up before in this session.
    was_up: bool,
    /// The last mark after a failure did not come: the next one is not waited for as long.
    unmarked: bool,
    /// It has refused the mode setting.
    modeless: bool,
    /// It has not carried out the request that clears what is under way.
    clearless: bool,
    /// How long it may give no answer.
    patience: Duration,
}

impl Default for Ch341a {
    fn default() -> Self {
        Self {
            idle: IDLE,
            version: None,
            was_up: false,
            unmarked: false,
            modeless: false,
            clearless: false,
            patience: PATIENCE,
        }
    }
}

impl Ch341a {
    /// A CH341A that holds spare pins at a level while in use: `(1, Level::Low)` is D1 low. Only D1, D2 and D4 are spare;
    /// other numbers are not taken.
    pub fn new(pins: &[(u8, Level)]) -> Self {
        let mut idle = IDLE;
        for (pin, level) in pins.iter().filter(|(pin, _)| matches!(pin, 1 | 2 | 4)) {
            match level {
                Level::Low => idle &= !(1 << pin),
                Level::High => idle |= 1 << pin,
            }
        }
        Self { idle, ..Self::default() }
    }

    /// One UIO packet: the pin commands, then the stream end.
    fn uio(commands: impl IntoIterator<Item = u8>) -> Vec<u8> {
        let mut packet = vec![UIO_STREAM];
        packet.extend(commands);
        packet.push(UIO_END);
        debug_assert!(packet.len() < PACKET, "a UIO packet must be short to end its transfer");
        packet
    }

    fn high(&self) -> u8 {
        UIO_OUT | self.idle
    }

    fn low(&self) -> u8 {
        UIO_OUT | (self.idle & !CS)
    }
}

impl Ch341a {
    /// Clocks the transaction's ops into packets.
    fn clock<'b>(packets: &mut Packets, scatter: &mut Scatter<'b>, transaction: &'b mut Transaction<'_>) {
        for op in &mut transaction.ops {
            match op {
                Op::Write(bytes) => {
                    packets.push(bytes);
                    scatter.drop_next(bytes.len());
                }
                Op::Read(into) => {
                    packets.fill(into.len());
                    scatter.keep_next(into);
                }
                Op::Transfer(both) => {
                    packets.push(both);
                    scatter.keep_next(both);
                }
            }
        }
        packets.flush();
    }

    /// Windows back to back; the high of one transaction and the low of the next share a packet.
    fn windows<'b>(
        &self,
        packets: &mut Packets,
        scatter: &mut Scatter<'b>,
        batch: &'b mut [Transaction<'_>],
    ) {
        let mut edges = vec![self.high(), UIO_DIR | OUTPUTS];
        for transaction in batch {
            let pause = transaction.pause;
            edges.push(self.low());
            packets.transfers.packet(&Self::uio(edges.drain(..)));
            Self::clock(packets, scatter, transaction);
            edges.push(self.high());
            if self.keeps(Shape::Fast, pause) {
                let steps = pause.as_nanos().div_ceil(UIO_STEP.as_nanos());
                edges.extend((0..steps).map(|_| self.high()));
            }
        }
        packets.transfers.packet(&Self::uio(edges));
    }

    /// A packet of pin commands as long as a packet can be: what follows it is in the same transfer.
    fn padded(commands: impl IntoIterator<Item = u8>) -> Vec<u8> {
        let mut packet = Self::uio(commands);
        packet.resize(PACKET, 0);
        packet
    }

    /// True where a request or packet was taken; an old or foreign chip may refuse it, or leave it without an answer.
    fn taken(result: Result<(), UsbError>) -> Result<bool, UsbError> {
        match result {
            Err(UsbError::Stall(_) | UsbError::Timeout { .. } | UsbError::Broken(_)) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Reads away what an earlier session left in the chip, until nothing comes for this time.
    fn drain(pipe: &mut dyn Pipe, quiet: Duration) -> Result<(), SpiError> {
        // At most two answers, and what it still clocks from its OUT buffer; bounded, because no one refills that.
        if read_away(pipe, PACKET, quiet, 64)? {
            return Ok(());
        }
        let text = "the CH341A keeps sending data that was not asked for; plug it in again";
        Err(UsbError::Unusable(text.into()).into())
    }
}

impl Ch341a {
    /// After a burst that broke off: an answer that is late must not be taken for one that is asked for later. Answers come
    /// in order, so pins that are moved in a pattern and read back mark the end of what was asked before.
    fn catch_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let mut transfers = Transfers::default();
        if !self.modeless {
            // In one burst with the mark: a chip full of answers takes no packet while nobody fetches them.
            transfers.packet(&MODE);
        }
        transfers.packet(&Self::uio([self.high(), UIO_DIR | OUTPUTS]));
        let pattern = (0..8).map(|bit| match MARK >> bit & 1 {
            0 => self.idle & !MOSI,
            _ => self.idle | MOSI,
        });
        let pattern: Vec<u8> = pattern.collect();
        for pins in &pattern {
            transfers.packet(&Self::uio([UIO_OUT | pins, UIO_IN]));
        }
        transfers.packet(&Self::uio([self.high()]));
        let mut mark = Mark::new(pattern);
        // A burst that got no answer has waited for a part already.
        let parts = if self.unmarked { 1 } else { PROOF_PART - 1 };
        let quiet = self.patience / PROOF_PART * parts;
        let marked = pipe.burst(Burst { out: &transfers.done, in_depth: IN_DEPTH, quiet }, &mut mark);
        self.unmarked = marked.is_err();
        match marked {
            // That pins can be read back is not proven in the plain shape; what was late has come before this silence.
            Err(UsbError::Timeout { .. }) => Ok(()),
            Err(UsbError::Desync { .. }) => Self::drain(pipe, self.patience / PROOF_PART),
            other => Ok(other?),
        }
    }
}

fn request(request: u8) -> Control {
    Control { recipient: Recipient::Device, request, value: 0, index: 0 }
}

impl Codec for Ch341a {
    fn title(&self) -> &'static str {
        "the CH341A"
    }

    fn limits(&self, shape: Shape) -> Limits {
        let fast = shape == Shape::Fast;
        Limits {
            clock_hz: CLOCK_HZ,
            // The first OUT waits for a 1 ms frame, the last answer for the host: modelled, not measured.
            round_trip: Duration::from_millis(2),
            // Two more packets on a full-speed bus, about 30 us each with their share of turnaround; a round trip where
            // each command has a burst of its own.
            per_transaction: if fast { Duration::from_micros(100) } else { Duration::from_millis(2) },
            max_transaction: MAX_WINDOW,
            max_write: MAX_WINDOW,
            read_batch: if fast { 64 * 1024 } else { PLAIN_READ },
            pauses: false,
        }
    }

    fn in_depth(&self, shape: Shape) -> usize {
        if shape == Shape::Fast { IN_DEPTH } else { PLAIN_IN_DEPTH }
    }

    fn keeps(&self, shape: Shape, pause: Duration) -> bool {
        pause.is_zero() || (shape == Shape::Fast && pause <= UIO_PAUSE)
    }

    fn piece(&self, shape: Shape) -> Option<Piece> {
        let clocked = match shape {
            Shape::Fast => return None,
            Shape::Plain => PLAIN_PART,
            Shape::Smallest => PACKET - 1,
        };
        Some(Piece { clocked, read: clocked })
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], framing: Framing) -> Encoded<'b> {
        let mut scatter = Scatter::default();
        let mut packets = Packets { padded: self.version == Some(PADDED_VERSION), ..Packets::default() };
        match framing {
            Framing::Windows => self.windows(&mut packets, &mut scatter, batch),
            Framing::Deselected => {
                packets.transfers.packet(&Self::padded([self.high(), UIO_DIR | OUTPUTS, self.high()]));
                batch.iter_mut().for_each(|t| Self::clock(&mut packets, &mut scatter, t));
            }
            Framing::Part { first, .. } => {
                packets.transfers.cut = usize::MAX;
                if first {
                    let edges = [self.high(), UIO_DIR | OUTPUTS, self.low()];
                    packets.transfers.packet(&Self::padded(edges));
                }
                batch.iter_mut().for_each(|t| Self::clock(&mut packets, &mut scatter, t));
            }
        }
        Encoded {
            out: packets.transfers.done,
            reply: Box::new(Answers::new(scatter, packets.answers)),
            silent: self.limits(Shape::Fast).wire_time(OUT_TRANSFER as u64),
        }
    }

    fn deselect(&self) -> Option<Vec<u8>> {
        Some(Self::uio([self.high()]))
    }

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        if !self.was_up {
            let mut version = [0; 2];
            let asked = pipe.control_in(request(VERSION), &mut version).map(|read| {
                self.version = version.first().copied().filter(|_| read > 0);
            });
            Self::taken(asked)?;
        }
        if !self.clearless {
            self.clearless = !Self::taken(pipe.control_out(request(CLEAR), &[]))?;
        }
        Self::drain(pipe, LEFT_OVER)?;
        if self.was_up {
            return self.catch_up(pipe);
        }
        let set =
            pipe.burst(Burst { out: &[MODE.to_vec()], in_depth: 1, quiet: self.patience }, &mut Silence);
        // A clone that knows no mode has the one that SPI needs, or its chip does not answer.
        match set {
            Err(UsbError::Stall(_)) => self.modeless = true,
            other => other?,
        }
        self.was_up = true;
        Ok(())
    }

    fn take_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    fn bring_up_requests(&self) -> u32 {
        4
    }

    fn start(&self) -> (Shape, Option<String>) {
        match self.version {
            Some(version) if version < COMMON_VERSION => {
                let why = format!("it is of version {version:02x}h, {COMMON_VERSION:02x}h is the usual one");
                (Shape::Plain, Some(why))
            }
            _ => (Shape::Fast, None),
        }
    }

    fn prove(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        // Short answers wait together; a pin packet waits behind a full answer that no one has fetched. The pin that
        // moves is MOSI, with chip select high: nothing on the board notices.
        let mut transfers = Transfers::default();
        transfers.packet(&Self::uio([self.high(), UIO_DIR | OUTPUTS]));
        let mut wanted = 0;
        for len in 1..=3 {
            transfers.packet(&[&[SPI_STREAM][..], &[FILL; 3][..len]].concat());
            wanted += len;
        }
        let full = [&[SPI_STREAM][..], &[FILL; PACKET - 1]].concat();
        let mut places = Vec::new();
        for pins in [self.idle & !MOSI, self.idle | MOSI] {
            transfers.packet(&full);
            transfers.packet(&Self::uio([UIO_OUT | pins, UIO_IN]));
            wanted += PACKET - 1;
            places.push((wanted, pins));
            wanted += 1;
        }
        let mut reply = Stream { transfers: 7, ask: PACKET, wanted, got: Vec::new() };
        let quiet = self.patience / PROOF_PART;
        pipe.burst(Burst { out: &transfers.done, in_depth: IN_DEPTH, quiet }, &mut reply)?;
        for (at, pins) in places {
            let read = reply.got[at];
            if (read ^ pins) & (MOSI | CS) != 0 {
                let text = format!(
                    "a pin command behind unfetched data was not carried out in its turn: pins {read:02x}"
                );
                return Err(LinkError::new(LinkFault::Driver, text).into());
            }
        }
        Ok(())
    }

    fn examine(&mut self, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
        examine::examine(self, pipe)
    }

    fn slow_down(&mut self) -> bool {
        false
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let out = [Self::uio([self.high(), UIO_DIR])];
        Ok(pipe.burst(Burst { out: &out, in_depth: 1, quiet: self.patience }, &mut Silence)?)
    }

    fn set_clock(&mut self, _hz: u32) -> Result<(u32, Encoded<'static>), SpiError> {
        Err(SpiError::Unsupported("the SPI clock of a CH341A is fixed at about 1.5 MHz".into()))
    }
}

#[cfg(test)]
mod tests;
