//! A slower clock: a look at what a bit that comes too late reads there, and going on at one.
//!
//! A bit that is late for the clock is wrong in every pass alike, whatever else the passes differ in. So a part of what
//! they agree on is read again at slower ones. Where that is otherwise each time, and the clock of before still gives
//! what it gave, the clock is the cause.

use super::engine::stop_on_break;
use super::error::Cause;
use super::event::{Event, Events};
use super::note::Warning;
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::{Programmer, SpiError};
use crate::units::KIB;

/// The slowest clock that is tried.
const SLOWEST_HZ: u32 = 1_000_000;
/// One byte in so many is read again at half the clock: less than 1 % of the time of two passes.
const PART: u64 = 256;
/// At least and at most so many bytes.
const AT_HALF: (u64, u64) = (16 * KIB, 32 * KIB);
/// Bytes that are read again at the slowest clock.
const AT_SLOWEST: (u64, u64) = (4 * KIB, 4 * KIB);
/// In blocks of this length.
const BLOCK: usize = 256;
/// Looks at one clock that have to agree with each other.
const TIMES: usize = 3;

/// True where blocks of `bytes`, read from `start` on at the clock that is set, read otherwise at a slower one: at half of
/// it, which shows the few that are just too late, or at the slowest, which shows what is late at half the clock too.
/// False where there is no slower clock.
pub(super) fn reads_otherwise<P: Programmer>(
    chip: &mut Chip<P>,
    start: u64,
    bytes: &[u8],
) -> Result<bool, FlashError> {
    let half = chip.programmer().limits().clock_hz / 2;
    for (hz, most) in [(half, AT_HALF), (SLOWEST_HZ, AT_SLOWEST)] {
        if hz >= SLOWEST_HZ && hz <= half && reads_otherwise_at(chip, hz, most, (start, bytes))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn reads_otherwise_at<P: Programmer>(
    chip: &mut Chip<P>,
    hz: u32,
    most: (u64, u64),
    (start, bytes): (u64, &[u8]),
) -> Result<bool, FlashError> {
    let spans = telling_blocks(start, bytes, most);
    let Some(slow) = at(chip, hz, &spans)? else { return Ok(false) };
    let read = |span: &Span| &bytes[Span::new(span.start - start, span.end - start).range()];
    let mut other: Vec<(Span, Vec<u8>)> =
        spans.into_iter().zip(slow).filter(|(span, slow)| read(span) != slow).collect();
    // Noise gives another answer each time, and another master's write is seen at either clock.
    for _ in 1..TIMES {
        let Some(again) = at(chip, hz, &spans_of(&other))? else { return Ok(false) };
        let mut again = again.into_iter();
        other.retain(|(_, slow)| again.next().as_ref() == Some(slow));
    }
    let now = chip.read_spans(chip.fast_read(), &spans_of(&other))?;
    Ok(other.iter().zip(now).any(|((span, _), now)| read(span) == now))
}

fn spans_of(blocks: &[(Span, Vec<u8>)]) -> Vec<Span> {
    blocks.iter().map(|(span, _)| *span).collect()
}

/// The spans by the fast read at this clock; `None` where there are none, or the clock is fixed.
fn at<P: Programmer>(
    chip: &mut Chip<P>,
    hz: u32,
    spans: &[Span],
) -> Result<Option<Vec<Vec<u8>>>, FlashError> {
    if spans.is_empty() {
        return Ok(None);
    }
    chip.at_clock(hz, |chip| chip.read_spans(chip.fast_read(), spans))
}

/// Blocks of `bytes` that are not all alike, evenly spread over those that are there: one part in [`PART`], at least and
/// at most so many bytes.
fn telling_blocks(start: u64, bytes: &[u8], (least, most): (u64, u64)) -> Vec<Span> {
    let most = (bytes.len() as u64 / PART).clamp(least, most) as usize / BLOCK;
    let telling = |block: &&[u8]| block.iter().any(|byte| *byte != block[0]);
    let blocks = bytes.chunks(BLOCK).enumerate().filter(|(_, block)| telling(block));
    let found: Vec<Span> =
        blocks.filter_map(|(n, block)| Span::at(start + (n * BLOCK) as u64, block.len() as u64)).collect();
    let step = found.len().div_ceil(most).max(1);
    found.into_iter().step_by(step).collect()
}

/// Halves the clock, where the programmer can; false where it cannot, or is slow already.
pub(super) fn slow_down<P: Programmer>(chip: &mut Chip<P>, events: &mut Events<'_>) -> Result<bool, Cause> {
    let now = chip.programmer().limits().clock_hz;
    if now / 2 < SLOWEST_HZ {
        return Ok(false);
    }
    match chip.programmer().set_clock(now / 2) {
        Ok(hz) if hz < now => {
            stop_on_break(events(Event::Warning(Warning::SlowerClock { from_hz: now, to_hz: hz })))?;
            Ok(true)
        }
        Ok(_) | Err(SpiError::Unsupported(_)) => Ok(false),
        Err(e) => Err(FlashError::from(e).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_in_256_is_looked_at_and_blank_blocks_are_not() {
        let noise: Vec<u8> = (0..8u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let blocks = |bytes: &[u8]| telling_blocks(0x1000, bytes, AT_HALF);
        let len = |bytes: &[u8]| blocks(bytes).iter().map(Span::len).sum::<u64>();
        assert_eq!(len(&noise), 32 << 10);
        assert_eq!(len(&noise[..0x1_0000]), 16 << 10, "at least");
        assert_eq!(len(&noise[..100]), 100, "as much as there is");
        assert_eq!(len(&[0xff; 0x1_0000]), 0);
        let mut one = vec![0xff; 0x1_0000];
        one[0x8123] = 0;
        assert_eq!(blocks(&one), [Span::new(0x9100, 0x9200)]);
    }
}
