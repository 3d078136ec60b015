//! serprog: a firmware on a microcontroller, reached over a serial port or a socket, that runs one SPI command after the
//! other.
//!
//! A burst holds as many commands as the device has room for, so that a page and its status cost one round trip at most.
//! Only commands that the device lists are sent, for some firmwares answer others with nothing at all.

mod answers;
mod protocol;
mod start;

use super::assumption::{Assumption, Check, Figure};
use super::codec::{Codec, Encoded};
use super::selftest;
use super::shape::{Framing, Piece, Shape};
use crate::spi::{Limits, Op, SpiError, Transaction};
use crate::usb::{PATIENCE, Pipe};
use answers::Answers;
use protocol::{Device, HEADER, op};
use start::{DEFAULT_HZ, Known};
use std::time::Duration;

pub(super) const MAX_HZ: u32 = 60_000_000;
pub(super) const CLOCK_HZ: u32 = DEFAULT_HZ;
/// Answer bytes on their way at any time: a device whose host does not read stops taking commands.
const UNREAD: usize = 4096;
/// Bytes of commands that every buffer on the way holds: they are never in the way of an answer.
const SMALL: usize = 256;
/// What a device whose clock is not known is taken to have, in Hz: the lowest of the common firmwares.
const UNKNOWN_HZ: u32 = 1_000_000;
/// The slowest stream, in bytes a second: 115200 baud with start and stop bits.
const SLOWEST: u64 = 11_520;
/// Times that the self-test synchronises.
const SYNCS: u64 = 100;
/// Bytes of a page.
const PAGE: usize = 256;
/// Bytes of a command and its address, at most, in front of the data that is programmed.
const COMMAND: usize = 6;

/// The codec; what it can do is known once the device has been asked.
#[derive(Clone, Debug)]
pub(super) struct Serprog {
    hz: Option<u32>,
    /// A clock asked for, and what the device has set then, in Hz.
    answered: Option<(u32, u32)>,
    chip_select: u8,
    device: Device,
    /// The longest write of one window, once it was seen how much it takes.
    takes: Option<usize>,
    patience: Duration,
}

impl Serprog {
    pub(super) fn new(hz: Option<u32>, chip_select: u8) -> Self {
        Self { hz, answered: None, chip_select, device: Device::default(), takes: None, patience: PATIENCE }
    }

    /// What is known of the device once it has answered. A sync waits twice: for what is late, and for its answer.
    fn known(&self, patience: Duration) -> Known {
        Known::Serprog { trip: self.device.round_trip, within: 2 * patience }
    }

    /// What one window sends and what it is answered by, in bytes.
    fn traffic(transaction: &Transaction<'_>) -> (usize, usize) {
        let (writes, reads) = halves(transaction);
        (HEADER + writes, 1 + reads)
    }

    fn release(&self) -> Option<Vec<u8>> {
        self.device.has(op::PINS).then(|| vec![op::PINS, 0])
    }
}

/// Bytes that are written, and bytes that are read.
fn halves(transaction: &Transaction<'_>) -> (usize, usize) {
    transaction.ops.iter().fold((0, 0), |(writes, reads), op| match op {
        Op::Write(bytes) => (writes + bytes.len(), reads),
        Op::Read(into) | Op::Transfer(into) => (writes, reads + into.len()),
    })
}

/// True for bytes out, then bytes in: all that one command can do.
fn is_half_duplex(transaction: &Transaction<'_>) -> bool {
    let mut reading = false;
    transaction.ops.iter().filter(|op| !op.is_empty()).all(|op| match op {
        Op::Write(_) => !reading,
        Op::Read(_) => {
            reading = true;
            true
        }
        Op::Transfer(_) => false,
    })
}

