//! CH347T and CH347F as USB devices: packets of a command, a length and a payload, and the SPI engine behind them.
//!
//! From published descriptions and captures (nic3-14159's research, WCH's kernel driver): C0h sets and CAh reads the
//! configuration, C1h moves the chip selects and is not answered, C2h clocks both ways, C3h reads, C4h writes, CCh is
//! for the spare pins, E1h for the clock base. Times, none of them measured on hardware: the firmware takes 5 us for each
//! packet that it takes or fills, next to the SPI clocks; it holds two OUT packets next to the one in work, and two IN
//! packets for the host.

mod config;
mod descriptors;
mod engine;
mod kind;
mod packets;

use super::clip::Clip;
use super::counts::Misdeed;
use super::device::{Descriptors, PacketAnswer, Setup, Stalled, UsbDevice};
use super::quirk::Quirk;
use engine::Engine;
use kind::PACKET;
pub(super) use kind::{Ch347Kind, IN, OUT};
use packets::{Incoming, Outgoing};
use std::time::Duration;

/// What the engine is doing.
#[derive(Debug)]
struct Work {
    /// When it is done.
    done: Duration,
    /// What it gives then; empty for a command that is not answered.
    answer: Vec<u8>,
}

/// A CH347 with its clip on one of the two chip selects.
pub(super) struct Ch347 {
    descriptors: Descriptors,
    engine: Engine,
    clip: Clip,
    incoming: Incoming,
    outgoing: Outgoing,
    work: Option<Work>,
}

impl Ch347 {
    /// The clip hangs on chip select `wired`, 0 or 1.
    pub(super) fn new(kind: Ch347Kind, wired: usize, clip: Clip, quirks: &[Quirk]) -> Self {
        let old = kind == Ch347Kind::T && quirks.contains(&Quirk::OldFirmware);
        Self {
            descriptors: descriptors::describe(kind, old),
            engine: Engine::new(kind, old, wired, quirks),
            clip,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
            work: None,
        }
    }

    /// Brings the device to `now`: ends the work that is done where its answer has room, and begins the next.
    fn advance(&mut self, now: Duration) {
        while let Some(work) = self.work.take() {
            if work.done > now || (!work.answer.is_empty() && !self.outgoing.has_room()) {
                self.work = Some(work);
                return;
            }
            if !work.answer.is_empty() {
                self.outgoing.push(work.answer);
            }
            self.begin(work.done);
        }
    }

    /// Begins the next packet of a read, or the next command, at `at` or when it has arrived.
    fn begin(&mut self, at: Duration) {
        if let Some((done, answer)) = self.engine.read_on(at, &mut self.clip) {
            self.work = Some(Work { done, answer });
            return;
        }
        if let Some((arrived, command)) = self.incoming.command(self.engine.has_flags()) {
            let (done, answer) = self.engine.carry_out(at.max(arrived), &command, &mut self.clip);
            self.work = Some(Work { done, answer });
        }
    }
}

impl UsbDevice for Ch347 {
    fn descriptors(&self) -> &Descriptors {
        &self.descriptors
    }

    fn control(&mut self, now: Duration, setup: Setup, _data: &[u8]) -> Result<Vec<u8>, Stalled> {
        self.advance(now);
        match (setup.request_type & 0x80 != 0, setup.request) {
            (true, 0x5f) => Ok(vec![0x41]),
            (true, 0x95) => Ok(vec![0x40, 0xc1, 0x18, 0, 0, 0, 0, 0]),
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
        if !self.incoming.has_room() {
            return PacketAnswer::Nak;
        }
        self.incoming.push(arrives, bytes);
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
        let Some(n) = self.outgoing.pop(into) else { return PacketAnswer::Nak };
        // Work that waited for room continues now.
        if let Some(work) = &mut self.work
            && work.done < now
        {
            work.done = now;
        }
        self.advance(now);
        PacketAnswer::Ack(n)
    }

    fn next_event(&mut self, now: Duration) -> Option<Duration> {
        self.advance(now);
        self.work.as_ref().map(|work| work.done).filter(|done| *done > now)
    }

    fn is_working(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.answer.is_empty() || self.outgoing.has_room())
    }

    fn reset(&mut self, now: Duration) {
        self.work = None;
        self.incoming = Incoming::default();
        self.outgoing = Outgoing::default();
        self.engine.reset(now, &mut self.clip);
    }

    /// Value: the spare pins' levels by number, with the chip selects as bits 2 and 5. Direction: the spare pins that are
    /// outputs. No command floats clock, data out and the chip selects.
    fn pins(&self) -> (u8, u8) {
        self.engine.pins()
    }

    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn clip_mut(&mut self) -> &mut Clip {
        &mut self.clip
    }
}
