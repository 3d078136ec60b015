//! FTDI MPSSE: SPI transactions as one stream of commands, answered by one stream of bytes in packets.
//!
//! Pins: ADBUS0 clock, 1 MOSI, 2 MISO, 3 chip select, 4 to 7 (GPIOL0 to 3) spare. Only what `20` and `31` clock in comes
//! back, in IN packets that each begin with two status bytes. `8F` clocks with chip select high: a pause kept in the
//! chip. `87` at the end sends what is left at once, so the latency timer is never waited for. Nothing rests on the
//! FIFO sizes (4 KiB in FT2232H, 2 KiB in FT4232H, 1 KiB in FT232H): the pipe fetches while it sends, and the MPSSE
//! stops its clock while a FIFO is full or empty.
//!
//! Sources: FTDI AN_108 (commands, clock divisor), AN_135 (bring-up), pyftdi `ftdi.py` (status bytes, FIFO sizes).

use super::codec::{Codec, Encoded, Scatter};
use super::ftdi;
use super::pins::Level;
use crate::spi::{Limits, Op, SpiError, Transaction};
use crate::units;
use crate::usb::{Burst, PATIENCE, Pipe};
use ftdi_mpsse::{ClockData, ClockDataIn, ClockDataOut, MpsseCmd, MpsseCmdBuilder};
use std::time::Duration;

mod answers;

use answers::Answers;
pub(super) use answers::payloads;

/// Clocks `(length + 1) * 8` times with no data; H-type chips only. Not in `ftdi-mpsse`.
const CLOCK_BYTES_NO_DATA: u8 = 0x8F;
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
const OUT_TRANSFER: usize = 16 * 1024;
/// IN transfers hold this at most: a multiple of every packet size.
const IN_TRANSFER: usize = 16 * 1024;
/// IN transfers kept queued.
const IN_DEPTH: usize = 8;
/// Status bytes at the start of each IN packet.
const STATUS: usize = 2;
/// `wMaxPacketSize` at high speed.
const PACKET: usize = 512;
/// The longest pause kept in the chip; for longer ones the host waits, and can be interrupted.
const PAUSE: Duration = Duration::from_millis(50);

/// One MPSSE port of an FTDI chip, its clock and what its spare pins hold.
#[derive(Clone, Debug)]
pub struct Mpsse {
    /// The port as `wIndex` of control requests: 1 is A.
    pub(super) index: u16,
    /// Divisor of the 30 MHz.
    divisor: u16,
    /// Levels of the output pins with chip select high.
    idle: u8,
    /// Which pins are outputs.
    outputs: u8,
    /// `wMaxPacketSize` of the IN endpoint.
    packet: usize,
}

impl Mpsse {
    /// Port `port` (0 is A) at 15 MHz, with spare pins (4 to 7, for GPIOL0 to 3; others are not taken) held at a level
    /// while in use.
    pub fn new(port: u8, pins: &[(u8, Level)]) -> Self {
        let (mut idle, mut outputs) = (CS, OUTPUTS);
        for (pin, level) in pins.iter().filter(|(pin, _)| (4..8).contains(pin)) {
            outputs |= 1 << pin;
            match level {
                Level::Low => idle &= !(1 << pin),
                Level::High => idle |= 1 << pin,
            }
        }
        let mut codec = Self { index: u16::from(port) + 1, divisor: 0, idle, outputs, packet: PACKET };
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
        self.divisor = (MAX_HZ.div_ceil(hz) - 1) as u16;
        Ok(())
    }

    /// The clock that is set.
    pub fn clock_hz(&self) -> u32 {
        MAX_HZ / (u32::from(self.divisor) + 1)
    }

