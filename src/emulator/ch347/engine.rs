//! The firmware: what each command does to the wires and how long it takes.

use super::config::{self, Config};
use super::kind::Ch347Kind;
use super::packets::HEADER;
use crate::emulator::clip::Clip;
use crate::emulator::clock::wire_time;
use crate::emulator::counts::Misdeed;
use crate::emulator::quirk::Quirk;
use std::time::Duration;

/// What the firmware takes for a packet, next to the SPI clocks.
const GAP: Duration = Duration::from_micros(5);
/// Data bytes of one answer packet of a read.
const READ_PACKET: usize = 507;
/// The most data bytes of a C2 or C4.
const LONGEST: usize = 4093;
/// CA answers so where it is asked for the version: old firmware, new firmware, CH347F.
const VERSIONS: [u16; 3] = [0x0140, 0x0544, 0x0101];
/// Bits of the chip selects in the pins' value.
const SELECTS: [u8; 2] = [2, 5];

/// A command's end and its answer; an empty answer for none.
type Done = (Duration, Vec<u8>);

#[derive(Debug)]
pub(super) struct Engine {
    kind: Ch347Kind,
    old: bool,
    /// The length of a C2 has flags.
    flags: bool,
    /// The chip select that the clip hangs on.
    wired: usize,
    /// The first bit that a C3 reads after a configuration arrives as 1.
    first_bit: bool,
    config: Config,
    configured: bool,
    base: u32,
    /// The bit is still to come.
    fresh: bool,
    /// Levels of the chip selects.
    high: [bool; 2],
    /// Second chip select of a CH347F is switched on.
    second: bool,
    /// Bytes that a C3 has still to read.
    reading: usize,
    gpio: (u8, u8),
}

/// An answer: command, length, payload.
fn answer(command: u8, payload: &[u8]) -> Vec<u8> {
    let [low, high] = (payload.len() as u16).to_le_bytes();
    [&[command, low, high], payload].concat()
}

impl Engine {
    pub(super) fn new(kind: Ch347Kind, old: bool, wired: usize, quirks: &[Quirk]) -> Self {
        Self {
            kind,
            old,
            wired,
            first_bit: quirks.contains(&Quirk::FirstBit),
            flags: !old && !quirks.contains(&Quirk::NoFlags),
            config: Config::at_power_up(),
            configured: false,
            base: 60_000_000,
            fresh: false,
            high: [true; 2],
            second: kind == Ch347Kind::T,
            reading: 0,
            gpio: (0xff, 0),
        }
    }

    pub(super) fn reset(&mut self, now: Duration, clip: &mut Clip) {
        let wired = self.wired;
        self.select(now, wired, true, clip);
        let (first_bit, flags) = (self.first_bit, self.flags);
        *self = Self { first_bit, flags, ..Self::new(self.kind, self.old, wired, &[]) };
    }

    /// See `pins` of the device.
    pub(super) fn pins(&self) -> (u8, u8) {
        let mut value = self.gpio.0 & self.gpio.1;
        for (high, bit) in self.high.iter().zip(SELECTS) {
            value = value & !(1 << bit) | u8::from(*high) << bit;
        }
        (value, self.gpio.1)
    }

    /// True where the length of a C2 has flags.
    pub(super) fn has_flags(&self) -> bool {
        self.flags
    }

    /// The next packet of a read under way.
    pub(super) fn read_on(&mut self, at: Duration, clip: &mut Clip) -> Option<Done> {
        if self.reading == 0 {
            return None;
        }
        let n = self.reading.min(READ_PACKET);
        self.reading -= n;
        let mut bytes = vec![self.config.fill(); n];
        let done = self.clock(at + GAP, &mut bytes, clip);
        if std::mem::take(&mut self.fresh)
            && let Some(first) = bytes.first_mut()
        {
            *first |= 0x80;
        }
        Some((done, answer(0xc3, &bytes)))
    }

    /// Carries out a command that is all there.
    pub(super) fn carry_out(&mut self, at: Duration, command: &[u8], clip: &mut Clip) -> Done {
        let at = at + GAP;
        let payload = &command[HEADER..];
        match (command[0], payload.len()) {
            (0xc0, config::LEN) => self.configure(at, payload, clip),
            (0xca, 1) => (at, self.report(payload[0])),
            (0xc1, 10) => (self.move_selects(at, payload, clip), Vec::new()),
            (0xc2, 1..=LONGEST) => self.both_ways(at, command, clip),
            (0xc3, 4) => {
                let count = u32::from_le_bytes([payload[0], payload[1], payload[2], payload[3]]);
                self.reading = count as usize;
                (at, Vec::new())
            }
            (0xc4, 1..=LONGEST) => {
                let mut bytes = payload.to_vec();
                (self.clock(at, &mut bytes, clip), answer(0xc4, &[0]))
            }
            (0xcc, 8) => (at, self.spare_pins(payload)),
            (0xe1, 1) if !self.old => {
                let base = config::base(payload[0]);
                self.base = base.unwrap_or(self.base);
                (at, answer(0xe1, &[u8::from(base.is_none())]))
            }
            (0xe2, 8) if self.kind == Ch347Kind::F => {
                self.second = payload[0] == 0x81;
                (at, answer(0xe2, &[0]))
            }
            // A command that it does not know, or without data, is never answered.
            (other, _) => {
                clip.counts_mut().misdeed(Misdeed::BadPacket(other));
                (at, Vec::new())
            }
        }
    }

