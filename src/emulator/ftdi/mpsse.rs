//! The MPSSE engine: commands from the OUT FIFO, clocks on the pins, answers into the IN FIFO.
//!
//! Opcodes below 80h are bit fields (AN_108 section 3.2): 01h data out changes on the falling edge, 02h bits instead of
//! bytes, 04h data in is taken on the falling edge, 08h least significant bit first, 10h data out, 20h data in, 40h TMS.

use crate::emulator::clip::Clip;
use crate::emulator::clock::{wire_bytes, wire_time};
use crate::emulator::counts::Misdeed;
use std::collections::VecDeque;
use std::time::Duration;

const OUT_FALLING: u8 = 0x01;
const BITS: u8 = 0x02;
const LSB_FIRST: u8 = 0x08;
const WRITES: u8 = 0x10;
const READS: u8 = 0x20;
const TMS: u8 = 0x40;

const PIN_SCK: u8 = 0x01;
const PIN_MOSI: u8 = 0x02;
const PIN_MISO: u8 = 0x04;
const PIN_CS: u8 = 0x08;
const PIN_GPIOL1: u8 = 0x20;

/// The master clock, and the same divided by five.
const CLOCK_HZ: u32 = 60_000_000;
const CLOCK_DIV5_HZ: u32 = 12_000_000;
/// Answer to a command the engine does not know.
const BAD_COMMAND: u8 = 0xfa;
/// Bytes handled at once.
const CHUNK: usize = 512;

/// Eight pins: values and directions (1 is output).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pins {
    pub(super) value: u8,
    pub(super) direction: u8,
}

impl Pins {
    /// What reading them gives: inputs float high by the internal pull-ups.
    fn read(self) -> u8 {
        (self.value & self.direction) | !self.direction
    }
}

/// The state of the engine.
#[derive(Clone, Copy, Debug)]
enum State {
    /// The next byte is an opcode.
    Idle,
    /// Collects the bytes after an opcode.
    Arguments { opcode: u8, got: [u8; 2], have: usize, need: usize },
    /// Shifts bytes.
    Shift { opcode: u8, left: usize },
    /// Waits for a pin that does not move.
    Stuck,
}

/// Why the engine does not continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// For its own clocks.
    Time,
    /// For bytes from the host.
    Data,
    /// For room in the IN FIFO.
    Room,
    /// Forever.
    Stuck,
}

/// One engine.
#[derive(Debug)]
pub(super) struct Mpsse {
    /// When the engine is done with what it did last.
    pub(super) at: Duration,
    pub(super) low: Pins,
    pub(super) high: Pins,
    /// True when 87h asks to send what there is.
    pub(super) flush: bool,
    state: State,
    divisor: u16,
    divide_by_5: bool,
    loopback: bool,
    last_bit: bool,
    selected: bool,
    dialect: Dialect,
    /// It has stopped in the middle of a long read, until the next reset.
    pub(super) stopped: bool,
    /// Bytes of the shift under way.
    command_len: usize,
    /// Pins that raise chip select and are still to be taken.
    put_off: Option<Pins>,
}

/// What an engine knows, and how it fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    /// Knows 9E.
    pub(super) is_232h: bool,
    /// Knows 8A to 8D and 96, 97: the H family.
    pub(super) high_speed: bool,
    /// Knows the commands that clock without data.
    pub(super) idle_clocks: bool,
    /// Names the clocking command that it does not know after the FA.
    pub(super) echoes: bool,
    /// Raises chip select with the next command that clocks or moves pins.
    pub(super) select_late: bool,
    /// Stops in a read that is longer than so many bytes, once they have come.
    pub(super) stops: Option<usize>,
    /// Pins that let a cable's outputs out, the upper byte's from bit 8, and their levels.
    pub(super) enable: (u16, u16),
}

/// The FIFOs of the port, and the room in one of them.
pub(super) struct Fifos<'a> {
    pub(super) out: &'a mut VecDeque<u8>,
    pub(super) into: &'a mut VecDeque<u8>,
    pub(super) room: usize,
}

