//! A spidev device of Linux: the kernel's calls, its buffers, and the controller behind it with the clip on its chip select.
//!
//! A message is carried out when it arrives; its call ends when the last of its clocks and delays is over.

mod kernel;

pub use kernel::SpidevKind;

use super::clip::Clip;
use super::clock::wire_time;
use super::counts::Misdeed;
use super::device::{Descriptors, DeviceRow, PacketAnswer, Setup, Speed, Stalled, UsbDevice, configuration};
use crate::usb::message::{Answered, Message, Segment};
use kernel::Kernel;
use std::collections::VecDeque;
use std::time::Duration;

/// Messages go to this endpoint of the seam.
pub(super) const OUT: u8 = 0x01;
/// Answers come from this one.
pub(super) const IN: u8 = 0x81;
/// The longest message and answer.
const LONGEST: usize = 1 << 21;
/// What the kernel waits while chip select is high between two transfers.
const HIGH: Duration = Duration::from_micros(10);
/// The most transfers of a message that the call's number has room for.
const MOST: usize = 511;
const EINVAL: i32 = 22;
const EMSGSIZE: i32 = 90;

/// The device with its clip.
pub(super) struct Spidev {
    descriptors: Descriptors,
    kernel: &'static Kernel,
    clip: Clip,
    /// SPI mode and bits of a word, as set.
    mode: (u8, u8),
    hz: u32,
    /// The lines are held.
    held: bool,
    /// Chip select was left low after a message.
    low: bool,
    answers: VecDeque<(Duration, Vec<u8>)>,
}

impl Spidev {
    pub(super) fn new(kind: SpidevKind, clip: Clip) -> Self {
        let device = DeviceRow {
            usb: 0x0200,
            class: 0xff,
            max_packet0: 64,
            vendor: 0,
            product: 0,
            release: 0,
            strings: [0, 0, 0],
        };
        let descriptors = Descriptors {
            speed: Speed::Call,
            packet: LONGEST,
            device: device.bytes(),
            configuration: configuration(&[], [0xff, 0, 0], 0x80, 0),
            strings: Vec::new(),
        };
        Self {
            descriptors,
            kernel: Kernel::of(kind),
            clip,
            // As a device tree leaves it: not what a flash chip needs.
            mode: (3, 8),
            hz: 500_000,
            held: false,
            low: false,
            answers: VecDeque::new(),
        }
    }

    /// Carries out a message; gives when its call ends, and its result.
    fn message(&mut self, from: Duration, message: &Message) -> (Duration, Result<Vec<u8>, i32>) {
        let (call, each) = self.kernel.costs;
        let mut at = from + call;
        let transfers = message.segments.iter().map(|s| (s.len, s.writes, s.reads));
        if message.segments.len() > MOST || !self.kernel.holds(transfers) {
            return (at, Err(EMSGSIZE));
        }
        let clock = |hz: u32| if hz == 0 { self.hz } else { hz };
        let refused = |s: &Segment| (s.len == 0 && !self.kernel.empty) || clock(s.hz) < self.kernel.clock.0;
        if message.segments.iter().any(refused) {
            return (at, Err(EINVAL));
        }
        if self.mode != (0, 8) && message.clocked() > 0 {
            self.clip.counts_mut().misdeed(Misdeed::WrongClockEdge);
        }
        let (mut data, mut read) = (message.data.as_slice(), Vec::with_capacity(message.read()));
        if !self.low {
            self.clip.select(at, true);
        }
        for (i, segment) in message.segments.iter().enumerate() {
            at += each;
            let (sent, later) = data.split_at(if segment.writes { segment.len } else { 0 });
            data = later;
            let hz = self.kernel.clock(if segment.hz == 0 { self.hz } else { segment.hz });
            let mut back = vec![0; segment.len];
            let zeros = if segment.writes { Vec::new() } else { vec![0; segment.len] };
            self.clip.clock(at, hz, if segment.writes { sent } else { &zeros }, &mut back);
            at += wire_time(hz, segment.len);
            if segment.reads {
                read.extend(back);
            }
            if self.kernel.waits {
                at += Duration::from_micros(u64::from(segment.delay));
            }
            let last = i + 1 == message.segments.len();
            if segment.change && !last && self.kernel.changes {
                self.clip.select(at, false);
                at += HIGH;
                self.clip.select(at, true);
            }
            self.low = last && segment.change;
        }
        if !self.low {
            self.clip.select(at, false);
        }
        (at, Ok(read))
    }
}

impl UsbDevice for Spidev {
    fn descriptors(&self) -> &Descriptors {
        &self.descriptors
    }

    fn control(&mut self, _now: Duration, setup: Setup, data: &[u8]) -> Result<Vec<u8>, Stalled> {
        let byte = data.first().copied().unwrap_or(0);
        match (setup.request_type & 0x80 != 0, setup.request) {
            (false, 1) if byte < 4 => self.mode.0 = byte,
            (false, 3) if byte == 8 => self.mode.1 = byte,
            (false, 4) => {
                self.hz =
                    data.try_into().map(u32::from_le_bytes).map_err(|_| Stalled)?.min(self.kernel.clock.1);
            }
            (true, 4) => return Ok(self.hz.to_le_bytes().to_vec()),
            (true, 0x80) => {
                let said = if self.kernel.says { self.kernel.buffer as u32 } else { 0 };
                return Ok(said.to_le_bytes().to_vec());
            }
            (false, 0x81) => self.held = false,
            (_, request) => {
                self.clip.counts_mut().misdeed(Misdeed::BadControl(request));
                return Err(Stalled);
            }
        }
        Ok(Vec::new())
    }

    fn out_packet(
        &mut self,
        now: Duration,
        _arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()> {
        let message = Message::parse(bytes).filter(|_| endpoint == OUT);
        let Some(message) = message else {
            self.clip.counts_mut().misdeed(Misdeed::BadPacket(0));
            return PacketAnswer::Stall;
        };
        self.held = true;
        let (done, read) = self.message(now, &message);
        let (result, bytes) = match read {
            Ok(bytes) => (message.clocked() as i32, bytes),
            Err(code) => (-code, Vec::new()),
        };
        let answer = Answered { mark: message.mark, result, bytes };
        self.answers.push_back((done, answer.to_bytes()));
        PacketAnswer::Ack(())
    }

    fn in_packet(&mut self, now: Duration, _endpoint: u8, into: &mut [u8]) -> PacketAnswer<usize> {
        match self.answers.front() {
            Some((done, answer)) if *done <= now => {
                let n = answer.len().min(into.len());
                into[..n].copy_from_slice(&answer[..n]);
                self.answers.pop_front();
                PacketAnswer::Ack(n)
            }
            _ => PacketAnswer::Nak,
        }
    }

    fn next_event(&mut self, now: Duration) -> Option<Duration> {
        self.answers.front().map(|(done, _)| *done).filter(|done| *done > now)
    }

    fn is_working(&self) -> bool {
        !self.answers.is_empty()
    }

    fn reset(&mut self, now: Duration) {
        self.answers.clear();
        self.clip.select(now, false);
        (self.held, self.low) = (false, false);
    }

    /// Value and direction of the GPIO lines together: held or not. The controller's own pins are always driven.
    fn pins(&self) -> (u8, u8) {
        if self.held { (0x00, 0x01) } else { (0, 0) }
    }

    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn clip_mut(&mut self) -> &mut Clip {
        &mut self.clip
    }
}
