//! The lines of a journal, and what they add up to.

use crate::span::{Span, Spans};
use serde::{Deserialize, Serialize};

/// Which way a job runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Towards the wanted contents.
    #[default]
    Finish,
    /// Back to the backup.
    Undo,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// The wanted contents are on the chip.
    Written,
    /// The backup's contents are on the chip again.
    Restored,
    /// Given up by the user; the chip is as it is.
    Dropped,
}

/// One line: one act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(super) enum Line {
    /// A run begins.
    Run {
        /// Which way.
        direction: Direction,
        /// When, UTC.
        at: String,
    },
    /// This block is about to be erased or programmed.
    Begin {
        /// First address.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// This block has been verified.
    Done {
        /// First address.
        start: u64,
        /// One past the last.
        end: u64,
    },
    /// The job is over.
    Over {
        /// How.
        how: Over,
        /// When, UTC.
        at: String,
    },
}

impl Line {
    /// `CRC-32 of the rest`, a space, JSON, a line end.
    pub(super) fn to_text(&self) -> String {
        // A tagged struct of numbers and strings: JSON cannot refuse it.
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
    }

    fn from_text(line: &str) -> Option<Line> {
        let (crc, json) = line.split_at_checked(8)?;
        let json = json.strip_prefix(' ')?;
        let crc = u32::from_str_radix(crc, 16).ok()?;
        (crc32fast::hash(json.as_bytes()) == crc).then(|| serde_json::from_str(json).ok())?
    }
}

/// What the lines of a journal add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// Which way the last run went.
    pub direction: Direction,
    /// Runs so far.
    pub runs: u32,
    /// Blocks begun and not seen through: their contents may be anything, or not hold.
    pub doubtful: Spans,
    /// Blocks verified in the direction of the last run.
    pub done: Spans,
    /// Every block that any run began, whichever way it went.
    pub touched: Spans,
    /// How it ended, if it has.
    pub over: Option<Over>,
    /// A line before the end is bad.
    pub damaged: bool,
    /// Bytes of the file that hold whole lines; what follows is a torn one.
    pub whole: u64,
}

impl Log {
    /// Adds up the file's bytes.
    pub(super) fn from_bytes(bytes: &[u8]) -> Log {
        let mut log = Log::default();
        let mut bad = false;
        let mut at = 0;
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            at += line.len() as u64;
            let text = line.strip_suffix(b"\n").and_then(|l| std::str::from_utf8(l).ok());
            match text.and_then(Line::from_text) {
                Some(line) => {
                    // A good line after a bad one: it was not the end that was torn.
                    log.damaged |= bad;
                    log.add(&line);
                    log.whole = at;
                }
                None => bad = true,
            }
        }
        log
    }

    pub(super) fn add(&mut self, line: &Line) {
        match line {
            Line::Run { direction, .. } => {
                if *direction != self.direction {
                    self.done = Spans::new();
                }
                self.direction = *direction;
                self.runs += 1;
            }
            Line::Begin { start, end } => {
                self.touched.insert(Span::new(*start, *end));
                self.doubtful.insert(Span::new(*start, *end));
                self.done.remove(Span::new(*start, *end));
            }
            Line::Done { start, end } => {
                self.doubtful.remove(Span::new(*start, *end));
                self.done.insert(Span::new(*start, *end));
            }
            Line::Over { how, .. } => self.over = Some(*how),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        vec![
            Line::Run { direction: Direction::Finish, at: "2026-11-22T09:00:00Z".into() },
            Line::Begin { start: 0x1000, end: 0x2000 },
            Line::Done { start: 0x1000, end: 0x2000 },
            Line::Begin { start: 0x10000, end: 0x20000 },
        ]
    }

    fn text(lines: &[Line]) -> Vec<u8> {
        lines.iter().flat_map(|l| l.to_text().into_bytes()).collect()
    }

    #[test]
    fn a_block_begun_and_not_done_is_in_doubt() {
        let bytes = text(&lines());
        let log = Log::from_bytes(&bytes);
        assert_eq!(log.doubtful, Span::new(0x10000, 0x20000).into());
        assert_eq!(log.done, Span::new(0x1000, 0x2000).into());
        assert_eq!((log.runs, log.over, log.damaged, log.whole), (1, None, false, bytes.len() as u64));
    }

    #[test]
    fn a_journal_torn_at_any_byte_reads_as_its_whole_lines() {
        let bytes = text(&lines());
        let ends: Vec<usize> =
            bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).collect();
        for cut in 0..=bytes.len() {
            let log = Log::from_bytes(&bytes[..cut]);
            let whole = ends.iter().filter(|e| **e <= cut).count();
            let mut expected = Log::default();
            lines()[..whole].iter().for_each(|l| expected.add(l));
            expected.whole = ends.get(whole.wrapping_sub(1)).map_or(0, |e| *e as u64);
            assert_eq!(log, expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_before_the_end_is_damage() {
        let bytes = text(&lines());
        let first = bytes.iter().position(|b| *b == b'\n').unwrap();
        for i in 0..first {
            let mut bad = bytes.clone();
            bad[i] ^= 0x04;
            assert!(Log::from_bytes(&bad).damaged, "bit flipped in byte {i}");
        }
    }

    #[test]
    fn turning_back_forgets_what_was_done_the_other_way() {
        let mut log = Log::from_bytes(&text(&lines()));
        log.add(&Line::Run { direction: Direction::Undo, at: String::new() });
        assert_eq!((log.done.is_empty(), log.doubtful.is_empty(), log.runs), (true, false, 2));
        // Done in smaller pieces than it was begun in.
        log.add(&Line::Done { start: 0x10000, end: 0x18000 });
        assert_eq!(log.doubtful, Span::new(0x18000, 0x20000).into());
    }
}