    /// The spare pins held, as pin number and level.
    pub(super) fn spare(&self) -> impl Iterator<Item = (u8, Level)> + '_ {
        (4..8)
            .filter(|pin| self.outputs & (1 << pin) != 0)
            .map(|pin| (pin, if self.idle & (1 << pin) == 0 { Level::Low } else { Level::High }))
    }

    fn byte_times(&self, bytes: usize) -> Duration {
        self.limits().wire_time(bytes as u64)
    }
}

/// Commands in the making, with the modelled time of each OUT transfer.
struct Stream {
    commands: MpsseCmdBuilder,
    times: Vec<Duration>,
}

impl Stream {
    /// Appends by the builder; `time` is what the commands take in the chip.
    fn add(&mut self, time: Duration, build: impl FnOnce(MpsseCmdBuilder) -> MpsseCmdBuilder) {
        let commands = std::mem::take(&mut self.commands);
        self.commands = build(commands);
        let transfer = self.commands.0.len() / OUT_TRANSFER;
        self.times.resize(transfer + 1, Duration::ZERO);
        self.times[transfer] += time;
    }
}

impl Codec for Mpsse {
    fn limits(&self) -> Limits {
        let clock_hz = self.clock_hz();
        Limits {
            clock_hz,
            // Two microframes out, two back and the host between them: modelled, not measured.
            round_trip: Duration::from_micros(400),
            // Two pin commands and a data command's header.
            per_transaction: Duration::from_micros(1),
            max_transaction: 1 << 20,
            // About a tenth of a second of clocks.
            read_batch: (clock_hz as usize / 80).clamp(64 * 1024, 256 * 1024) / (64 * 1024) * (64 * 1024),
            pauses: true,
        }
    }

    fn in_depth(&self) -> usize {
        IN_DEPTH
    }

    fn keeps(&self, pause: Duration) -> bool {
        pause <= PAUSE
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], select: bool) -> Encoded<'b> {
        let (idle, selected, outputs) = (self.idle, self.idle & !CS, self.outputs);
        let mut scatter = Scatter::default();
        let mut stream = Stream { commands: MpsseCmdBuilder::new(), times: Vec::new() };
        stream.add(Duration::ZERO, |c| c.set_gpio_lower(idle, outputs));
        for transaction in batch {
            if select {
                stream.add(Duration::ZERO, |c| c.set_gpio_lower(selected, outputs));
            }
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
            if select {
                stream.add(Duration::ZERO, |c| c.set_gpio_lower(idle, outputs));
            }
            if self.keeps(transaction.pause) {
                self.pause(&mut stream, transaction.pause);
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

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        self.packet = pipe.in_packet().unwrap_or(PACKET);
        (self.idle, self.outputs) = ftdi::bring_up(self, pipe)?;
        Ok(())
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        // The chip stays in MPSSE mode with every pin an input. Back in UART mode it would drive clock (TXD) and MISO
        // (RTS) into the board.
        let out = [MpsseCmdBuilder::new().set_gpio_lower(0, 0).gpio_lower().send_immediate().0];
        let mut scatter = Scatter::default();
        scatter.drop_next(1);
        let mut reply = Answers::new(scatter, self.packet);
        Ok(pipe.burst(Burst { out: &out, in_depth: 1, quiet: PATIENCE }, &mut reply)?)
    }

    fn set_clock(&mut self, hz: u32) -> Result<(u32, Vec<u8>), SpiError> {
        self.take_clock(hz)?;
        Ok((self.clock_hz(), MpsseCmdBuilder::new().set_clock(u32::from(self.divisor), None).0))
    }
}

impl Mpsse {
    /// Commands that set the clock and switch off what bends it.
    pub(super) fn clock_commands(&self) -> Vec<u8> {
        MpsseCmdBuilder::new()
            .set_clock(u32::from(self.divisor), Some(false))
            .disable_adaptive_data_clocking()
            .disable_3phase_data_clocking()
            .disable_loopback()
            .0
    }

    /// Clocks with chip select high for at least `pause`.
    fn pause(&self, stream: &mut Stream, pause: Duration) {
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
