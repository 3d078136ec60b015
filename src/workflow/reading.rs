//! Reading so that the result can be trusted: two engines, compared as they arrive, differing blocks voted on.
//!
//! The first pass is our own engine's, the second spi-memory's, written by others (up to its limit of 16 MiB; beyond,
//! our own again). Only blocks that differ are read again, by both engines in turn, and a block is kept only when more
//! than half of all its reads agree and each engine has read it so: one wrong engine can never win the vote.
//!
//! The limit of noise: with `p` wrong bytes a byte and `n` bytes, `n * p^2 / 8` is the chance that the same bit is
//! wrong in both passes and nobody notices. Up to 1 in 100,000 that is 1 in 10,000 for 8 MiB; the passes refuse from
//! twice that rate on.

use super::error::Cause;
use super::event::{Event, Events, Stage};
use super::noise;
use super::store::Reread;
use crate::flash::{Chip, FlashError};
use crate::span::{Span, Spans};
use crate::spi::Programmer;
use crate::units::{self, KIB};
use std::ops::ControlFlow;

/// What is voted on at once: small, so that few wrong bytes share a block.
const BLOCK: u64 = 256;
/// Differing bytes in two passes, per million read, from which on the reads are refused: twice what 1 wrong byte in
/// 100,000 gives.
const REFUSE_PER_MILLION: u64 = 40;
/// As many differing bytes are voted on in any case, however short the read.
const ALWAYS_VOTED: u64 = 16;
/// Further reads of a differing block, in pairs of one by each engine.
const ROUNDS: u32 = 5;
/// Votes that a block needs at least.
const VOTES: u32 = 3;
/// In a stretch of nothing but FF or 00, the id is asked for again every so many bytes: a clip that came off reads so.
const ALIVE_EVERY: u64 = 128 * KIB;
/// The slowest clock that is tried when reads disagree.
const SLOWEST_HZ: u32 = 1_000_000;
/// spi-memory has three address bytes.
pub(super) const SECOND_OPINION_END: u64 = 16 << 20;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// Ours.
    Own,
    /// spi-memory.
    Other,
}

/// Takes bytes as they arrive: their address, and them.
pub(super) type Take<'a> = dyn FnMut(u64, &[u8]) -> Result<(), Cause> + 'a;

/// How to read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Passes; from 2 on they must agree.
    pub passes: u32,
    /// Keep what is sure where the rest cannot be settled.
    pub salvage: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { passes: 2, salvage: false }
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Where it begins.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Bytes read from the array in all.
    pub bytes_read: u64,
    /// Blocks in which passes differed.
    pub rereads: Vec<Reread>,
    /// What could not be settled; empty unless salvaged.
    pub unsure: Spans,
}

/// Reads `span` in `options.passes` passes.
///
/// # Errors
/// [`Cause::Disagree`] when passes differ and the vote does not settle it; [`Cause::Stopped`]; what failed below.
pub fn read<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    options: &ReadOptions,
    events: &mut Events<'_>,
) -> Result<Reading, Cause> {
    let stages =
        if options.passes > 1 { (Stage::FirstRead, Stage::SecondRead) } else { (Stage::Read, Stage::Read) };
    read_with(chip, span, options, stages, events, &mut |_, _| Ok(()))
}

/// As [`read`], handing the first pass on as it arrives.
pub(super) fn read_with<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    options: &ReadOptions,
    stages: (Stage, Stage),
    events: &mut Events<'_>,
    first: &mut Take<'_>,
) -> Result<Reading, Cause> {
    let mut bytes_read = 0;
    loop {
        let mut reading = Reading { start: span.start, ..Reading::default() };
        let len = usize::try_from(span.len())
            .map_err(|_| Cause::Refused(format!("{span} is more than this machine can hold")))?;
        reading.bytes.reserve_exact(len);
        pass(chip, Engine::Own, span, stages.0, events, &mut |address, bytes| {
            reading.bytes.extend_from_slice(bytes);
            first(address, bytes)
        })?;
        bytes_read += span.len();
        let mut differing = Differing::default();
        for n in 1..options.passes {
            // The second opinion is always the other's; further passes alternate.
            let engine = if n % 2 == 1 { Engine::Other } else { Engine::Own };
            let start = span.start;
            pass(chip, engine, span, stages.1, events, &mut |address, bytes| {
                let at = (address - start) as usize;
                differing.compare(address, &reading.bytes[at..at + bytes.len()], bytes);
                Ok(())
            })?;
            bytes_read += span.len();
        }
        reading.bytes_read = bytes_read;
        if differing.blocks.is_empty() {
            return Ok(reading);
        }
        let limit = (span.len().saturating_mul(REFUSE_PER_MILLION) / 1_000_000).max(ALWAYS_VOTED);
        if differing.bytes <= limit * u64::from(options.passes - 1) {
            vote(chip, &differing, &mut reading, events)?;
            for Reread { address, len, .. } in &reading.rereads {
                let at = Span::new(address - span.start, address + len - span.start).range();
                first(*address, &reading.bytes[at])?;
            }
        } else if slow_down(chip, events)? {
            continue;
        } else {
            reading.unsure = differing.blocks.clone();
        }
        if reading.unsure.is_empty() || options.salvage {
            return Ok(reading);
        }
        return Err(Cause::Disagree {
            differing: differing.bytes,
            bytes: span.len(),
            unsure: reading.unsure,
            advice: noise::advice(&differing.pattern),
        });
    }
}

