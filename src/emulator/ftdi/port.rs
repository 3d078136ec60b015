//! One port: its FIFOs, its latency timer, and the packets with two status bytes that it gives.

use super::mpsse::{Dialect, Fifos, Mpsse, Waits};
use crate::emulator::clip::Clip;
use crate::emulator::counts::Misdeed;
use crate::emulator::device::PacketAnswer;
use crate::emulator::quirk::Quirk;
use std::collections::VecDeque;
use std::io::Read;
use std::time::Duration;

/// A high-speed bulk packet.
pub(super) const PACKET: usize = 512;
/// Modem and line status before the data of every IN packet: CTS, DSR and "high speed"; transmitter empty.
const STATUS: [u8; 2] = [0x32, 0x60];
/// Latency after reset.
const LATENCY: Duration = Duration::from_millis(16);

/// What a port is used for (SET_BITMODE).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// UART.
    Reset,
    Mpsse,
    /// Any other: accepted, without effect here.
    Other,
}

/// One port.
#[derive(Debug)]
pub(super) struct Port {
    mode: Mode,
    pub(super) engine: Mpsse,
    out: VecDeque<u8>,
    into: VecDeque<u8>,
    fifo: usize,
    /// Bytes of data in a full packet.
    payload: usize,
    waits: Waits,
    pub(super) latency: Duration,
    /// When the last IN packet was fetched; the latency timer runs from there.
    last_in: Duration,
}

impl Port {
    pub(super) fn new(
        fifo: usize,
        is_232h: bool,
        packet: usize,
        enable: (u16, u16),
        quirks: &[Quirk],
    ) -> Self {
        let stops = quirks.iter().find_map(|quirk| match quirk {
            Quirk::Stops => Some(fifo),
            Quirk::StopsAt(most) => Some(*most),
            _ => None,
        });
        Self {
            mode: Mode::Reset,
            engine: Mpsse::new(Dialect {
                is_232h,
                high_speed: !quirks.contains(&Quirk::Old),
                idle_clocks: ![Quirk::Old, Quirk::NoIdleClocks, Quirk::NoEcho]
                    .iter()
                    .any(|q| quirks.contains(q)),
                echoes: !quirks.contains(&Quirk::NoEcho),
                select_late: quirks.contains(&Quirk::SelectLate),
                stops,
                enable,
            }),
            payload: packet - STATUS.len(),
            out: VecDeque::with_capacity(fifo),
            into: VecDeque::with_capacity(fifo + 2),
            fifo,
            waits: Waits::Data,
            latency: LATENCY,
            last_in: Duration::ZERO,
        }
    }

    pub(super) fn advance(&mut self, now: Duration, clip: Option<&mut Clip>) {
        if self.mode != Mode::Mpsse {
            self.out.clear();
            return;
        }
        let mut fifos = Fifos { out: &mut self.out, into: &mut self.into, room: self.fifo };
        self.waits = self.engine.advance(now, &mut fifos, clip);
    }

    /// True while the engine has clocks to make.
    pub(super) fn is_working(&self) -> bool {
        self.mode == Mode::Mpsse && self.waits == Waits::Time
    }

    /// A device reset: UART mode, everything forgotten.
    pub(super) fn reset(&mut self, now: Duration, clip: Option<&mut Clip>) {
        self.purge_out();
        self.purge_in();
        self.set_mode(now, 0, clip);
        self.latency = LATENCY;
    }

    pub(super) fn set_mode(&mut self, now: Duration, mode: u8, mut clip: Option<&mut Clip>) {
        if self.mode == Mode::Mpsse
            && !self.out.is_empty()
            && let Some(clip) = clip.as_deref_mut()
        {
            clip.counts_mut().misdeed(Misdeed::StrayClocks);
        }
        self.mode = match mode {
            0x00 => Mode::Reset,
            0x02 => Mode::Mpsse,
            _ => Mode::Other,
        };
        self.engine.restart(now, clip);
        self.waits = Waits::Data;
    }

    /// Throws away what came from the host, and the command it belongs to.
    pub(super) fn purge_out(&mut self) {
        self.out.clear();
        self.engine.abort();
    }

    /// Throws away what waits for the host.
    pub(super) fn purge_in(&mut self) {
        self.into.clear();
        self.engine.flush = false;
    }

    pub(super) fn out_packet(
        &mut self,
        now: Duration,
        arrives: Duration,
        bytes: &[u8],
        mut clip: Option<&mut Clip>,
    ) -> PacketAnswer<()> {
        self.advance(now, clip.as_deref_mut());
        if self.mode != Mode::Mpsse {
            if let Some(clip) = clip
                && !bytes.is_empty()
            {
                clip.counts_mut().misdeed(Misdeed::NotMpsse);
            }
            return PacketAnswer::Ack(());
        }
        if self.out.len() + bytes.len() > self.fifo {
            return PacketAnswer::Nak;
        }
        if self.waits == Waits::Data {
            self.engine.at = self.engine.at.max(arrives);
            self.waits = Waits::Time;
        }
        self.out.extend(bytes);
        PacketAnswer::Ack(())
    }

    pub(super) fn in_packet(
        &mut self,
        now: Duration,
        into: &mut [u8],
        mut clip: Option<&mut Clip>,
    ) -> PacketAnswer<usize> {
        self.advance(now, clip.as_deref_mut());
        if self.engine.stopped && self.into.is_empty() {
            return PacketAnswer::Nak;
        }
        let due = now >= self.last_in + self.latency;
        if self.into.len() < self.payload && !self.engine.flush && !due {
            return PacketAnswer::Nak;
        }
        if into.len() < STATUS.len() {
            return PacketAnswer::Ack(0);
        }
        let n = self.into.len().min(self.payload).min(into.len() - STATUS.len());
        into[..2].copy_from_slice(&STATUS);
        // As many as asked for are there.
        let n = self.into.read(&mut into[2..2 + n]).unwrap_or(0);
        self.last_in = now;
        if self.into.is_empty() {
            self.engine.flush = false;
        }
        if self.waits == Waits::Room {
            self.engine.at = self.engine.at.max(now);
            self.advance(now, clip);
        }
        PacketAnswer::Ack(n + STATUS.len())
    }

    pub(super) fn next_event(&mut self, now: Duration, clip: Option<&mut Clip>) -> Option<Duration> {
        self.advance(now, clip);
        let fifos = Fifos { out: &mut self.out, into: &mut self.into, room: self.fifo };
        let engine = (self.mode == Mode::Mpsse && self.waits == Waits::Time)
            .then(|| self.engine.next_event(&fifos, self.payload));
        let timer = Some(self.last_in + self.latency);
        [engine, timer].into_iter().flatten().filter(|t| *t > now).min()
    }
}
