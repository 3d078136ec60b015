//! The kernel's answer to one message: which of its bytes belong into which buffer.

use crate::usb::message::Answered;
use crate::usb::{Reply, UsbError};

/// The answer to one message.
pub(super) struct Received<'b> {
    pub mark: u16,
    pub clocked: usize,
    pub into: Vec<&'b mut [u8]>,
    pub complete: bool,
}

impl Reply for Received<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        let len: usize = self.into.iter().map(|into| into.len()).sum();
        (in_flight == 0 && !self.complete).then_some(Answered::HEAD + len)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        let len: usize = self.into.iter().map(|into| into.len()).sum();
        let what = "the answer to a message to spidev";
        let wrong = |expected, got| UsbError::Desync { what, expected, got };
        let answer = Answered::parse(bytes).ok_or_else(|| wrong(Answered::HEAD + len, bytes.len()))?;
        // Of another message: it is not this one's.
        if answer.mark != self.mark {
            return Ok(false);
        }
        if answer.result < 0 {
            return Err(UsbError::System { what: "a message to spidev", code: -answer.result });
        }
        if answer.result as usize != self.clocked {
            return Err(wrong(self.clocked, answer.result as usize));
        }
        if answer.bytes.len() != len {
            return Err(wrong(len, answer.bytes.len()));
        }
        let mut rest = answer.bytes.as_slice();
        for into in &mut self.into {
            let (now, later) = rest.split_at(into.len());
            into.copy_from_slice(now);
            rest = later;
        }
        self.complete = true;
        Ok(true)
    }

    fn is_complete(&self) -> bool {
        self.complete
    }
}
