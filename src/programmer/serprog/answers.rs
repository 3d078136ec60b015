//! The answers of a serprog device: each command's 06h, then its bytes.

use super::protocol::{ACK, NAK};
use crate::usb::{Reply, UsbError};
use std::collections::VecDeque;

/// A packet of a USB serial port at full speed.
const PACKET: usize = 64;
/// Bytes asked for in one transfer.
const ASK: usize = 8 * PACKET;

/// Answers to the commands of a burst, in order.
#[derive(Default)]
pub(super) struct Answers<'b> {
    expected: VecDeque<Expected<'b>>,
    left: usize,
    /// Bytes that came for [`Expected::Own`].
    pub(super) got: Vec<u8>,
}

enum Expected<'b> {
    /// 06h.
    Ack,
    /// 15h, of a sync: nothing is refused.
    Nak,
    /// Bytes for a buffer of the batch.
    Buffer(&'b mut [u8]),
    /// So many bytes for whoever asked.
    Own(usize),
    /// So many bytes that are of no use.
    Skip(usize),
}

impl<'b> Answers<'b> {
    /// One more command is answered by 06h.
    pub(super) fn ack(&mut self) {
        self.left += 1;
        self.expected.push_back(Expected::Ack);
    }

    /// A sync is answered by 15h and 06h: where bytes were lost or came in between before it, something else is there.
    pub(super) fn sync(&mut self) {
        self.left += 1;
        self.expected.push_back(Expected::Nak);
        self.ack();
    }

    /// The bytes after it fill `into`.
    pub(super) fn fill(&mut self, into: &'b mut [u8]) {
        if !into.is_empty() {
            self.left += into.len();
            self.expected.push_back(Expected::Buffer(into));
        }
    }

    /// `len` bytes after it are kept in `got`.
    pub(super) fn own(&mut self, len: usize) {
        if len > 0 {
            self.left += len;
            self.expected.push_back(Expected::Own(len));
        }
    }

    /// `len` bytes after it are dropped.
    pub(super) fn skip(&mut self, len: usize) {
        if len > 0 {
            self.left += len;
            self.expected.push_back(Expected::Skip(len));
        }
    }

    /// Takes bytes for the next answer; gives how many.
    fn next_part(&mut self, bytes: &[u8]) -> Result<usize, UsbError> {
        let Some(next) = self.expected.pop_front() else {
            return Err(UsbError::Desync { what: "serprog", expected: 0, got: bytes.len() });
        };
        let (taken, rest) = match next {
            Expected::Ack if bytes[0] == ACK => (1, None),
            Expected::Ack if bytes[0] == NAK => return Err(UsbError::Refused("a serprog command")),
            Expected::Ack => {
                return Err(UsbError::Garbled { what: "serprog", wanted: ACK, got: bytes[0] });
            }
            Expected::Nak if bytes[0] == NAK => (1, None),
            Expected::Nak => {
                return Err(UsbError::Garbled { what: "serprog", wanted: NAK, got: bytes[0] });
            }
            Expected::Buffer(into) => {
                let n = into.len().min(bytes.len());
                let (now, later) = into.split_at_mut(n);
                now.copy_from_slice(&bytes[..n]);
                (n, (!later.is_empty()).then_some(Expected::Buffer(later)))
            }
            Expected::Own(len) => {
                let n = len.min(bytes.len());
                self.got.extend_from_slice(&bytes[..n]);
                (n, (n < len).then_some(Expected::Own(len - n)))
            }
            Expected::Skip(len) => {
                let n = len.min(bytes.len());
                (n, (n < len).then_some(Expected::Skip(len - n)))
            }
        };
        if let Some(rest) = rest {
            self.expected.push_front(rest);
        }
        Ok(taken)
    }
}

impl Reply for Answers<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        // The device ends a transfer early wherever it pauses. It sends no empty packet after a full one, so a transfer
        // that asks for more packets than are left would never end.
        let left = self.left.saturating_sub(in_flight * ASK);
        (left > 0).then(|| left.next_multiple_of(PACKET).min(ASK))
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<bool, UsbError> {
        let progress = !bytes.is_empty();
        while !bytes.is_empty() {
            let taken = self.next_part(bytes)?;
            self.left -= taken;
            bytes = &bytes[taken..];
        }
        Ok(progress)
    }

    fn is_complete(&self) -> bool {
        self.left == 0
    }
}
