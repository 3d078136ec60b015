//! The wire format of USB/IP 1.1.1: big-endian headers, parsed from untrusted bytes and written.

use crate::emulator::device::{Descriptors, Setup, Speed};
use thiserror::Error;

const VERSION: u16 = 0x0111;
const REQUEST_LIST: u16 = 0x8005;
const REPLY_LIST: u16 = 0x0005;
const REQUEST_IMPORT: u16 = 0x8003;
const REPLY_IMPORT: u16 = 0x0003;
const COMMAND_SUBMIT: u32 = 1;
const COMMAND_UNLINK: u32 = 2;
const REPLY_SUBMIT: u32 = 3;
const REPLY_UNLINK: u32 = 4;

const REQUEST_HEADER: usize = 8;
const BUS_ID: usize = 32;
const PATH: usize = 256;
const URB_HEADER: usize = 48;

/// The longest transfer taken; libusb cuts longer ones.
pub(super) const MAX_TRANSFER: usize = 4 << 20;

/// Transfer flag: a short IN transfer is an error that stops those queued behind it.
const SHORT_NOT_OK: u32 = 1;

/// Results of a transfer, as negative Linux error numbers.
pub(super) const OK: i32 = 0;
pub(super) const STALLED: i32 = -32;
pub(super) const OVERFLOW: i32 = -75;
pub(super) const UNLINKED: i32 = -104;
pub(super) const SHORT: i32 = -121;

/// What is wrong with a connection's bytes; it is closed then.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProtocolError {
    /// Not USB/IP 1.1.1.
    #[error("USB/IP version {0:#06x} is not 0x0111")]
    Version(u16),
    /// A request other than listing or importing.
    #[error("unknown USB/IP request {0:#06x}")]
    Request(u16),
    /// A command other than submit or unlink.
    #[error("unknown USB/IP command {0:#010x}")]
    Command(u32),
    /// A transfer longer than any that is taken.
    #[error("a transfer of {0} bytes; {MAX_TRANSFER} are the most")]
    Length(u32),
    /// An isochronous transfer.
    #[error("an isochronous transfer, which no programmer has")]
    Isochronous,
    /// A direction other than out or in, or an endpoint above 15.
    #[error("a transfer to endpoint {endpoint}, direction {direction}")]
    Endpoint {
        /// Endpoint number.
        endpoint: u32,
        /// 0 is out, 1 is in.
        direction: u32,
    },
    /// More transfers queued than any program needs.
    #[error("more than {0} transfers queued")]
    TooMany(usize),
}

/// A request before any device is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    List,
    Import(String),
}

/// A command on an imported device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Submit(Submit),
    Unlink { sequence: u32, target: u32 },
}

/// One transfer to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Submit {
    pub(super) sequence: u32,
    /// With direction bit.
    pub(super) endpoint: u8,
    pub(super) length: usize,
    pub(super) short_not_ok: bool,
    pub(super) setup: Setup,
    /// OUT data.
    pub(super) data: Vec<u8>,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Takes one request from the front of `bytes`: the request and its length, or `None` when more is to come.
pub(super) fn request(bytes: &[u8]) -> Result<Option<(Request, usize)>, ProtocolError> {
    if bytes.len() < REQUEST_HEADER {
        return Ok(None);
    }
    let (version, code) = (u16_at(bytes, 0), u16_at(bytes, 2));
    if version != VERSION {
        return Err(ProtocolError::Version(version));
    }
    match code {
        REQUEST_LIST => Ok(Some((Request::List, REQUEST_HEADER))),
        REQUEST_IMPORT => {
            let Some(id) = bytes.get(REQUEST_HEADER..REQUEST_HEADER + BUS_ID) else { return Ok(None) };
            let text = id.split(|byte| *byte == 0).next().unwrap_or_default();
            let request = Request::Import(String::from_utf8_lossy(text).into_owned());
            Ok(Some((request, REQUEST_HEADER + BUS_ID)))
        }
        other => Err(ProtocolError::Request(other)),
    }
}

/// Takes one command from the front of `bytes`: the command and its length, or `None` when more is to come.
pub(super) fn command(bytes: &[u8]) -> Result<Option<(Command, usize)>, ProtocolError> {
    if bytes.len() < URB_HEADER {
        return Ok(None);
    }
    let sequence = u32_at(bytes, 4);
    match u32_at(bytes, 0) {
        COMMAND_UNLINK => Ok(Some((Command::Unlink { sequence, target: u32_at(bytes, 20) }, URB_HEADER))),
        COMMAND_SUBMIT => submit(bytes, sequence),
        other => Err(ProtocolError::Command(other)),
    }
}

