//! A CH347 as a pipe, by the published packets: OUT transfers one after the other, answers as IN transfers, in virtual time.

use super::flash::Flash;
use norsplice::usb::{About, Burst, Control, Pipe, Reply, UsbError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it is like.
#[derive(Clone)]
pub struct Habits {
    pub product: u16,
    /// The version that it reports; it does not report one where `None`.
    pub version: Option<u16>,
    /// It knows the flags of a C2, and the clock bases.
    pub flags: bool,
    /// The answer to E1; none where `None`.
    pub base: Option<u8>,
    /// Its first configuration.
    pub config: Vec<u8>,
    /// It reports another configuration than the one that was set: what was set, how often it was asked.
    pub reports: fn(&mut Vec<u8>, usize),
    /// The status of C0.
    pub configured: u8,
    /// The most payload of a C3's answer.
    pub packet: usize,
    /// Answers come in transfers of up to so many bytes, without regard to packets; each in its own where `None`.
    pub stream: Option<usize>,
    /// An empty transfer comes in front of each.
    pub empties: bool,
    /// The flags of a C2 come back.
    pub echoes: bool,
    /// Every so many C4 one has a status of 1, its bytes not clocked.
    pub refuses_each: Option<usize>,
    /// The first bit after each configuration reads 1.
    pub first_bit: bool,
    /// It says nothing more after so many OUT transfers.
    pub dies_after: Option<usize>,
}

/// A part that no one has configured: the least significant bit first.
pub fn fresh() -> Vec<u8> {
    let mut config = vec![0; 26];
    (config[2], config[3], config[11], config[14], config[16]) = (4, 1, 2, 0x80, 7);
    config
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            product: 0x55db,
            version: Some(0x0544),
            flags: true,
            base: Some(0),
            config: fresh(),
            reports: |_, _| {},
            configured: 0,
            packet: 507,
            stream: None,
            empties: false,
            echoes: false,
            refuses_each: None,
            first_bit: false,
            dies_after: None,
        }
    }
}

/// What is left of it when the test looks.
pub struct State {
    habits: Habits,
    pub flash: Flash,
    /// Chip selects 0 and 1 are low.
    pub low: [bool; 2],
    /// What it holds.
    config: Vec<u8>,
    asked: usize,
    fresh: bool,
    /// Its clock base in Hz.
    base: u32,
    taken: usize,
    writes: usize,
    /// IN transfers that wait.
    answers: VecDeque<Vec<u8>>,
    /// Bytes of answers where it sends a stream.
    bytes: Vec<u8>,
    pub time: Duration,
    /// Commands that it does not know.
    pub unknown: Vec<u8>,
}

/// The device, and what it is attached to.
#[derive(Clone)]
pub struct Device(pub Arc<Mutex<State>>);

impl Device {
    pub fn new(habits: Habits, data: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State {
            config: habits.config.clone(),
            habits,
            flash: Flash::new(data),
            low: [false; 2],
            asked: 0,
            fresh: false,
            base: 60_000_000,
            taken: 0,
            writes: 0,
            answers: VecDeque::new(),
            bytes: Vec::new(),
            time: Duration::ZERO,
            unknown: Vec::new(),
        })))
    }
}

impl State {
    fn hz(&self) -> u32 {
        self.base >> (self.config[12] >> 3 & 7)
    }

    fn clock(&mut self, byte: u8) -> u8 {
        let hz = self.hz();
        self.time += Duration::from_secs(8) / hz;
        if !self.low[0] {
            return 0xff;
        }
        self.flash.fastest = self.flash.fastest.max(hz);
        let lsb = self.config[14] & 0x80 != 0;
        let turned = |byte: u8| if lsb { byte.reverse_bits() } else { byte };
        // Slave mode, 16 bits, or another edge: nothing that makes sense comes of it.
        let usable = self.config[2..12] == [4, 1, 0, 0, 0, 0, 0, 0, 0, 2] && self.config[..2] == [0, 0];
        let back = self.flash.byte(turned(if usable { byte } else { 0 }));
        let first = if std::mem::take(&mut self.fresh) && self.habits.first_bit { 0x80 } else { 0 };
        turned(back) | first
    }

    fn select(&mut self, line: usize, low: bool) {
        // Polarity: bit 7 of the next byte governs both.
        let low = low != (self.config[21] & 0x80 != 0);
        if self.low[line] != low {
            self.low[line] = low;
            match (line, low) {
                (0, true) => self.flash.select(),
                (0, false) => self.flash.deselect(),
                _ => {}
            }
        }
    }

    fn answer(&mut self, command: u8, payload: &[u8], flags: u8) {
        let [low, high] = (payload.len() as u16).to_le_bytes();
        let packet = [&[command, low, high | flags], payload].concat();
        if self.habits.stream.is_some() {
            self.bytes.extend(packet);
            return;
        }
        if self.habits.empties {
            self.answers.push_back(Vec::new());
        }
        // Full packets are followed by an empty one, for that ends a transfer.
        let full = packet.len() % 512 == 0;
        self.answers.push_back(packet);
        if full {
            self.answers.push_back(Vec::new());
        }
    }

