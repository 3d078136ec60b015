//! What comes back from an MPSSE: packets with status bytes, some of them with nothing else.

use super::{IN_TRANSFER, PACKET, STATUS};
use crate::programmer::codec::Scatter;
use crate::usb::{Reply, UsbError};

/// The answer as a stream of payload bytes in packets.
pub(in crate::programmer) struct Answers<'b> {
    scatter: Scatter<'b>,
    packet: usize,
}

impl<'b> Answers<'b> {
    pub(in crate::programmer) fn new(scatter: Scatter<'b>, packet: usize) -> Self {
        Self { scatter, packet }
    }
}

/// Calls `f` with the payload of each packet of an IN transfer.
pub(in crate::programmer) fn payloads(
    bytes: &[u8],
    packet: usize,
    mut f: impl FnMut(&[u8]) -> Result<(), UsbError>,
) -> Result<(), UsbError> {
    for part in bytes.chunks(packet) {
        match part.get(STATUS..) {
            Some(payload) => f(payload)?,
            None => return Err(UsbError::Desync { what: "FTDI status", expected: STATUS, got: part.len() }),
        }
    }
    Ok(())
}

impl Reply for Answers<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        let payload = self.packet - STATUS;
        // What is in flight holds at most this; what does not fit is certain to need one more. A shorter last one may
        // be among them: then less is asked for now and the rest after it has come.
        let covered = in_flight * (IN_TRANSFER / self.packet) * payload;
        let rest = self.scatter.left().checked_sub(covered).filter(|rest| *rest > 0)?;
        // Just long enough for the rest: a last packet that is full ends the transfer too. A multiple of 512, so that
        // the length is a multiple of the packet size at either speed.
        Some((rest.div_ceil(payload) * self.packet).next_multiple_of(PACKET).min(IN_TRANSFER))
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let before = self.scatter.left();
        payloads(bytes, self.packet, |payload| {
            let expected = self.scatter.left();
            match self.scatter.put(payload, |_| {}) {
                0 => Ok(()),
                _ => Err(UsbError::Desync { what: "MPSSE", expected, got: payload.len() }),
            }
        })?;
        Ok(self.scatter.left() < before)
    }

    fn is_complete(&self) -> bool {
        self.scatter.left() == 0
    }
}