    fn configure(&mut self, at: Duration, payload: &[u8], clip: &mut Clip) -> Done {
        let mut bytes = [0; config::LEN];
        bytes.copy_from_slice(payload);
        let wanted = Config(bytes);
        if !wanted.is_valid() {
            clip.counts_mut().misdeed(Misdeed::BadPacket(0xc0));
            return (at, answer(0xc0, &[1]));
        }
        self.config = wanted;
        self.configured = true;
        self.fresh = self.first_bit;
        (at, answer(0xc0, &[0]))
    }

    fn report(&self, what: u8) -> Vec<u8> {
        let version = match (self.kind, self.old) {
            (Ch347Kind::T, true) => VERSIONS[0],
            (Ch347Kind::T, false) => VERSIONS[1],
            (Ch347Kind::F, _) => VERSIONS[2],
        };
        match what {
            0 => {
                let [low, high] = version.to_le_bytes();
                answer(0xca, &[low, high, 0, 0])
            }
            _ => answer(0xca, &self.config.0),
        }
    }

    /// C1: a block of five bytes for each chip select.
    fn move_selects(&mut self, mut at: Duration, payload: &[u8], clip: &mut Clip) -> Duration {
        for (line, block) in payload.chunks(5).enumerate() {
            if block[0] & 0x80 == 0 {
                continue;
            }
            if block[0] & 0x20 != 0 {
                clip.counts_mut().misdeed(Misdeed::BadPacket(0xc1));
            }
            let high = block[0] & 0x40 != 0;
            self.select(at, line, high, clip);
            let delay = if high { [block[3], block[4]] } else { [block[1], block[2]] };
            at += Duration::from_micros(u64::from(u16::from_le_bytes(delay)));
        }
        at
    }

    /// C2: its length's upper bits move the chip selects, but in old firmware.
    fn both_ways(&mut self, at: Duration, command: &[u8], clip: &mut Clip) -> Done {
        let flags = if self.flags { command[2] >> 4 } else { 0 };
        for (line, bit) in [3, 1].into_iter().enumerate() {
            if flags >> bit & 1 != 0 {
                self.select(at, line, false, clip);
            }
        }
        let mut bytes = command[HEADER..].to_vec();
        let done = self.clock(at, &mut bytes, clip);
        for (line, bit) in [2, 0].into_iter().enumerate() {
            if flags >> bit & 1 != 0 {
                self.select(done, line, true, clip);
            }
        }
        (done, answer(0xc2, &bytes))
    }

    /// CC: bit 7 enables, 6 and 5 set the direction, 4 and 3 the level.
    fn spare_pins(&mut self, payload: &[u8]) -> Vec<u8> {
        let (value, direction) = &mut self.gpio;
        let mut states = Vec::with_capacity(payload.len());
        for (pin, request) in payload.iter().enumerate() {
            let mask = 1 << pin;
            let set = |into: &mut u8, level: bool| *into = *into & !mask | if level { mask } else { 0 };
            if request & 0x80 != 0 && request & 0x40 != 0 {
                set(direction, request & 0x20 != 0);
            }
            if request & 0x80 != 0 && request & 0x10 != 0 {
                set(value, request & 0x08 != 0);
            }
            states.push(u8::from(*direction & mask != 0) << 7 | u8::from(*value & mask != 0) << 6);
        }
        answer(0xcc, &states)
    }

    fn select(&mut self, at: Duration, line: usize, high: bool, clip: &mut Clip) {
        if line == 1 && !self.second {
            return;
        }
        if self.high[line] == high {
            return;
        }
        self.high[line] = high;
        if line != self.wired {
            return;
        }
        if !high {
            if !self.configured {
                clip.counts_mut().misdeed(Misdeed::FloatingPins);
            } else if !self.config.is_mode_0() {
                clip.counts_mut().misdeed(Misdeed::WrongClockEdge);
            }
        }
        clip.select(at, !high);
    }

    /// Clocks bytes out and what comes back into their place.
    fn clock(&mut self, at: Duration, bytes: &mut [u8], clip: &mut Clip) -> Duration {
        let turn = |bytes: &mut [u8]| bytes.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        if self.config.lsb_first() {
            turn(bytes);
        }
        let hz = self.config.hz(self.base);
        let mut back = vec![0; bytes.len()];
        clip.clock(at, hz, bytes, &mut back);
        bytes.copy_from_slice(&back);
        if self.config.lsb_first() {
            turn(bytes);
        }
        at + wire_time(hz, bytes.len())
    }
}
