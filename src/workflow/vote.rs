//! Blocks in which passes differ, read again by both engines until a majority settles them; and a chip that changes
//! meanwhile distinguished from noise.

use super::differing::{BLOCK, Differing};
use super::engine::{Engine, check_alive, stop_on_break};
use super::error::Cause;
use super::event::{Event, Events, Stage};
use super::read_result::Reading;
use super::store::Reread;
use crate::flash::Chip;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// Further reads of a differing block, in pairs of one by each engine.
const ROUNDS: u32 = 5;
/// Votes that a block needs at least.
const VOTES: usize = 3;
/// From so many bytes of a block on, a difference is no flipped bit.
const MANY_BYTES: usize = 3;

/// All readings of one block, in the order of time.
struct Ballot {
    block: Span,
    /// The first pass, and the later one where it was kept. They are no votes: either may be the wrong one.
    passes: Vec<Vec<u8>>,
    /// Every further reading.
    votes: Vec<(Engine, Vec<u8>)>,
}

impl Ballot {
    fn votes_for<'b>(&'b self, bytes: &'b [u8]) -> impl Iterator<Item = Engine> + 'b {
        self.votes.iter().filter(move |(_, read)| read == bytes).map(|(engine, _)| *engine)
    }

    /// What more than half of the further reads gave, with votes from both engines.
    fn winner(&self) -> Option<&[u8]> {
        let wins = |bytes: &[u8]| {
            let n = self.votes_for(bytes).count();
            n >= VOTES
                && n * 2 > self.votes.len()
                && [Engine::Own, Engine::Other].iter().all(|e| self.votes_for(bytes).any(|by| by == *e))
        };
        self.votes.iter().map(|(_, bytes)| bytes.as_slice()).find(|bytes| wins(bytes))
    }

    /// True for contents that changed: no value comes back once another was read. A flipped bit leaves the true value in
    /// all other reads, so its block looks so only where the bit flipped in the first pass; a single bit is taken for
    /// noise, and so is a first pass of nothing but FF or 00, which is a contact that was lost for a moment.
    fn has_changed(&self) -> bool {
        let mut values: Vec<&[u8]> = Vec::new();
        for read in self.passes.iter().chain(self.votes.iter().map(|(_, bytes)| bytes)) {
            match values.iter().position(|value| value == read) {
                None => values.push(read),
                Some(at) if at + 1 == values.len() => {}
                Some(_) => return false,
            }
        }
        match values[..] {
            [first, last] => is_no_flip(first, last),
            [ref before @ .., last] if before.len() > 1 => {
                // A bit that flipped in the first pass, and another one in the second, leave three values too.
                let stays = self.votes.iter().filter(|(_, read)| read == last).count() >= VOTES;
                let flips = stays && before.iter().all(|value| !is_no_flip(value, last));
                !flips && same_bytes(&values)
            }
            _ => false,
        }
    }
}

/// More than a bit in one byte, or more bytes than noise spoils in one block.
pub(super) fn is_no_flip(first: &[u8], last: &[u8]) -> bool {
    let wrong: Vec<(u8, u8)> =
        first.iter().copied().zip(last.iter().copied()).filter(|(a, b)| a != b).collect();
    let lost = [0xff, 0x00].iter().any(|flat| wrong.iter().all(|(a, _)| a == flat));
    !lost && (wrong.len() >= MANY_BYTES || wrong.iter().any(|(a, b)| (a ^ b).count_ones() > 1))
}

/// Every value differs from the one before it in a byte that has changed before: a counter, not noise.
fn same_bytes(values: &[&[u8]]) -> bool {
    let changes = |pair: &[&[u8]]| -> Vec<usize> {
        pair[0].iter().zip(pair[1]).enumerate().filter(|(_, (a, b))| a != b).map(|(i, _)| i).collect()
    };
    let all: Vec<Vec<usize>> = values.windows(2).map(changes).collect();
    all.windows(2).all(|two| two[1].iter().any(|at| two[0].contains(at)))
}

/// Reads the differing blocks again until each has a clear majority, or the rounds are over; gives those that changed.
pub(super) fn vote<P: Programmer>(
    chip: &mut Chip<P>,
    differing: &Differing,
    reading: &mut Reading,
    events: &mut Events<'_>,
) -> Result<Spans, Cause> {
    let stage = Stage::Reread;
    let whole = Span::new(reading.start, reading.start + reading.bytes.len() as u64);
    let mut ballots: Vec<Ballot> = differing
        .blocks
        .iter()
        .flat_map(|s| s.pieces(BLOCK))
        .filter_map(|block| block.intersection(whole))
        .map(|block| {
            let first = reading.bytes[block_in(reading, block)].to_vec();
            let other = differing.others.get(&block.start).filter(|other| other.len() == first.len());
            let passes = std::iter::once(first).chain(other.cloned()).collect();
            Ballot { block, passes, votes: Vec::new() }
        })
        .collect();
    let bytes = ballots.iter().map(|b| b.block.len()).sum();
    stop_on_break(events(Event::Begin { stage, bytes, time: None }))?;
    for round in 0..ROUNDS {
        let open: Spans = ballots.iter().filter(|b| b.winner().is_none()).map(|b| b.block).collect();
        if open.is_empty() {
            break;
        }
        for engine in [Engine::Own, Engine::Other] {
            for span in open.iter() {
                let got = match engine {
                    Engine::Own => engine.read_to_vec(chip, span)?,
                    Engine::Other => engine.read_as_in_pass(chip, whole, span)?,
                };
                reading.bytes_read += span.len();
                for ballot in ballots.iter_mut().filter(|b| span.covers(b.block)) {
                    let at = Span::new(ballot.block.start - span.start, ballot.block.end - span.start);
                    ballot.votes.extend(at.of(&got).map(|bytes| (engine, bytes.to_vec())));
                }
                let bytes = if round == 0 && engine == Engine::Own { span.len() } else { 0 };
                stop_on_break(events(Event::Advance { stage, bytes }))?;
            }
        }
        check_alive(chip)?;
    }
    let mut changed = Spans::new();
    for ballot in &ballots {
        if ballot.has_changed() {
            changed.insert(ballot.block);
        }
        let at = block_in(reading, ballot.block);
        let Some(bytes) = ballot.winner() else {
            reading.unsure.insert(ballot.block);
            continue;
        };
        if ballot.passes.first().is_some_and(|first| first != bytes)
            && !comes_in_pass(chip, whole, ballot, bytes)?
        {
            reading.unsure.insert(ballot.block);
            continue;
        }
        let kept = &mut reading.bytes[at];
        let differing_bytes = kept.iter().zip(bytes).filter(|(a, b)| a != b).count() as u64;
        kept.copy_from_slice(bytes);
        reading.rereads.push(Reread {
            address: ballot.block.start,
            len: ballot.block.len(),
            reads: ballot.votes.len() as u32 + 2,
            agreed: ballot.votes_for(bytes).count() as u32,
            differing_bytes,
        });
    }
    stop_on_break(events(Event::End { stage }))?;
    Ok(changed)
}

