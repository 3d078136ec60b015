//! Where passes of a read differ, kept as they arrive.

use super::noise::Pattern;
use crate::span::{Span, Spans};
use std::collections::{BTreeMap, VecDeque};

/// What is voted on at once: small, so that few wrong bytes share a block.
pub(super) const BLOCK: u64 = 256;
/// Blocks whose other reading is kept; more are never voted on.
const KEPT: usize = 4096;

/// An answer that comes again is looked for in so many before it.
const BACK: usize = 3;

/// Where passes differ.
#[derive(Default)]
pub(super) struct Differing {
    /// Whole blocks.
    pub blocks: Spans,
    /// Bytes.
    pub bytes: u64,
    /// What the differences look like.
    pub pattern: Pattern,
    /// What the later pass read, by the address at which the block begins in the span.
    pub others: BTreeMap<u64, Vec<u8>>,
    /// The pieces that arrived last in the later pass, the newest first.
    last: VecDeque<Vec<u8>>,
}

impl Differing {
    /// Compares a piece of the first pass with the same piece of a later one.
    pub(super) fn compare(&mut self, address: u64, first: &[u8], later: &[u8]) {
        if first != later {
            if self.last.iter().any(|before| repeats(before, later)) {
                self.pattern.repeated_answers += 1;
            }
            self.add(address, first, later);
        }
        let mut newest = if self.last.len() < BACK { None } else { self.last.pop_back() }.unwrap_or_default();
        newest.clear();
        newest.extend_from_slice(later);
        self.last.push_front(newest);
    }

    fn add(&mut self, address: u64, first: &[u8], later: &[u8]) {
        for piece in Span::new(address, address + first.len() as u64).pieces(BLOCK) {
            let at = Span::new(piece.start - address, piece.end - address).range();
            let (x, y) = (&first[at.clone()], &later[at]);
            if x != y {
                self.bytes += x.iter().zip(y).filter(|(p, q)| p != q).count() as u64;
                self.pattern.add(piece, x, y);
                self.blocks.insert(piece.aligned_out(BLOCK));
                if self.others.len() < KEPT {
                    self.others.insert(piece.start, y.to_vec());
                }
            }
        }
    }

    /// Looks for answers of the first pass that came again in place of a later one; `pieces` are its transactions.
    pub(super) fn look_for_repeats(&mut self, start: u64, bytes: &[u8], pieces: impl Iterator<Item = Span>) {
        let mut last: VecDeque<&[u8]> = VecDeque::new();
        for piece in pieces {
            let now = &bytes[Span::new(piece.start - start, piece.end - start).range()];
            if self.blocks.overlaps(piece) && last.iter().any(|before| repeats(before, now)) {
                self.pattern.repeated_answers += 1;
            }
            last.push_front(now);
            last.truncate(BACK);
        }
    }
}

/// The same answer twice, and not of one value.
fn repeats(before: &[u8], now: &[u8]) -> bool {
    let len = before.len().min(now.len());
    len >= BLOCK as usize && before[..len] == now[..len] && now.iter().any(|byte| *byte != now[0])
}
