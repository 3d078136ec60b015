//! What the contact tests saw, as data.

use super::{AddressFault, AddressProof};
use crate::flash::WriteEnableCheck;

/// What the data line shows while no chip is selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Steadily high: no one drives it, something pulls it up.
    High,
    /// Steadily low: no one drives it and something pulls it down, or somebody holds it.
    Low,
    /// It changes: somebody talks.
    Toggling,
    /// This programmer cannot look.
    Unknown,
}

impl Line {
    /// From bytes clocked in with chip select high.
    pub fn of(seen: &[u8]) -> Self {
        match seen {
            [] => Line::Unknown,
            s if s.iter().all(|b| *b == 0xff) => Line::High,
            s if s.iter().all(|b| *b == 0x00) => Line::Low,
            _ => Line::Toggling,
        }
    }
}

/// One question asked many times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    /// Different answers, the most frequent first, with how often they came.
    pub answers: Vec<(Vec<u8>, usize)>,
}

impl Tallied {
    /// Counts answers.
    pub fn of(answers: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut tally: Vec<(Vec<u8>, usize)> = Vec::new();
        for answer in answers {
            match tally.iter_mut().find(|(a, _)| *a == answer) {
                Some((_, n)) => *n += 1,
                None => tally.push((answer, 1)),
            }
        }
        // The first seen stays first among equals.
        tally.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        Self { answers: tally }
    }

    /// How often it was asked.
    pub fn asked(&self) -> usize {
        self.answers.iter().map(|(_, n)| n).sum()
    }

    /// The most frequent answer.
    pub fn usual(&self) -> &[u8] {
        self.answers.first().map_or(&[], |(a, _)| a)
    }

    /// How often that came.
    pub fn agreed(&self) -> usize {
        self.answers.first().map_or(0, |(_, n)| *n)
    }

    /// Always the same.
    pub fn is_steady(&self) -> bool {
        self.answers.len() == 1
    }

    /// The most frequent answer is nothing but this byte.
    pub(crate) fn is_all(&self, value: u8) -> bool {
        !self.usual().is_empty() && self.usual().iter().all(|b| *b == value)
    }

    /// True where the other answers are the usual one moved by a bit: the wrong clock edge.
    pub(crate) fn is_shifted(&self) -> bool {
        let bits = |a: &[u8]| a.iter().take(3).fold(0u32, |v, b| v << 8 | u32::from(*b));
        let usual = bits(self.usual());
        self.answers.len() > 1
            && self.answers[1..].iter().all(|(a, _)| {
                let other = bits(a);
                (usual << 1) & 0xff_fffe == other & 0xff_fffe || usual >> 1 == other & 0x7f_ffff
            })
    }
}

/// Blocks of the array read over and over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Bytes read in all.
    pub bytes: u64,
    /// Bits compared with the first read.
    pub bits: u64,
    /// Of those that differed, how many were 1 later and 0 first.
    pub rises: u64,
    /// The other way round.
    pub falls: u64,
    /// Reads in which a whole stretch was 00 or FF that was not in another.
    pub runs: u64,
    /// What is wrong with the addresses, or the proof that nothing is.
    pub addresses: Result<AddressProof, AddressFault>,
    /// Bytes in which the fast read differs from the plain one; `None` where it was not tried.
    pub fast_differs: Option<u64>,
    /// The upper half looks like the lower at every sample, and the samples are telling.
    pub mirrored: bool,
}

impl Default for Sampled {
    fn default() -> Self {
        Self {
            bytes: 0,
            bits: 0,
            rises: 0,
            falls: 0,
            runs: 0,
            addresses: Ok(AddressProof::default()),
            fast_differs: None,
            mirrored: false,
        }
    }
}

impl Sampled {
    /// Bits that differed.
    pub fn wrong(&self) -> u64 {
        self.rises + self.falls
    }
}

/// Everything that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The data line with no one selected.
    pub line: Line,
    /// `9F`.
    pub id: Tallied,
    /// `90` with address 0 and 1, and `AB`.
    pub other_ids: [Tallied; 3],
    /// `05`.
    pub status: Tallied,
    /// SFDP: how often it was read, and how often it was as at first.
    pub sfdp: (usize, usize),
    /// Write enable and disable; empty where they must not be sent.
    pub write_enable: Vec<WriteEnableCheck>,
    /// The array; `None` where the chip could not be identified.
    pub array: Option<Sampled>,
    /// The id was asked for by an older command than `9F`, which this chip does not know.
    pub older: bool,
    /// Why the chip could not be identified.
    pub unidentified: Option<String>,
    /// A 1.8 V part, and no one said that there is an adapter.
    pub low_voltage: bool,
}
