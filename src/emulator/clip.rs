//! The wires between programmer and chip: where contact faults happen.

use super::chip::FlashChip;
use super::counts::Counts;
use super::random::Random;
use std::ops::Range;
use std::time::Duration;

/// What is wrong with the wires.
#[derive(Clone, Debug, Default)]
pub(super) struct WireFaults {
    /// The chance of each bit read to arrive turned over.
    pub(super) flip_rate: f64,
    /// The data output is stuck at this byte from this time on.
    pub(super) stuck: Option<(u8, Duration)>,
    /// Times in which the clip is off: no supply, the data output floats high.
    pub(super) off: Vec<Range<Duration>>,
    /// The chip's supply fails after this many bytes have been clocked.
    pub(super) cut_at_byte: Option<u64>,
}

/// The chip and the wires to it.
#[derive(Debug)]
pub struct Clip {
    chip: FlashChip,
    faults: WireFaults,
    random: Random,
    clean: bool,
    next_flip: u64,
    off: bool,
}

impl Clip {
    pub(super) fn new(chip: FlashChip) -> Self {
        Self {
            chip,
            faults: WireFaults::default(),
            random: Random::new(0),
            clean: true,
            next_flip: u64::MAX,
            off: false,
        }
    }

    /// The chip.
    pub fn chip(&self) -> &FlashChip {
        &self.chip
    }

    /// The chip.
    pub fn chip_mut(&mut self) -> &mut FlashChip {
        &mut self.chip
    }

    pub(super) fn counts_mut(&mut self) -> &mut Counts {
        self.chip.counts_mut()
    }

    pub(super) fn set_faults(&mut self, faults: WireFaults, seed: u64) {
        self.clean = faults.flip_rate <= 0.0
            && faults.stuck.is_none()
            && faults.off.is_empty()
            && faults.cut_at_byte.is_none();
        self.faults = faults;
        self.random = Random::new(seed);
        self.next_flip = self.flip_distance();
    }

    /// Brings the wires to `now`.
    pub(super) fn advance_to(&mut self, now: Duration) {
        self.chip.advance_to(now);
        if self.faults.off.is_empty() {
            return;
        }
        let off = self.faults.off.iter().any(|range| range.contains(&now));
        if off != self.off {
            self.off = off;
            if off {
                self.chip.counts_mut().faults += 1;
                self.chip.power_cut(now);
            } else {
                self.chip.power_up(now);
            }
        }
    }

    /// Chip select changes.
    pub(super) fn select(&mut self, now: Duration, low: bool) {
        self.advance_to(now);
        if low {
            self.chip.select(now);
        } else {
            self.chip.deselect(now);
        }
    }

    /// Clocks whole bytes.
    pub(super) fn clock(&mut self, at: Duration, hz: u32, mosi: &[u8], miso: &mut [u8]) {
        if self.clean {
            self.chip.clock(at, hz, mosi, miso);
            return;
        }
        self.advance_to(at);
        let before = self.chip.counts().spi_bytes;
        let left = self.faults.cut_at_byte.map_or(u64::MAX, |n| n.saturating_sub(before));
        if left < mosi.len() as u64 && self.chip.is_powered() {
            let (first, second) = miso.split_at_mut(left as usize);
            self.chip.clock(at, hz, &mosi[..first.len()], first);
            let moment = at + super::clock::wire_time(hz, first.len());
            if self.chip.counts().spi_bytes - before == left {
                self.faults.cut_at_byte = None;
                self.chip.counts_mut().faults += 1;
                self.chip.power_cut(moment);
            }
            self.chip.clock(moment, hz, &mosi[first.len()..], second);
        } else {
            self.chip.clock(at, hz, mosi, miso);
        }
        if let Some((level, from)) = self.faults.stuck
            && at >= from
        {
            miso.fill(level);
        }
        self.flip(miso, 8);
    }

    /// Clocks `count` bits, the uppermost first.
    pub(super) fn bits(&mut self, at: Duration, hz: u32, mosi: u8, count: u8) -> u8 {
        self.advance_to(at);
        let mut back = [self.chip.bits(at, hz, mosi, count)];
        if let Some((level, from)) = self.faults.stuck
            && at >= from
        {
            back[0] = level >> (8 - count);
        }
        self.flip(&mut back, count);
        back[0]
    }

    /// Turns bits over at the fault's rate, by the distance to the next one.
    fn flip(&mut self, bytes: &mut [u8], bits_each: u8) {
        let bits = bytes.len() as u64 * u64::from(bits_each);
        while self.next_flip < bits {
            let each = u64::from(bits_each);
            bytes[(self.next_flip / each) as usize] ^= 1 << (self.next_flip % each);
            self.chip.counts_mut().faults += 1;
            self.next_flip += 1 + self.flip_distance();
        }
        self.next_flip = self.next_flip.saturating_sub(bits);
    }

    /// Bits until the next one that flips: geometric.
    fn flip_distance(&mut self) -> u64 {
        let rate = self.faults.flip_rate;
        if rate <= 0.0 {
            return u64::MAX / 2;
        }
        let distance = self.random.unit().ln() / (-rate.min(0.999_999)).ln_1p();
        if distance < 1e18 { distance as u64 } else { u64::MAX / 2 }
    }
}
