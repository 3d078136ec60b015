//! What lies between the items: blank bytes, or data with their entropy.

use serde::Serialize;

use crate::span::Span;
use crate::units::entropy;

/// Bytes in no item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length.
    pub size: u64,
    /// What it is: `blank` or `data`.
    pub kind: &'static str,
    /// The byte it is filled with, where it is blank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filler: Option<&'static str>,
    /// Bits a byte, 0 to 8, where it is data: near 8 is compressed or encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
}

/// True where a run of one byte counts as blank; shorter ones are part of the data around them.
fn is_blank(filler: u8, run: usize, at_edge: bool) -> bool {
    // Erased flash shows in short runs; zeros are common inside code and tables.
    let shortest = match filler {
        _ if at_edge => 0x10,
        0xff => 0x40,
        _ => 0x1000,
    };
    matches!(filler, 0 | 0xff) && run >= shortest
}

const WORD: usize = 4;

/// The gaps of `bytes` around `covered`, which is sorted by its start.
pub(super) fn find(bytes: &[u8], covered: &[Span]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for span in covered {
        if span.start > at {
            cut(bytes, at as usize, span.start as usize, &mut gaps);
        }
        at = at.max(span.end);
    }
    if at < bytes.len() as u64 {
        cut(bytes, at as usize, bytes.len(), &mut gaps);
    }
    gaps
}

/// Cuts `start..end` into blank and data.
fn cut(bytes: &[u8], start: usize, end: usize, gaps: &mut Vec<Gap>) {
    let mut data_from = start;
    let mut at = start;
    // Only zeros and FF can be blank.
    while let Some(skipped) = memchr::memchr2(0, 0xff, &bytes[at..end]) {
        at += skipped;
        let filler = bytes[at];
        let mut run = bytes[at..end].iter().take_while(|b| **b == filler).count();
        // Data start on a word: a loader's first instruction may begin with FF.
        if at + run < end && run > WORD {
            run -= (at + run) % WORD;
        }
        let whole = at == start && at + run == end;
        let at_edge = at == start || at + run == end;
        if is_blank(filler, run, at_edge) || whole {
            push_data(bytes, data_from, at, gaps);
            let name = if filler == 0 { "00" } else { "ff" };
            gaps.push(Gap {
                offset: at as u64,
                size: run as u64,
                kind: "blank",
                filler: Some(name),
                entropy: None,
            });
            data_from = at + run;
        }
        at += run;
    }
    push_data(bytes, data_from, end, gaps);
}

fn push_data(bytes: &[u8], start: usize, end: usize, gaps: &mut Vec<Gap>) {
    if start < end {
        let entropy = (entropy(&bytes[start..end]) * 100.0).round() / 100.0;
        gaps.push(Gap {
            offset: start as u64,
            size: (end - start) as u64,
            kind: "data",
            filler: None,
            entropy: Some(entropy),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_bytes_in_a_blank_block_stand_out() {
        let mut bytes = vec![0xff; 0x1000];
        bytes[0x700..0x706].copy_from_slice(&[1, 2, 3, 4, 5, 6]);
        let gaps = find(&bytes, &[Span::new(0, 0x100)]);
        let places: Vec<_> = gaps.iter().map(|g| (g.offset, g.size, g.kind)).collect();
        assert_eq!(places, [(0x100, 0x600, "blank"), (0x700, 6, "data"), (0x706, 0x8fa, "blank")]);
        assert_eq!(gaps[1].entropy, Some(2.58));
    }

    #[test]
    fn data_start_on_a_word() {
        let mut bytes = vec![0xff; 0x1000];
        bytes[0x401..0x800].fill(0x10);
        let places: Vec<_> = find(&bytes, &[]).iter().map(|g| (g.offset, g.size)).collect();
        assert_eq!(places, [(0, 0x400), (0x400, 0x400), (0x800, 0x800)]);
    }

    #[test]
    fn gaps_and_covered_bytes_make_the_file() {
        let bytes: Vec<u8> = (0..0x3000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let covered = [Span::new(0x10, 0x20), Span::new(0x18, 0x1000), Span::new(0x2fff, 0x3000)];
        let gaps = find(&bytes, &covered);
        let places: Vec<_> = gaps.iter().map(|g| (g.offset, g.size)).collect();
        assert_eq!(places, [(0, 0x10), (0x1000, 0x1fff)]);
        assert!(gaps[1].entropy.unwrap() > 7.9);
    }
}
