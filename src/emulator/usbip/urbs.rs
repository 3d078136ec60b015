//! The transfers queued on one imported device: OUTs in order, INs parked until the device has an answer.

use super::protocol::{
    MAX_TRANSFER, OK, OVERFLOW, ProtocolError, SHORT, STALLED, Submit, UNLINKED, reply_submit, reply_unlink,
};
use crate::emulator::device::{PacketAnswer, Setup};
use crate::emulator::machine::{Machine, TransferFault};
use crate::emulator::pipe::packet_time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// The most transfers queued at once.
const MAX_QUEUED: usize = 4096;
/// The most OUT bytes queued at once.
const MAX_QUEUED_BYTES: usize = 4 * MAX_TRANSFER;
/// Packets carried in one go before the connection is looked at again.
const GO: usize = 2048;
const CLEAR_FEATURE: u8 = 1;
const SET_CONFIGURATION: u8 = 9;
const SET_INTERFACE: u8 = 11;
/// How long the parts of a split IN transfer are waited for.
const PARTS: Duration = Duration::from_millis(100);

/// One queued transfer.
#[derive(Debug)]
struct Urb {
    sequence: u32,
    length: usize,
    short_not_ok: bool,
    /// OUT: what to send; IN: what came.
    data: Vec<u8>,
    sent: usize,
    begun: bool,
    since: Duration,
}

/// How a session continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More can be done at once.
    Busy,
    /// Nothing to do before this moment of the device's clock, or the next command.
    Wait(Option<Duration>),
    /// The device has been unplugged.
    Gone,
}

/// All transfers of one device.
#[derive(Debug, Default)]
pub(super) struct Urbs {
    /// By endpoint with direction bit.
    queues: BTreeMap<u8, VecDeque<Urb>>,
    /// Parts of a split IN transfer after the one that ended it: the host takes them back.
    dead: Vec<u32>,
    out_bytes: usize,
    /// Endpoints that have answered with STALL: they go on doing so until the host clears it.
    halted: BTreeSet<u8>,
}

impl Urbs {
    /// Takes a transfer; a control request is answered at once. False when the device is gone.
    pub(super) fn submit(
        &mut self,
        now: Duration,
        machine: &mut Machine,
        submit: Submit,
        into: &mut Vec<u8>,
    ) -> Result<bool, ProtocolError> {
        if submit.endpoint & 0x7f == 0 {
            match (submit.setup.request_type, submit.setup.request) {
                (0x02, CLEAR_FEATURE) => drop(self.halted.remove(&(submit.setup.index as u8))),
                (0x00, SET_CONFIGURATION) | (0x01, SET_INTERFACE) => self.halted.clear(),
                _ => {}
            }
            return Ok(control(now, machine, &submit, into));
        }
        let queued: usize = self.queues.values().map(VecDeque::len).sum::<usize>() + self.dead.len();
        if queued >= MAX_QUEUED {
            return Err(ProtocolError::TooMany(MAX_QUEUED));
        }
        self.out_bytes += submit.data.len();
        if self.out_bytes > MAX_QUEUED_BYTES {
            return Err(ProtocolError::Length(u32::try_from(self.out_bytes).unwrap_or(u32::MAX)));
        }
        self.queues.entry(submit.endpoint).or_default().push_back(Urb {
            sequence: submit.sequence,
            length: submit.length,
            short_not_ok: submit.short_not_ok,
            data: submit.data,
            sent: 0,
            begun: false,
            since: now,
        });
        Ok(true)
    }

    /// Takes a transfer back, if it has not ended.
    pub(super) fn unlink(&mut self, sequence: u32, target: u32, into: &mut Vec<u8>) {
        let mut found = false;
        for (endpoint, queue) in &mut self.queues {
            if let Some(at) = queue.iter().position(|urb| urb.sequence == target) {
                let urb = queue.remove(at);
                if endpoint & 0x80 == 0 {
                    self.out_bytes -= urb.map_or(0, |urb| urb.data.len());
                }
                found = true;
                break;
            }
        }
        if let Some(at) = self.dead.iter().position(|dead| *dead == target) {
            self.dead.remove(at);
            found = true;
        }
        reply_unlink(into, sequence, if found { UNLINKED } else { OK });
    }

    /// Carries packets, `now` moving on with them and over the device's own work.
    pub(super) fn work(&mut self, now: &mut Duration, machine: &mut Machine, into: &mut Vec<u8>) -> Next {
        let endpoints: Vec<u8> = self.queues.keys().copied().collect();
        for _ in 0..GO {
            if !machine.is_plugged() {
                return Next::Gone;
            }
            let mut moved = false;
            for endpoint in &endpoints {
                match self.packet(*endpoint, now, machine, into) {
                    Ok(went) => moved |= went,
                    Err(TransferFault::Gone) => return Next::Gone,
                    Err(TransferFault::Stall) => moved = true,
                }
            }
            if moved {
                continue;
            }
            let event = machine.next_event(*now);
            match event {
                Some(event) if machine.device_ref().is_working() => *now = event,
                _ => {
                    let parked = self.queues.iter().any(|(ep, queue)| ep & 0x80 != 0 && !queue.is_empty());
                    return Next::Wait(event.filter(|_| parked));
                }
            }
        }
        Next::Busy
    }