    /// One OUT transfer: one command.
    fn take(&mut self, out: &[u8]) {
        self.taken += 1;
        self.time += Duration::from_micros(10);
        if self.habits.dies_after.is_some_and(|n| self.taken > n) {
            return;
        }
        let [command, low, high, payload @ ..] = out else { return };
        let flags = if *command == 0xc2 && self.habits.flags { high & 0xf0 } else { 0 };
        let len = usize::from(*low) | usize::from(high & !flags) << 8;
        let Some(payload) = payload.get(..len) else {
            self.unknown.push(*command);
            return;
        };
        match (command, len) {
            (0xc0, 26) => {
                if self.habits.configured == 0 {
                    self.config = payload.to_vec();
                    self.fresh = true;
                }
                self.answer(0xc0, &[self.habits.configured], 0);
            }
            (0xca, 1) if payload[0] == 0 => {
                if let Some(version) = self.habits.version {
                    let [low, high] = version.to_le_bytes();
                    self.answer(0xca, &[low, high, 0x41, 0x05], 0);
                }
            }
            (0xca, 1) => {
                self.asked += 1;
                let mut config = self.config.clone();
                (self.habits.reports)(&mut config, self.asked);
                self.answer(0xca, &config, 0);
            }
            (0xc1, 10) => {
                for line in 0..2 {
                    let block = payload[line * 5];
                    if block & 0x80 != 0 {
                        self.select(line, block & 0x40 == 0);
                    }
                }
            }
            (0xc2, 1..) => {
                for (line, low) in [(0, 0x80), (1, 0x20)] {
                    if flags & low != 0 {
                        self.select(line, true);
                    }
                }
                let back: Vec<u8> = payload.iter().map(|byte| self.clock(*byte)).collect();
                for (line, high) in [(0, 0x40), (1, 0x10)] {
                    if flags & high != 0 {
                        self.select(line, false);
                    }
                }
                self.answer(0xc2, &back, if self.habits.echoes { flags } else { 0 });
            }
            (0xc3, 4) => {
                let count = u32::from_le_bytes([payload[0], payload[1], payload[2], payload[3]]) as usize;
                let fill = self.config[20];
                let back: Vec<u8> = (0..count).map(|_| self.clock(fill)).collect();
                let most = self.habits.packet;
                back.chunks(most).for_each(|part| self.answer(0xc3, part, 0));
            }
            (0xc4, 1..) => {
                self.writes += 1;
                let refused = self.habits.refuses_each.is_some_and(|each| self.writes.is_multiple_of(each));
                if !refused {
                    for byte in payload {
                        self.clock(*byte);
                    }
                }
                self.answer(0xc4, &[u8::from(refused)], 0);
            }
            (0xe1, 1) if self.habits.base.is_some() => {
                let status = self.habits.base.unwrap_or_default();
                if status == 0 {
                    let bases = [0, 28_000_000, 0, 48_000_000, 60_000_000, 72_000_000];
                    self.base = bases[usize::from(payload[0])];
                }
                self.answer(0xe1, &[status], 0);
            }
            _ => self.unknown.push(*command),
        }
    }

    /// The next IN transfer.
    fn give(&mut self) -> Option<Vec<u8>> {
        match self.habits.stream {
            Some(most) if !self.bytes.is_empty() => {
                Some(self.bytes.drain(..most.min(self.bytes.len())).collect())
            }
            _ => self.answers.pop_front(),
        }
    }
}

impl Pipe for Device {
    fn control_out(&mut self, _: Control, _: &[u8]) -> Result<(), UsbError> {
        Err(UsbError::Stall("a control request"))
    }

    fn control_in(&mut self, _: Control, _: &mut [u8]) -> Result<usize, UsbError> {
        Err(UsbError::Stall("a control request"))
    }

    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        let state = &mut *self.0.lock().unwrap();
        burst.out.iter().for_each(|out| state.take(out));
        while !reply.is_complete() {
            let Some(len) = reply.next(0) else {
                return Err(UsbError::Other("nothing more is asked for".into()));
            };
            let Some(answer) = state.give() else {
                state.time += burst.quiet;
                return Err(UsbError::Timeout { what: "an answer", after: burst.quiet });
            };
            assert!(answer.len() <= len, "a transfer of {} bytes into {len}", answer.len());
            reply.take(&answer)?;
        }
        Ok(())
    }

    fn drain(&mut self, _: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        let state = &mut *self.0.lock().unwrap();
        Ok(state.give().unwrap_or_else(|| {
            state.time += wait;
            Vec::new()
        }))
    }

    fn about(&self) -> About {
        About { product: Some(self.0.lock().unwrap().habits.product), ..About::default() }
    }

    fn now(&self) -> Duration {
        self.0.lock().unwrap().time
    }

    fn sleep(&mut self, time: Duration) {
        self.0.lock().unwrap().time += time;
    }
}
