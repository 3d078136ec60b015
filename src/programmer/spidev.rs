//! spidev: an SPI controller of the machine itself, by Linux's device nodes. A Raspberry Pi and its like.
//!
//! A burst is one message, and so one call of the kernel. Chip select rises and falls inside of a message (`cs_change`), so
//! that write enable, page and status of several pages cost one call. The kernel's delay belongs in front of the change of
//! chip select, where a chip has not begun to work yet; a pause is therefore a transfer of its own without a byte.

mod received;

use super::codec::{Codec, Encoded};
use super::cut::ends_in_read;
use super::selftest::{self, Assumption, Check, Figure};
use super::shape::{Framing, Piece, Shape};
use crate::spi::{Limits, Op, SpiError, Transaction};
use crate::usb::message::{Answered, Message, Segment, request};
use crate::usb::{Burst, Control, Pipe, Recipient, UsbError};
use received::Received;
use std::cell::Cell;
use std::time::Duration;

/// Without a clock asked for, in Hz: slow enough for jumper wires on the weak pins of such boards.
pub(super) const DEFAULT_HZ: u32 = 10_000_000;
pub(super) const MAX_HZ: u32 = 125_000_000;
/// The buffer that the kernel has unless it is told otherwise.
const DEFAULT_ROOM: usize = 4096;
/// The largest buffer that is used: progress, and a prompt stop.
const MOST_ROOM: usize = 64 * 1024;
/// A buffer with less room than this carries no page and no table of the chip.
const LEAST_ROOM: usize = 384;
/// Newer kernels begin each transfer of a buffer at a multiple of this (`ARCH_DMA_MINALIGN`, 128 at most where SPI NOR is
/// common).
const ALIGN: usize = 128;
/// Bytes of a command and its address in front of what is read.
const COMMAND: usize = 8;
/// Transfers in one message. The call's number has 14 bits for the length of the records, which are 32 bytes each: 511.
const MOST_SEGMENTS: usize = 480;
/// The longest pause that is left to the kernel, which nothing can interrupt.
const KEPT: Duration = Duration::from_millis(20);
/// The pause by which the kernel shows that it keeps one.
const PROOF: Duration = Duration::from_millis(2);
/// How long the clock is measured.
const MEASURE: Duration = Duration::from_millis(3);
/// What a call costs next to its clocks. A guess.
const CALL: Duration = Duration::from_micros(50);
/// What the kernel waits while chip select is high between two windows of a message.
const BETWEEN: Duration = Duration::from_micros(11);
/// Read status register: changes nothing.
const READ_STATUS: u8 = 0x05;

/// The codec; what the kernel has room for is known once it has been asked.
#[derive(Clone, Debug)]
pub(super) struct Spidev {
    /// The clock asked for, in Hz.
    hz: u32,
    /// A clock asked for, and what was measured then, in Hz: controllers divide theirs and round down, and none says to
    /// what.
    measured: Option<(u32, u32)>,
    /// Bytes of each of the kernel's buffers.
    room: usize,
    /// A pause inside of a message is kept.
    pauses: bool,
    mark: Cell<u16>,
}

impl Spidev {
    pub(super) fn new(hz: Option<u32>) -> Self {
        Self {
            hz: hz.unwrap_or(DEFAULT_HZ),
            measured: None,
            room: DEFAULT_ROOM,
            pauses: false,
            mark: Cell::new(0),
        }
    }

    /// The clock, in Hz, where it was measured.
    fn clock(&self) -> Option<u32> {
        self.measured.filter(|(asked, _)| *asked == self.hz).map(|(_, clock)| clock)
    }

    fn message(&self) -> Message {
        self.mark.set(self.mark.get().wrapping_add(1));
        Message { mark: self.mark.get(), ..Message::default() }
    }

