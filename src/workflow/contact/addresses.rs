//! The proof that the chip answers for the address that was sent, in a few kilobytes on every size.
//!
//! Two reads that agree do not prove their addresses: an address bit that the chip does not see, 4-byte mode, reads that
//! wrap, or data that stops within a long transaction can strike both alike. The proof takes places whose bytes tell
//! something, and asks for the same bytes in ways that such a fault answers differently. What cannot be determined because the
//! chip is blank or repeats itself is left to [`prove_unproven_bits`](super::prove_unproven_bits),
//! which looks at the whole contents once they are there.

use super::address_fault::AddressFault;
use super::asker::{Asker, CROSSED, LOOK, differ, tells};
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::Programmer;
use std::collections::BTreeSet;

/// Telling places at which each address bit is turned.
pub(super) const TURNED: usize = 2;
/// The largest transaction of the backward pass on a programmer with short ones.
const LENGTH: u64 = 4096;
/// A mismatch counts when it comes every time.
const TIMES: usize = 3;

/// A test's result: the inner error is what the chip does wrong.
type Tested<T> = Result<Result<T, AddressFault>, FlashError>;

/// Continues with the value, or leaves with the fault.
macro_rules! sound {
    ($tested:expr) => {
        match $tested? {
            Ok(value) => value,
            Err(fault) => return Ok(Err(fault)),
        }
    };
}

/// That the addresses were proven; made by `prove_addresses` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressProof {
    /// Bytes read for it.
    pub bytes: u64,
    /// No place that was looked at proves anything: the proof has to be made again at places that do.
    pub blank: bool,
    /// The telling places, and what they held. The contents that are read later must hold the same.
    seen: Vec<(u64, Vec<u8>)>,
}

impl AddressProof {
    /// The places in `bytes`, read from `start` on, that differ by more than a flipped bit from what they held at the
    /// proof, and what that was.
    pub(in crate::workflow) fn contradicted<'a>(
        &'a self,
        start: u64,
        bytes: &'a [u8],
    ) -> impl Iterator<Item = (Span, &'a [u8])> {
        let area = Span::new(start, start + bytes.len() as u64);
        self.seen.iter().filter_map(move |(at, seen)| {
            let place = Span::at(*at, seen.len() as u64).filter(|place| area.covers(*place))?;
            let now = &bytes[Span::new(place.start - start, place.end - start).range()];
            differ(now, seen).then_some((place, seen.as_slice()))
        })
    }
}

/// Proves the chip's addresses, at evenly spread places and at `hints`: places that are known to differ.
///
/// # Errors
/// `Ok(Err(fault))` names what is wrong with the addresses; `Err` is a failure below.
pub fn prove_addresses<P: Programmer>(
    chip: &mut Chip<P>,
    hints: &[u64],
) -> Result<Result<AddressProof, AddressFault>, FlashError> {
    let mut asker = Asker::plain(chip);
    let tested = asker.test(hints)?;
    let bytes = asker.bytes;
    Ok(match tested {
        Ok(blank) => Ok(AddressProof { bytes, blank, seen: asker.seen }),
        Err(fault) => match asker.unsteady()? {
            Some(noise) => Err(noise),
            None => Err(asker.with_four_byte_mode_ruled_out(fault, hints)?),
        },
    })
}

/// Up to 8 addresses at which `bytes`, read from `start` on, are not all alike, the last one first.
pub(in crate::workflow) fn telling_addresses(start: u64, bytes: &[u8]) -> Vec<u64> {
    let looks = bytes.chunks(LOOK as usize).enumerate().rev().filter(|(_, look)| tells(look));
    looks.map(|(n, _)| start + n as u64 * LOOK).step_by(LENGTH as usize).take(CROSSED).collect()
}

