//! Asking the chip for the same bytes in several ways: the looks that the proof of the addresses is made of.

use super::address_fault::AddressFault;
use crate::flash::{Chip, FlashError, ReadCommand};
use crate::span::Span;
use crate::spi::Programmer;
use std::collections::BTreeSet;

/// Bytes of one look at a place.
pub(super) const LOOK: u64 = 16;
/// Bytes read after a look, so that its last byte is not the last one of its answer.
const BEHIND: u64 = 7;
/// Telling places at which two reads that overlap are compared.
pub(super) const CROSSED: usize = 8;
/// Places looked at, evenly spread.
const PLACES: u64 = 48;
/// Repeated reads that show whether noise is the cause. As many differences in all are no noise: another master may have
/// written to one of the places.
const STEADY: usize = 8;

/// A place, what an answer that began before it gave from there on, and what one that began there gave.
pub(super) type Overlap = (u64, Vec<u8>, Vec<u8>);

/// Asks the chip by one command.
pub(super) struct Asker<'c, P: Programmer> {
    pub chip: &'c mut Chip<P>,
    pub size: u64,
    pub command: ReadCommand,
    pub bytes: u64,
    /// The telling places at the first look at them.
    pub seen: Vec<(u64, Vec<u8>)>,
}

impl<'c, P: Programmer> Asker<'c, P> {
    /// By the plain read.
    pub fn plain(chip: &'c mut Chip<P>) -> Self {
        let command = chip.plain_read();
        Asker { size: chip.geometry().size, chip, command, bytes: 0, seen: Vec::new() }
    }

    pub fn ask(&mut self, spans: &[Span]) -> Result<Vec<Vec<u8>>, FlashError> {
        self.bytes += spans.iter().map(|span| span.len()).sum::<u64>();
        self.chip.read_spans(self.command, spans)
    }

    /// Places whose bytes are not all alike, as multiples of [`LOOK`].
    pub fn telling_places(&mut self, hints: &[u64]) -> Result<Vec<u64>, FlashError> {
        let step = (self.size / PLACES / LOOK * LOOK).max(LOOK);
        let even = (0..PLACES).map(|n| n * step);
        let places: BTreeSet<u64> =
            even.chain(hints.iter().map(|at| at / LOOK * LOOK)).filter(|at| at + LOOK <= self.size).collect();
        let spans: Vec<Span> = places.iter().map(|at| Span::new(*at, at + LOOK)).collect();
        let seen = self.ask(&spans)?;
        let looks = places.into_iter().zip(seen).filter(|(_, seen)| tells(seen));
        self.seen = looks.collect();
        let telling: Vec<u64> = self.seen.iter().map(|(at, _)| *at).collect();
        // The highest first: a place below LENGTH cannot end a long answer. Spread over what there is.
        let step = telling.len().div_ceil(CROSSED).max(1);
        Ok(telling.into_iter().rev().step_by(step).collect())
    }

    /// Each place read from before it, and from its own first byte: by an answer that ends with it, and by one that runs on
    /// after it.
    pub fn overlaps(&mut self, places: &[u64]) -> Result<Vec<Overlap>, FlashError> {
        let spans: Vec<Span> = places
            .iter()
            .flat_map(|at| {
                let further = Span::new(*at, (at + LOOK + BEHIND).min(self.size));
                [Span::new(at - LOOK, at + LOOK), further]
            })
            .collect();
        let seen = self.ask(&spans)?;
        let pairs = seen.chunks_exact(2).zip(places);
        let look = LOOK as usize;
        Ok(pairs.map(|(pair, at)| (*at, pair[0][look..].to_vec(), pair[1][..look].to_vec())).collect())
    }

    /// For each address bit, whether turning it gave other bytes at any of the places.
    pub fn proven_bits(&mut self, places: &[u64]) -> Result<Vec<bool>, FlashError> {
        let bits = self.size.trailing_zeros().min(63);
        let mut spans = Vec::new();
        for place in places {
            spans.push(Span::new(*place, place + LOOK));
            let turned = (0..bits).map(|bit| place ^ 1 << bit);
            spans.extend(turned.map(|at| Span::new(at, (at + LOOK).min(self.size))));
        }
        let seen = self.ask(&spans)?;
        let per_place: Vec<&[Vec<u8>]> = seen.chunks(1 + bits as usize).collect();
        let proven = |bit: usize| per_place.iter().any(|seen| differ(&seen[0], &seen[1 + bit]));
        Ok((0..bits as usize).map(proven).collect())
    }

    pub fn last_byte_holds(&mut self, at: u64, length: u64) -> Result<bool, FlashError> {
        let seen = self.ask(&[Span::new((at + 1).saturating_sub(length), at + 1), Span::new(at, at + 1)])?;
        Ok(seen[0].last() == seen[1].last())
    }

    /// Evenly spread places that do not read the same every time: noise, which looks like any fault.
    pub fn unsteady(&mut self) -> Result<Option<AddressFault>, FlashError> {
        let step = (self.size / PLACES).max(LOOK);
        let spans: Vec<Span> =
            (0..self.size / step).map(|n| Span::new(n * step, (n * step + LOOK).min(self.size))).collect();
        let first = self.ask(&spans)?;
        let mut differing = 0;
        for _ in 0..STEADY {
            let again = self.ask(&spans)?;
            differing += first.iter().zip(&again).filter(|(a, b)| a != b).count();
        }
        let reads = STEADY * spans.len();
        Ok((differing > STEADY).then_some(AddressFault::Unsteady { differing, reads }))
    }
}

/// Bytes of which a fault of the address would show: not all alike.
pub(super) fn tells(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != bytes[0])
}

/// More than a flipped bit apart.
pub(super) fn differ(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>() > 2
}