    /// Tries one packet of the first transfer of an endpoint.
    fn packet(
        &mut self,
        endpoint: u8,
        now: &mut Duration,
        machine: &mut Machine,
        into: &mut Vec<u8>,
    ) -> Result<bool, TransferFault> {
        let Some(queue) = self.queues.get_mut(&endpoint) else { return Ok(false) };
        let is_in = endpoint & 0x80 != 0;
        // A split IN transfer starts when its last part is there, so that a short packet is known to end all of it.
        let whole = queue.iter().any(|urb| !urb.short_not_ok);
        let Some(urb) = queue.front_mut() else { return Ok(false) };
        if is_in && !urb.begun && !whole && *now < urb.since + PARTS {
            return Ok(false);
        }
        let (speed, size) =
            (machine.device_ref().descriptors().speed, machine.device_ref().descriptors().packet);
        let mut result = if self.halted.contains(&endpoint) { Err(TransferFault::Stall) } else { Ok(()) };
        if !urb.begun && result.is_ok() {
            result = machine.begin_transfer(*now).map(|held_up| *now += held_up);
            urb.begun = true;
        }
        let ended = match result {
            Err(TransferFault::Gone) => return Err(TransferFault::Gone),
            Err(TransferFault::Stall) => Some(STALLED),
            Ok(()) if is_in => take_in(endpoint, urb, now, machine, size),
            Ok(()) => {
                let end = urb.data.len().min(urb.sent + size);
                let arrives = *now + packet_time(speed, end - urb.sent);
                match machine.out_packet(*now, arrives, endpoint, &urb.data[urb.sent..end]) {
                    PacketAnswer::Nak => return Ok(false),
                    PacketAnswer::Stall => Some(STALLED),
                    PacketAnswer::Ack(()) => {
                        *now = arrives;
                        urb.sent = end;
                        (end == urb.data.len()).then_some(OK)
                    }
                }
            }
        };
        match ended {
            Some(NAKED) => Ok(false),
            None => Ok(true),
            Some(status) => {
                if status == STALLED {
                    self.halted.insert(endpoint);
                }
                self.end(endpoint, status, machine, into);
                Ok(true)
            }
        }
    }

    /// Ends the first transfer of an endpoint.
    fn end(&mut self, endpoint: u8, status: i32, machine: &mut Machine, into: &mut Vec<u8>) {
        let Some(queue) = self.queues.get_mut(&endpoint) else { return };
        let Some(urb) = queue.pop_front() else { return };
        if endpoint & 0x80 == 0 {
            self.out_bytes -= urb.data.len();
            machine.counts().out_transfers += 1;
            reply_submit(into, urb.sequence, status, urb.sent, &[]);
            return;
        }
        machine.counts().in_transfers += 1;
        let short = urb.short_not_ok && status == OK && urb.data.len() < urb.length;
        reply_submit(into, urb.sequence, if short { SHORT } else { status }, urb.data.len(), &urb.data);
        if short {
            // The rest of the split transfer gets nothing; the host takes it back.
            while let Some(part) = queue.pop_front() {
                self.dead.push(part.sequence);
                if !part.short_not_ok {
                    break;
                }
            }
        }
    }
}

/// Not a result: the device put the packet off.
const NAKED: i32 = i32::MIN;

/// Fetches one IN packet; gives how the transfer ended, `None` when it continues.
fn take_in(
    endpoint: u8,
    urb: &mut Urb,
    now: &mut Duration,
    machine: &mut Machine,
    size: usize,
) -> Option<i32> {
    if urb.length == 0 {
        return Some(OK);
    }
    let mut packet = [0; 512];
    let n = match machine.in_packet(*now, endpoint, &mut packet[..size]) {
        PacketAnswer::Nak => return Some(NAKED),
        PacketAnswer::Stall => return Some(STALLED),
        PacketAnswer::Ack(n) => n,
    };
    *now += packet_time(machine.device_ref().descriptors().speed, n);
    let room = urb.length - urb.data.len();
    urb.data.extend_from_slice(&packet[..n.min(room)]);
    if n > room {
        return Some(OVERFLOW);
    }
    (n < size || n == room).then_some(OK)
}

/// A control request; false when the device is gone.
fn control(now: Duration, machine: &mut Machine, submit: &Submit, into: &mut Vec<u8>) -> bool {
    let standard = submit.setup.request_type & 0x60 == 0;
    let begun = if standard { Ok(Duration::ZERO) } else { machine.begin_transfer(now) };
    let answer = match begun {
        Err(TransferFault::Gone) => return false,
        Err(TransferFault::Stall) => None,
        Ok(_) => machine.control(now, Setup { ..submit.setup }, &submit.data).ok(),
    };
    match answer {
        None => reply_submit(into, submit.sequence, STALLED, 0, &[]),
        Some(_) if submit.setup.request_type & 0x80 == 0 => {
            reply_submit(into, submit.sequence, OK, submit.data.len(), &[]);
        }
        Some(mut data) => {
            data.truncate(submit.length);
            reply_submit(into, submit.sequence, OK, data.len(), &data);
        }
    }
    machine.is_plugged()
}
