//! One pass over a span by one of the two read engines, with a look at the chip wherever the answer could be a dead bus.

use super::error::Cause;
use super::event::{Event, Events, Stage};
use super::note::Warning;
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::Programmer;
use crate::units::{KIB, one_value};
use std::ops::ControlFlow;

/// In a stretch of nothing but FF or 00, the id is asked for again every so many bytes: a clip that came off reads so.
const ALIVE_EVERY: u64 = 128 * KIB;
/// spi-memory has three address bytes.
pub(super) const SECOND_OPINION_END: u64 = 16 << 20;

/// Which engine reads, and with it opcode, order, lengths and boundaries of the transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// Ours: the fast read, forward, long pieces.
    Own,
    /// spi-memory: the plain read, backward, short pieces. Past its reach ours does the same.
    Other,
}

/// Takes bytes as they arrive: their address, and them.
pub(super) type Take<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Cause> + 'a;

pub(super) fn stop_on_break(flow: ControlFlow<()>) -> Result<(), Cause> {
    if flow.is_break() { Err(Cause::Stopped) } else { Ok(()) }
}

impl Engine {
    /// Reads `span`; [`Other`](Self::Other) begins at its end.
    pub(super) fn read<P: Programmer>(
        self,
        chip: &mut Chip<P>,
        span: Span,
        sink: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), FlashError> {
        match self {
            Engine::Own => chip.read_forward(span, sink),
            Engine::Other => chip.read_second_opinion(span, sink),
        }
        .map(drop)
    }

    /// Goes on with a read of this engine that paused; `rest` is what is left.
    fn read_on<P: Programmer>(
        self,
        chip: &mut Chip<P>,
        rest: Span,
        sink: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), FlashError> {
        match self {
            Engine::Own => chip.read_forward_on(rest, sink).map(drop),
            Engine::Other => self.read(chip, rest, sink),
        }
    }

    /// Reads `span` into memory.
    pub(super) fn read_to_vec<P: Programmer>(
        self,
        chip: &mut Chip<P>,
        span: Span,
    ) -> Result<Vec<u8>, FlashError> {
        let mut got = vec![0; span.range().len()];
        self.read(chip, span, &mut |at, bytes| {
            let at = (at - span.start) as usize;
            got[at..at + bytes.len()].copy_from_slice(bytes);
            ControlFlow::Continue(())
        })?;
        Ok(got)
    }

    /// Reads a block of `span` by the very transactions by which the pass over `span` reads it, after the one that comes
    /// before them there. A fault may depend on where they begin, how long they are and what was read before: alone, the
    /// block would be read by others.
    pub(super) fn read_as_in_pass<P: Programmer>(
        self,
        chip: &mut Chip<P>,
        span: Span,
        block: Span,
    ) -> Result<Vec<u8>, FlashError> {
        let (start, read) = match self {
            Engine::Own => {
                let from =
                    chip.forward_pieces(span).find(|piece| piece.overlaps(block)).unwrap_or(block).start;
                let pieces =
                    chip.forward_pieces(span).filter(|piece| piece.end >= from && piece.start < block.end);
                let pieces: Vec<Span> = pieces.collect();
                let start = pieces.first().map_or(block.start, |piece| piece.start);
                (start, chip.read_spans(chip.fast_read(), &pieces)?.concat())
            }
            Engine::Other => {
                let length = chip.backward_piece();
                let pieces = block.aligned_out(length);
                let pieces = Span::new(pieces.start, pieces.end + length).intersection(span).unwrap_or(block);
                (pieces.start, self.read_to_vec(chip, pieces)?)
            }
        };
        Ok(read[Span::new(block.start - start, block.end - start).range()].to_vec())
    }

    /// What is left of `rest` once the piece `done` has arrived.
    fn rest_after(self, rest: Span, done: Span) -> Span {
        match self {
            Engine::Own => Span::new(done.end, rest.end),
            Engine::Other => Span::new(rest.start, done.start),
        }
    }
}

/// One read of a whole span by one engine; a bus that dies meanwhile is noticed within `ALIVE_EVERY` bytes.
pub(super) fn pass<P: Programmer>(
    chip: &mut Chip<P>,
    engine: Engine,
    span: Span,
    stage: Stage,
    events: &mut Events<'_>,
    take: &mut Take<'_>,
) -> Result<(), Cause> {
    let time = Some(chip.programmer().limits().wire_time(span.len()));
    stop_on_break(events(Event::Begin { stage, bytes: span.len(), time }))?;
    let mut rest = span;
    // Bytes left when the id was last asked for in the running stretch of one value.
    let mut asked_at: Option<u64> = None;
    let mut failed_at = None;
    while !rest.is_empty() {
        let mut end = Ok(());
        let mut ask = false;
        let todo = rest;
        let mut sink = |address: u64, bytes: &[u8]| {
            if end.is_err() {
                return ControlFlow::Break(());
            }
            rest = engine.rest_after(rest, Span::new(address, address + bytes.len() as u64));
            end = take(address, bytes)
                .and_then(|()| stop_on_break(events(Event::Advance { stage, bytes: bytes.len() as u64 })));
            asked_at = asked_at.filter(|_| uniform(bytes).is_some());
            ask = uniform(bytes).is_some() && asked_at.is_none_or(|asked| asked - rest.len() >= ALIVE_EVERY);
            if ask || end.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let read = match todo == span {
            true => engine.read(chip, todo, &mut sink),
            false => engine.read_on(chip, todo, &mut sink),
        };
        end?;
        if let Err(error) = read {
            // One lost transfer is no reason to begin again; several without a byte between them are.
            if !is_transient(&error) || failed_at == Some(rest) {
                return Err(error.into());
            }
            failed_at = Some(rest);
            stop_on_break(events(Event::Warning(Warning::Continuing { error, rest })))?;
            check_alive(chip)?;
        }
        if ask {
            check_alive(chip)?;
            asked_at = Some(rest.len());
        }
    }
    check_alive(chip)?;
    stop_on_break(events(Event::End { stage }))
}

/// True for a failure of the way to the chip that may not happen again.
pub(super) fn is_transient(error: &FlashError) -> bool {
    matches!(error, FlashError::Spi(e) if e.is_transient())
}

/// The one value of all bytes, where that is FF or 00: what a dead bus gives.
pub(in crate::workflow) fn uniform(bytes: &[u8]) -> Option<u8> {
    one_value(bytes).filter(|value| matches!(value, 0x00 | 0xff))
}

/// The chip still answers as it did when it was identified.
pub(super) fn check_alive<P: Programmer>(chip: &mut Chip<P>) -> Result<(), FlashError> {
    let seen = chip.rdid()?;
    let expected = &chip.identity().jedec_id;
    if seen == *expected {
        return Ok(());
    }
    // Once more: one flipped bit in an id is no reason to throw a long read away.
    let again = chip.rdid()?;
    let expected = chip.identity().jedec_id.clone();
    if again == expected {
        Ok(())
    } else if uniform(&again).is_some() {
        Err(FlashError::NoChip { seen: again })
    } else {
        Err(FlashError::Unstable { ids: vec![expected, seen, again] })
    }
}
