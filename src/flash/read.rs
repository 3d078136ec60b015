//! Reading the array: a stream of pieces, verify with every differing range, and the second, independent opinion.

use super::chip::Chip;
use super::{FlashError, command};
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};
use std::ops::ControlFlow;

impl<P: Programmer> Chip<P> {
    /// Streams the span in order, in pieces of the programmer's read batch; `Break` stops after the current piece.
    ///
    /// # Errors
    /// [`FlashError::Outside`] or what failed below; the pieces before have been handed out.
    pub fn read(
        &mut self,
        span: Span,
        sink: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FlashError> {
        self.check_inside(span)?;
        let limits = self.programmer.limits();
        let room = limits.max_transaction.saturating_sub(8).max(1);
        let piece = limits.read_batch.clamp(1, room) as u64;
        let mut buffer = vec![0; piece.min(span.len()) as usize];
        let die = self.die_limit();
        for part in span.pieces(piece).flat_map(|p| p.pieces(die)) {
            let bytes = &mut buffer[..part.len() as usize];
            let at = self.locate(part.start)?;
            let header = command::with_address(self.addressing.read, at, self.addressing.width);
            self.programmer.run(&mut [Transaction::read(&header, bytes)])?;
            if sink(part.start, bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the span into memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_to_vec(&mut self, span: Span) -> Result<Vec<u8>, FlashError> {
        self.check_inside(span)?;
        let mut all = Vec::with_capacity(span.len() as usize);
        let _ = self.read(span, &mut |_, bytes| {
            all.extend_from_slice(bytes);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// Compares the chip with `wanted` and gives every differing range.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn verify(&mut self, address: u64, wanted: &[u8]) -> Result<Spans, FlashError> {
        let span = Span::at(address, wanted.len() as u64)
            .ok_or(FlashError::Outside { span: Span::new(address, u64::MAX), size: self.geometry.size })?;
        let mut wrong = Spans::new();
        let _ = self.read(span, &mut |at, bytes| {
            let from = (at - address) as usize;
            differences(at, bytes, &wanted[from..from + bytes.len()], &mut wrong);
            ControlFlow::Continue(())
        })?;
        Ok(wrong)
    }
}

/// Adds the ranges in which two equally long pieces differ.
pub(super) fn differences(address: u64, found: &[u8], wanted: &[u8], into: &mut Spans) {
    if found == wanted {
        return;
    }
    let mut start = None;
    for (i, (f, w)) in found.iter().zip(wanted).enumerate() {
        match (f == w, start) {
            (false, None) => start = Some(i),
            (true, Some(s)) => {
                into.insert(Span::new(address + s as u64, address + i as u64));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(s) = start {
        into.insert(Span::new(address + s as u64, address + found.len() as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_differing_range_is_listed() {
        let mut wrong = Spans::new();
        differences(0x100, b"abcdefgh", b"aXcdeXXh", &mut wrong);
        differences(0x108, b"ab", b"aX", &mut wrong);
        let spans: Vec<_> = wrong.iter().map(|s| (s.start, s.end)).collect();
        assert_eq!(spans, [(0x101, 0x102), (0x105, 0x107), (0x109, 0x10A)]);
    }
}