impl Mpsse {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            at: Duration::ZERO,
            low: Pins::default(),
            high: Pins::default(),
            flush: false,
            state: State::Idle,
            divisor: 0,
            divide_by_5: dialect.high_speed,
            loopback: false,
            last_bit: false,
            selected: false,
            dialect,
            stopped: false,
            command_len: 0,
            put_off: None,
        }
    }

    /// Forgets a command under way.
    pub(super) fn abort(&mut self) {
        self.state = State::Idle;
        self.flush = false;
    }

    /// Lets go of all pins and takes the settings of a fresh start.
    pub(super) fn restart(&mut self, now: Duration, clip: Option<&mut Clip>) {
        let dialect = self.dialect;
        let selected = self.selected;
        *self = Self { at: now, ..Self::new(dialect) };
        if selected && let Some(clip) = clip {
            clip.select(now, false);
        }
    }

    /// SPI clock.
    pub(super) fn hz(&self) -> u32 {
        let base = if self.divide_by_5 || !self.dialect.high_speed { CLOCK_DIV5_HZ } else { CLOCK_HZ };
        base / ((1 + u32::from(self.divisor)) * 2)
    }

    /// Works up to `now`; says what it waits for then.
    pub(super) fn advance(
        &mut self,
        now: Duration,
        fifos: &mut Fifos<'_>,
        mut clip: Option<&mut Clip>,
    ) -> Waits {
        loop {
            if self.at > now {
                return Waits::Time;
            }
            match self.state {
                State::Idle => {
                    let Some(opcode) = fifos.out.pop_front() else { return Waits::Data };
                    self.opcode(opcode, fifos, &mut clip);
                }
                State::Arguments { opcode, mut got, have, need } => {
                    let Some(byte) = fifos.out.pop_front() else { return Waits::Data };
                    got[have] = byte;
                    if have + 1 < need {
                        self.state = State::Arguments { opcode, got, have: have + 1, need };
                    } else {
                        // Bits that are read need room for their byte.
                        if shifts(opcode)
                            && opcode & (BITS | READS) == BITS | READS
                            && fifos.into.len() >= fifos.room
                        {
                            fifos.out.push_front(byte);
                            return Waits::Room;
                        }
                        self.state = State::Idle;
                        self.command(opcode, got, fifos, &mut clip);
                    }
                }
                State::Shift { opcode, left } => {
                    if let Some(waits) = self.shift(now, opcode, left, fifos, &mut clip) {
                        return waits;
                    }
                }
                State::Stuck => return Waits::Stuck,
            }
        }
    }

    /// When the engine's doing can matter next, while it waits for time: at most a packet's worth of bytes on.
    pub(super) fn next_event(&self, fifos: &Fifos<'_>, payload: usize) -> Duration {
        let State::Shift { opcode, left } = self.state else { return self.at };
        let mut n = left.min(CHUNK);
        if opcode & WRITES != 0 {
            n = n.min(fifos.out.len());
        }
        if opcode & READS != 0 {
            n = n.min(fifos.room.saturating_sub(fifos.into.len()));
            if fifos.into.len() < payload {
                n = n.min(payload - fifos.into.len());
            }
        }
        self.at + wire_time(self.hz(), n.max(1)) + Duration::from_nanos(1)
    }

    fn opcode(&mut self, opcode: u8, fifos: &mut Fifos<'_>, clip: &mut Option<&mut Clip>) {
        let need = match opcode {
            0x8e | 0x8f | 0x94 | 0x95 | 0x9c | 0x9d if !self.dialect.idle_clocks => None,
            0x8a..=0x8d | 0x96 | 0x97 if !self.dialect.high_speed => None,
            0x00..=0x7f if !shifts(opcode) => None,
            0x00..=0x7f if opcode & TMS != 0 => Some(2),
            0x00..=0x7f if opcode & BITS == 0 => Some(2),
            0x00..=0x7f => Some(1 + usize::from(opcode & WRITES != 0)),
            0x80 | 0x82 | 0x86 | 0x8f | 0x9c | 0x9d => Some(2),
            0x9e if self.dialect.is_232h => Some(2),
            0x8e => Some(1),
            0x81 | 0x83..=0x85 | 0x87..=0x8d | 0x94..=0x97 => Some(0),
            _ => None,
        };
        match need {
            Some(0) => self.command(opcode, [0; 2], fifos, clip),
            Some(need) => self.state = State::Arguments { opcode, got: [0; 2], have: 0, need },
            None => {
                fifos.into.push_back(BAD_COMMAND);
                if self.dialect.echoes || opcode != 0x8f {
                    fifos.into.push_back(opcode);
                }
                if let Some(clip) = clip {
                    match opcode {
                        0xaa | 0xab => clip.counts_mut().mpsse_syncs += 1,
                        _ => clip.counts_mut().misdeed(Misdeed::BadMpsse(opcode)),
                    }
                }
            }
        }
    }

    fn command(&mut self, opcode: u8, got: [u8; 2], fifos: &mut Fifos<'_>, clip: &mut Option<&mut Clip>) {
        let word = u16::from_le_bytes(got);
        let condition = self.low.read() & PIN_GPIOL1 != 0;
        if (opcode < 0x80 || matches!(opcode, 0x8e | 0x8f | 0x9c | 0x9d))
            && let Some(pins) = self.put_off.take()
        {
            self.take_pins(pins, clip);
        }
        match opcode {
            0x00..=0x7f if opcode & TMS != 0 => {
                // TMS is the chip select line here: nothing an SPI driver sends.
                if let Some(clip) = clip {
                    clip.counts_mut().misdeed(Misdeed::BadMpsse(opcode));
                }
            }
            0x00..=0x7f if opcode & BITS != 0 => self.shift_bits(opcode, got, fifos, clip),
            0x00..=0x7f => {
                self.check_edge(opcode, clip);
                self.command_len = usize::from(word) + 1;
                self.state = State::Shift { opcode, left: self.command_len };
            }
            0x80 => self.drive(Pins { value: got[0], direction: got[1] }, clip),
            0x82 => self.high = Pins { value: got[0], direction: got[1] },
            0x81 => fifos.into.push_back(self.low.read()),
            0x83 => fifos.into.push_back(self.high.read()),
            0x84 => self.loopback = true,
            0x85 => self.loopback = false,
            0x86 => self.divisor = word,
            0x87 => self.flush = !fifos.into.is_empty(),
            0x88 if !condition => self.state = State::Stuck,
            0x89 if condition => self.state = State::Stuck,
            0x8a => self.divide_by_5 = false,
            0x8b => self.divide_by_5 = true,
            0x8e => self.idle_clocks(usize::from(got[0] & 7) + 1, clip),
            0x8f => self.idle_clocks((usize::from(word) + 1) * 8, clip),
            0x94 if !condition => self.state = State::Stuck,
            0x95 if condition => self.state = State::Stuck,
            0x9c if !condition => self.idle_clocks((usize::from(word) + 1) * 8, clip),
            0x9d if condition => self.idle_clocks((usize::from(word) + 1) * 8, clip),
            // Three-phase and adaptive clocking, open drain: no effect on what the chip sees.
            _ => {}
        }
    }

    /// Clocks without data: time only, or, with the chip selected, clocks with the data line as it is.
    fn idle_clocks(&mut self, clocks: usize, clip: &mut Option<&mut Clip>) {
        let hz = self.hz();
        let level = if self.low.value & PIN_MOSI != 0 { 0xff } else { 0x00 };
        if self.selected
            && let Some(clip) = clip
        {
            let (mosi, mut miso) = ([level; CHUNK], [0; CHUNK]);
            let mut at = self.at;
            let mut left = clocks / 8;
            while left > 0 {
                let n = left.min(CHUNK);
                clip.clock(at, hz, &mosi[..n], &mut miso[..n]);
                at += wire_time(hz, n);
                left -= n;
            }
            if !clocks.is_multiple_of(8) {
                clip.bits(at, hz, level, (clocks % 8) as u8);
            }
        }
        self.at += Duration::from_nanos(clocks as u64 * 1_000_000_000 / u64::from(hz.max(1)));
    }

    /// Data out must change on the falling edge, so that the chip can take it on the rising one.
    fn check_edge(&mut self, opcode: u8, clip: &mut Option<&mut Clip>) {
        if opcode & WRITES != 0
            && opcode & OUT_FALLING == 0
            && self.selected
            && let Some(clip) = clip
        {
            clip.counts_mut().misdeed(Misdeed::WrongClockEdge);
        }
    }

    /// What the chip sees of a byte: one bit late when data out changes on the very edge it looks at.
    fn on_the_wire(&mut self, opcode: u8, byte: u8) -> u8 {
        let byte = if opcode & LSB_FIRST != 0 { byte.reverse_bits() } else { byte };
        let seen = if opcode & OUT_FALLING != 0 { byte } else { byte >> 1 | u8::from(self.last_bit) << 7 };
        self.last_bit = byte & 1 != 0;
        seen
    }

    fn reaches_chip(&mut self, clip: &mut Option<&mut Clip>) -> bool {
        let driven = self.low.direction & (PIN_SCK | PIN_MOSI) == PIN_SCK | PIN_MOSI;
        if !driven
            && self.selected
            && let Some(clip) = clip
        {
            clip.counts_mut().misdeed(Misdeed::FloatingPins);
        }
        driven
    }

    /// Shifts what can be shifted by `now`; says why it stops, or nothing when the command went on.
    fn shift(
        &mut self,
        now: Duration,
        opcode: u8,
        left: usize,
        fifos: &mut Fifos<'_>,
        clip: &mut Option<&mut Clip>,
    ) -> Option<Waits> {
        let (writes, reads, hz) = (opcode & WRITES != 0, opcode & READS != 0, self.hz());
        if writes && fifos.out.is_empty() {
            return Some(Waits::Data);
        }
        if let Some(most) = self.dialect.stops
            && reads
            && self.command_len > most
            && self.command_len - left >= most
        {
            self.stopped = true;
            self.state = State::Stuck;
            return Some(Waits::Stuck);
        }
        if reads && fifos.into.len() >= fifos.room {
            return Some(Waits::Room);
        }
        let mut n = left.min(CHUNK).min(wire_bytes(hz, now - self.at));
        if writes {
            n = n.min(fifos.out.len());
        }
        if reads {
            n = n.min(fifos.room.saturating_sub(fifos.into.len()));
        }
        if n == 0 {
            return Some(Waits::Time);
        }
        let level = if self.low.value & PIN_MOSI != 0 { 0xff } else { 0x00 };
        let (mut mosi, mut miso) = ([level; CHUNK], [0xff; CHUNK]);
        if writes {
            for (slot, byte) in mosi.iter_mut().zip(fifos.out.drain(..n)) {
                *slot = self.on_the_wire(opcode, byte);
            }
        }
        let driven = self.reaches_chip(clip);
        if self.loopback {
            miso = mosi;
        } else if driven && let Some(clip) = clip {
            clip.clock(self.at, hz, &mosi[..n], &mut miso[..n]);
        }
        if reads {
            if opcode & LSB_FIRST != 0 {
                miso[..n].iter_mut().for_each(|byte| *byte = byte.reverse_bits());
            }
            fifos.into.extend(&miso[..n]);
        }
        self.at += wire_time(hz, n);
        self.state = if n == left { State::Idle } else { State::Shift { opcode, left: left - n } };
        None
    }

    fn shift_bits(&mut self, opcode: u8, got: [u8; 2], fifos: &mut Fifos<'_>, clip: &mut Option<&mut Clip>) {
        let (count, hz) = ((got[0] & 7) + 1, self.hz());
        self.check_edge(opcode, clip);
        let level = if self.low.value & PIN_MOSI != 0 { 0xff } else { 0x00 };
        let mosi = if opcode & WRITES != 0 { self.on_the_wire(opcode, got[1]) } else { level };
        let mut back = 0xff >> (8 - count);
        let driven = self.reaches_chip(clip);
        if self.loopback {
            back = mosi >> (8 - count);
        } else if driven && let Some(clip) = clip {
            back = clip.bits(self.at, hz, mosi, count);
        }
        self.at += Duration::from_nanos(u64::from(count) * 1_000_000_000 / u64::from(hz.max(1)));
        if opcode & READS != 0 {
            let shifted = if opcode & LSB_FIRST != 0 {
                (back << (8 - count)).reverse_bits() << (8 - count)
            } else {
                back
            };
            fifos.into.push_back(shifted);
        }
    }

    /// A cable's buffers are open.
    fn outputs_are_on(&self) -> bool {
        let both = |low: u8, high: u8| u16::from_le_bytes([low, high]);
        let (mask, wanted) = self.dialect.enable;
        let outputs = both(self.low.direction, self.high.direction);
        mask & !outputs == 0 && both(self.low.value, self.high.value) & mask == wanted
    }

    fn drive(&mut self, pins: Pins, clip: &mut Option<&mut Clip>) {
        if let Some(before) = self.put_off.take() {
            self.take_pins(before, clip);
        }
        let raises = self.selected && pins.value & pins.direction & PIN_CS != 0;
        if self.dialect.select_late && raises {
            self.put_off = Some(pins);
        } else {
            self.take_pins(pins, clip);
        }
    }

    /// Takes new pin values and directions, and passes to the chip what they mean.
    fn take_pins(&mut self, pins: Pins, clip: &mut Option<&mut Clip>) {
        self.low = pins;
        self.last_bit = pins.value & PIN_MOSI != 0;
        let selected = pins.direction & PIN_CS != 0 && pins.value & PIN_CS == 0 && self.outputs_are_on();
        let was = std::mem::replace(&mut self.selected, selected);
        let Some(clip) = clip else { return };
        if selected && pins.direction & (PIN_SCK | PIN_MOSI) != PIN_SCK | PIN_MOSI {
            clip.counts_mut().misdeed(Misdeed::FloatingPins);
        }
        if selected && pins.direction & PIN_MISO != 0 {
            clip.counts_mut().misdeed(Misdeed::DrivesMiso);
        }
        if selected && pins.value & PIN_SCK != 0 {
            clip.counts_mut().misdeed(Misdeed::WrongClockEdge);
        }
        if selected != was {
            clip.select(self.at, selected);
        }
    }
}

/// True for the opcodes below 80h that shift something.
fn shifts(opcode: u8) -> bool {
    opcode < 0x80 && opcode & (WRITES | READS | TMS) != 0
}
