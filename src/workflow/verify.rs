//! The chip compared with what it should hold: every differing range.
//!
//! The addresses are proven first. What differs is read again by both engines, so that neither a bit that flipped on the
//! way nor a link or state that one way of reading shows is taken for wrong bytes on the chip.

use super::alike::{Alike, read_alike};
use super::contact::{self, AddressProof};
use super::engine::{Engine, pass, stop_on_break};
use super::error::Cause;
use super::event::{Event, Events, Stage};
use super::noise::Noise;
use super::reading::prove;
use super::slower::{reads_otherwise, slow_down};
use crate::flash::{Chip, FlashError};
use crate::plan::diff;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// What differs is read again in pieces of this length.
const PIECE: u64 = 4096;
/// Where there are more pieces than these, not all of them are read again: that is no flipped bit.
const READ_AGAIN: usize = 256;
/// As many are read again then, evenly spread.
const SAMPLED: usize = 64;

/// So many pieces that differ are looked at by half the clock too.
const LOOKED: usize = 16;

/// What a comparison gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Every range that differs.
    pub differing: Spans,
    /// Bytes read from the array.
    pub bytes_read: u64,
    /// Bytes that differed at first and were right when read again.
    pub misread: u64,
}

/// Compares the chip from `address` on with `wanted`.
///
/// # Errors
/// [`FlashError::Outside`] where it reaches past the end, [`Cause::Disagree`] or [`Cause::Addresses`] where the engines do not
/// read the same difference, [`Cause::Stopped`], what failed below.
pub fn verify<P: Programmer>(
    chip: &mut Chip<P>,
    address: u64,
    wanted: &[u8],
    events: &mut Events<'_>,
) -> Result<Verified, Cause> {
    let size = chip.geometry().size;
    let span = Span::new(address, address.saturating_add(wanted.len() as u64));
    if span.end > size {
        return Err(FlashError::Outside { span, size }.into());
    }
    let proof = prove(chip, &contact::telling_addresses(address, wanted))?;
    let mut bytes_read = 0;
    loop {
        let (mut result, late) = compare(chip, span, wanted, &proof, events)?;
        bytes_read += result.bytes_read;
        // A bit that is late for the clock is late for both engines.
        if !late || !slow_down(chip, events)? {
            result.bytes_read = bytes_read;
            return Ok(result);
        }
    }
}

/// One comparison at the clock that is set, and whether what differs reads otherwise at half of it.
fn compare<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    wanted: &[u8],
    proof: &AddressProof,
    events: &mut Events<'_>,
) -> Result<(Verified, bool), Cause> {
    let (address, size) = (span.start, chip.geometry().size);
    let mut result = Verified { bytes_read: span.len(), ..Verified::default() };
    pass(chip, Engine::Own, span, Stage::Verify, events, &mut |at, bytes| {
        let from = (at - address) as usize;
        let wrong = diff(bytes, &wanted[from..from + bytes.len()]);
        wrong.iter().for_each(|s| result.differing.insert(s.shifted(at)));
        Ok(())
    })?;
    if result.differing.is_empty() && span == Span::new(0, size) && !proof.blank {
        // Equal contents that repeat prove no more than the reads do.
        contact::prove_unproven_bits(chip, wanted, events)?;
    }
    let late = confirm(chip, span, wanted, &mut result, events)?;
    Ok((result, late))
}

/// Reads what differs again by both engines. Bytes that they read as wanted differ no more; where they do not agree, or
/// where far more was read otherwise before, nothing is known. Gives whether half the clock reads something else.
fn confirm<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    wanted: &[u8],
    result: &mut Verified,
    events: &mut Events<'_>,
) -> Result<bool, Cause> {
    let blocks: Spans =
        result.differing.iter().filter_map(|range| range.aligned_out(PIECE).intersection(span)).collect();
    let mut pieces: Vec<Span> = blocks.iter().flat_map(|range| range.pieces(PIECE)).collect();
    let whole = pieces.len() <= READ_AGAIN;
    if !whole {
        let step = pieces.len().div_ceil(SAMPLED);
        pieces = pieces.into_iter().step_by(step).collect();
    }
    let stage = Stage::Reread;
    let bytes = pieces.iter().map(Span::len).sum();
    if bytes == 0 {
        return Ok(false);
    }
    let (mut late, mut looked) = (false, 0);
    stop_on_break(events(Event::Begin { stage, bytes, time: None }))?;
    for piece in pieces {
        let Alike { bytes: again, read } = read_alike(chip, piece)?;
        result.bytes_read += read;
        let wanted = &wanted[Span::new(piece.start - span.start, piece.end - span.start).range()];
        let wrong: Spans = diff(&again, wanted).iter().map(|s| s.shifted(piece.start)).collect();
        let before = result.differing.intersection(&piece.into());
        if !wrong.is_empty() && looked < LOOKED {
            looked += 1;
            late |= reads_otherwise(chip, piece.start, &again)?;
        }
        if whole {
            result.misread += before.difference(&wrong).len();
            before.iter().for_each(|range| result.differing.remove(range));
            wrong.iter().for_each(|range| result.differing.insert(range));
        } else if wrong.is_empty() {
            let (differing, bytes) = (before.len(), span.len());
            return Err(Cause::Disagree { differing, bytes, unsure: piece.into(), noise: Noise::Spread });
        }
        stop_on_break(events(Event::Advance { stage, bytes: piece.len() }))?;
    }
    stop_on_break(events(Event::End { stage }))?;
    Ok(late)
}
