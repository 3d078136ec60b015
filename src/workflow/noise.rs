//! What differences between two reads look like, and what that says about the board.
//!
//! Facts: long runs of 00 or FF that come and go in step with something are the board's processor, half powered and
//! fetching its own code; flips in one direction are a sagging supply or a weak driver; single flips spread evenly are
//! wires and clock.

use crate::span::Span;

/// A stretch of one value in one read only that is at least so long is no noise.
const RUN: u64 = 1024;

/// Differences, summed up as they are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Bits that the second read has as 1 and the first as 0.
    rises: u64,
    /// The other way round.
    falls: u64,
    /// Blocks of nothing but 00 or FF in one of the two reads.
    uniform: u64,
    /// The longest stretch of such blocks, in bytes, and where the running one ends.
    longest: u64,
    running: u64,
    last_end: u64,
    /// Blocks that differ.
    blocks: u64,
    /// Answers that came again in place of the next one.
    pub repeated_answers: u64,
}

impl Pattern {
    /// Adds a block that differs.
    pub fn add(&mut self, block: Span, a: &[u8], b: &[u8]) {
        self.blocks += 1;
        for (x, y) in a.iter().zip(b) {
            self.rises += u64::from((y & !x).count_ones());
            self.falls += u64::from((x & !y).count_ones());
        }
        let flat = |s: &[u8]| s.iter().all(|v| *v == 0) || s.iter().all(|v| *v == 0xff);
        if flat(a) || flat(b) {
            self.uniform += 1;
            self.running =
                if self.last_end == block.start { self.running + block.len() } else { block.len() };
            self.longest = self.longest.max(self.running);
            self.last_end = block.end;
        }
    }

    /// True when long stretches are 00 or FF in one of the reads.
    pub fn has_runs(&self) -> bool {
        self.longest >= RUN && self.uniform * 2 > self.blocks
    }

    /// True when nearly all flips go one way.
    pub fn is_one_sided(&self) -> bool {
        let (rises, falls) = (self.rises, self.falls);
        rises + falls >= 32 && rises.min(falls) * 20 < rises.max(falls)
    }
}

/// What the differences look like together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// An answer came again in place of the next one.
    LostStep,
    /// Long stretches of 00 or FF in one of the reads.
    Runs,
    /// Nearly all flips go one way.
    OneSided,
    /// Flips spread evenly, both ways.
    Spread,
}

impl From<&Pattern> for Noise {
    fn from(pattern: &Pattern) -> Self {
        match () {
            () if pattern.repeated_answers > 0 => Noise::LostStep,
            () if pattern.has_runs() => Noise::Runs,
            () if pattern.is_one_sided() => Noise::OneSided,
            () => Noise::Spread,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(n: u64) -> Span {
        Span::new(n * 256, (n + 1) * 256)
    }

    #[test]
    fn long_runs_are_the_board_alive() {
        let mut p = Pattern::default();
        for n in 10..14 {
            p.add(block(n), &[0x5a; 256], &[0; 256]);
        }
        assert!(p.has_runs());
        assert_eq!(Noise::from(&p), Noise::Runs);
        // The same number of blocks, but each by itself.
        let mut p = Pattern::default();
        for n in 10..14 {
            p.add(block(n * 2), &[0x5a; 256], &[0xff; 256]);
        }
        assert!(!p.has_runs());
    }

    #[test]
    fn flips_one_way_are_the_supply_and_both_ways_the_wires() {
        let flips = |wrong: &[u8]| {
            let mut p = Pattern::default();
            for n in 0..40 {
                let mut b = [0x5a; 256];
                b[7] = wrong[n as usize % wrong.len()];
                p.add(block(n), &[0x5a; 256], &b);
            }
            p
        };
        assert!(flips(&[0x5b, 0x7a]).is_one_sided());
        assert_eq!(Noise::from(&flips(&[0x5b])), Noise::OneSided);
        assert!(!flips(&[0x5b, 0x52]).is_one_sided());
        assert_eq!(Noise::from(&flips(&[0x5b, 0x52])), Noise::Spread);
    }
}