impl<P: Programmer> Asker<'_, P> {
    /// Every test; gives whether nothing was telling.
    fn test(&mut self, hints: &[u64]) -> Tested<bool> {
        let places = self.telling_places(hints)?;
        sound!(self.overlaps_agree(&places));
        sound!(self.bits_are_seen(&places));
        if let Some(place) = places.first() {
            sound!(self.long_answers_hold(*place));
        }
        sound!(self.fast_read_agrees(&places));
        Ok(Ok(places.is_empty()))
    }

    /// Across each place and each power of two: what is read from there must continue what is read from before it.
    fn overlaps_agree(&mut self, places: &[u64]) -> Tested<()> {
        let powers = (4..63).map(|bit| 1u64 << bit).take_while(|at| at + LOOK <= self.size);
        let places: BTreeSet<u64> = powers.chain(places.iter().copied()).filter(|at| *at >= LOOK).collect();
        let mut wrong: Vec<u64> = places.iter().copied().collect();
        let mut seen = Vec::new();
        for _ in 0..TIMES {
            seen = self.overlaps(&wrong)?;
            seen.retain(|(_, across, from)| across != from);
            wrong = seen.iter().map(|(at, ..)| *at).collect();
            if wrong.is_empty() {
                return Ok(Ok(()));
            }
        }
        let first_only = seen.iter().all(|(_, across, from)| across[1..] == from[1..])
            && seen.iter().any(|(_, across, _)| tells(&across[1..]));
        if first_only {
            let (at, across, from) = &seen[0];
            return Ok(Err(AddressFault::FirstByte { at: *at, first: from[0], later: across[0] }));
        }
        let found: Vec<u64> = seen.iter().map(|(at, ..)| *at).collect();
        if let Some(fault) = self.find_dead_after(&found, LENGTH)? {
            return Ok(Err(fault));
        }
        let places = found;
        if let Some(fault) = self.find_wrap(&places)? {
            return Ok(Err(fault));
        }
        if let Some(fault) = self.find_stuck_bit(&places)? {
            return Ok(Err(fault));
        }
        Ok(Err(AddressFault::Misplaced { places: places.len(), first: places[0] }))
    }

    /// Every address bit turned by itself must give other bytes somewhere. Where it gives none, one answer that runs over
    /// the bit's boundary must continue with what is read from there.
    fn bits_are_seen(&mut self, places: &[u64]) -> Tested<()> {
        let places = &places[..places.len().min(TURNED)];
        let proven = self.proven_bits(places)?;
        for (bit, _) in (0..).zip(proven).filter(|(_, proven)| !proven) {
            for place in places {
                sound!(self.runs_over_boundary(bit, place & !(1 << bit) | 1 << bit));
            }
        }
        Ok(Ok(()))
    }

    /// One answer that begins below the boundary of `bit` and runs to `place`, against one that begins there.
    fn runs_over_boundary(&mut self, bit: u32, place: u64) -> Tested<()> {
        let boundary = place >> bit << bit;
        // Below the boundary, the bit is clear.
        let before = LOOK.min(1 << bit);
        if place - boundary > LENGTH || place + LOOK > self.size {
            return Ok(Ok(()));
        }
        let spans = [Span::new(boundary - before, place + LOOK), Span::new(place, place + LOOK)];
        for _ in 0..TIMES {
            let seen = self.ask(&spans)?;
            if seen[0].ends_with(&seen[1]) {
                return Ok(Ok(()));
            }
        }
        Ok(Err(AddressFault::StuckBit { bit }))
    }

    /// The last byte of a long answer against an answer of that byte alone.
    fn long_answers_hold(&mut self, place: u64) -> Tested<()> {
        for _ in 0..TIMES {
            let seen = self.ask(&[Span::new(place, place + 1), Span::new(place, place + LOOK)])?;
            // A byte that a dead line does not give.
            let Some(offset) = seen[1].iter().position(|byte| *byte != 0xff && *byte != 0) else {
                return Ok(Ok(()));
            };
            let byte = place + offset as u64;
            if self.last_byte_holds(byte, LENGTH)? {
                return Ok(Ok(()));
            }
        }
        let dead = self.find_dead_after(&[place], LENGTH)?;
        let stuck = if dead.is_none() { self.find_stuck_bit(&[place])? } else { None };
        Ok(Err(dead.or(stuck).unwrap_or(AddressFault::Misplaced { places: 1, first: place })))
    }

    /// The fast read against the plain one.
    fn fast_read_agrees(&mut self, places: &[u64]) -> Tested<()> {
        let fast = self.chip.fast_read();
        if fast == self.command {
            return Ok(Ok(()));
        }
        let spans: Vec<Span> = places.iter().take(TURNED).map(|at| Span::new(*at, at + LOOK)).collect();
        for _ in 0..TIMES {
            let plain = self.ask(&spans)?;
            self.bytes += spans.iter().map(|span| span.len()).sum::<u64>();
            if self.chip.read_spans(fast, &spans)? == plain {
                return Ok(Ok(()));
            }
        }
        Ok(Err(AddressFault::FastRead { opcode: fast.opcode }))
    }
}
