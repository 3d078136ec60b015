//! Address bits of which the contents of the whole chip give no proof, looked at once the contents are there.

use super::address_fault::AddressFault;
use super::asker::{LOOK, tells};
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::Programmer;
use crate::units;
use crate::workflow::engine::stop_on_break;
use crate::workflow::error::Cause;
use crate::workflow::event::{Event, Events};
use std::time::Duration;

/// A read that takes longer is announced.
const LONG: Duration = Duration::from_secs(1);

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
    let limits = chip.programmer().limits();
    let room = limits.max_transaction.saturating_sub(8) as u64;
    let end = span.end;
    let span = Span::new(span.start, end.min(span.start + room));
    let time = limits.wire_time(span.len());
    if time > LONG {
        let text = format!(
            "the contents repeat as if address bit A{bit} were not seen: one long read decides, about {}",
            units::time(time)
        );
        stop_on_break(events(Event::Note(text)))?;
    }
    match runs_on_as(chip, span, bytes)? {
        true if span.end == end => Ok(()),
        true => Err(Cause::Addresses(AddressFault::Undecided { bit, room })),
        false => Err(Cause::Addresses(AddressFault::Mirrored { bit })),
    }
}

/// Reads the span in one answer: true where it is as in `bytes` wherever two such answers agree.
fn runs_on_as<P: Programmer>(chip: &mut Chip<P>, span: Span, bytes: &[u8]) -> Result<bool, FlashError> {
    let command = chip.plain_read();
    let wanted = &bytes[span.range()];
    let first = chip.read_spans(command, &[span])?.concat();
    if first == wanted {
        return Ok(true);
    }
    // Noise strikes the two answers at different places.
    let again = chip.read_spans(command, &[span])?.concat();
    let mut all = first.iter().zip(&again).zip(wanted);
    Ok(!all.any(|((one, other), want)| one == other && one != want))
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
