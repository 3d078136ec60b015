//! Where the two passes of a proof cut a span into transactions. Pure.
//!
//! A fault that depends on where a transaction begins or how long it is must strike the two passes at different
//! addresses. The pass that runs forward cuts long pieces at odd places that move from piece to piece; the one that runs
//! backward cuts short pieces at multiples of their length. Only the start and the end of the whole span are shared.

use crate::span::Span;
use crate::spi::Limits;
use crate::units::KIB;

/// The length of a forward piece on average.
const LONG: u64 = 64 * KIB;
/// Parts of a forward piece's average length in which its cut moves.
const SIXTEENTHS: u64 = 16;
/// No forward piece is longer.
pub(crate) const LONGEST: u64 = 2 * LONG;
/// Backward pieces: the smallest and the largest. Every length is a multiple of the smallest.
const SHORT: (u64, u64) = (4 * KIB, 16 * KIB);
/// How far a forward cut lies from a multiple of the smallest backward piece changes by so much from cut to cut. It has
/// no factor in common with `SHORT.0 - 1`, so all distances from 1 to `SHORT.0 - 1` occur before one repeats.
const STEP: u64 = 1447;

/// The length of forward pieces on average on this programmer: 64 KiB, or what half of its longest window holds.
pub(crate) fn long(limits: &Limits) -> u64 {
    LONG.min(floor_power(room(limits)) / 2).max(SIXTEENTHS * 2)
}

/// Bytes that one window can read behind its command.
pub(crate) fn room(limits: &Limits) -> u64 {
    limits.max_transaction.saturating_sub(8).max(1) as u64
}

/// The largest power of two that is not above `n`.
fn floor_power(n: u64) -> u64 {
    1 << n.max(1).ilog2()
}

/// Long pieces from the start to the end, `long` bytes on average and no more than twice that. No cut is at a multiple of
/// a sixteenth of `long`; of 4 KiB for pieces of 64 KiB.
pub(crate) fn forward(span: Span, long: u64) -> impl Iterator<Item = Span> {
    let part = long / SIXTEENTHS;
    let mut at = span.start;
    std::iter::from_fn(move || {
        if at >= span.end {
            return None;
        }
        // One cut in each `long` bytes, in another sixteenth of it each time, and never at the edge of one.
        let cut = |n: u64| n * long + n * 5 % SIXTEENTHS * part + 1 + n * STEP % (part - 1);
        let n = at / long;
        let end = if cut(n) > at { cut(n) } else { cut(n + 1) };
        let piece = Span::new(at, end.min(span.end));
        at = piece.end;
        Some(piece)
    })
}

/// Short pieces from the end to the start, cut at multiples of `length`.
pub(crate) fn backward(span: Span, length: u64) -> impl Iterator<Item = Span> {
    let mut end = span.end;
    std::iter::from_fn(move || {
        if end <= span.start {
            return None;
        }
        let start = ((end - 1) / length * length).max(span.start);
        let piece = Span::new(start, end);
        end = start;
        Some(piece)
    })
}

/// The length of backward pieces on this programmer: a sixteenth of a batch, from 4 to 16 KiB.
pub(crate) fn short(limits: &Limits) -> u64 {
    let sixteenth = (limits.read_batch / 16).max(1).next_power_of_two() as u64;
    sixteenth.clamp(SHORT.0, SHORT.1).min(floor_power(room(limits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn both_cover_the_span_and_share_no_cut(start in 0u64..300 << 20, len in 1u64..300 << 20) {
            let span = Span::new(start, start + len);
            for length in [SHORT.0, 2 * SHORT.0, SHORT.1] {
                let ahead: Vec<Span> = forward(span, LONG).collect();
                let mut back: Vec<Span> = backward(span, length).collect();
                back.reverse();
                for pieces in [&ahead, &back] {
                    prop_assert!(pieces.windows(2).all(|w| w[0].end == w[1].start));
                    prop_assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (span.start, span.end));
                }
                prop_assert!(ahead.iter().all(|p| p.len() <= LONGEST));
                prop_assert!(back.iter().all(|p| p.len() <= length));
                let cuts: BTreeSet<u64> = back[1..].iter().map(|p| p.start).collect();
                prop_assert!(ahead[1..].iter().all(|p| !cuts.contains(&p.start)));
            }
        }
    }

    /// Address bits that never change at the start of a piece would prove nothing.
    #[test]
    fn forward_pieces_begin_with_every_low_address_bit_set_and_clear() {
        let starts: Vec<u64> = forward(Span::new(0, 2 << 20), LONG).skip(1).map(|p| p.start).collect();
        for bit in 0..20 {
            let set = starts.iter().filter(|s| *s >> bit & 1 == 1).count();
            assert!(set > 0 && set < starts.len(), "bit {bit}");
        }
    }
}
