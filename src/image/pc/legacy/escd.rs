//! The plug-and-play configuration of a unit (ESCD): length, `ACFG`, version, boards, and a sum of its 16-bit words that makes
//! them 0. Facts: Ralf Brown's interrupt list, table 44/12.

use memchr::memmem;

use crate::image::container::bytes::{Endianness::Little, slice, u16_at};
use crate::span::Span;

const MARK: &[u8] = b"ACFG";
const HEAD_LEN: usize = 12;
/// The major version in use.
const VERSION: u8 = 2;
/// The smallest erase size in use: a table at the start of such a block has it to itself.
const BLOCK: u64 = 0x1000;
/// A flash has two.
const MOST: usize = 8;

/// Where the tables are whose sum holds.
pub(super) fn find(bytes: &[u8]) -> Vec<Span> {
    let starts = memmem::find_iter(bytes, MARK).filter_map(|at| at.checked_sub(2));
    starts.filter_map(|at| table(bytes, at)).take(MOST).collect()
}

fn table(bytes: &[u8], at: usize) -> Option<Span> {
    let len = usize::from(u16_at(bytes, at, Little)?);
    let whole = slice(bytes, at, len).filter(|_| len >= HEAD_LEN + 2)?;
    let words = whole.chunks(2).map(|pair| u16::from_le_bytes([pair[0], *pair.get(1).unwrap_or(&0)]));
    if whole[7] != VERSION || words.fold(0, u16::wrapping_add) != 0 {
        return None;
    }
    let span = Span::at(at as u64, len as u64)?;
    let end = span.end.next_multiple_of(BLOCK).min(bytes.len() as u64);
    let alone = span.start.is_multiple_of(BLOCK)
        && Span::new(span.end, end).of(bytes)?.iter().all(|byte| *byte == bytes[end as usize - 1]);
    Some(if alone { Span::new(span.start, end) } else { span })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A table of no boards.
    pub(in crate::image::pc) fn table() -> Vec<u8> {
        let mut bytes = [&[0x20, 0][..], MARK, &[1, VERSION, 1, 0, 0, 0], &[7; 18], &[0; 2]].concat();
        let sum =
            bytes.chunks(2).fold(0u16, |sum, pair| sum.wrapping_add(u16::from_le_bytes([pair[0], pair[1]])));
        bytes[30..].copy_from_slice(&0u16.wrapping_sub(sum).to_le_bytes());
        bytes
    }

    #[test]
    fn a_table_by_its_sum_and_all_of_its_block() {
        let mut bytes = vec![0xff; 0x3000];
        bytes[0x1000..0x1020].copy_from_slice(&table());
        bytes[0x2010..0x2030].copy_from_slice(&table());
        assert_eq!(find(&bytes), [Span::new(0x1000, 0x2000), Span::new(0x2010, 0x2030)]);
        bytes[0x1010] ^= 1;
        bytes[0x2017] ^= 1;
        assert_eq!(find(&bytes), []);
        assert_eq!(find(&[&table()[..20], &[]].concat()), []);
    }
}
