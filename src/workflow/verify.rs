//! The chip compared with what it should hold: every differing range.
//!
//! The addresses are proven first. What differs is read again, so that a bit that flipped on the way is not taken for a wrong bit on the chip.

use super::contact;
use super::engine::{Engine, pass};
use super::error::Cause;
use super::event::{Events, Stage};
use super::reading::prove;
use crate::flash::Chip;
use crate::plan::diff;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// More differing ranges than these are not read again one by one: that is no flipped bit.
const READ_AGAIN: usize = 256;

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
/// [`Cause::Refused`] where it reaches past the end, [`Cause::Stopped`], what failed below.
pub fn verify<P: Programmer>(
    chip: &mut Chip<P>,
    address: u64,
    wanted: &[u8],
    events: &mut Events<'_>,
) -> Result<Verified, Cause> {
    let size = chip.geometry().size;
    let span = Span::at(address, wanted.len() as u64).filter(|s| s.end <= size).ok_or_else(|| {
        let len = wanted.len();
        Cause::Refused(format!("{len} bytes at {address:#x} reach past the end of the chip ({size} bytes)"))
    })?;
    let proof = prove(chip, &contact::telling_addresses(address, wanted))?;
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
    if result.differing.as_slice().len() > READ_AGAIN {
        return Ok(result);
    }
    for range in result.differing.clone().iter() {
        let again = chip.read_to_vec(range)?;
        result.bytes_read += range.len();
        let wanted = &wanted[Span::new(range.start - address, range.end - address).range()];
        let wrong: Spans = diff(&again, wanted).iter().map(|s| s.shifted(range.start)).collect();
        result.misread += range.len() - wrong.len();
        for right in Spans::from(range).difference(&wrong).iter() {
            result.differing.remove(right);
        }
    }
    Ok(result)
}
