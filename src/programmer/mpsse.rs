//! FTDI MPSSE: SPI transactions as one stream of commands, answered by one stream of bytes in packets.
//!
//! Pins: ADBUS0 clock, 1 MOSI, 2 MISO, 3 chip select, 4 to 7 (GPIOL0 to 3) spare. Only what `20` and `31` clock in comes
//! back, in IN packets that each begin with two status bytes. `8F` clocks with chip select high: a pause kept in the
//! chip. `87` at the end sends what is left at once, so the latency timer is never waited for. Nothing rests on the
//! FIFO sizes (4 KiB in FT2232H, 2 KiB in FT4232H, 1 KiB in FT232H): the pipe fetches while it sends, and the MPSSE
//! stops its clock while a FIFO is full or empty.
//!
//! Sources: FTDI AN_108 (commands, clock divisor), AN_135 (bring-up), pyftdi `ftdi.py` (status bytes, FIFO sizes).

use super::assumption::Check;
use super::codec::{Codec, Encoded, MAX_WINDOW, Scatter};
use super::ftdi;
use super::pins::Level;
use super::shape::{Framing, Piece, Shape};
use crate::spi::{Limits, Op, SpiError, Transaction};
use crate::units;
use crate::usb::{Burst, PATIENCE, Pipe};
use ftdi_mpsse::{ClockData, ClockDataIn, ClockDataOut, MpsseCmd, MpsseCmdBuilder};
use std::time::Duration;

mod answers;
mod examine;

use answers::Answers;
pub(super) use answers::payloads;

/// Clocks `(length + 1) * 8` times with no data; H-type chips only. Not in `ftdi-mpsse`.
pub(super) const CLOCK_BYTES_NO_DATA: u8 = 0x8F;
/// ADBUS3, chip select.
const CS: u8 = 0x08;
/// ADBUS0, 1 and 3 (clock, MOSI, chip select) are outputs.
const OUTPUTS: u8 = 0x0B;
/// The SPI clock with divisor 0: 60 MHz / 2.
pub(super) const MAX_HZ: u32 = 30_000_000;
/// The lowest clock the divisor gives, rounded up.
const MIN_HZ: u32 = 458;
/// A careful default for clips: leads of 10 to 20 cm and a board's own load are the usual case, and reports of reads that
/// came right at 15 MHz and not above are common; peers start at 30 MHz.
pub(super) const DEFAULT_HZ: u32 = 15_000_000;
/// A read or write command clocks at most this (the chip's limit is 64 KiB; single 64 KiB reads are said to fail on
/// FT232H, and a cut costs three bytes).
const COMMAND: usize = 32 * 1024;
/// OUT transfers are cut here.
pub(super) const OUT_TRANSFER: usize = 16 * 1024;
/// IN transfers hold this at most: a multiple of every packet size.
const IN_TRANSFER: usize = 4 * 1024;
/// IN transfers kept queued: 128 KiB, more than a twentieth of a second of clocks at 15 MHz.
const IN_DEPTH: usize = 32;
/// Status bytes at the start of each IN packet.
const STATUS: usize = 2;
/// `wMaxPacketSize` at high speed.
const PACKET: usize = 512;
/// The longest pause kept in the chip; for longer ones the host waits, and can be interrupted.
const PAUSE: Duration = Duration::from_millis(50);

/// The SPI clock with divisor 0 of chips before the H family: 12 MHz / 2.
const OLD_MAX_HZ: u32 = 6_000_000;
/// A read in the plain shape, as libftdi fetches it.
const PLAIN_READ: usize = 4096;
/// A read in the smallest shape: one packet of answer, less than the smallest FIFO (1 KiB in FT232H).
const SMALLEST_READ: usize = 510;
/// Bytes of the loopback at open.
const LOOPBACK: usize = 64;

/// What a port has shown of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// FT2232C or D (bcdDevice 0500): 12 MHz, 64-byte packets, no commands 8A to 8F and 94 to 97.
    pub(super) old: bool,
    /// The manufacturer's string where it is not one whose boards carry FTDI's own chips.
    pub(super) stranger: Option<String>,
    /// `8F` is known.
    pub(super) clocks_without_data: bool,
}

/// One MPSSE port of an FTDI chip, its clock and what its spare pins hold.
#[derive(Clone, Debug)]
pub struct Mpsse {
    /// The highest clock that the user or the default asks for, in Hz.
    wanted_hz: u32,
    pub(super) seen: Seen,
    /// The port as `wIndex` of control requests: 1 is A.
    pub(super) index: u16,
    /// Divisor of the 30 MHz.
    divisor: u16,
    /// Levels of the output pins with chip select high.
    idle: u8,
    /// Which pins are outputs.
    outputs: u8,
    /// Levels of the pins of the port's upper byte, GPIOH0 to 7, and which are outputs.
    upper: (u8, u8),
    /// `wMaxPacketSize` of the IN endpoint.
    packet: usize,
    /// How long the port may give no answer.
    pub(super) patience: Duration,
}

