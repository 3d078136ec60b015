//! A serprog firmware on a board with a USB serial port: its two data endpoints, and what is behind them.
//!
//! The port is a CDC one at full speed; a personality with a UART is bounded by that UART's speed as well.

mod firmware;
mod personality;

pub use personality::SerprogKind;

use super::clip::Clip;
use super::counts::Misdeed;
use super::device::{Descriptors, DeviceRow, PacketAnswer, Setup, Speed, Stalled, UsbDevice, configuration};
use firmware::{Done, Firmware};
use personality::Personality;
use std::collections::VecDeque;
use std::time::Duration;

/// Bulk OUT endpoint.
pub(super) const OUT: u8 = 0x02;
/// Bulk IN endpoint.
pub(super) const IN: u8 = 0x82;
const PACKET: usize = 64;
/// Bytes that wait for the firmware, and for the host.
const FIFO: usize = 4096;

/// A board with its clip on one of its chip selects.
pub(super) struct Serprog {
    descriptors: Descriptors,
    firmware: Firmware,
    clip: Clip,
    input: VecDeque<(Duration, u8)>,
    /// When the last byte of `input` is there.
    arrived: Duration,
    output: VecDeque<u8>,
    work: Option<Done>,
}

impl Serprog {
    /// The clip is on chip select `wired`, from 0.
    pub(super) fn new(kind: SerprogKind, wired: u8, clip: Clip) -> Self {
        let personality = Personality::of(kind);
        let device = DeviceRow {
            usb: 0x0200,
            class: 0x02,
            max_packet0: 64,
            vendor: personality.ids.0,
            product: personality.ids.1,
            release: 0x0100,
            strings: [1, 2, 0],
        };
        let endpoints: &[(u8, u8, u16)] = &[(OUT, 2, PACKET as u16), (IN, 2, PACKET as u16)];
        let descriptors = Descriptors {
            speed: Speed::Full,
            packet: PACKET,
            device: device.bytes(),
            configuration: configuration(&[endpoints], [0x0a, 0, 0], 0x80, 50),
            strings: vec!["serprog".into(), personality.title.into()],
        };
        Self {
            descriptors,
            firmware: Firmware::new(personality, wired),
            clip,
            input: VecDeque::new(),
            arrived: Duration::ZERO,
            output: VecDeque::new(),
            work: None,
        }
    }

    fn has_room(&self) -> bool {
        self.output.len() < FIFO
    }

    /// Brings the board to `now`: ends the work that is done where its answer has room, and begins the next.
    fn advance(&mut self, now: Duration) {
        while let Some((done, answer)) = self.work.take() {
            if done > now || !self.has_room() {
                self.work = Some((done, answer));
                return;
            }
            self.output.extend(answer);
            self.begin(done);
        }
    }

    fn begin(&mut self, at: Duration) {
        let next = self.firmware.read_on(at, &mut self.clip);
        let next = next.or_else(|| self.firmware.command(at, &mut self.input, &mut self.clip));
        self.work = next.map(|(done, answer)| (done + self.uart_time(answer.len()), answer));
    }

    /// What the bytes take on a UART behind the port.
    fn uart_time(&self, bytes: usize) -> Duration {
        let rate = self.firmware.personality.uart;
        rate.map_or(Duration::ZERO, |rate| Duration::from_secs(bytes as u64) / rate)
    }
}

impl UsbDevice for Serprog {
    fn descriptors(&self) -> &Descriptors {
        &self.descriptors
    }

    /// The class's requests for line speed and modem lines are taken and change nothing.
    fn control(&mut self, now: Duration, setup: Setup, _data: &[u8]) -> Result<Vec<u8>, Stalled> {
        self.advance(now);
        match (setup.request_type & 0x7f, setup.request) {
            (0x21, 0x20 | 0x22 | 0x23) => Ok(Vec::new()),
            (0x21, 0x21) => Ok(vec![0x00, 0xc2, 0x01, 0x00, 0, 0, 8]),
            (_, request) => {
                self.clip.counts_mut().misdeed(Misdeed::BadControl(request));
                Err(Stalled)
            }
        }
    }

    fn out_packet(
        &mut self,
        now: Duration,
        arrives: Duration,
        endpoint: u8,
        bytes: &[u8],
    ) -> PacketAnswer<()> {
        if endpoint != OUT || bytes.len() > PACKET {
            self.clip.counts_mut().misdeed(Misdeed::BadEndpoint(endpoint));
            return PacketAnswer::Stall;
        }
        self.advance(now);
        if self.input.len() + bytes.len() > FIFO {
            return PacketAnswer::Nak;
        }
        self.arrived = self.arrived.max(arrives);
        let room = self
            .firmware
            .personality
            .holds
            .map_or(bytes.len(), |holds| holds.saturating_sub(self.input.len()));
        for byte in bytes.iter().take(room) {
            self.arrived += self.uart_time(1);
            self.input.push_back((self.arrived, *byte));
        }
        if self.work.is_none() {
            self.begin(now);
        }
        PacketAnswer::Ack(())
    }

    fn in_packet(&mut self, now: Duration, endpoint: u8, into: &mut [u8]) -> PacketAnswer<usize> {
        if endpoint != IN {
            self.clip.counts_mut().misdeed(Misdeed::BadEndpoint(endpoint));
            return PacketAnswer::Stall;
        }
        self.advance(now);
        if self.output.is_empty() {
            return PacketAnswer::Nak;
        }
        let n = self.output.len().min(into.len()).min(PACKET);
        for (into, byte) in into.iter_mut().zip(self.output.drain(..n)) {
            *into = byte;
        }
        // Work that waited for room continues now.
        if let Some((done, _)) = &mut self.work
            && *done < now
        {
            *done = now;
        }
        PacketAnswer::Ack(n)
    }

    fn next_event(&mut self, now: Duration) -> Option<Duration> {
        self.advance(now);
        self.work.as_ref().map(|(done, _)| *done).filter(|done| *done > now)
    }

    fn is_working(&self) -> bool {
        self.work.is_some() && self.has_room()
    }

    fn reset(&mut self, now: Duration) {
        self.work = None;
        self.input.clear();
        self.output.clear();
        self.firmware.reset(now, &mut self.clip);
    }

    /// Value and direction of the four SPI pins together: driven or not.
    fn pins(&self) -> (u8, u8) {
        if self.firmware.driven { (0x01, 0x0f) } else { (0, 0) }
    }

    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn clip_mut(&mut self) -> &mut Clip {
        &mut self.clip
    }
}
