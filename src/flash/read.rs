//! Reading the array by our own commands: a stream of pieces, many short answers in one batch, verify.

use super::chip::Chip;
use super::part::{FourByteMode, Probe};
use super::{FlashError, command, cut};
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};
use std::ops::ControlFlow;

/// Takes the bytes of a piece, with their address. `Break` ends the read after the batch: what has been read is still
/// handed out.
pub(crate) type Sink<'a> = dyn FnMut(u64, &[u8]) -> ControlFlow<()> + 'a;

/// What a chip in 4-byte mode takes for the last byte of its address, where the others take it for the dummy byte of a
/// fast read. Neither a continuous-read code (AXh, bits 5:4 = 10) nor a pattern whose halves are complements, and its
/// first bit is not the 0 that enters XIP mode.
const DUMMY: u8 = 0xFC;
/// `0B`, and its form with four address bytes.
const FAST_READ: u8 = 0x0B;
const FAST_READ_4B: u8 = 0x0C;

/// A command that reads the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadCommand {
    /// Opcode.
    pub opcode: u8,
    /// Address bytes after it.
    pub width: u8,
    /// One dummy byte follows the address.
    pub dummy: bool,
}

impl ReadCommand {
    fn header(self, address: u64) -> Vec<u8> {
        let mut header = command::with_address(self.opcode, address, self.width);
        header.extend(self.dummy.then_some(DUMMY));
        header
    }
}

impl<P: Programmer> Chip<P> {
    /// The plain read, `03` or `13`.
    pub(crate) fn plain_read(&self) -> ReadCommand {
        ReadCommand { opcode: self.addressing.read, width: self.addressing.width, dummy: false }
    }

    /// The fast read, `0B` or `0C`; the plain one on a part that has no other (AT25F).
    pub(crate) fn fast_read(&self) -> ReadCommand {
        let part = &self.identity.part;
        let plain = self.plain_read();
        if part.probe == Probe::At25f {
            return plain;
        }
        match part.four_byte.native && part.four_byte.mode != FourByteMode::Always {
            true => ReadCommand { opcode: FAST_READ_4B, width: 4, dummy: true },
            false => ReadCommand { opcode: FAST_READ, dummy: true, ..plain },
        }
    }

    /// Streams the span in order, in pieces of the programmer's read batch; `Break` stops after the current piece.
    ///
    /// # Errors
    /// [`FlashError::Outside`] or what failed below; the pieces before have been handed out.
    pub fn read(&mut self, span: Span, sink: &mut Sink<'_>) -> Result<ControlFlow<()>, FlashError> {
        let limits = self.programmer.limits();
        let piece = (limits.read_batch.max(1) as u64).min(cut::room(&limits));
        self.read_pieces(self.plain_read(), span, span, span.pieces(piece), sink)
    }