/// True where our engine gives these bytes by the transactions of its pass too, which it has not done yet.
fn comes_in_pass<P: Programmer>(
    chip: &mut Chip<P>,
    whole: Span,
    ballot: &Ballot,
    bytes: &[u8],
) -> Result<bool, Cause> {
    for _ in 0..VOTES {
        if Engine::Own.read_as_in_pass(chip, whole, ballot.block)? == bytes {
            return Ok(true);
        }
    }
    Ok(false)
}

fn block_in(reading: &Reading, block: Span) -> std::ops::Range<usize> {
    Span::new(block.start - reading.start, block.end - reading.start).range()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ballot(passes: [u8; 2], votes: &[u8]) -> Ballot {
        let block = |byte: u8| [vec![0x5a; 255], vec![byte]].concat();
        let by = |n: usize| if n.is_multiple_of(2) { Engine::Own } else { Engine::Other };
        Ballot {
            block: Span::new(0, BLOCK),
            passes: passes.map(block).to_vec(),
            votes: votes.iter().enumerate().map(|(n, byte)| (by(n), block(*byte))).collect(),
        }
    }

    #[test]
    fn a_value_that_never_comes_back_is_a_change() {
        assert!(ballot([0x10, 0x23], &[0x23; 4]).has_changed());
        assert!(ballot([0x10, 0x11], &[0x12; 4]).has_changed(), "a counter");
        assert!(ballot([0x10, 0x11], &[0x12, 0x13, 0x14, 0x15]).has_changed(), "and it goes on");
    }

    #[test]
    fn a_bit_that_flips_in_either_pass_is_noise() {
        let read = |a: u8, b: u8| [vec![0x5a; 254], vec![a, b]].concat();
        let votes = (0..4).map(|n| (if n % 2 == 0 { Engine::Own } else { Engine::Other }, read(0x10, 0x20)));
        let mut ballot = Ballot {
            block: Span::new(0, BLOCK),
            passes: vec![read(0x11, 0x20), read(0x10, 0x24)],
            votes: votes.collect(),
        };
        assert!(!ballot.has_changed());
        ballot.passes[0][254] = 0x13;
        assert!(ballot.has_changed(), "two bits of a byte are no flip");
    }

    #[test]
    fn other_bytes_each_time_are_no_counter() {
        let read = |a: u8, b: u8| [vec![0x5a; 254], vec![a, b]].concat();
        let by = |n: usize| if n.is_multiple_of(2) { Engine::Own } else { Engine::Other };
        let ballot = |last: [u8; 2]| Ballot {
            block: Span::new(0, BLOCK),
            passes: vec![read(0x10, 0x20), read(0x23, 0x20)],
            votes: (0..4).map(|n| (by(n), read(last[0], last[1]))).collect(),
        };
        assert!(ballot([0x3c, 0x20]).has_changed(), "one byte, another value each time");
        assert!(!ballot([0x23, 0x3f]).has_changed(), "one byte, then another");
    }

    #[test]
    fn a_value_that_comes_back_is_noise() {
        assert!(!ballot([0x10, 0x23], &[0x10; 4]).has_changed());
        assert!(!ballot([0x10, 0x11], &[0x11; 4]).has_changed(), "one flipped bit in the first pass");
        assert!(!ballot([0x10, 0x23], &[0x23, 0x10, 0x23, 0x23]).has_changed());
        assert!(!ballot([0xff, 0x23], &[0x23; 4]).has_changed(), "a contact lost for a moment");
        assert!(
            !ballot([0x10, 0x23], &[0x10, 0x23, 0x10, 0x23]).has_changed(),
            "an engine that is always wrong"
        );
    }

    #[test]
    fn one_engine_alone_never_wins() {
        assert!(ballot([0x10, 0x23], &[0x10, 0x23, 0x10, 0x23, 0x10, 0x23]).winner().is_none());
        let mut own = ballot([0x10, 0x23], &[0x10; 4]);
        own.votes.iter_mut().for_each(|(engine, _)| *engine = Engine::Own);
        assert!(own.winner().is_none(), "all votes are of one engine");
        assert_eq!(ballot([0x10, 0x23], &[0x10, 0x10, 0x10]).winner().map(|w| w[255]), Some(0x10));
    }
}
