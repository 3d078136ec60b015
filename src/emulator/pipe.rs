//! A [`Pipe`] over any emulated device, with the bus's time.
//!
//! The model, the same as the one that the published comparison of other programs was measured with; unmeasured on
//! hardware. One bus, one packet at a time, OUT and IN taking turns. A bulk packet of a full-speed device takes about
//! 30 us of bus (USB 2.0 table 5-9: 13 bytes of protocol and 32 of data at 12 Mbit/s); of a high-speed device 55 bytes
//! of protocol and its data at 480 Mbit/s (table 5-10). An endpoint that had nothing queued starts at the next frame of
//! 1 ms, or microframe of 125 us; while transfers are queued one follows the other at once. A NAK costs nothing and is
//! tried again when the device can have changed its mind. The host itself takes no time.

use super::clock::Clock;
use super::device::{PacketAnswer, Setup, Speed};
use super::machine::{Machine, TransferFault};
use super::options::Bus;
use crate::usb::{About, Burst, Control, Pipe, Recipient, Reply, UsbError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Protocol bytes of one full-speed bulk packet.
const FULL_SPEED_OVERHEAD: usize = 13;
/// Full-speed bits a second.
const FULL_SPEED_HZ: u32 = 12_000_000;
/// Bus time of one full-speed bulk packet of up to 32 bytes.
const FULL_SPEED_PACKET: Duration = Duration::from_micros(30);
/// Protocol bytes of one high-speed bulk packet.
const HIGH_SPEED_OVERHEAD: usize = 55;
/// High-speed bits a second.
const HIGH_SPEED_HZ: u32 = 480_000_000;
/// Full-speed frame.
const FRAME: Duration = Duration::from_millis(1);
/// High-speed microframe.
const MICROFRAME: Duration = Duration::from_micros(125);
/// Largest bulk packet of any speed.
const LARGEST_PACKET: usize = 512;
/// Packets of a control request: setup, data or none, status.
const CONTROL_PACKETS: u32 = 3;

/// Bus time of one bulk packet.
pub(super) fn packet_time(speed: Speed, bytes: usize) -> Duration {
    match speed {
        Speed::Full => {
            super::clock::wire_time(FULL_SPEED_HZ, FULL_SPEED_OVERHEAD + bytes).max(FULL_SPEED_PACKET)
        }
        Speed::High => super::clock::wire_time(HIGH_SPEED_HZ, HIGH_SPEED_OVERHEAD + bytes),
        Speed::Call => Duration::ZERO,
    }
}

/// The first frame or microframe that begins at `now` or later.
fn next_frame(speed: Speed, now: Duration) -> Duration {
    let frame = match speed {
        Speed::Full => FRAME,
        Speed::High => MICROFRAME,
        Speed::Call => return now,
    }
    .as_nanos() as u64;
    Duration::from_nanos((now.as_nanos() as u64).div_ceil(frame) * frame)
}

/// The emulated device, opened.
pub struct EmulatedPipe {
    machine: Arc<Mutex<Machine>>,
    clock: Clock,
    out: u8,
    into: u8,
    speed: Speed,
    packet: usize,
    about: About,
    bus: Bus,
}

impl EmulatedPipe {
    /// Runs a burst; gives its end and what an unfinished IN transfer had got.
    fn run(&self, burst: Burst<'_>, reply: &mut dyn Reply) -> (Result<(), UsbError>, Vec<u8>) {
        let mut machine = lock(&self.machine);
        if !machine.is_plugged() {
            return (Err(UsbError::Gone), Vec::new());
        }
        machine.counts().waits += 1;
        let now = self.clock.now();
        let start = next_frame(self.speed, now + self.bus.host);
        let mut run = Run {
            machine: &mut machine,
            pipe: (self.out, self.into, self.speed),
            slower: self.bus.slower,
            packet: self.packet,
            out: burst.out,
            out_at: 0,
            out_begun: false,
            ins: VecDeque::with_capacity(burst.in_depth.min(1024)),
            in_begun: false,
            got: Vec::new(),
            now: start,
            in_from: start,
            quiet_from: now,
        };
        let result = run.complete(burst.in_depth, burst.quiet, reply);
        self.clock.advance_to(run.now);
        let partial = run.got;
        machine.report();
        (result, partial)
    }

    pub(super) fn new(machine: Arc<Mutex<Machine>>, clock: Clock, endpoints: (u8, u8), bus: Bus) -> Self {
        let (speed, packet, about) = {
            let guard = lock(&machine);
            let descriptors = guard.device_ref().descriptors();
            let release = u16::from_le_bytes([descriptors.device[12], descriptors.device[13]]);
            let manufacturer = usize::from(descriptors.device[14]).checked_sub(1);
            let manufacturer = manufacturer.and_then(|at| descriptors.strings.get(at)).cloned();
            (
                descriptors.speed,
                descriptors.packet,
                About { release: Some(release), product: Some(descriptors.ids().1), manufacturer },
            )
        };
        let (out, into) = endpoints;
        Self { machine, clock, out, into, speed, packet, about, bus }
    }

    fn control(&mut self, setup: Setup, data: &[u8]) -> Result<Vec<u8>, UsbError> {
        let mut machine = lock(&self.machine);
        machine.counts().waits += 1;
        let start = next_frame(self.speed, self.clock.now() + self.bus.host);
        self.clock.advance_to(start + packet_time(self.speed, data.len()) * CONTROL_PACKETS);
        machine.begin_transfer(start).map_err(|refusal| failure(refusal, "a control request"))?;
        machine.control(start, setup, data).map_err(|_| UsbError::Stall("a control request"))
    }
}

pub(super) fn lock(machine: &Mutex<Machine>) -> MutexGuard<'_, Machine> {
    machine.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failure(refusal: TransferFault, what: &'static str) -> UsbError {
    match refusal {
        TransferFault::Gone => UsbError::Gone,
        TransferFault::Stall => UsbError::Stall(what),
    }
}

fn setup(control: Control, into_host: bool, length: usize) -> Result<Setup, UsbError> {
    let recipient = match control.recipient {
        Recipient::Device => 0,
        Recipient::Interface => 1,
    };
    Ok(Setup {
        request_type: 0x40 | recipient | if into_host { 0x80 } else { 0 },
        request: control.request,
        value: control.value,
        index: control.index,
        length: u16::try_from(length)
            .map_err(|_| UsbError::Other(format!("a control request of {length} bytes")))?,
    })
}

impl Pipe for EmulatedPipe {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        self.control(setup(control, false, data.len())?, data).map(drop)
    }

    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        let answer = self.control(setup(control, true, into.len())?, &[])?;
        let n = answer.len().min(into.len());
        into[..n].copy_from_slice(&answer[..n]);
        Ok(n)
    }

    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        self.run(burst, reply).0
    }

    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        let mut reply = Drain { len, done: false, bytes: Vec::new() };
        match self.run(Burst { out: &[], in_depth: 1, quiet: wait }, &mut reply) {
            (Ok(()), _) => Ok(reply.bytes),
            (Err(UsbError::Timeout { .. }), partial) => Ok(partial),
            // An endpoint that was left stalled has nothing, and is ready again.
            (Err(UsbError::Stall(_)), _) => Ok(Vec::new()),
            (Err(other), _) => Err(other),
        }
    }

    fn in_packet(&self) -> Option<usize> {
        Some(self.packet)
    }

    fn about(&self) -> About {
        self.about.clone()
    }

    fn now(&self) -> Duration {
        self.clock.now()
    }

    fn sleep(&mut self, time: Duration) {
        let mut machine = lock(&self.machine);
        self.clock.advance(time);
        let now = self.clock.now();
        machine.counts().sleeps += 1;
        machine.counts().slept += time;
        machine.clip_mut().advance_to(now);
        machine.report();
    }
}