/// Halves the clock, where the programmer can; false where it cannot, or is slow already.
fn slow_down<P: Programmer>(chip: &mut Chip<P>, events: &mut Events<'_>) -> Result<bool, Cause> {
    let now = chip.programmer().limits().clock_hz;
    if now / 2 < SLOWEST_HZ {
        return Ok(false);
    }
    match chip.programmer().set_clock(now / 2) {
        Ok(hz) if hz < now => {
            let text = format!("reads disagree at {}; trying again at {}", units::hz(now), units::hz(hz));
            stop_on_break(events(Event::Warning(text)))?;
            Ok(true)
        }
        Ok(_) | Err(crate::spi::SpiError::Unsupported(_)) => Ok(false),
        Err(e) => Err(FlashError::from(e).into()),
    }
}

pub(super) fn stop_on_break(flow: ControlFlow<()>) -> Result<(), Cause> {
    if flow.is_break() { Err(Cause::Stopped) } else { Ok(()) }
}

/// Where passes differ.
#[derive(Default)]
struct Differing {
    /// Whole blocks.
    blocks: Spans,
    /// Bytes.
    bytes: u64,
    /// What the differences look like.
    pattern: noise::Pattern,
}

impl Differing {
    fn compare(&mut self, address: u64, a: &[u8], b: &[u8]) {
        if a == b {
            return;
        }
        for piece in Span::new(address, address + a.len() as u64).pieces(BLOCK) {
            let at = Span::new(piece.start - address, piece.end - address).range();
            let (x, y) = (&a[at.clone()], &b[at]);
            if x != y {
                self.bytes += x.iter().zip(y).filter(|(p, q)| p != q).count() as u64;
                self.pattern.add(piece, x, y);
                self.blocks.insert(piece.aligned_out(BLOCK));
            }
        }
    }
}

