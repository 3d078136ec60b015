//! Where the two passes of a proof cut a span into transactions. Pure.
//!
//! A fault that depends on where a transaction begins or how long it is must strike the two passes at different
//! addresses. The pass that runs forward cuts long pieces at odd places that move from piece to piece; the one that runs
//! backward cuts short pieces at multiples of their length. The start and the end of a span are shared: so the pass that
//! runs forward begins a little before its span and ends a little after it, and cuts the first backward piece in two,
//! so that bytes far into an answer of the one are near the start of an answer of the other.

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

/// Bytes before its span at which the forward pass begins, where the chip has so many. No multiple of a power of two.
pub(crate) const LEAD: u64 = 37;
/// Bytes after its span that it reads.
pub(crate) const TAIL: u64 = 11;
/// Where the forward pass cannot begin before its span, it is cut after so many bytes. As far into an answer the proof of
/// the addresses compares every byte with itself further on.
const HEAD: u64 = 13;

/// The length of forward pieces on average on this programmer: 64 KiB, or what half of its longest window holds.
pub(crate) fn long(limits: &Limits) -> u64 {
    LONG.min(floor_power(room(limits)) / 2).max(SIXTEENTHS * 2)
}

/// Bytes that one window can read after its command.
pub(crate) fn room(limits: &Limits) -> u64 {
    limits.max_transaction.saturating_sub(8).max(1) as u64
}

/// The largest power of two that is not above `n`.
fn floor_power(n: u64) -> u64 {
    1 << n.max(1).ilog2()
}

/// Long pieces from the start to the end, `long` bytes on average and no more than twice that. No cut is at a multiple of
/// a sixteenth of `long`; of 4 KiB for pieces of 64 KiB. `short` is the length of the backward pieces.
pub(crate) fn forward(span: Span, long: u64, short: u64) -> impl Iterator<Item = Span> {
    let part = long / SIXTEENTHS;
    let early = early_cuts(span, short);
    let mut at = span.start;
    std::iter::from_fn(move || {
        if at >= span.end {
            return None;
        }
        // One cut in each `long` bytes, in another sixteenth of it each time, and never at the edge of one.
        let cut = |n: u64| n * long + n * 5 % SIXTEENTHS * part + 1 + n * STEP % (part - 1);
        let n = at / long;
        let end = if cut(n) > at { cut(n) } else { cut(n + 1) };
        let end = early.into_iter().flatten().filter(|cut| *cut > at).fold(end, u64::min);
        let piece = Span::new(at, end.min(span.end));
        at = piece.end;
        Some(piece)
    })
}

/// The cuts at the start of a span that begins where the last backward piece does: after its first bytes, where the
/// forward pass begins with them too, and in the middle of that piece.
fn early_cuts(span: Span, short: u64) -> [Option<u64>; 2] {
    let piece = Span::new(span.start, ((span.start / short + 1) * short).min(span.end));
    let head = (span.start < LEAD).then_some(span.start + HEAD);
    // Odd, so that it is at no boundary.
    let middle = (span.start + piece.len() / 2) | 1;
    [head, (piece.len() > 4 * HEAD).then_some(middle)]
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
                let ahead: Vec<Span> = forward(span, LONG, length).collect();
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

    /// Wherever a span begins and however short it is, its bytes are further into an answer of the one pass than of the
    /// other: by a little, and after the middle of the shared piece by half of it.
    #[test]
    fn a_short_span_is_cut_otherwise_by_either_pass() {
        for start in [0, 0x1234, 0x2_0000] {
            for len in [256, 4096, 0x4000, 0x1_0000] {
                for length in [SHORT.0, SHORT.1] {
                    let span = Span::new(start, start + len);
                    let ahead: Vec<Span> = forward(span, LONG, length).collect();
                    let last = backward(span, length).last().unwrap();
                    let into = |at: u64| {
                        let piece = ahead.iter().find(|piece| piece.contains(at)).unwrap();
                        at - piece.start + if piece.start == start { start.min(LEAD) } else { 0 }
                    };
                    for at in [last.start + 16, last.start + last.len() / 4, last.end - 1] {
                        assert_ne!(into(at), at - last.start, "{at:#x} in {span}");
                    }
                    assert!(into(last.end - 1) <= last.len() / 2, "{span}: the end of the shared piece");
                }
            }
        }
    }

    /// The start of the chip, before which the forward pass cannot begin: after a few bytes it begins anew.
    #[test]
    fn the_first_bytes_of_the_chip_are_not_as_far_into_an_answer_as_in_the_other_pass() {
        let pieces: Vec<Span> = forward(Span::new(0, 0x1_0000), LONG, SHORT.0).collect();
        for at in HEAD..0x400 {
            let piece = pieces.iter().find(|piece| piece.contains(at)).unwrap();
            assert!(piece.start >= HEAD, "{at:#x} in {piece}");
        }
    }

    /// Address bits that never change at the start of a piece would prove nothing.
    #[test]
    fn forward_pieces_begin_with_every_low_address_bit_set_and_clear() {
        let starts: Vec<u64> =
            forward(Span::new(0, 2 << 20), LONG, SHORT.1).skip(1).map(|p| p.start).collect();
        for bit in 0..20 {
            let set = starts.iter().filter(|s| *s >> bit & 1 == 1).count();
            assert!(set > 0 && set < starts.len(), "bit {bit}");
        }
    }
}
