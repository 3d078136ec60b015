//! Address bits that may be taken for each other, and the answers that rule it out once the whole contents are known.
//!
//! Where both sides of a boundary hold something, the two passes rule it out: one begins an answer there, the other runs
//! over it. What is left are contents with blank space after a boundary. An answer that begins where a bit is clear and runs
//! on to something that it reads where the bit is set is counted up by the chip itself, so that it gives the distance.

use super::asker::LOOK;
use crate::span::{Span, Spans};

/// Two address bits, the lower one first.
type Pair = (u32, u32);

/// The answers that rule out that two address bits are taken for each other in `bytes`, the contents as read of a whole
/// chip; none for what would not change them. Pure.
pub(super) fn answers_against_exchanged_bits(bytes: &[u8]) -> Vec<Span> {
    let size = bytes.len() as u64;
    let bits = 4..size.trailing_zeros().min(63);
    let held = what_is_held(bytes);
    let Some(last) = held.as_slice().last() else { return Vec::new() };
    let crossings: Vec<Option<Span>> = bits.clone().map(|bit| shortest_over(bit, &held)).collect();
    let mut chosen: Vec<Span> = Vec::new();
    for pair in bits.clone().flat_map(|low| (low + 1..bits.end).map(move |high| (low, high))) {
        let both = [pair.0, pair.1].map(|bit| crossings[(bit - bits.start) as usize]);
        let telling = both.into_iter().flatten().filter(|span| tells_apart(bytes, pair, *span));
        let whole = Span::new(0, last.end);
        let best = telling.min_by_key(|span| (!chosen.contains(span), span.len())).unwrap_or(whole);
        if !chosen.contains(&best) && changes(bytes, pair) {
            chosen.push(best);
        }
    }
    // One answer from the start, where every bit is clear, rules out everything up to its end.
    let end = chosen.iter().map(|span| span.end).max().unwrap_or(0);
    let all: u64 = chosen.iter().map(|span| span.len()).sum();
    if all > end { vec![Span::new(0, end)] } else { chosen }
}

/// The looks that are not erased, in runs.
fn what_is_held(bytes: &[u8]) -> Spans {
    const ERASED: [u8; LOOK as usize] = [0xff; LOOK as usize];
    let mut held = Spans::new();
    let mut begun = None;
    for (n, look) in (0..).zip(bytes.chunks_exact(ERASED.len())) {
        let at = n * LOOK;
        match begun {
            None if *look != ERASED => begun = Some(at),
            Some(start) if *look == ERASED => {
                held.insert(Span::new(start, at));
                begun = None;
            }
            _ => {}
        }
    }
    if let Some(start) = begun {
        held.insert(Span::new(start, bytes.len() as u64));
    }
    held
}

/// The shortest answer that begins just below a place where `bit` comes to be set, and runs on to a look that holds
/// something.
fn shortest_over(bit: u32, held: &Spans) -> Option<Span> {
    let places = held.iter().flat_map(|run| {
        let comes = (run.start.div_ceil(1 << bit) | 1) << bit;
        [run.start, comes].into_iter().filter(move |at| at >> bit & 1 == 1 && run.contains(*at))
    });
    let nearest = places.min_by_key(|at| at % (1 << bit))?;
    Some(Span::new((nearest >> bit << bit) - LOOK, nearest + LOOK))
}

/// Whether contents that were read with the two bits taken for each other are not these.
fn changes(bytes: &[u8], (low, high): Pair) -> bool {
    let (block, step) = (1usize << low, 1usize << high);
    (0..bytes.len()).step_by(2 * block).filter(|at| at & step == 0).any(|at| {
        let (one, other) = (at + block, at + step);
        bytes[one..one + block] != bytes[other..other + block]
    })
}

/// Whether a chip that takes the two bits for each other and was read as `bytes` would answer otherwise than `bytes`.
fn tells_apart(bytes: &[u8], pair: Pair, span: Span) -> bool {
    let begins = exchanged(span.start, pair);
    // What holds something is at the end.
    (0..span.len()).rev().any(|n| {
        let from = exchanged((begins + n) % bytes.len() as u64, pair);
        bytes[from as usize] != bytes[(span.start + n) as usize]
    })
}

fn exchanged(at: u64, (low, high): Pair) -> u64 {
    let differ = (at >> low ^ at >> high) & 1;
    at ^ (differ << low | differ << high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(at: usize, len: usize) -> Vec<u8> {
        (at as u32..(at + len) as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x7f).collect()
    }

    /// Blank but for these places.
    fn with(places: &[(usize, usize)]) -> Vec<u8> {
        sized(0x8_0000, places)
    }

    fn sized(size: usize, places: &[(usize, usize)]) -> Vec<u8> {
        let mut bytes = vec![0xff; size];
        for (at, len) in places {
            bytes[*at..at + len].copy_from_slice(&noise(*at, *len));
        }
        bytes
    }

    fn cost(bytes: &[u8]) -> u64 {
        answers_against_exchanged_bits(bytes).iter().map(|span| span.len()).sum()
    }

    #[test]
    fn contents_without_a_gap_cost_a_look_at_each_boundary() {
        assert!(cost(&with(&[(0, 0x8_0000)])) <= 15 * 2 * LOOK);
        // Erased from the middle on, and a page at the very end, where all bits are set.
        assert!(cost(&with(&[(0, 0x4_0000), (0x7_ff00, 0x100)])) <= 15 * 2 * LOOK);
    }

    #[test]
    fn what_would_not_change_the_contents_is_not_asked_for() {
        assert_eq!(answers_against_exchanged_bits(&with(&[])), []);
        assert_eq!(answers_against_exchanged_bits(&with(&[(0, 16), (0x7_fff0, 16)])), []);
    }

    #[test]
    fn an_island_is_reached_from_where_its_bits_come_to_be_set() {
        let bytes = with(&[(0, 0x1_0000), (0x3_2140, 64)]);
        let answers = answers_against_exchanged_bits(&bytes);
        assert!(answers.contains(&Span::new(0x1_fff0, 0x3_2150)), "{answers:x?}");
        assert!(cost(&bytes) < 0x1_5000, "{answers:x?}");
    }

    /// As a chip with the two bits exchanged gives an answer.
    fn answer(held: &[u8], pair: Pair, span: Span) -> Vec<u8> {
        let begins = exchanged(span.start, pair) as usize;
        (0..span.len() as usize).map(|n| held[(begins + n) % held.len()]).collect()
    }

    #[test]
    fn every_two_bits_that_are_exchanged_are_found_where_it_matters() {
        let layouts: [&[(usize, usize)]; 5] = [
            &[(0, 0x1000), (0x3210, 64)],
            &[(0, 0x8000)],
            &[(0x1230, 64)],
            &[(0, 0x2800), (0x4000, 0x10), (0x7000, 0x100)],
            &[(0x10, 16), (0x2040, 16), (0x5f00, 0x80)],
        ];
        let mut found = 0;
        for places in layouts {
            let held = sized(0x8000, places);
            for pair in (4..15).flat_map(|low| (low + 1..15).map(move |high| (low, high))) {
                // What both passes read where each piece lies within blocks that move as one.
                let read: Vec<u8> =
                    (0..held.len() as u64).map(|at| held[exchanged(at, pair) as usize]).collect();
                let seen = answers_against_exchanged_bits(&read)
                    .iter()
                    .any(|span| answer(&held, pair, *span) != read[span.range()]);
                assert!(seen || read == held, "{places:x?} {pair:?}");
                found += usize::from(seen);
            }
        }
        assert!(found > 100, "{found}");
    }
}