/// The reply of a drain: one transfer, whatever it brings.
struct Drain {
    len: usize,
    done: bool,
    bytes: Vec<u8>,
}

impl Reply for Drain {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight == 0 && !self.done).then_some(self.len)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.bytes.extend_from_slice(bytes);
        self.done = true;
        Ok(true)
    }

    fn is_complete(&self) -> bool {
        self.done
    }
}

/// One burst under way.
struct Run<'a> {
    machine: &'a mut Machine,
    /// OUT endpoint, IN endpoint, speed.
    pipe: (u8, u8, Speed),
    /// See [`Bus::slower`].
    slower: u32,
    /// Largest bulk packet.
    packet: usize,
    /// OUT transfers left, the first one sent up to `out_at`.
    out: &'a [Vec<u8>],
    out_at: usize,
    out_begun: bool,
    /// Lengths of the IN transfers queued; `got` belongs to the first.
    ins: VecDeque<usize>,
    in_begun: bool,
    got: Vec<u8>,
    now: Duration,
    /// When the IN endpoint, idle until then, starts.
    in_from: Duration,
    quiet_from: Duration,
}

impl Run<'_> {
    fn complete(&mut self, depth: usize, quiet: Duration, reply: &mut dyn Reply) -> Result<(), UsbError> {
        let mut in_turn = false;
        self.queue(depth, reply);
        while !(self.out.is_empty() && reply.is_complete()) {
            let mut moved = false;
            for into in [in_turn, !in_turn] {
                moved = if into { self.try_in(depth, reply)? } else { self.try_out()? };
                if moved {
                    break;
                }
            }
            in_turn = !in_turn;
            if moved {
                continue;
            }
            let waiting_in = (!self.ins.is_empty() && self.in_from > self.now).then_some(self.in_from);
            let event = self.machine.next_event(self.now).map(|t| t.max(self.now + Duration::from_nanos(1)));
            let limit = self.quiet_from.saturating_add(quiet);
            match [event, waiting_in].into_iter().flatten().min() {
                Some(next) if next <= limit => self.now = next,
                _ => {
                    self.now = self.now.max(limit);
                    return Err(UsbError::Timeout { what: "USB transfer", after: quiet });
                }
            }
        }
        Ok(())
    }

    fn queue(&mut self, depth: usize, reply: &dyn Reply) {
        while self.ins.len() < depth.max(1) {
            let Some(len) = reply.next(self.ins.len()) else { break };
            if self.ins.is_empty() {
                self.in_from = next_frame(self.pipe.2, self.now).max(self.in_from);
            }
            self.ins.push_back(len);
        }
    }

    fn try_out(&mut self) -> Result<bool, UsbError> {
        let Some(transfer) = self.out.first() else { return Ok(false) };
        let (endpoint, _, speed) = self.pipe;
        let end = transfer.len().min(self.out_at + self.packet);
        let packet = &transfer[self.out_at..end];
        if !self.out_begun {
            self.now += self.machine.begin_transfer(self.now).map_err(|r| failure(r, "a bulk transfer"))?;
            self.out_begun = true;
        }
        let arrives = self.now + packet_time(speed, packet.len()) * self.slower;
        match self.machine.out_packet(self.now, arrives, endpoint, packet) {
            PacketAnswer::Nak => return Ok(false),
            PacketAnswer::Stall => return Err(UsbError::Stall("a bulk transfer")),
            PacketAnswer::Ack(()) => {}
        }
        self.now = arrives;
        self.out_at = end;
        if end == transfer.len() {
            self.machine.counts().out_transfers += 1;
            self.quiet_from = self.now;
            self.out = &self.out[1..];
            self.out_at = 0;
            self.out_begun = false;
        }
        Ok(true)
    }

    fn try_in(&mut self, depth: usize, reply: &mut dyn Reply) -> Result<bool, UsbError> {
        let (_, endpoint, speed) = self.pipe;
        let Some(&len) = self.ins.front() else { return Ok(false) };
        if self.in_from > self.now {
            return Ok(false);
        }
        if !self.in_begun {
            self.now += self.machine.begin_transfer(self.now).map_err(|r| failure(r, "a bulk transfer"))?;
            self.in_begun = true;
        }
        let (mut small, mut large) = ([0; LARGEST_PACKET], Vec::new());
        let size = self.packet;
        let packet = match small.get_mut(..size) {
            Some(packet) => packet,
            // A call's answer comes whole.
            None => {
                large.resize(len + 1, 0);
                &mut large
            }
        };
        let n = match self.machine.in_packet(self.now, endpoint, packet) {
            PacketAnswer::Nak => return Ok(false),
            PacketAnswer::Stall => return Err(UsbError::Stall("a bulk transfer")),
            PacketAnswer::Ack(n) => n,
        };
        self.now += packet_time(speed, n) * self.slower;
        if self.got.len() + n > len {
            // A host controller reports babble and the packet is lost: the transfer broke.
            return Err(UsbError::Broken("a bulk transfer"));
        }
        self.got.extend_from_slice(&packet[..n]);
        if n < size || self.got.len() == len {
            self.machine.counts().in_transfers += 1;
            self.ins.pop_front();
            self.in_begun = false;
            let taken = reply.take(&self.got);
            self.got.clear();
            if taken? {
                self.quiet_from = self.now;
            }
            self.queue(depth, reply);
        }
        Ok(true)
    }
}
