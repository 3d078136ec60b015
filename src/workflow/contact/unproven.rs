//! Address bits of which the contents of the whole chip give no proof, looked at once the contents are there.

use super::address_fault::AddressFault;
use super::asker::{LOOK, tells};
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::{Programmer, SpiError};
use crate::workflow::engine::{is_transient, stop_on_break};
use crate::workflow::error::Cause;
use crate::workflow::event::{Event, Events, Stage};
use crate::workflow::note::Note;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

/// A read that takes longer is announced.
const LONG: Duration = Duration::from_secs(1);
/// More bytes that differ are no noise.
const MANY: usize = 1 << 16;

/// What proves the address bits of which the contents give no proof: one answer that begins where all of them are clear
/// and runs on to the end, so that the chip counts them up itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Unproven {
    /// The lowest bit of them.
    bit: u32,
    /// What the answer covers.
    span: Span,
}

/// The address bits with which `bytes`, the contents of a whole chip, are everywhere the same set and clear; `None` where
/// there are none, or all bytes are alike. Pure.
fn unproven_bits(bytes: &[u8]) -> Option<Unproven> {
    if !tells(bytes) {
        return None;
    }
    let size = bytes.len() as u64;
    let repeats = |bit: &u32| {
        let half = 1usize << bit;
        bytes.chunks_exact(2 * half).all(|block| block[..half] == block[half..])
    };
    let bit = (4..size.trailing_zeros()).find(repeats)?;
    Some(Unproven { bit, span: Span::new((1 << bit) - LOOK, size) })
}

/// Proves the address bits of which `bytes`, the contents just read of the whole chip, give no proof.
///
/// # Errors
/// [`Cause::Addresses`] with [`AddressFault::Mirrored`], or [`AddressFault::Undecided`] where an answer cannot run to the
/// end; [`Cause::Stopped`]; what failed below.
pub(in crate::workflow) fn prove_unproven_bits<P: Programmer>(
    chip: &mut Chip<P>,
    bytes: &[u8],
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let Some(Unproven { bit, span }) = unproven_bits(bytes) else { return Ok(()) };
    let time = chip.programmer().limits().wire_time(span.len());
    if time > LONG {
        stop_on_break(events(Event::Note(Note::MayRepeat { bit, time })))?;
    }
    match runs_on_as(chip, span, bytes, events)? {
        RunsOn::As => stop_on_break(events(Event::Note(Note::Repeats { every: 1 << bit }))),
        RunsOn::Otherwise => Err(Cause::Addresses(AddressFault::Mirrored { bit })),
        RunsOn::Unknown { room } => Err(Cause::Addresses(AddressFault::Undecided { bit, room })),
    }
}

/// Proves the addresses of `bytes`, the contents just read of a whole chip that is blank at every place where they could be
/// proven before: one answer from the start to the last byte that tells something, so that the chip counts them up itself.
///
/// # Errors
/// As [`prove_unproven_bits`], with [`AddressFault::Misplaced`]. Where an answer cannot run so far, as far as it can is proof
/// enough: nothing in the contents looks like a fault.
pub(in crate::workflow) fn prove_little<P: Programmer>(
    chip: &mut Chip<P>,
    bytes: &[u8],
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let looks = bytes.chunks(LOOK as usize);
    let telling: Vec<u64> = (0..).zip(looks).filter(|(_, look)| tells(look)).map(|(n, _)| n * LOOK).collect();
    let (Some(first), Some(last)) = (telling.first(), telling.last()) else { return Ok(()) };
    let span = Span::new(0, last + LOOK);
    let time = chip.programmer().limits().wire_time(span.len());
    if time > LONG {
        stop_on_break(events(Event::Note(Note::AlmostBlank { time })))?;
    }
    match runs_on_as(chip, span, bytes, events)? {
        RunsOn::As | RunsOn::Unknown { .. } => Ok(()),
        RunsOn::Otherwise => {
            Err(Cause::Addresses(AddressFault::Misplaced { places: telling.len(), first: *first }))
        }
    }
}

