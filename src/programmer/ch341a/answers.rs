//! IN: the answers of `A8` packets, and the mark after answers that are late.

use super::packets::reverse_bits;
use super::{CS, MOSI, PACKET};
use crate::programmer::codec::Scatter;
use crate::usb::{Reply, UsbError};

/// The answers of `A8` packets: a stream of bytes, usually in packets of known length.
pub(super) struct Answers<'b> {
    scatter: Scatter<'b>,
    /// Length of each answer packet.
    lengths: Vec<u8>,
    /// The packet that the next byte belongs to.
    at: usize,
    /// Bytes of it that have come.
    into: usize,
}

impl<'b> Answers<'b> {
    pub(super) fn new(scatter: Scatter<'b>, lengths: Vec<u8>) -> Self {
        Self { scatter, lengths, at: 0, into: 0 }
    }
}

impl Reply for Answers<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        // One transfer for each answer; merged answers need fewer, and the others are cancelled at the end.
        (in_flight < self.lengths.len() - self.at).then_some(PACKET)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let expected = self.scatter.left();
        if bytes.len() > expected {
            return Err(UsbError::Desync { what: "CH341A", expected, got: bytes.len() });
        }
        self.scatter.put(bytes, reverse_bits);
        let mut left = bytes.len();
        while left > 0 {
            let taken = left.min(usize::from(self.lengths[self.at]) - self.into);
            self.into += taken;
            left -= taken;
            if self.into == usize::from(self.lengths[self.at]) {
                self.at += 1;
                self.into = 0;
            }
        }
        Ok(!bytes.is_empty())
    }

    fn is_complete(&self) -> bool {
        self.at == self.lengths.len()
    }
}

/// The levels of MOSI that mark the end of what was asked before.
pub(super) const MARK: u8 = 0b0100_1101;
/// Stale bytes tolerated before the mark: more than the chip and one burst's packets hold.
const STALE: usize = 4096;

/// Waits for the mark, past what comes before it.
pub(super) struct Mark {
    pattern: Vec<u8>,
    seen: Vec<u8>,
}

impl Mark {
    /// The mark is these values of the pins, read back.
    pub(super) fn new(pattern: Vec<u8>) -> Self {
        Self { pattern, seen: Vec::new() }
    }
}

impl Reply for Mark {
    fn next(&self, in_flight: usize) -> Option<usize> {
        (in_flight < self.pattern.len() && !self.is_complete()).then_some(PACKET)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.seen.extend_from_slice(bytes);
        match self.seen.len() > STALE {
            true => {
                Err(UsbError::Desync { what: "CH341A", expected: self.pattern.len(), got: self.seen.len() })
            }
            false => Ok(!bytes.is_empty()),
        }
    }

    fn is_complete(&self) -> bool {
        let Some(tail) = self.seen.len().checked_sub(self.pattern.len()) else { return false };
        self.seen[tail..].iter().zip(&self.pattern).all(|(read, pins)| (read ^ pins) & (MOSI | CS) == 0)
    }
}
