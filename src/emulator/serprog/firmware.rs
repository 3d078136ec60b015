//! The firmware: bytes in, bytes out, and what each command does to the wires.

use super::personality::Personality;
use crate::emulator::clip::Clip;
use crate::emulator::clock::wire_time;
use crate::emulator::counts::Misdeed;
use std::collections::VecDeque;
use std::time::Duration;

const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
/// What the firmware takes for a command, next to the SPI clocks. A guess.
const GAP: Duration = Duration::from_micros(3);
/// Bytes that it reads from the chip at a time.
const CHUNK: usize = 128;

/// A piece of work: when it is done and what it answers.
pub(super) type Done = (Duration, Vec<u8>);

#[derive(Debug)]
pub(super) struct Firmware {
    pub(super) personality: &'static Personality,
    hz: u32,
    /// The chip select that is chosen, and the one that the clip is on.
    chip_select: u8,
    wired: u8,
    /// The pins are driven.
    pub(super) driven: bool,
    /// Bytes that the window under way still reads.
    reading: usize,
    /// The chip is selected.
    selected: bool,
    /// Delays put off until they are carried out.
    delay: Duration,
    /// Windows that were asked for.
    windows: u64,
}

fn word24(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) | usize::from(bytes[1]) << 8 | usize::from(bytes[2]) << 16
}

impl Firmware {
    pub(super) fn new(personality: &'static Personality, wired: u8) -> Self {
        let hz = personality.clock.0;
        Self {
            personality,
            hz,
            chip_select: 0,
            wired,
            driven: false,
            reading: 0,
            selected: false,
            delay: Duration::ZERO,
            windows: 0,
        }
    }

    pub(super) fn reset(&mut self, now: Duration, clip: &mut Clip) {
        self.select(now, false, clip);
        *self = Self::new(self.personality, self.wired);
    }

    fn select(&mut self, at: Duration, low: bool, clip: &mut Clip) {
        if low && self.floats() && !self.driven {
            clip.counts_mut().misdeed(Misdeed::FloatingPins);
        }
        if self.selected != low && self.is_wired() {
            clip.select(at, low);
        }
        self.selected = low;
    }

    /// The clip is on the chip select that is chosen.
    fn is_wired(&self) -> bool {
        self.chip_select == self.wired
    }

    /// It has the command that drives and floats the pins.
    fn floats(&self) -> bool {
        self.personality.commands.contains(&0x15) && !self.personality.refuses_all.contains(&0x15)
    }

    /// The next bytes of a window that reads.
    pub(super) fn read_on(&mut self, at: Duration, clip: &mut Clip) -> Option<Done> {
        if self.reading == 0 {
            return None;
        }
        let n = self.reading.min(CHUNK);
        self.reading -= n;
        let mut bytes = vec![0xff; n];
        if self.is_wired() {
            clip.clock(at, self.hz, &vec![0; n], &mut bytes);
        }
        let done = at + wire_time(self.hz, n);
        if self.reading == 0 {
            self.select(done, false, clip);
        }
        Some((done, bytes))
    }

    /// Carries out the command at the front of `input`, each byte with the time at which it is there; `None` while it is
    /// not all there.
    pub(super) fn command(
        &mut self,
        at: Duration,
        input: &mut VecDeque<(Duration, u8)>,
        clip: &mut Clip,
    ) -> Option<Done> {
        let opcode = input.front()?.1;
        let parameters = match opcode {
            0x09 | 0x0e | 0x14 => 3 + usize::from(opcode != 0x09),
            0x12 | 0x15 | 0x16 => 1,
            0x13 => 6,
            _ => 0,
        };
        let known = self.personality.commands.contains(&opcode);
        let parameters = if known { parameters } else { 0 };
        if input.len() < 1 + parameters {
            return None;
        }
        let front: Vec<u8> = input.iter().skip(1).take(parameters).map(|(_, byte)| *byte).collect();
        let (writes, reads) =
            if known && opcode == 0x13 { (word24(&front), word24(&front[3..])) } else { (0, 0) };
        let refused = writes.saturating_add(reads) > self.personality.refuses;
        let data = if refused { 0 } else { writes };
        if input.len() < 1 + parameters + data {
            return None;
        }
        let taken: Vec<(Duration, u8)> = input.drain(..1 + parameters + data).collect();
        let at = at.max(taken.last()?.0) + GAP;
        if !known {
            return Some(self.unknown(at, opcode, clip));
        }
        if refused {
            return Some((at, vec![NAK]));
        }
        self.windows += u64::from(opcode == 0x13);
        let moody = self
            .personality
            .refuses_each
            .is_some_and(|each| opcode == 0x13 && self.windows.is_multiple_of(each));
        if moody || data > self.personality.refuses_writes || self.personality.refuses_all.contains(&opcode) {
            return Some((at, vec![NAK]));
        }
        let bytes: Vec<u8> = taken[1 + parameters..].iter().map(|(_, byte)| *byte).collect();
        Some(self.carry_out(at, opcode, &front, (bytes, reads), clip))
    }