impl Mpsse {
    /// Port `port` (0 is A) at 15 MHz, with spare pins (4 to 7 for GPIOL0 to 3, 8 to 15 for GPIOH0 to 7; others are not
    /// taken) held at a level while in use.
    pub fn new(port: u8, pins: &[(u8, Level)]) -> Self {
        let (mut idle, mut outputs) = (CS, OUTPUTS);
        for (pin, level) in pins.iter().filter(|(pin, _)| (4..8).contains(pin)) {
            outputs |= 1 << pin;
            match level {
                Level::Low => idle &= !(1 << pin),
                Level::High => idle |= 1 << pin,
            }
        }
        let mut upper = (0, 0);
        for (pin, level) in pins.iter().filter(|(pin, _)| (8..16).contains(pin)) {
            upper.1 |= 1 << (pin - 8);
            upper.0 |= u8::from(*level == Level::High) << (pin - 8);
        }
        let seen = Seen { old: false, stranger: None, clocks_without_data: true };
        let index = u16::from(port) + 1;
        let mut codec = Self {
            wanted_hz: DEFAULT_HZ,
            seen,
            index,
            divisor: 0,
            idle,
            outputs,
            upper,
            packet: PACKET,
            patience: PATIENCE,
        };
        // Cannot be refused: the default lies between the lowest and the highest clock.
        let _ = codec.take_clock(DEFAULT_HZ);
        codec
    }

    /// The same with another clock, rounded down to what the divisor gives, 30 MHz at most.
    ///
    /// # Errors
    /// [`SpiError::Unsupported`] below the lowest clock.
    pub fn with_clock(mut self, hz: u32) -> Result<Self, SpiError> {
        self.take_clock(hz)?;
        Ok(self)
    }

    fn take_clock(&mut self, hz: u32) -> Result<(), SpiError> {
        if hz < MIN_HZ {
            return Err(SpiError::Unsupported(format!(
                "an SPI clock of {} is below the {} that FTDI's divisor reaches",
                units::hz(hz),
                units::hz(MIN_HZ)
            )));
        }
        // At least 458 Hz, so the quotient is at most 65503; at least 1.
        self.wanted_hz = hz;
        self.divisor = (self.max_hz().div_ceil(hz) - 1) as u16;
        Ok(())
    }

    /// The SPI clock with divisor 0.
    fn max_hz(&self) -> u32 {
        if self.seen.old { OLD_MAX_HZ } else { MAX_HZ }
    }

    /// `wMaxPacketSize` of the IN endpoint.
    pub(super) fn packet(&self) -> usize {
        self.packet
    }

    /// The clock that is set.
    pub fn clock_hz(&self) -> u32 {
        self.max_hz() / (u32::from(self.divisor) + 1)
    }

    /// The spare pins held, as pin number and level.
    pub(super) fn spare(&self) -> impl Iterator<Item = (u8, Level)> + '_ {
        (4..8)
            .filter(|pin| self.outputs & (1 << pin) != 0)
            .map(|pin| (pin, if self.idle & (1 << pin) == 0 { Level::Low } else { Level::High }))
    }

    fn byte_times(&self, bytes: usize) -> Duration {
        self.limits(Shape::Fast).wire_time(bytes as u64)
    }
}

/// Commands in the making, with the modelled time of each OUT transfer.
struct Timed {
    commands: MpsseCmdBuilder,
    times: Vec<Duration>,
}

impl Timed {
    /// Appends by the builder; `time` is what the commands take in the chip.
    fn add(&mut self, time: Duration, build: impl FnOnce(MpsseCmdBuilder) -> MpsseCmdBuilder) {
        let commands = std::mem::take(&mut self.commands);
        self.commands = build(commands);
        let transfer = self.commands.0.len() / OUT_TRANSFER;
        self.times.resize(transfer + 1, Duration::ZERO);
        self.times[transfer] += time;
    }
}