/// What one long answer shows.
enum RunsOn {
    /// It is as the contents that were read.
    As,
    /// It is not.
    Otherwise,
    /// The programmer's longest answer is too short to tell.
    Unknown { room: u64 },
}

/// Reads the span in one answer and compares it with `bytes` wherever two such answers agree.
fn runs_on_as<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    bytes: &[u8],
    events: &mut Events<'_>,
) -> Result<RunsOn, Cause> {
    // Where a programmer's windows are too short for all of it, the beginning may still show a difference.
    let room = chip.programmer().limits().max_transaction.saturating_sub(8) as u64;
    for part in chip.by_die(span) {
        let (mut part, mut whole) = (part, true);
        let first = match others(chip, part, bytes, events) {
            Err(Cause::Flash(FlashError::Spi(SpiError::TooLong { .. }))) => {
                (part, whole) = (Span::new(part.start, part.end.min(part.start + room)), false);
                others(chip, part, bytes, events)?
            }
            first => first?,
        };
        if !first.is_empty() {
            // Noise strikes the two answers at different places.
            let again = others(chip, part, bytes, events)?;
            if first.len() > MANY || first.iter().any(|(at, byte)| again.get(at) == Some(byte)) {
                return Ok(RunsOn::Otherwise);
            }
        }
        if !whole {
            return Ok(RunsOn::Unknown { room });
        }
    }
    Ok(RunsOn::As)
}

/// The bytes of one long answer that are not as in `bytes`, at most one more than [`MANY`]. Heeds a stop while it is read.
fn others<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    bytes: &[u8],
    events: &mut Events<'_>,
) -> Result<BTreeMap<u64, u8>, Cause> {
    let stage = Stage::Reread;
    let time = Some(chip.programmer().limits().wire_time(span.len()));
    stop_on_break(events(Event::Begin { stage, bytes: span.len(), time }))?;
    let mut tries = 0;
    loop {
        let mut seen = BTreeMap::new();
        let mut at = span.start;
        let mut stopped = false;
        let read = chip.read_on(span, &mut |answer| {
            let wanted = &bytes[Span::new(at, at + answer.len() as u64).range()];
            let differ = (at..).zip(answer).zip(wanted).filter(|((_, byte), want)| byte != want);
            seen.extend(differ.map(|((at, byte), _)| (at, *byte)).take(MANY + 1));
            at += answer.len() as u64;
            stopped = events(Event::Advance { stage, bytes: answer.len() as u64 }).is_break();
            if stopped || seen.len() > MANY { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if stopped {
            return Err(Cause::Stopped);
        }
        match read {
            Ok(()) => {
                stop_on_break(events(Event::End { stage }))?;
                return Ok(seen);
            }
            Err(error) if is_transient(&error) && tries == 0 => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(len: usize) -> Vec<u8> {
        (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    }

    #[test]
    fn only_what_repeats_everywhere_is_unproven() {
        let bytes = noise(0x1_0000);
        assert_eq!(unproven_bits(&bytes), None);
        let twice = [bytes.clone(), bytes.clone()].concat();
        let found = unproven_bits(&twice).unwrap();
        assert_eq!((found.bit, found.span), (16, Span::new(0xfff0, 0x2_0000)));
        // The lowest of several: one answer proves them all.
        let four = [twice.clone(), twice.clone()].concat();
        assert_eq!(unproven_bits(&four).unwrap().bit, 16);
        // A byte that differs in one of the pairs proves the bit, but not those above it.
        let mut one = four;
        one[0x1_0007] ^= 1;
        one[0x3_0007] ^= 1;
        assert_eq!(unproven_bits(&one).unwrap().bit, 17);
        assert_eq!(unproven_bits(&vec![0xff; 0x1_0000]), None, "nothing to tell anything by");
    }
}