fn submit(bytes: &[u8], sequence: u32) -> Result<Option<(Command, usize)>, ProtocolError> {
    let (direction, endpoint) = (u32_at(bytes, 12), u32_at(bytes, 16));
    let (flags, length, packets) = (u32_at(bytes, 20), u32_at(bytes, 24), u32_at(bytes, 32));
    if direction > 1 || endpoint > 15 {
        return Err(ProtocolError::Endpoint { endpoint, direction });
    }
    if length as usize > MAX_TRANSFER {
        return Err(ProtocolError::Length(length));
    }
    if packets != 0 && packets != u32::MAX {
        return Err(ProtocolError::Isochronous);
    }
    let length = length as usize;
    let end = URB_HEADER + if direction == 0 { length } else { 0 };
    let Some(data) = bytes.get(URB_HEADER..end) else { return Ok(None) };
    let little = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let setup = Setup {
        request_type: bytes[40],
        request: bytes[41],
        value: little(42),
        index: little(44),
        length: little(46),
    };
    let submit = Submit {
        sequence,
        endpoint: endpoint as u8 | if direction == 1 { 0x80 } else { 0 },
        length,
        short_not_ok: flags & SHORT_NOT_OK != 0,
        setup,
        data: data.to_vec(),
    };
    Ok(Some((Command::Submit(submit), end)))
}

/// The end of a transfer: its data for IN, its length for OUT.
pub(super) fn reply_submit(into: &mut Vec<u8>, sequence: u32, status: i32, actual: usize, data: &[u8]) {
    let at = into.len();
    for word in [REPLY_SUBMIT, sequence, 0, 0, 0, status as u32, actual as u32] {
        into.extend(word.to_be_bytes());
    }
    into.resize(at + URB_HEADER, 0);
    into.extend_from_slice(data);
}

/// The end of an unlink: [`UNLINKED`] when the transfer was taken back, 0 when it had ended before.
pub(super) fn reply_unlink(into: &mut Vec<u8>, sequence: u32, status: i32) {
    let at = into.len();
    for word in [REPLY_UNLINK, sequence, 0, 0, 0, status as u32] {
        into.extend(word.to_be_bytes());
    }
    into.resize(at + URB_HEADER, 0);
}

/// A device as lists and import replies describe it.
pub(super) struct Listed<'a> {
    pub(super) bus_id: &'a str,
    pub(super) number: u32,
    pub(super) descriptors: &'a Descriptors,
}

impl Listed<'_> {
    fn write(&self, into: &mut Vec<u8>) {
        let (device, configuration) = (&self.descriptors.device, &self.descriptors.configuration);
        text(into, &format!("/sys/devices/norsplice/usb1/{}", self.bus_id), PATH);
        text(into, self.bus_id, BUS_ID);
        let speed = match self.descriptors.speed {
            Speed::Full => 2,
            Speed::High => 3,
            // No device of that kind is on a bus.
            Speed::Call => 0,
        };
        for word in [1, self.number, speed] {
            into.extend(u32::to_be_bytes(word));
        }
        // Vendor, product, release; class, subclass, protocol; configuration value, configurations, interfaces.
        for at in [8, 10, 12] {
            into.extend([device[at + 1], device[at]]);
        }
        into.extend_from_slice(&device[4..7]);
        into.extend([configuration[5], device[17], configuration[4]]);
    }
}

fn text(into: &mut Vec<u8>, text: &str, size: usize) {
    let end = into.len() + size;
    into.extend(text.bytes().take(size - 1));
    into.resize(end, 0);
}

fn reply_header(into: &mut Vec<u8>, code: u16, status: u32) {
    into.extend(VERSION.to_be_bytes());
    into.extend(code.to_be_bytes());
    into.extend(status.to_be_bytes());
}

/// The list of devices.
pub(super) fn reply_list(into: &mut Vec<u8>, devices: &[Listed<'_>]) {
    reply_header(into, REPLY_LIST, 0);
    into.extend((devices.len() as u32).to_be_bytes());
    for device in devices {
        device.write(into);
        let configuration = &device.descriptors.configuration;
        let mut at = 0;
        while let Some(&length) = configuration.get(at) {
            if configuration.get(at + 1) == Some(&4) {
                into.extend([configuration[at + 5], configuration[at + 6], configuration[at + 7], 0]);
            }
            at += usize::from(length.max(1));
        }
    }
}

/// The answer to an import: the device, or a refusal.
pub(super) fn reply_import(into: &mut Vec<u8>, device: Option<&Listed<'_>>) {
    reply_header(into, REPLY_IMPORT, u32::from(device.is_none()));
    if let Some(device) = device {
        device.write(into);
    }
}
