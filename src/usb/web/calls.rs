//! The page's functions for USB, called safely: beside the queue on libusb the only file with `unsafe`.
//!
//! What the page does with a pointer is its own sandbox's matter: it reads and writes this module's memory through a view
//! that the browser bounds. Each call here keeps what is left to keep:
//!
//! 1. A pointer and a length come from one slice that lives until the call returns.
//! 2. The page writes within that length only and keeps no pointer after the call; where a call waits (JSPI), the module
//!    is suspended inside it, so the slice is still borrowed.
//! 3. What the page says it wrote is checked against the slice's length before it is believed.
#![allow(unsafe_code)]

use crate::usb::Recipient;
use std::time::Duration;

/// What the page's functions give in place of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The device is gone.
    Gone,
    /// The endpoint stalled.
    Stall,
    /// It broke on the bus, or the device sent more than was asked for.
    Broken,
    /// The browser or the system does not let the page have it.
    Denied,
    /// Someone else has it.
    Busy,
    /// It has no such interface.
    Missing,
    /// Nothing came in time.
    Timeout,
    /// Anything else; [`last_words`] has the browser's text.
    Other,
}

impl Fault {
    fn of(code: i32) -> Self {
        match code {
            -1 => Self::Gone,
            -2 => Self::Stall,
            -3 => Self::Broken,
            -4 => Self::Denied,
            -5 => Self::Busy,
            -6 => Self::Missing,
            -7 => Self::Timeout,
            _ => Self::Other,
        }
    }
}

/// What the page gives for a transfer that has not finished.
const PENDING: i32 = -100;
/// The longest text that the page gives.
const TEXT: usize = 64 * 1024;

#[link(wasm_import_module = "norsplice_usb")]
unsafe extern "C" {
    fn list(into: *mut u8, room: usize) -> i32;
    fn open(path: *const u8, len: usize) -> i32;
    fn about(device: i32, into: *mut u8, room: usize) -> i32;
    fn claim(device: i32, number: i32, into: *mut u8) -> i32;
    fn control_out(
        device: i32,
        to: i32,
        request: i32,
        value: i32,
        index: i32,
        data: *const u8,
        len: usize,
    ) -> i32;
    fn control_in(
        device: i32,
        to: i32,
        request: i32,
        value: i32,
        index: i32,
        into: *mut u8,
        len: usize,
    ) -> i32;
    fn submit_in(device: i32, len: usize) -> i32;
    fn submit_out(device: i32, data: *const u8, len: usize) -> i32;
    fn wait(device: i32, millis: i32) -> i32;
    fn take_in(device: i32, into: *mut u8, room: usize) -> i32;
    fn take_out(device: i32) -> i32;
    fn cancel(device: i32) -> i32;
    fn clear_halts(device: i32) -> i32;
    fn close(device: i32) -> i32;
    fn sleep(micros: i32);
    fn last_words(into: *mut u8, room: usize) -> i32;
}

/// A count that the page gave, or its fault; `most` is what there is room for.
fn count(code: i32, most: usize) -> Result<usize, Fault> {
    let count = usize::try_from(code).map_err(|_| Fault::of(code))?;
    if count <= most { Ok(count) } else { Err(Fault::Broken) }
}

fn text(give: impl FnOnce(*mut u8, usize) -> i32) -> Result<String, Fault> {
    let mut bytes = vec![0; TEXT];
    let len = count(give(bytes.as_mut_ptr(), TEXT), TEXT)?;
    bytes.truncate(len);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The devices that the page may use, a line each: vendor, product (in hex), path, serial number, text, by tabs.
pub(super) fn devices() -> Result<String, Fault> {
    // SAFETY: pointer and length are those of one vector that lives over the call.
    text(|into, room| unsafe { list(into, room) })
}

/// What the browser said of the last [`Fault`].
pub(super) fn words() -> String {
    // SAFETY: as in `devices`.
    text(|into, room| unsafe { last_words(into, room) }).unwrap_or_default()
}

/// Waits, and lets the page work meanwhile.
pub(super) fn pause(time: Duration) {
    // SAFETY: a number.
    unsafe { sleep(i32::try_from(time.as_micros()).unwrap_or(i32::MAX)) }
}

/// An opened device. Closed when dropped.
#[derive(Debug)]
pub(super) struct Device(i32);

/// A claimed interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimed {
    /// `wMaxPacketSize` of its IN endpoint; 0 where it is not known.
    pub packet: u16,
}

