//! A few blocks of the array, read over and over: at most `MOST` bytes in all.

use super::findings::Sampled;
use super::prove_addresses;
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::Programmer;
use crate::units::one_value;
use crate::workflow::engine::uniform;

/// Blocks that are read three times.
const BLOCKS: u64 = 3;
const BLOCK: u64 = 4096;
/// Bytes compared between the fast read and the plain one.
const FAST: u64 = 1024;
/// Samples that show whether the halves are the same.
const MIRRORS: u64 = 8;
const MIRROR: u64 = 64;
/// A stretch of 00 or FF that is not in another read is no flipped bit from this length on.
const RUN: usize = 64;
/// Bytes read at most, with what a job then reads next to its first erase within 64 KiB.
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
        let mut once = || read(chip, span, &mut seen);
        let reads = [once()?, once()?, once()?];
        let most = majority(&reads);
        reads.iter().for_each(|read| compare(&most, read, &mut seen));
        if n == 0 && chip.fast_read() != chip.plain_read() {
            let span = Span::new(0, FAST.min(span.len()));
            seen.bytes += span.len();
            let fast = chip.read_spans(chip.fast_read(), &[span])?;
            seen.fast_differs = Some(most.iter().zip(&fast[0]).filter(|(a, b)| a != b).count() as u64);
        }
    }
    seen.addresses = prove_addresses(chip, &[])?;
    seen.bytes += seen.addresses.as_ref().map_or(0, |proof| proof.bytes);
    seen.mirrored = mirrored(chip, size, &mut seen)?;
    Ok(seen)
}

fn read<P: Programmer>(chip: &mut Chip<P>, span: Span, seen: &mut Sampled) -> Result<Vec<u8>, FlashError> {
    seen.bytes += span.len();
    chip.read_to_vec(span)
}

/// Each bit as two of three reads have it: one that is wrong once counts once, whichever read has it.
fn majority([a, b, c]: &[Vec<u8>; 3]) -> Vec<u8> {
    a.iter().zip(b).zip(c).map(|((a, b), c)| a & b | a & c | b & c).collect()
}

/// One read against what most of them say.
fn compare(most: &[u8], read: &[u8], seen: &mut Sampled) {
    seen.bits += 8 * read.len() as u64;
    if most == read {
        return;
    }
    let flat = |piece: &[u8]| uniform(piece).is_some();
    for (a, b) in most.chunks(RUN).zip(read.chunks(RUN)).filter(|(a, b)| a != b) {
        seen.runs += u64::from(flat(a) != flat(b));
    }
    for (a, b) in most.iter().zip(read) {
        seen.rises += u64::from((b & !a).count_ones());
        seen.falls += u64::from((a & !b).count_ones());
    }
}

/// Whether the halves are the same wherever that can be determined.
fn mirrored<P: Programmer>(chip: &mut Chip<P>, size: u64, seen: &mut Sampled) -> Result<bool, FlashError> {
    let half = size / 2;
    let mut telling = 0;
    for n in 0..MIRRORS {
        let start = half / MIRRORS * n + half / MIRRORS / 3;
        let low = read(chip, Span::new(start, start + MIRROR), seen)?;
        if one_value(&low).is_some() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_that_is_wrong_once_counts_once_whichever_read_has_it() {
        for wrong in 0..3 {
            let mut reads = [(); 3].map(|()| vec![0x5a; 64]);
            reads[wrong][7] ^= 0x02;
            reads[wrong][9] ^= 0x20;
            let most = majority(&reads);
            let mut seen = Sampled::default();
            reads.iter().for_each(|read| compare(&most, read, &mut seen));
            assert_eq!(most, [0x5a; 64]);
            assert_eq!((seen.falls, seen.rises, seen.bits), (1, 1, 3 * 512), "read {wrong}");
        }
    }
}