    /// The transfers of one window, without the raising of chip select after it, and what they send.
    fn window(&self, transaction: &Transaction<'_>) -> (Vec<Segment>, Vec<u8>) {
        let (mut segments, mut data): (Vec<Segment>, Vec<u8>) = Default::default();
        for op in transaction.ops.iter().filter(|op| !op.is_empty()) {
            let (len, hz) = (op.len(), self.hz);
            match op {
                Op::Write(bytes) => {
                    data.extend_from_slice(bytes);
                    match segments.last_mut() {
                        Some(last) if last.writes && !last.reads => last.len += len,
                        _ => segments.push(Segment { len, writes: true, hz, ..Segment::default() }),
                    }
                }
                Op::Read(_) => segments.push(Segment { len, reads: true, hz, ..Segment::default() }),
                Op::Transfer(both) => {
                    data.extend_from_slice(both);
                    segments.push(Segment { len, writes: true, reads: true, hz, ..Segment::default() });
                }
            }
        }
        (segments, data)
    }

    /// A transfer without a byte that waits; a pause that is kept fits its 16 bits of microseconds.
    fn pause(&self, pause: Duration) -> Option<Segment> {
        let delay = u16::try_from(pause.as_nanos().div_ceil(1000)).ok()?;
        (delay > 0).then_some(Segment { delay, hz: self.hz, change: true, ..Segment::default() })
    }

    /// Runs one message of this program's own.
    fn send(&self, pipe: &mut dyn Pipe, windows: &mut [Transaction<'_>]) -> Result<(), UsbError> {
        let mut encoded = self.encode(windows, Framing::Windows);
        let quiet = encoded.silent + crate::usb::PATIENCE;
        pipe.burst(Burst { out: &encoded.out, in_depth: 1, quiet }, &mut *encoded.reply)
    }

    /// One question, as short as there is: a controller refuses clocks that it cannot have with the first message.
    fn try_out(&self, pipe: &mut dyn Pipe) -> Result<(), UsbError> {
        let mut status = [0; 1];
        match self.send(pipe, &mut [Transaction::read(&[READ_STATUS], &mut status)]) {
            Err(UsbError::System { code: EINVAL, .. }) => {
                let clock = crate::units::hz(self.hz);
                let text =
                    format!("the kernel's SPI driver refuses a command at {clock}: try another speed=");
                Err(UsbError::Unusable(text))
            }
            other => other,
        }
    }

    /// The clock by the time that bytes take, in Hz; `None` where it is not to be told from the one asked for.
    fn measure(&self, pipe: &mut dyn Pipe) -> Result<Option<u32>, UsbError> {
        let len = (u64::from(self.hz) * MEASURE.as_micros() as u64 / 8_000_000) as usize;
        let mut all = vec![0; len.clamp(2, self.room - COMMAND)];
        let mut least = [Duration::MAX; 2];
        for (least, len) in least.iter_mut().zip([1, all.len()]) {
            // A machine that is busy elsewhere takes longer: the shorter of two.
            for _ in 0..2 {
                let from = pipe.now();
                self.send(pipe, &mut [Transaction::read(&[READ_STATUS], &mut all[..len])])?;
                *least = pipe.now().saturating_sub(from).min(*least);
            }
        }
        let took = least[1].saturating_sub(least[0]).as_nanos().max(1);
        let measured = (all.len() as u128 - 1) * 8_000_000_000 / took;
        let asked = u128::from(self.hz);
        let believed = measured * 100 < asked * 99 && measured * 4 > asked;
        Ok(believed.then_some(measured as u32))
    }

    /// Where the kernel does not say how large its buffers are: the largest one up to the usual size that it takes.
    fn find_room(&mut self, pipe: &mut dyn Pipe) -> Result<usize, UsbError> {
        self.room = DEFAULT_ROOM;
        loop {
            let mut all = vec![0; self.room - COMMAND];
            match self.send(pipe, &mut [Transaction::read(&[READ_STATUS], &mut all)]) {
                Ok(()) => return Ok(self.room),
                Err(UsbError::System { code: EMSGSIZE, .. }) if self.room / 2 >= LEAST_ROOM => self.room /= 2,
                Err(other) => return Err(other),
            }
        }
    }
}

/// The kernel's numbers for a message that its buffers cannot hold, and for one that makes no sense to it.
const EMSGSIZE: i32 = 90;
const EINVAL: i32 = 22;

/// What the kernel's buffers hold of a message: bytes out, bytes in, all bytes. Each has to stay within their size: newer
/// kernels count the first two, rounded up for each transfer, older ones the last.
#[derive(Clone, Copy, Default)]
struct Load {
    out: usize,
    back: usize,
    all: usize,
    segments: usize,
}

impl Load {
    fn add(mut self, segments: &[Segment]) -> Self {
        for segment in segments {
            let rounded = segment.len.next_multiple_of(ALIGN);
            self.out += if segment.writes { rounded } else { 0 };
            self.back += if segment.reads { rounded } else { 0 };
            self.all += segment.len;
        }
        self.segments += segments.len();
        self
    }