impl Codec for Serprog {
    fn title(&self) -> &'static str {
        "a serprog device"
    }

    fn limits(&self, _shape: Shape) -> Limits {
        let device = &self.device;
        let clock_hz = if device.hz == 0 { UNKNOWN_HZ } else { device.hz };
        Limits {
            clock_hz,
            round_trip: device.round_trip,
            per_transaction: Duration::from_micros(10),
            max_transaction: device.max_read + COMMAND + 2,
            max_write: device.max_write,
            read_batch: device.max_read.min(64 * 1024),
            pauses: false,
        }
    }

    fn in_depth(&self, _shape: Shape) -> usize {
        16
    }

    fn keeps(&self, _shape: Shape, pause: Duration) -> bool {
        pause.is_zero()
    }

    fn piece(&self, _shape: Shape) -> Option<Piece> {
        None
    }

    fn burst(&self, shape: Shape, batch: &[Transaction<'_>]) -> usize {
        if shape != Shape::Fast {
            return 1;
        }
        // The pins are driven first.
        let (mut sent, mut answered) = if self.device.has(op::PINS) { (2, 1) } else { (0, 0) };
        // And the sync at the end.
        (sent, answered) = (sent + 1, answered + 2);
        for (i, transaction) in batch.iter().enumerate() {
            let (out, back) = Self::traffic(transaction);
            sent += out;
            if i > 0 && (sent > self.device.buffer || (sent > SMALL && answered + back > UNREAD)) {
                return i;
            }
            answered += back;
            if !transaction.pause.is_zero() {
                return i + 1;
            }
        }
        batch.len()
    }

    fn check(&self, transaction: &Transaction<'_>) -> Result<(), SpiError> {
        let (writes, reads) = halves(transaction);
        for (len, max) in [(writes, self.device.max_write), (reads, self.device.max_read)] {
            if len > max {
                return Err(SpiError::TooLong { len, max });
            }
        }
        match is_half_duplex(transaction) {
            true => Ok(()),
            false => Err(SpiError::Unsupported(
                "a serprog device writes first and reads then; it cannot do both at a time".into(),
            )),
        }
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], _framing: Framing) -> Encoded<'b> {
        let (mut bytes, mut answers, mut clocked, mut read) = (Vec::new(), Answers::default(), 0, 0);
        if self.device.has(op::PINS) {
            bytes.extend([op::PINS, 1]);
            answers.ack();
        }
        for transaction in batch {
            let (writes, reads) = halves(transaction);
            clocked += writes + reads;
            read += reads;
            bytes.extend(protocol::spi_op(writes, reads));
            answers.ack();
            for op in &mut transaction.ops {
                match op {
                    Op::Write(data) => bytes.extend_from_slice(data),
                    Op::Read(into) => answers.fill(into),
                    Op::Transfer(both) => answers.skip(both.len()),
                }
            }
        }
        // Data has no check of its own: a sync behind it shows that it was all of it and nothing else. It waits in the device's
        // buffer while a window is clocked.
        if read > 0 && bytes.len() < self.device.buffer {
            bytes.push(op::SYNC);
            answers.sync();
        }
        let wire = self.limits(Shape::Fast).wire_time(clocked as u64);
        let stream = Duration::from_micros(bytes.len() as u64 * 1_000_000 / SLOWEST);
        Encoded { out: vec![bytes], reply: Box::new(answers), silent: wire + stream + self.device.round_trip }
    }

    fn deselect(&self) -> Option<Vec<u8>> {
        None
    }

    fn has_baseline(&self) -> bool {
        false
    }

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let known = if self.takes.is_some() { self.known(self.patience) } else { Known::Nothing };
        self.device = start::start(pipe, known, self.hz, self.chip_select)?;
        self.answered.get_or_insert((self.hz.unwrap_or(DEFAULT_HZ), self.device.hz));
        // Not every device tells how much of a window it takes, and one that refuses a page would do so after the erase.
        let takes = match self.takes {
            Some(takes) => takes,
            None => start::longest_write(pipe, self.device.max_write, PAGE + COMMAND, self.known(PATIENCE))?,
        };
        self.takes = Some(takes);
        self.device.max_write = self.device.max_write.min(takes);
        Ok(())
    }

    fn take_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    fn bring_up_requests(&self) -> u32 {
        14
    }

    fn start(&self) -> (Shape, Option<String>) {
        (Shape::Fast, None)
    }

    /// Nothing but the protocol is relied on: the sync at open has shown it.
    fn prove(&mut self, _pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        Ok(())
    }

    fn examine(&mut self, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
        let from = pipe.now();
        let trip = start::nothing(pipe).map(|()| (Figure::Time(pipe.now().saturating_sub(from)), None));
        let model = Figure::Time(Duration::from_millis(1));
        let trip = selftest::check(Assumption::RoundTrip, model, trip)?;
        let mut kept = 0;
        let many =
            (0..SYNCS).try_for_each(|_| start::sync_once(pipe).map(|in_step| kept += u64::from(in_step)));
        let seen = (kept != SYNCS).then(|| format!("{} of {SYNCS} were answered otherwise", SYNCS - kept));
        let many = many.map(|()| (Figure::Count(kept), seen));
        Ok(vec![trip, selftest::check(Assumption::Syncs, Figure::Count(SYNCS), many)?])
    }

    fn slow_down(&mut self) -> bool {
        let slower = self.device.hz / 2;
        let can = self.device.has(op::CLOCK) && slower > 0;
        if can {
            self.hz = Some(slower);
        }
        can
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let Some(out) = self.release() else { return Ok(()) };
        let mut answers = Answers::default();
        answers.ack();
        let quiet = self.device.round_trip + PATIENCE;
        Ok(pipe.burst(crate::usb::Burst { out: &[out], in_depth: 1, quiet }, &mut answers)?)
    }

    fn set_clock(&mut self, hz: u32) -> Result<(u32, Encoded<'static>), SpiError> {
        if !self.device.has(op::CLOCK) {
            return Err(SpiError::Unsupported("the SPI clock of this serprog device cannot be set".into()));
        }
        // Who asks for the clock that the device has set wants back what it was set at: asked for itself, it could be rounded
        // down once more.
        let before = self.answered.filter(|(_, set)| *set == hz).map(|(asked, _)| asked);
        let asked = before.unwrap_or(hz);
        let [a, b, c, d] = asked.to_le_bytes();
        let mut answers = Answers::default();
        answers.ack();
        answers.skip(4);
        (self.hz, self.device.hz) = (Some(asked), hz);
        let out = vec![vec![op::CLOCK, a, b, c, d]];
        Ok((hz, Encoded { out, reply: Box::new(answers), silent: self.device.round_trip }))
    }
}