/// One read of `span` from end to end by one engine; a bus that dies meanwhile is told within `ALIVE_EVERY` bytes.
pub(super) fn pass<P: Programmer>(
    chip: &mut Chip<P>,
    engine: Engine,
    span: Span,
    stage: Stage,
    events: &mut Events<'_>,
    take: &mut Take<'_>,
) -> Result<(), Cause> {
    let time = Some(chip.programmer().limits().wire_time(span.len()));
    stop_on_break(events(Event::Begin { stage, bytes: span.len(), time }))?;
    let mut at = span.start;
    let mut asked_at: Option<u64> = None;
    let mut failed_at = u64::MAX;
    while at < span.end {
        let mut end = Ok(());
        let mut ask = false;
        let rest = Span::new(at, span.end);
        let mut sink = |address: u64, bytes: &[u8]| {
            at = address + bytes.len() as u64;
            end = take(address, bytes)
                .and_then(|()| stop_on_break(events(Event::Advance { stage, bytes: bytes.len() as u64 })));
            asked_at = asked_at.filter(|_| uniform(bytes).is_some());
            ask = uniform(bytes).is_some() && asked_at.is_none_or(|asked| at - asked >= ALIVE_EVERY);
            if ask || end.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let went = engine.read(chip, rest, &mut sink);
        end?;
        if let Err(error) = went {
            // One lost transfer is no reason to begin again; several without a byte between them are.
            if !is_transient(&error) || at == failed_at {
                return Err(error.into());
            }
            failed_at = at;
            stop_on_break(events(Event::Warning(format!("{error}; going on at {at:#08x}"))))?;
            check_alive(chip)?;
        }
        if ask {
            check_alive(chip)?;
            asked_at = Some(at);
        }
    }
    check_alive(chip)?;
    stop_on_break(events(Event::End { stage }))
}

impl Engine {
    /// Reads by this engine, or by our own where spi-memory cannot reach.
    fn read<P: Programmer>(
        self,
        chip: &mut Chip<P>,
        span: Span,
        sink: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), FlashError> {
        let near = Span::new(span.start, span.end.min(SECOND_OPINION_END));
        if self == Engine::Other && !near.is_empty() {
            match chip.read_second_opinion(near, sink) {
                Ok(flow) if flow.is_break() || near.end == span.end => return Ok(()),
                Ok(_) => return chip.read(Span::new(near.end, span.end), sink).map(drop),
                // Said before anything is read: this chip is in 4-byte mode, which spi-memory does not speak.
                Err(FlashError::Unsupported(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let _ = chip.read(span, sink)?;
        Ok(())
    }
}

/// True for a failure of the way to the chip that may not happen again.
pub(super) fn is_transient(error: &FlashError) -> bool {
    matches!(error, FlashError::Spi(e) if e.is_transient())
}

/// The one value of all bytes, where that is FF or 00: what a dead bus gives.
fn uniform(bytes: &[u8]) -> Option<u8> {
    [0xff, 0x00].into_iter().find(|v| bytes.iter().all(|b| b == v))
}

/// The chip still answers as it did when it was identified.
pub(super) fn check_alive<P: Programmer>(chip: &mut Chip<P>) -> Result<(), FlashError> {
    let seen = chip.rdid()?;
    let expected = &chip.identity().jedec_id;
    if seen == *expected {
        return Ok(());
    }
    // Once more: one flipped bit in an id is no reason to throw a long read away.
    let again = chip.rdid()?;
    let expected = chip.identity().jedec_id.clone();
    if again == expected {
        Ok(())
    } else if uniform(&again).is_some() {
        Err(FlashError::NoChip { seen: again })
    } else {
        Err(FlashError::Unstable { ids: vec![expected, seen, again] })
    }
}

/// The candidates for one block: bytes, votes, and who gave them.
struct Ballot {
    block: Span,
    candidates: Vec<(Vec<u8>, u32, u32)>,
    differing_bytes: u64,
}

impl Ballot {
    fn cast(&mut self, engine: Engine, bytes: &[u8]) {
        let i = self.candidates.iter().position(|(b, ..)| b == bytes).unwrap_or_else(|| {
            self.candidates.push((bytes.to_vec(), 0, 0));
            self.candidates.len() - 1
        });
        let (_, own, other) = &mut self.candidates[i];
        match engine {
            Engine::Own => *own += 1,
            Engine::Other => *other += 1,
        }
    }

    fn reads(&self) -> u32 {
        self.candidates.iter().map(|(_, own, other)| own + other).sum()
    }

    /// The candidate that more than half of the reads gave, with votes from both engines.
    fn winner(&self) -> Option<&(Vec<u8>, u32, u32)> {
        self.candidates.iter().find(|(_, own, other)| {
            own + other >= VOTES && (own + other) * 2 > self.reads() && *own > 0 && *other > 0
        })
    }
}

/// Reads the differing blocks again until each has a clear majority, or the rounds are over.
fn vote<P: Programmer>(
    chip: &mut Chip<P>,
    differing: &Differing,
    reading: &mut Reading,
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let stage = Stage::Reread;
    let whole = Span::new(reading.start, reading.start + reading.bytes.len() as u64);
    let mut ballots: Vec<Ballot> = differing
        .blocks
        .iter()
        .flat_map(|s| s.pieces(BLOCK))
        .filter_map(|block| block.intersection(whole))
        .map(|block| Ballot { block, candidates: Vec::new(), differing_bytes: 0 })
        .collect();
    let _ = slow_down(chip, events)?;
    let bytes = ballots.iter().map(|b| b.block.len()).sum();
    stop_on_break(events(Event::Begin { stage, bytes, time: None }))?;
    // The passes' own reads are not votes: the second one was not kept, and the first may be the wrong one. Each round
    // reads every block that is not settled once by each engine.
    for round in 0..ROUNDS {
        let open: Spans = ballots.iter().filter(|b| b.winner().is_none()).map(|b| b.block).collect();
        if open.is_empty() {
            break;
        }
        for engine in [Engine::Own, Engine::Other] {
            for span in open.iter() {
                let mut got = Vec::new();
                engine.read(chip, span, &mut |_, bytes| {
                    got.extend_from_slice(bytes);
                    ControlFlow::Continue(())
                })?;
                reading.bytes_read += span.len();
                for ballot in ballots.iter_mut().filter(|b| span.covers(b.block)) {
                    let at = Span::new(ballot.block.start - span.start, ballot.block.end - span.start);
                    if let Some(bytes) = at.of(&got) {
                        ballot.cast(engine, bytes);
                    }
                }
                let bytes = if round == 0 && engine == Engine::Own { span.len() } else { 0 };
                stop_on_break(events(Event::Advance { stage, bytes }))?;
            }
        }
        check_alive(chip)?;
    }
    for ballot in &mut ballots {
        let at = Span::new(ballot.block.start - reading.start, ballot.block.end - reading.start).range();
        let Some((bytes, own, other)) = ballot.winner().cloned() else {
            reading.unsure.insert(ballot.block);
            continue;
        };
        let kept = &mut reading.bytes[at];
        ballot.differing_bytes = kept.iter().zip(&bytes).filter(|(a, b)| a != b).count() as u64;
        kept.copy_from_slice(&bytes);
        reading.rereads.push(Reread {
            address: ballot.block.start,
            len: ballot.block.len(),
            reads: ballot.reads() + 2,
            agreed: own + other,
            differing_bytes: ballot.differing_bytes,
        });
    }
    stop_on_break(events(Event::End { stage }))
}