    fn fits(&self, room: usize) -> bool {
        self.out.max(self.back).max(self.all) <= room && self.segments <= MOST_SEGMENTS
    }
}

fn control(request: u8, value: u16) -> Control {
    Control { recipient: Recipient::Device, request, value, index: 0 }
}

/// 32 bits that the kernel is asked for.
fn word(pipe: &mut dyn Pipe, request: u8) -> Result<u32, UsbError> {
    let mut word = [0; 4];
    pipe.control_in(control(request, 0), &mut word)?;
    Ok(u32::from_le_bytes(word))
}

impl Codec for Spidev {
    fn title(&self) -> &'static str {
        "a spidev device"
    }

    fn limits(&self, shape: Shape) -> Limits {
        Limits {
            clock_hz: self.clock().unwrap_or(self.hz),
            round_trip: CALL,
            per_transaction: BETWEEN,
            max_transaction: self.room,
            max_write: self.room,
            read_batch: MOST_ROOM,
            // Where each window is a call of its own, a call's time varies more than a pause may; and a pause is no time of so
            // many bytes where the clock is not known.
            pauses: self.pauses && shape == Shape::Fast && self.clock().is_some(),
        }
    }

    fn in_depth(&self, _shape: Shape) -> usize {
        1
    }

    fn keeps(&self, _shape: Shape, pause: Duration) -> bool {
        pause.is_zero() || (self.pauses && pause <= KEPT)
    }

    fn piece(&self, _shape: Shape) -> Option<Piece> {
        None
    }