impl Mpsse {
    /// The commands of one transaction, without its edges.
    fn clock<'b>(&self, stream: &mut Timed, scatter: &mut Scatter<'b>, transaction: &'b mut Transaction<'_>) {
        for op in &mut transaction.ops {
            match op {
                Op::Write(bytes) => {
                    for part in bytes.chunks(COMMAND) {
                        let time = self.byte_times(part.len());
                        stream.add(time, |c| c.clock_data_out(ClockDataOut::MsbNeg, part));
                    }
                }
                Op::Read(into) => {
                    for part in into.chunks(COMMAND) {
                        let time = self.byte_times(part.len());
                        stream.add(time, |c| c.clock_data_in(ClockDataIn::MsbPos, part.len()));
                    }
                    scatter.keep_next(into);
                }
                Op::Transfer(both) => {
                    for part in both.chunks(COMMAND) {
                        let time = self.byte_times(part.len());
                        stream.add(time, |c| c.clock_data(ClockData::MsbPosIn, part));
                    }
                    scatter.keep_next(both);
                }
            }
        }
    }

    /// Chip select low, high, or as it is.
    fn edge(&self, stream: &mut Timed, level: Option<Level>) {
        let pins = match level {
            None => return,
            Some(Level::High) => self.idle,
            Some(Level::Low) => self.idle & !CS,
        };
        stream.add(Duration::ZERO, |c| c.set_gpio_lower(pins, self.outputs));
    }
}

impl Codec for Mpsse {
    fn title(&self) -> &'static str {
        "the FTDI chip"
    }

    fn limits(&self, shape: Shape) -> Limits {
        let clock_hz = self.clock_hz();
        let fast = shape == Shape::Fast;
        // Two microframes out, two back and the host between them: modelled, not measured.
        let round_trip = Duration::from_micros(400);
        Limits {
            clock_hz,
            round_trip,
            // Two pin commands and a data command's header; a round trip where each command has a burst of its own.
            per_transaction: if fast { Duration::from_micros(1) } else { round_trip },
            max_transaction: MAX_WINDOW,
            max_write: MAX_WINDOW,
            // About a tenth of a second of clocks.
            read_batch: match fast {
                true => (clock_hz as usize / 80).clamp(64 * 1024, 256 * 1024) / (64 * 1024) * (64 * 1024),
                false => PLAIN_READ,
            },
            pauses: fast && self.seen.clocks_without_data,
        }
    }

    fn in_depth(&self, shape: Shape) -> usize {
        if shape == Shape::Fast { IN_DEPTH } else { 1 }
    }

    fn keeps(&self, shape: Shape, pause: Duration) -> bool {
        pause.is_zero() || (shape == Shape::Fast && self.seen.clocks_without_data && pause <= PAUSE)
    }

    fn piece(&self, shape: Shape) -> Option<Piece> {
        match shape {
            Shape::Fast => None,
            Shape::Plain => Some(Piece { clocked: COMMAND, read: PLAIN_READ }),
            Shape::Smallest => Some(Piece { clocked: PLAIN_READ, read: SMALLEST_READ }),
        }
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], framing: Framing) -> Encoded<'b> {
        let mut scatter = Scatter::default();
        let mut stream = Timed { commands: MpsseCmdBuilder::new(), times: Vec::new() };
        // The level before and after each transaction.
        let (before, behind) = match framing {
            Framing::Windows => (Some(Level::Low), Some(Level::High)),
            Framing::Deselected => (None, None),
            Framing::Part { first, last } => (first.then_some(Level::Low), last.then_some(Level::High)),
        };
        if !matches!(framing, Framing::Part { first: false, .. }) {
            self.hold_upper(&mut stream);
            self.edge(&mut stream, Some(Level::High));
        }
        for transaction in batch {
            let pause = transaction.pause;
            self.edge(&mut stream, before);
            self.clock(&mut stream, &mut scatter, transaction);
            self.edge(&mut stream, behind);
            if framing == Framing::Windows && self.keeps(Shape::Fast, pause) {
                self.pause(&mut stream, pause);
            }
        }
        if scatter.left() == 0 {
            // Something to wait for: the burst ends when the chip has done it, not when the FIFO has taken it.
            stream.add(Duration::ZERO, MpsseCmdBuilder::gpio_lower);
            scatter.drop_next(1);
        }
        stream.add(Duration::ZERO, MpsseCmdBuilder::send_immediate);
        // A transfer waits for the commands before it that are still in the FIFO, then for its own.
        let silent = stream.times.iter().max().copied().unwrap_or_default() * 2;
        Encoded {
            out: stream.commands.0.chunks(OUT_TRANSFER).map(<[u8]>::to_vec).collect(),
            reply: Box::new(Answers::new(scatter, self.packet)),
            silent,
        }
    }

    fn deselect(&self) -> Option<Vec<u8>> {
        // A window's last part raises it.
        None
    }

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        self.packet = pipe.in_packet().unwrap_or(PACKET);
        let about = pipe.about();
        self.seen.old = about.release == Some(ftdi::OLD_RELEASE);
        self.seen.clocks_without_data &= !self.seen.old;
        self.seen.stranger = about.manufacturer.filter(|maker| !ftdi::is_known(maker));
        // Another highest clock, another divisor.
        self.take_clock(self.wanted_hz)?;
        (self.idle, self.outputs) = ftdi::bring_up(self, pipe)?;
        Ok(())
    }

    fn take_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    fn bring_up_requests(&self) -> u32 {
        7
    }

    fn start(&self) -> (Shape, Option<String>) {
        if self.seen.old {
            let why = "it is an FT2232C or FT2232D (bcdDevice 0500), which is not of the H family";
            return (Shape::Plain, Some(why.into()));
        }
        match &self.seen.stranger {
            Some(maker) => (Shape::Plain, Some(format!("its maker calls itself '{maker}', not FTDI"))),
            None => (Shape::Fast, None),
        }
    }

    fn prove(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        self.seen.clocks_without_data = ftdi::prove(self, LOOPBACK, pipe)?;
        Ok(())
    }

    fn examine(&mut self, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
        examine::examine(self, pipe)
    }

    fn slow_down(&mut self) -> bool {
        // Where half the clock is too low for the divisor, the clock stays.
        self.take_clock((self.clock_hz() / 2).max(MIN_HZ)).is_ok()
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        // The chip stays in MPSSE mode with every pin an input. Back in UART mode it would drive clock (TXD) and MISO
        // (RTS) into the board.
        let mut commands = MpsseCmdBuilder::new();
        if self.upper.1 != 0 {
            commands = commands.set_gpio_upper(0, 0);
        }
        let out = [commands.set_gpio_lower(0, 0).gpio_lower().send_immediate().0];
        let mut scatter = Scatter::default();
        scatter.drop_next(1);
        let mut reply = Answers::new(scatter, self.packet);
        Ok(pipe.burst(Burst { out: &out, in_depth: 1, quiet: self.patience }, &mut reply)?)
    }

    fn set_clock(&mut self, hz: u32) -> Result<(u32, Encoded<'static>), SpiError> {
        self.take_clock(hz)?;
        // A clock of before is asked for by its whole Hz: 4,285,714 is a seventh of 30 MHz and not an eighth.
        if self.divisor > 0 && self.max_hz() / u32::from(self.divisor) == hz {
            self.divisor -= 1;
            self.wanted_hz = hz + 1;
        }
        let out = MpsseCmdBuilder::new().set_clock(u32::from(self.divisor), None).0;
        Ok((self.clock_hz(), Encoded::unanswered(out)))
    }
}