    fn unknown(&self, at: Duration, opcode: u8, clip: &mut Clip) -> Done {
        // FFh is what hosts fill a broken stream with; anything else has not been asked for by the list of commands.
        if opcode != 0xff {
            clip.counts_mut().misdeed(Misdeed::BadPacket(opcode));
        }
        (at, if self.personality.is_silent { Vec::new() } else { vec![NAK] })
    }

    fn carry_out(
        &mut self,
        at: Duration,
        opcode: u8,
        parameters: &[u8],
        window: (Vec<u8>, usize),
        clip: &mut Clip,
    ) -> Done {
        let row = self.personality;
        let with = |bytes: &[u8]| (at, [&[ACK], bytes].concat());
        let word = |value: u32| value.to_le_bytes();
        match opcode {
            0x01 => with(&[1, 0]),
            0x02 => with(&row.map()),
            0x03 => {
                let mut name = [0; 16];
                name[..row.name.len()].copy_from_slice(row.name.as_bytes());
                with(&name)
            }
            // The buffer of delayed operations is not told apart from the stream's.
            0x04 | 0x07 => with(&row.buffer.to_le_bytes()),
            0x05 => with(&[row.buses]),
            0x08 => with(&word(row.limits.0)[..3]),
            0x11 => with(&word(row.limits.1)[..3]),
            0x10 => (at, vec![NAK, ACK]),
            0x12 if parameters[0] & 0x08 == 0 => (at, vec![NAK]),
            0x13 => self.window(at, window, clip),
            0x14 => match u32::from_le_bytes([parameters[0], parameters[1], parameters[2], parameters[3]]) {
                0 => (at, vec![NAK]),
                wanted => {
                    // It divides its highest clock by whole numbers.
                    self.hz = row.clock.1 / row.clock.1.div_ceil(wanted).max(1);
                    with(&word(self.hz))
                }
            },
            0x0e => {
                let [a, b, c, d] = [parameters[0], parameters[1], parameters[2], parameters[3]];
                self.delay += Duration::from_micros(u64::from(u32::from_le_bytes([a, b, c, d])));
                with(&[])
            }
            0x0f => (at + std::mem::take(&mut self.delay), vec![ACK]),
            0x15 => {
                self.driven = parameters[0] != 0;
                with(&[])
            }
            0x16 if parameters[0] >= row.chip_selects => (at, vec![NAK]),
            0x16 => {
                self.chip_select = parameters[0];
                with(&[])
            }
            _ => with(&[]),
        }
    }

    fn window(&mut self, at: Duration, (bytes, reads): (Vec<u8>, usize), clip: &mut Clip) -> Done {
        if bytes.len() > self.personality.room {
            clip.counts_mut().misdeed(Misdeed::BadPacket(0x13));
            return (at, vec![NAK]);
        }
        self.select(at, true, clip);
        let mut back = vec![0xff; bytes.len()];
        if self.is_wired() {
            clip.clock(at, self.hz, &bytes, &mut back);
        }
        let done = at + wire_time(self.hz, bytes.len());
        self.reading = reads;
        if reads == 0 {
            self.select(done, false, clip);
        }
        (done, vec![ACK])
    }
}