    fn burst(&self, shape: Shape, batch: &[Transaction<'_>]) -> usize {
        if shape != Shape::Fast {
            return 1;
        }
        let mut load = Load::default();
        // Between a page and its status a call's own time, which varies, would count as the chip's.
        let mut answered = None;
        for (i, transaction) in batch.iter().enumerate() {
            load = load.add(&self.window(transaction).0);
            if i > 0 && !load.fits(self.room) {
                return answered.unwrap_or(i);
            }
            if ends_in_read(transaction) && transaction.pause.is_zero() {
                answered = Some(i + 1);
            }
            if !self.keeps(shape, transaction.pause) {
                return i + 1;
            }
            load.segments += usize::from(!transaction.pause.is_zero());
        }
        batch.len()
    }

    fn check(&self, transaction: &Transaction<'_>) -> Result<(), SpiError> {
        match Load::default().add(&self.window(transaction).0).fits(self.room) {
            true => Ok(()),
            false => Err(SpiError::TooLong { len: transaction.clocked(), max: self.room }),
        }
    }

    fn has_baseline(&self) -> bool {
        false
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], _framing: Framing) -> Encoded<'b> {
        let mut message = self.message();
        let mut silent = CALL;
        let mut into = Vec::new();
        for transaction in batch {
            let (segments, data) = self.window(transaction);
            let from = message.segments.len();
            message.segments.extend(segments);
            message.data.extend(data);
            if let Some(last) = message.segments.get_mut(from..).and_then(<[Segment]>::last_mut) {
                last.change = true;
            }
            if self.keeps(Shape::Fast, transaction.pause) {
                message.segments.extend(self.pause(transaction.pause));
                silent += transaction.pause;
            }
            silent += BETWEEN;
            for op in &mut transaction.ops {
                match op {
                    Op::Write(_) => {}
                    Op::Read(buffer) | Op::Transfer(buffer) => into.push(&mut **buffer),
                }
            }
        }
        // Behind the last one it would mean that chip select stays low.
        if let Some(last) = message.segments.last_mut() {
            last.change = false;
        }
        silent += self.limits(Shape::Fast).wire_time(message.clocked() as u64);
        let reply = Received { mark: message.mark, clocked: message.clocked(), into, complete: false };
        Encoded { out: vec![message.to_bytes()], reply: Box::new(reply), silent }
    }

    fn deselect(&self) -> Option<Vec<u8>> {
        None
    }

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        pipe.drain(MOST_ROOM + Answered::HEAD, Duration::ZERO)?;
        pipe.control_out(control(request::MODE, 0), &[0])?;
        pipe.control_out(control(request::BITS, 0), &[8])?;
        pipe.control_out(control(request::CLOCK, 0), &self.hz.to_le_bytes())?;
        // Newer kernels say what the controller has at most.
        let most = word(pipe, request::CLOCK)?;
        if most > 0 {
            self.hz = self.hz.min(most);
        }
        self.try_out(pipe)?;
        self.room = match word(pipe, request::BUFFER)? as usize {
            0 => self.find_room(pipe)?,
            room => room.min(MOST_ROOM) / ALIGN * ALIGN,
        };
        if self.measured.is_none() {
            let clock = self.measure(pipe)?;
            self.measured = Some((self.hz, clock.unwrap_or(self.hz)));
        }
        if self.room < LEAST_ROOM {
            let text = format!(
                "the kernel's spidev has buffers of {} bytes, and {LEAST_ROOM} are needed: start it with spidev.bufsiz=65536",
                self.room
            );
            return Err(UsbError::Unusable(text).into());
        }
        Ok(())
    }

    fn bring_up_requests(&self) -> u32 {
        10
    }

    fn start(&self) -> (Shape, Option<String>) {
        (Shape::Fast, None)
    }

    /// A pause between two windows of one message is kept, or pauses are left to the host. That chip select rises between
    /// them shows the chip's id, where a chip answers.
    fn prove(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let (mut first, mut second) = ([0; 1], [0; 1]);
        self.pauses = true;
        let mut batch = [
            Transaction::read(&[READ_STATUS], &mut first).then_pause(PROOF),
            Transaction::read(&[READ_STATUS], &mut second),
        ];
        let from = pipe.now();
        self.pauses = match self.send(pipe, &mut batch) {
            Ok(()) => pipe.now().saturating_sub(from) >= PROOF,
            Err(UsbError::System { .. }) => false,
            Err(other) => return Err(other.into()),
        };
        Ok(())
    }

    fn examine(&mut self, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
        let wire = self.limits(Shape::Fast).wire_time(self.room as u64);
        let mut all = vec![0; self.room - COMMAND];
        let from = pipe.now();
        let sent = self.send(pipe, &mut [Transaction::read(&[READ_STATUS], &mut all)]);
        let took = pipe.now().saturating_sub(from);
        let full = sent.map(|()| (Figure::Time(took), None)).map_err(SpiError::from);
        let full = selftest::check(Assumption::FullBuffer, Figure::Time(wire), full)?;
        let from = pipe.now();
        let kept = self.prove(pipe).map(|()| {
            let seen = (!self.pauses).then(|| "the host waits instead, which is slower".to_owned());
            (Figure::Time(pipe.now().saturating_sub(from)), seen)
        });
        Ok(vec![full, selftest::check(Assumption::PauseKept, Figure::Time(PROOF), kept)?])
    }

    /// A call fails for other reasons than its clock.
    fn slow_down(&mut self) -> bool {
        false
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        Ok(pipe.control_out(control(request::LINES, 0), &[])?)
    }

    fn set_clock(&mut self, hz: u32) -> Result<(u32, Encoded<'static>), SpiError> {
        // Who asks for the clock that was measured wants back what it was measured at: asked for itself, it could be rounded
        // down once more.
        let before = self.measured.filter(|(_, clock)| *clock == hz).map(|(asked, _)| asked);
        self.hz = before.unwrap_or_else(|| hz.clamp(1, MAX_HZ));
        // Each transfer says its clock.
        let nothing = Box::new(super::codec::Silence);
        let clock = self.clock().unwrap_or(self.hz);
        Ok((clock, Encoded { out: Vec::new(), reply: nothing, silent: Duration::ZERO }))
    }
}

#[cfg(test)]
mod tests;