    /// One pass of a proof: by the fast read, forward, in long pieces cut at odd places, from a little before the span to a
    /// little after it. See [`read_second_opinion`](Self::read_second_opinion) for the other.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_forward(&mut self, span: Span, sink: &mut Sink<'_>) -> Result<ControlFlow<()>, FlashError> {
        self.forward_from(span.start - span.start.min(cut::LEAD), span, sink)
    }

    /// Goes on with a forward pass that paused before `rest`: the pause was at an odd place already.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn read_forward_on(
        &mut self,
        rest: Span,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, FlashError> {
        self.forward_from(rest.start, rest, sink)
    }

    fn forward_from(
        &mut self,
        start: u64,
        span: Span,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, FlashError> {
        // Past its end a chip begins again; what comes from there is dropped. One of several dies has no such end.
        let most = if self.die_limit() == u64::MAX { u64::MAX } else { self.geometry.size };
        let end = span.end.saturating_add(cut::TAIL).min(most);
        let wider = Span::new(start, end);
        self.read_pieces(self.fast_read(), span, wider, self.forward_pieces(span), sink)
    }

    /// The pieces of the forward pass on this programmer.
    pub(crate) fn forward_pieces(&self, span: Span) -> impl Iterator<Item = Span> + use<P> {
        let limits = self.programmer.limits();
        cut::forward(span, cut::long(&limits), cut::short(&limits))
    }

    /// The length of the other pass's pieces on this programmer, which are cut at its multiples.
    pub(crate) fn backward_piece(&self) -> u64 {
        cut::short(&self.programmer.limits())
    }

    /// The other pass where spi-memory does not reach: by the plain read, backward, in short pieces.
    pub(super) fn read_backward(
        &mut self,
        span: Span,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, FlashError> {
        let length = cut::short(&self.programmer.limits());
        self.read_pieces(self.plain_read(), span, span, cut::backward(span, length), sink)
    }

    /// Reads pieces in the order given, as many in one batch as the programmer likes. The first and the last reach to the
    /// ends of `wider`; what lies outside of `span` is not handed out.
    fn read_pieces(
        &mut self,
        by: ReadCommand,
        span: Span,
        wider: Span,
        pieces: impl Iterator<Item = Span>,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, FlashError> {
        self.check_inside(span)?;
        let most = self.programmer.limits().read_batch as u64;
        let mut pieces = pieces.peekable();
        while pieces.peek().is_some() {
            let mut batch: Vec<Span> = Vec::new();
            let mut bytes = 0;
            while let Some(piece) = pieces.next_if(|piece| batch.is_empty() || bytes + piece.len() <= most) {
                bytes += piece.len();
                batch.push(piece);
            }
            let answers = self.read_wider(by, span, wider, &batch)?;
            if hand_out(&batch, &answers, sink).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The answers for pieces of `span`, of which those at its ends are read as far as `wider` goes.
    fn read_wider(
        &mut self,
        by: ReadCommand,
        span: Span,
        wider: Span,
        pieces: &[Span],
    ) -> Result<Vec<Vec<u8>>, FlashError> {
        let ends = |piece: &Span| {
            let start = if piece.start == span.start { wider.start } else { piece.start };
            Span::new(start, if piece.end == span.end { wider.end } else { piece.end })
        };
        let asked: Vec<Span> = pieces.iter().map(ends).collect();
        let mut answers = self.read_batch(by, &asked)?;
        for ((piece, asked), answer) in pieces.iter().zip(&asked).zip(&mut answers) {
            answer.drain(..(piece.start - asked.start) as usize);
            answer.truncate(piece.range().len());
        }
        Ok(answers)
    }

    /// The plain answers for several spans, in the order given, in one batch where one die holds them all.
    ///
    /// # Errors
    /// [`FlashError::Outside`] or what failed below.
    pub(crate) fn read_spans(&mut self, by: ReadCommand, spans: &[Span]) -> Result<Vec<Vec<u8>>, FlashError> {
        spans.iter().try_for_each(|span| self.check_inside(*span))?;
        self.read_batch(by, spans)
    }

    fn read_batch(&mut self, by: ReadCommand, spans: &[Span]) -> Result<Vec<Vec<u8>>, FlashError> {
        let room = cut::room(&self.programmer.limits());
        if spans.iter().any(|span| span.len() > room) {
            return self.read_in_parts(by, spans, room);
        }
        let mut answers: Vec<Vec<u8>> = spans.iter().map(|span| vec![0; span.range().len()]).collect();
        let die = self.die_limit();
        if die != u64::MAX {
            for (span, answer) in spans.iter().zip(&mut answers) {
                for part in span.pieces(die) {
                    let header = by.header(self.locate(part.start)?);
                    let into = &mut answer[Span::new(part.start - span.start, part.end - span.start).range()];
                    self.programmer.run(&mut [Transaction::read(&header, into)])?;
                }
            }
            return Ok(answers);
        }
        self.enter_mode()?;
        let headers: Vec<Vec<u8>> = spans.iter().map(|span| by.header(span.start)).collect();
        let mut batch: Vec<_> =
            headers.iter().zip(&mut answers).map(|(header, into)| Transaction::read(header, into)).collect();
        self.programmer.run(&mut batch)?;
        drop(batch);
        Ok(answers)
    }

    /// One plain answer of any length, handed out as it comes; within one die. `Break` ends it.
    ///
    /// # Errors
    /// [`FlashError::Outside`]; [`SpiError::TooLong`](crate::spi::SpiError::TooLong) where the programmer's windows are
    /// shorter; what failed below.
    pub(crate) fn read_on(
        &mut self,
        span: Span,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), FlashError> {
        self.check_inside(span)?;
        let by = self.plain_read();
        let header = by.header(self.locate(span.start)?);
        Ok(self.programmer.read_on(&header, span.len(), sink)?)
    }

    /// The dies that a span reaches into, each with its part of the span.
    pub(crate) fn by_die(&self, span: Span) -> impl Iterator<Item = Span> + use<P> {
        span.pieces(self.die_limit())
    }

    /// Spans that are longer than the programmer's windows, each in parts.
    fn read_in_parts(
        &mut self,
        by: ReadCommand,
        spans: &[Span],
        room: u64,
    ) -> Result<Vec<Vec<u8>>, FlashError> {
        let parts: Vec<Vec<Span>> = spans.iter().map(|span| span.pieces(room).collect()).collect();
        let all: Vec<Span> = parts.iter().flatten().copied().collect();
        let mut answers = self.read_batch(by, &all)?.into_iter();
        Ok(parts.iter().map(|parts| answers.by_ref().take(parts.len()).flatten().collect()).collect())
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

/// Hands every piece of a batch out.
pub(super) fn hand_out(batch: &[Span], answers: &[Vec<u8>], sink: &mut Sink<'_>) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    for (piece, bytes) in batch.iter().zip(answers) {
        if sink(piece.start, bytes).is_break() {
            flow = ControlFlow::Break(());
        }
    }
    flow
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
