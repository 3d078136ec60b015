//! What a read of the chip gave, and contents that changed meanwhile.

use super::store::Reread;
use crate::span::Spans;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Where it begins.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Bytes read from the array by the passes and the vote; the last look at the end is not counted.
    pub bytes_read: u64,
    /// Passes over the whole span.
    pub passes: u32,
    /// Blocks in which passes differed.
    pub rereads: Vec<Reread>,
    /// What could not be settled; empty unless salvaged.
    pub unsure: Spans,
    /// What differs from the known contents and was read by both engines; all of it without known contents.
    pub read_twice: Spans,
}

/// Contents that changed while they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The blocks.
    pub blocks: Spans,
    /// The first byte that changed: its address, as it was and as it is.
    pub example: Option<(u64, u8, u8)>,
}

impl Changed {
    /// Those in `blocks`, by the bytes before and now, which begin at `start`.
    pub(super) fn new(blocks: Spans, start: u64, before: &[u8], now: &[u8]) -> Self {
        let pairs = before.iter().zip(now).enumerate();
        let in_blocks = |at: u64| blocks.contains(at);
        let example = pairs
            .map(|(i, (before, now))| (start + i as u64, *before, *now))
            .find(|(at, before, now)| before != now && in_blocks(*at));
        Self { blocks, example }
    }
}
