//! What comes back from a CH347: packets of command, length and payload, in the order of the commands.

use super::{BOTH, HEADER, IN_TRANSFER, PAYLOAD, READ};
use crate::programmer::codec::Scatter;
use crate::usb::{Reply, UsbError};
use std::collections::VecDeque;

/// The upper bits of a `C2`'s length may come back with its flags.
const LENGTH: usize = 0x0FFF;

/// The answer to one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Payload for the batch.
    Data {
        /// Its command.
        command: u8,
        /// Its bytes.
        len: usize,
    },
    /// Payload for the batch in as many packets as the device likes.
    Stream {
        /// Bytes still to come.
        left: usize,
    },
    /// One byte, 0.
    Status(u8),
    /// Payload that is of no use.
    Skip {
        /// Its command.
        command: u8,
        /// Its bytes.
        len: usize,
    },
}

impl Expected {
    /// IN packets that it needs at least.
    fn packets(&self) -> usize {
        match self {
            Self::Stream { left } => left.div_ceil(PAYLOAD),
            _ => 1,
        }
    }

    fn command(&self) -> u8 {
        match self {
            Self::Data { command, .. } | Self::Skip { command, .. } | Self::Status(command) => *command,
            Self::Stream { .. } => READ,
        }
    }
}

/// A packet's header and payload, as they come in.
#[derive(Default)]
struct Packet {
    header: Vec<u8>,
    left: usize,
}

/// A whole header: command and payload length.
fn header(bytes: &[u8]) -> (u8, usize) {
    let len = usize::from(u16::from_le_bytes([bytes[1], bytes[2]]));
    (bytes[0], if bytes[0] == BOTH { len & LENGTH } else { len })
}

/// The answers of a batch.
pub(super) struct Answers<'b> {
    scatter: Scatter<'b>,
    expected: VecDeque<Expected>,
    /// Packets that `expected` needs.
    packets: usize,
    packet: Packet,
}

impl<'b> Answers<'b> {
    pub(super) fn new(scatter: Scatter<'b>, expected: Vec<Expected>) -> Self {
        let packets = expected.iter().map(Expected::packets).sum();
        Self { scatter, expected: expected.into(), packets, packet: Packet::default() }
    }

    /// A header that has come: whether it can be the next answer's.
    fn begin(&mut self) -> Result<(), UsbError> {
        let (command, len) = header(&self.packet.header);
        let wanted = match self.expected.front() {
            Some(Expected::Data { len, .. } | Expected::Skip { len, .. }) => *len,
            Some(Expected::Status(_)) => 1,
            Some(Expected::Stream { left }) => len.clamp(1, (*left).max(1)),
            None => 0,
        };
        if self.expected.front().map(Expected::command) != Some(command) || len != wanted {
            return Err(UsbError::Desync { what: "CH347", expected: wanted, got: len });
        }
        self.packet.left = len;
        Ok(())
    }

    /// Bytes of the payload of the next answer.
    fn payload(&mut self, bytes: &[u8]) -> Result<(), UsbError> {
        self.packet.left -= bytes.len();
        let Some(front) = self.expected.front_mut() else { return Ok(()) };
        let before = front.packets();
        let done = match front {
            Expected::Status(_) => {
                if bytes != [0] {
                    let got = usize::from(bytes[0]);
                    return Err(UsbError::Desync { what: "a status of the CH347", expected: 0, got });
                }
                true
            }
            Expected::Skip { .. } => self.packet.left == 0,
            Expected::Data { .. } => {
                self.scatter.put(bytes, |_| {});
                self.packet.left == 0
            }
            Expected::Stream { left } => {
                self.scatter.put(bytes, |_| {});
                *left -= bytes.len();
                *left == 0
            }
        };
        let after = if done { 0 } else { front.packets() };
        self.packets -= before - after;
        if done {
            self.expected.pop_front();
        }
        if self.packet.left == 0 {
            self.packet.header.clear();
        }
        Ok(())
    }
}

impl Reply for Answers<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight < self.packets).then_some(IN_TRANSFER)
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<bool, UsbError> {
        let progress = !bytes.is_empty();
        while !bytes.is_empty() {
            if self.packet.header.len() < HEADER {
                let taken = bytes.len().min(HEADER - self.packet.header.len());
                self.packet.header.extend_from_slice(&bytes[..taken]);
                bytes = &bytes[taken..];
                if self.packet.header.len() == HEADER {
                    self.begin()?;
                }
                continue;
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.packet.left));
            self.payload(now)?;
            bytes = later;
        }
        Ok(progress)
    }

    fn is_complete(&self) -> bool {
        self.expected.is_empty()
    }
}

/// Stale bytes tolerated: more than the longest read that can be under way.
const STALE: usize = 2 * super::MAX_TRANSACTION;

/// Waits for one answer and keeps it with those before it.
pub(super) struct Asked {
    until: (u8, usize),
    /// Command and payload of each answer, the last ones of them.
    pub(super) got: Vec<(u8, Vec<u8>)>,
    /// What has come in transfers that are no whole answers.
    parts: Vec<u8>,
    seen: usize,
    done: bool,
}

impl Asked {
    /// Up to an answer of this command and payload length.
    pub(super) fn new(until: (u8, usize)) -> Self {
        Self { until, got: Vec::new(), parts: Vec::new(), seen: 0, done: false }
    }
}

/// The whole answers in these bytes, and what is after the last of them.
fn answers(mut bytes: &[u8]) -> (Vec<(u8, Vec<u8>)>, &[u8]) {
    let mut all = Vec::new();
    while let [command, low, high, later @ ..] = bytes {
        let (_, len) = header(&[*command, *low, *high]);
        let Some((payload, later)) = later.split_at_checked(len) else { break };
        all.push((*command, payload.to_vec()));
        bytes = later;
    }
    (all, bytes)
}

impl Asked {
    fn keep(&mut self, whole: Vec<(u8, Vec<u8>)>) {
        self.done |= whole.iter().any(|(command, payload)| (*command, payload.len()) == self.until);
        self.got.extend(whole);
    }
}

impl Reply for Asked {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight == 0 && !self.done).then_some(IN_TRANSFER)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.seen += bytes.len();
        if self.seen > STALE {
            return Err(UsbError::Desync { what: "CH347", expected: self.until.1, got: self.seen });
        }
        // Usually an answer is one transfer, and what is cut is of an older one; a device that gives its answers in parts
        // gives all of them so.
        match answers(bytes) {
            (whole, []) => {
                self.parts.clear();
                self.keep(whole);
            }
            _ => {
                self.parts.extend_from_slice(bytes);
                let (whole, rest) = answers(&self.parts);
                let rest = rest.to_vec();
                self.keep(whole);
                self.parts = rest;
            }
        }
        Ok(!bytes.is_empty())
    }

    fn is_complete(&self) -> bool {
        self.done
    }
}