impl Device {
    /// Opens the device at this path.
    pub fn open(path: &str) -> Result<Self, Fault> {
        // SAFETY: pointer and length are those of one string that lives over the call.
        count(unsafe { open(path.as_ptr(), path.len()) }, i32::MAX as usize).map(|device| Self(device as i32))
    }

    /// Release number in hex, manufacturer: by a tab.
    pub fn about(&self) -> Result<String, Fault> {
        // SAFETY: as in `devices`.
        text(|into, room| unsafe { about(self.0, into, room) })
    }

    /// Claims an interface; without a number the first of vendor class with a bulk endpoint each way.
    pub fn claim(&self, number: Option<u8>) -> Result<Claimed, Fault> {
        let mut packet = [0; 2];
        // SAFETY: the page writes two bytes, and there are two.
        let done = unsafe { claim(self.0, number.map_or(-1, i32::from), packet.as_mut_ptr()) };
        count(done, 0).map(|_| Claimed { packet: u16::from_le_bytes(packet) })
    }

    /// A vendor request that sends bytes; gives how many were sent.
    pub fn control_out(
        &self,
        to: Recipient,
        [request, value, index]: [u16; 3],
        data: &[u8],
    ) -> Result<usize, Fault> {
        let [request, value, index] = [request, value, index].map(i32::from);
        // SAFETY: pointer and length are those of one slice that is borrowed over the call.
        let sent =
            unsafe { control_out(self.0, recipient(to), request, value, index, data.as_ptr(), data.len()) };
        count(sent, data.len())
    }

    /// A vendor request that reads bytes; gives how many came.
    pub fn control_in(
        &self,
        to: Recipient,
        [request, value, index]: [u16; 3],
        into: &mut [u8],
    ) -> Result<usize, Fault> {
        let [request, value, index] = [request, value, index].map(i32::from);
        // SAFETY: as in `control_out`, of a slice that is borrowed for writing.
        let got = unsafe {
            control_in(self.0, recipient(to), request, value, index, into.as_mut_ptr(), into.len())
        };
        count(got, into.len())
    }

    /// Starts an IN transfer.
    pub fn submit_in(&self, len: usize) -> Result<(), Fault> {
        // SAFETY: numbers.
        count(unsafe { submit_in(self.0, len) }, 0).map(drop)
    }

    /// Starts an OUT transfer; the page copies the bytes.
    pub fn submit_out(&self, data: &[u8]) -> Result<(), Fault> {
        // SAFETY: pointer and length are those of one slice that is borrowed over the call.
        count(unsafe { submit_out(self.0, data.as_ptr(), data.len()) }, 0).map(drop)
    }

    /// Waits until the oldest transfer of either direction has finished, this long at most.
    pub fn wait(&self, time: Duration) {
        let millis = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: numbers. What has finished is asked for afterwards.
        let _ = unsafe { wait(self.0, millis) };
    }

    /// The bytes of the oldest IN transfer into `into`, where it has finished.
    pub fn take_in(&self, into: &mut [u8]) -> Option<Result<usize, Fault>> {
        // SAFETY: pointer and length are those of one slice that is borrowed over the call.
        match unsafe { take_in(self.0, into.as_mut_ptr(), into.len()) } {
            PENDING => None,
            code => Some(count(code, into.len())),
        }
    }

    /// The count of bytes of the oldest OUT transfer, where it has finished.
    pub fn take_out(&self) -> Option<Result<usize, Fault>> {
        // SAFETY: numbers.
        match unsafe { take_out(self.0) } {
            PENDING => None,
            code => Some(count(code, i32::MAX as usize)),
        }
    }

    /// Ends everything in flight.
    pub fn cancel(&self) -> Result<(), Fault> {
        // SAFETY: numbers.
        count(unsafe { cancel(self.0) }, 0).map(drop)
    }

    /// Makes both endpoints ready after a stall. Where it fails, the next transfer shows it.
    pub fn clear_halts(&self) {
        // SAFETY: numbers.
        let _ = unsafe { clear_halts(self.0) };
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: numbers. No one is left to report a failure to.
        let _ = unsafe { close(self.0) };
    }
}

fn recipient(to: Recipient) -> i32 {
    match to {
        Recipient::Device => 0,
        Recipient::Interface => 1,
    }
}
