//! A small chip and programmer in one, for tests of what the emulator keeps constant: pages that take as long as they
//! like, and status bytes with flipped bits.

use super::command::{BUSY, WEL};
use crate::spi::{Limits, Op, Programmer, SpiError, Transaction};
use std::time::Duration;

/// 64 KiB, 256-byte pages, `03`, `02`, `04`, `05`, `06`, `9F`; answers FF to everything else.
pub(crate) struct Fake {
    pub array: Vec<u8>,
    pub limits: Limits,
    /// Time of the n-th page program taken.
    pub page_time: Box<dyn FnMut(u64) -> Duration>,
    /// Chance in a million that a status byte has a flipped bit.
    pub noise: u32,
    pub taken: u64,
    /// Program commands that came while busy.
    pub refused: u64,
    now: Duration,
    busy_until: Duration,
    wel: bool,
    random: u64,
}

impl Fake {
    pub fn new(pauses: bool, page_time: impl FnMut(u64) -> Duration + 'static) -> Self {
        let limits = Limits {
            clock_hz: if pauses { 30_000_000 } else { 1_500_000 },
            round_trip: Duration::from_millis(1),
            per_transaction: Duration::from_micros(if pauses { 1 } else { 20 }),
            max_transaction: 1 << 16,
            max_write: 1 << 16,
            read_batch: 1 << 14,
            pauses,
        };
        Self {
            array: vec![0xFF; 1 << 16],
            limits,
            page_time: Box::new(page_time),
            noise: 0,
            taken: 0,
            refused: 0,
            now: Duration::ZERO,
            busy_until: Duration::ZERO,
            wel: false,
            random: 88_172_645_463_325_252,
        }
    }

    fn busy(&self) -> bool {
        self.now < self.busy_until
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn status(&mut self) -> u8 {
        let mut status = 0;
        if self.busy() {
            status |= BUSY;
        } else if self.busy_until > Duration::ZERO {
            self.busy_until = Duration::ZERO;
            self.wel = false;
        }
        if self.wel {
            status |= WEL;
        }
        if self.random() % 1_000_000 < u64::from(self.noise) {
            status ^= 1 << (self.random() % 8);
        }
        status
    }

    fn answer(&mut self, sent: &[u8], index: usize) -> u8 {
        match sent.first() {
            Some(0x05) => self.status(),
            Some(0x9F) => *[0xEF, 0x99, 0x10].get(index).unwrap_or(&0xFF),
            Some(0x03) if sent.len() >= 4 && !self.busy() => {
                let at = u32::from_be_bytes([0, sent[1], sent[2], sent[3]]) as usize + index;
                self.array[at % self.array.len()]
            }
            _ => 0xFF,
        }
    }

    fn deselect(&mut self, sent: &[u8]) {
        let _ = self.status();
        let program = sent.first() == Some(&0x02);
        if self.busy() {
            self.refused += u64::from(program);
            return;
        }
        match sent.first() {
            Some(0x06) => self.wel = true,
            Some(0x04) => self.wel = false,
            Some(0x02) if self.wel && sent.len() > 4 => {
                let at = u32::from_be_bytes([0, sent[1], sent[2], sent[3]]) as usize;
                for (i, byte) in sent[4..].iter().enumerate() {
                    let place = at & !0xFF | (at + i) & 0xFF;
                    self.array[place] &= byte;
                }
                self.taken += 1;
                self.busy_until = self.now + (self.page_time)(self.taken);
            }
            _ => {}
        }
    }
}

impl Programmer for Fake {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        let byte = self.limits.wire_time(1);
        self.now += self.limits.round_trip;
        for transaction in batch {
            let mut sent = Vec::new();
            let mut index = 0;
            for op in &mut transaction.ops {
                match op {
                    Op::Write(bytes) => {
                        sent.extend_from_slice(bytes);
                        self.now += byte * bytes.len() as u32;
                    }
                    Op::Read(into) | Op::Transfer(into) => {
                        for slot in into.iter_mut() {
                            self.now += byte;
                            *slot = self.answer(&sent, index);
                            index += 1;
                        }
                    }
                }
            }
            self.deselect(&sent);
            self.now += self.limits.per_transaction + transaction.pause;
        }
        Ok(())
    }

    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        Ok(vec![0xFF; len])
    }

    fn set_clock(&mut self, _hz: u32) -> Result<u32, SpiError> {
        Err(SpiError::Unsupported("fixed".into()))
    }

    fn release(&mut self) -> Result<(), SpiError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        self.now
    }

    fn sleep(&mut self, time: Duration) {
        self.now += time;
    }
}