impl Mpsse {
    /// Commands that set the clock and switch off what bends it, after the pins of the upper byte, where some are held.
    pub(super) fn start_commands(&self) -> Vec<u8> {
        let mut commands = MpsseCmdBuilder::new();
        if self.upper.1 != 0 {
            commands = commands.set_gpio_upper(self.upper.0, self.upper.1);
        }
        [commands.0, self.clock_commands()].concat()
    }

    fn clock_commands(&self) -> Vec<u8> {
        if self.seen.old {
            // 8A to 8D and 97 are unknown to it, and the clock is never divided by 5.
            return MpsseCmdBuilder::new().set_clock(u32::from(self.divisor), None).disable_loopback().0;
        }
        MpsseCmdBuilder::new()
            .set_clock(u32::from(self.divisor), Some(false))
            .disable_adaptive_data_clocking()
            .disable_3phase_data_clocking()
            .disable_loopback()
            .0
    }

    /// The pins of the upper byte at their levels, where some are held.
    fn hold_upper(&self, stream: &mut Timed) {
        if self.upper.1 != 0 {
            stream.add(Duration::ZERO, |c| c.set_gpio_upper(self.upper.0, self.upper.1));
        }
    }

    /// Clocks with chip select high for at least `pause`.
    fn pause(&self, stream: &mut Timed, pause: Duration) {
        let bits = pause.as_nanos().saturating_mul(u128::from(self.clock_hz())).div_ceil(1_000_000_000);
        // At most 50 ms at 30 MHz: 187,500.
        let mut bytes = bits.div_ceil(8) as usize;
        while bytes > 0 {
            let part = bytes.min(0x1_0000);
            let [low, high] = ((part - 1) as u16).to_le_bytes();
            stream.add(self.byte_times(part), |mut c| {
                c.0.extend_from_slice(&[CLOCK_BYTES_NO_DATA, low, high]);
                c
            });
            bytes -= part;
        }
    }
}

/// The bytes of a bad command, for finding the place in the stream; never valid (AN_108 section 3.9).
pub(super) const BAD_COMMANDS: [u8; 2] = [0xAA, 0xAB];
/// Answer to a bad command, followed by the command.
pub(super) const BAD_COMMAND: u8 = 0xFA;
/// Sends what is in the IN FIFO at once.
pub(super) const SEND_IMMEDIATE: u8 = MpsseCmd::SendImmediate as u8;

#[cfg(test)]
mod tests;
