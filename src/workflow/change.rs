//! A chip that changed between two passes in more places than are voted on: distinguished from a link that fails.
//!
//! What another master has written reads the same from then on, by either engine in the very transactions of its pass, and
//! the earlier value never comes back. A fault of one way of reading strikes its own transactions again; noise and lost
//! answers give something else each time, or bytes that belong elsewhere.

use super::differing::Differing;
use super::engine::Engine;
use super::read_result::Changed;
use super::vote::is_no_flip;
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::Programmer;

/// Blocks looked at, evenly spread over those that differ.
const LOOKED: usize = 4;
/// Looks at each block by either engine.
const TIMES: usize = 2;
/// Bytes by which an answer in the wrong place is known.
const NEEDLE: usize = 32;

/// What has changed since the first pass over `span`, which read `bytes`; `None` where the differences may have another
/// cause.
pub(super) fn changed_since<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    differing: &Differing,
    bytes: &[u8],
) -> Result<Option<Changed>, FlashError> {
    if differing.pattern.repeated_answers > 0 {
        return Ok(None);
    }
    let first = |block: Span| &bytes[Span::new(block.start - span.start, block.end - span.start).range()];
    let step = differing.others.len().div_ceil(LOOKED).max(1);
    let blocks: Vec<(Span, &[u8])> = differing
        .others
        .iter()
        .step_by(step)
        .filter_map(|(start, later)| Some((Span::at(*start, later.len() as u64)?, later.as_slice())))
        .collect();
    let reported = |(block, later): &(Span, &[u8])| {
        is_no_flip(first(*block), later)
            && !is_displaced(first(*block), (block.start - span.start) as usize, later, bytes)
    };
    if !blocks.iter().all(reported) {
        return Ok(None);
    }
    for (block, later) in &blocks {
        for engine in [Engine::Own, Engine::Other].repeat(TIMES) {
            if engine.read_as_in_pass(chip, span, *block)? != *later {
                return Ok(None);
            }
        }
    }
    let example = |(block, later): &(Span, &[u8])| {
        Changed::new(differing.blocks.clone(), block.start, first(*block), later)
    };
    Ok(blocks.first().map(example))
}

/// True where bytes of the first pass belong elsewhere: `all` of it has them at another place, or the later reading a little
/// before or after. An answer to another command came in place of this one's, or a byte was lost on the way.
fn is_displaced(first: &[u8], at: usize, later: &[u8], all: &[u8]) -> bool {
    let from = first.len() / 2;
    let needle = &first[from..(from + NEEDLE).min(first.len())];
    let elsewhere = |found: usize| found != at + from;
    tells(needle)
        && (memchr::memmem::find_iter(all, needle).any(elsewhere)
            || memchr::memmem::find_iter(later, needle).any(|found| found != from))
}

fn tells(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != bytes[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: usize = 256;

    /// Bytes that tell each place from every other.
    fn telling() -> Vec<u8> {
        (0..2048u32).flat_map(|n| n.wrapping_mul(0x9e37_79b1).to_be_bytes()).collect()
    }

    #[test]
    fn an_answer_of_another_place_is_displaced() {
        let (all, at) = (telling(), 3 * BLOCK);
        let first = &all[at..at + BLOCK];
        let written = vec![0x3c; BLOCK];
        assert!(!is_displaced(first, at, &written, &all), "another master has written");

        let mut twice = all.clone();
        twice.copy_within(at..at + BLOCK, at + 8 * BLOCK);
        assert!(is_displaced(first, at, &written, &twice), "an answer that came twice");

        let shifted = [&first[1..], &[0x55]].concat();
        assert!(is_displaced(first, at, &shifted, &all), "a byte that was lost on the way");
        let late = [&[0x55], &first[..BLOCK - 1]].concat();
        assert!(is_displaced(first, at, &late, &all), "a byte too many");
    }

    /// Erased or cleared bytes are everywhere: they show no place.
    #[test]
    fn bytes_that_are_all_alike_show_no_place() {
        for flat in [0xff, 0x00] {
            let mut all = telling();
            all[BLOCK..3 * BLOCK].fill(flat);
            assert!(!is_displaced(&all[BLOCK..2 * BLOCK], BLOCK, &[0x3c; BLOCK], &all));
        }
    }
}
