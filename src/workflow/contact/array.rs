//! A few blocks of the array, read over and over: at most `MOST` bytes in all.

use super::findings::Sampled;
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::{Programmer, Transaction};

/// Blocks read again and again, and how often.
const BLOCKS: u64 = 3;
const BLOCK: u64 = 4096;
const TIMES: u64 = 3;
/// Bytes of one look at an address.
const LOOK: u64 = 16;
/// Samples that tell whether the halves are the same.
const MIRRORS: u64 = 8;
const MIRROR: u64 = 64;
/// A stretch of 00 or FF that is not in another read is no flipped bit from this length on.
const RUN: usize = 64;
/// What three address bytes reach.
const THREE_BYTES: u64 = 16 << 20;
/// Bytes read at most, with what a job then reads beside its first erase within 64 KiB.
#[cfg(test)]
pub(in crate::workflow) const MOST: u64 = 48 << 10;

/// Reads and compares.
pub(super) fn sample<P: Programmer>(chip: &mut Chip<P>) -> Result<Sampled, FlashError> {
    let size = chip.geometry().size;
    let mut seen = Sampled::default();
    for n in 0..BLOCKS {
        // Spread over the chip, the first at its beginning.
        let start = (size / BLOCKS * n) / BLOCK * BLOCK;
        let span = Span::new(start, (start + BLOCK).min(size));
        let first = read(chip, span, &mut seen)?;
        for _ in 1..TIMES {
            let again = read(chip, span, &mut seen)?;
            compare(&first, &again, &mut seen);
        }
        if n == 0 && size <= THREE_BYTES && chip.identity().part.probe != crate::flash::part::Probe::At25f {
            let fast = fast_read(chip, span)?;
            seen.bytes += span.len();
            seen.fast_differs = Some(first.iter().zip(&fast).filter(|(a, b)| a != b).count() as u64);
        }
    }
    walk(chip, size, &mut seen)?;
    seen.mirrored = mirrored(chip, size, &mut seen)?;
    Ok(seen)
}

fn read<P: Programmer>(chip: &mut Chip<P>, span: Span, seen: &mut Sampled) -> Result<Vec<u8>, FlashError> {
    seen.bytes += span.len();
    chip.read_to_vec(span)
}

fn compare(first: &[u8], again: &[u8], seen: &mut Sampled) {
    seen.bits += 8 * first.len() as u64;
    if first == again {
        return;
    }
    let flat = |s: &[u8]| s.iter().all(|b| *b == 0) || s.iter().all(|b| *b == 0xff);
    for (a, b) in first.chunks(RUN).zip(again.chunks(RUN)).filter(|(a, b)| a != b) {
        seen.runs += u64::from(flat(a) != flat(b));
    }
    for (a, b) in first.iter().zip(again) {
        seen.rises += u64::from((b & !a).count_ones());
        seen.falls += u64::from((a & !b).count_ones());
    }
}

/// The same bytes by `0B`, which every part with `03` has had since the first 25-series, AT25F alone left aside.
fn fast_read<P: Programmer>(chip: &mut Chip<P>, span: Span) -> Result<Vec<u8>, FlashError> {
    let [_, _, _, _, _, a, b, c] = span.start.to_be_bytes();
    let mut bytes = vec![0; span.range().len()];
    chip.programmer().run(&mut [Transaction::read(&[0x0b, a, b, c, 0], &mut bytes)])?;
    Ok(bytes)
}

/// Looks across every power of two: what is read from there must continue what is read from before it.
fn walk<P: Programmer>(chip: &mut Chip<P>, size: u64, seen: &mut Sampled) -> Result<(), FlashError> {
    for at in (4..63).map(|bit| 1u64 << bit).take_while(|at| at + LOOK <= size) {
        let across = read(chip, Span::new(at - LOOK, at + LOOK), seen)?;
        let from = read(chip, Span::new(at, at + LOOK), seen)?;
        // A flipped bit is told by the repeated reads; an address that goes elsewhere changes most bytes.
        let wrong = across[LOOK as usize..].iter().zip(&from).filter(|(a, b)| a != b).count();
        seen.misplaced += u64::from(wrong as u64 > LOOK / 4);
    }
    Ok(())
}

/// Whether the halves are the same wherever that can be told.
fn mirrored<P: Programmer>(chip: &mut Chip<P>, size: u64, seen: &mut Sampled) -> Result<bool, FlashError> {
    let half = size / 2;
    let mut telling = 0;
    for n in 0..MIRRORS {
        let start = half / MIRRORS * n + half / MIRRORS / 3;
        let low = read(chip, Span::new(start, start + MIRROR), seen)?;
        if low.iter().all(|b| *b == low[0]) {
            continue;
        }
        telling += 1;
        let high = read(chip, Span::new(half + start, half + start + MIRROR), seen)?;
        if low != high {
            return Ok(false);
        }
    }
    Ok(telling >= 2)
}
