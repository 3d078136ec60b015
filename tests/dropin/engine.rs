//! The bus: packets between the transfers in flight and the emulated devices, in virtual time.

use super::world::{Device, Endpoint, Ptr, World};
use norsplice::emulator::{Machine, PacketAnswer, Speed, TransferFault};
use rusb::constants::{
    LIBUSB_TRANSFER_COMPLETED, LIBUSB_TRANSFER_ERROR, LIBUSB_TRANSFER_NO_DEVICE, LIBUSB_TRANSFER_OVERFLOW,
    LIBUSB_TRANSFER_STALL,
};
use std::sync::PoisonError;
use std::time::Duration;

/// Bus time of a packet; nothing is asserted on it.
fn packet_time(speed: Speed, bytes: usize) -> Duration {
    match speed {
        Speed::Full => Duration::from_micros(30),
        Speed::High => Duration::from_nanos((55 + bytes as u64) * 17),
        Speed::Call => Duration::ZERO,
    }
}

/// Marks a transfer finished; its callback runs when events are handled.
pub fn finish(world: &mut World, ptr: Ptr, status: i32, actual: usize) {
    // SAFETY: in flight, so the transfer is libusb's, that is ours, until its callback.
    unsafe {
        (*ptr.0).status = status;
        (*ptr.0).actual_length = actual as i32;
    }
    world.finished.push(ptr);
}

impl World {
    /// Moves packets until a transfer finishes, or `wait` of the devices' time has passed. Gives true when one did.
    pub fn advance(&mut self, wait: Duration) -> bool {
        for index in 0..self.devices.len() {
            let until = self.devices[index].now() + wait;
            while self.finished.is_empty()
                && self.devices[index].endpoints.values().any(|e| !e.queue.is_empty())
            {
                if !self.devices[index].plugged() {
                    self.gone(index);
                } else if !self.step(index) {
                    let device = &self.devices[index];
                    let now = device.now();
                    let mut machine = device.machine.lock().unwrap_or_else(PoisonError::into_inner);
                    let event = machine.next_event(now).map(|t| t.max(now + Duration::from_nanos(1)));
                    let Some(event) = event.filter(|t| *t <= until) else {
                        device.config.emulator.clock().advance_to(until);
                        break;
                    };
                    device.config.emulator.clock().advance_to(event);
                }
            }
        }
        !self.finished.is_empty()
    }

    /// The device has been unplugged: everything in flight comes back.
    fn gone(&mut self, index: usize) {
        let endpoints = std::mem::take(&mut self.devices[index].endpoints);
        let status = self.devices[index].told(LIBUSB_TRANSFER_NO_DEVICE, LIBUSB_TRANSFER_ERROR);
        for ptr in endpoints.into_values().flat_map(|e| e.queue) {
            finish(self, ptr, status, 0);
        }
    }

    /// One packet on each endpoint that can have one; false when all said not now.
    fn step(&mut self, index: usize) -> bool {
        let addresses: Vec<u8> = self.devices[index].endpoints.keys().copied().collect();
        let mut moved = false;
        for address in addresses {
            let Some(outcome) = packet(&mut self.devices[index], address) else { continue };
            moved = true;
            if let Some((exact, actual)) = outcome {
                let status = match exact {
                    LIBUSB_TRANSFER_COMPLETED => exact,
                    exact => self.devices[index].told(exact, LIBUSB_TRANSFER_ERROR),
                };
                let endpoint = self.devices[index].endpoints.entry(address).or_default();
                endpoint.halted |= status == LIBUSB_TRANSFER_STALL;
                (endpoint.at, endpoint.begun) = (0, false);
                if let Some(ptr) = endpoint.queue.pop_front() {
                    finish(self, ptr, status, actual);
                }
            }
        }
        moved
    }
}

/// One packet of the oldest transfer: nothing when there is none or the device said not now; then the transfer's
/// status and length when that was its last.
fn packet(device: &mut Device, address: u8) -> Option<Option<(i32, usize)>> {
    let (now, clock) = (device.now(), device.config.emulator.clock());
    let endpoint = device.endpoints.get_mut(&address)?;
    let ptr = *endpoint.queue.front()?;
    if endpoint.halted {
        return Some(Some((LIBUSB_TRANSFER_STALL, 0)));
    }
    let mut machine = device.machine.lock().unwrap_or_else(PoisonError::into_inner);
    if !endpoint.begun {
        match machine.begin_transfer(now) {
            Ok(_) => endpoint.begun = true,
            Err(TransferFault::Gone) => return Some(Some((LIBUSB_TRANSFER_NO_DEVICE, 0))),
            Err(TransferFault::Stall) => return Some(Some((LIBUSB_TRANSFER_STALL, 0))),
        }
    }
    // SAFETY: in flight, so buffer and length are valid and no one else touches the bytes.
    let buffer = unsafe { std::slice::from_raw_parts_mut((*ptr.0).buffer, (*ptr.0).length as usize) };
    let (outcome, time) = if address & 0x80 == 0 {
        out(&mut machine, now, address, endpoint, buffer)
    } else {
        into(&mut machine, now, address, endpoint, buffer)
    }?;
    clock.advance(time);
    Some(outcome)
}

type Moved = Option<(Option<(i32, usize)>, Duration)>;

fn out(machine: &mut Machine, now: Duration, address: u8, endpoint: &mut Endpoint, buffer: &[u8]) -> Moved {
    let speed = machine.device_ref().descriptors().speed;
    let end = buffer.len().min(endpoint.at + machine.device_ref().descriptors().packet);
    let bytes = &buffer[endpoint.at..end];
    let time = packet_time(speed, bytes.len());
    match machine.out_packet(now, now + time, address, bytes) {
        PacketAnswer::Nak => return None,
        PacketAnswer::Stall => return Some((Some((LIBUSB_TRANSFER_STALL, endpoint.at)), time)),
        PacketAnswer::Ack(()) => endpoint.at = end,
    }
    Some(((end == buffer.len()).then_some((LIBUSB_TRANSFER_COMPLETED, end)), time))
}

fn into(
    machine: &mut Machine,
    now: Duration,
    address: u8,
    endpoint: &mut Endpoint,
    buffer: &mut [u8],
) -> Moved {
    let speed = machine.device_ref().descriptors().speed;
    let size = machine.device_ref().descriptors().packet;
    let mut bytes = [0; 512];
    let n = match machine.in_packet(now, address, &mut bytes[..size]) {
        PacketAnswer::Nak => return None,
        PacketAnswer::Stall => {
            return Some((Some((LIBUSB_TRANSFER_STALL, endpoint.at)), packet_time(speed, 0)));
        }
        PacketAnswer::Ack(n) => n,
    };
    let time = packet_time(speed, n);
    let Some(room) = buffer.get_mut(endpoint.at..endpoint.at + n) else {
        return Some((Some((LIBUSB_TRANSFER_OVERFLOW, endpoint.at)), time));
    };
    room.copy_from_slice(&bytes[..n]);
    endpoint.at += n;
    let whole = n < size || endpoint.at == buffer.len();
    Some((whole.then_some((LIBUSB_TRANSFER_COMPLETED, endpoint.at)), time))
}
