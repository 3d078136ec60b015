//! Reading so that the result can be trusted: two passes that differ in every way they can, and a vote where they disagree.
//!
//! Before anything is kept, the addresses are proven by `prove_addresses`. Then one pass
//! reads forward by our engine, the other backward by spi-memory; `hw-notes/decisions.md` lists what differs and what it
//! rules out. Only blocks that differ are read again, by both engines in turn, and a block is kept only when more than
//! half of all its reads agree and each engine has read it so. Where the contents are known from the store, one pass that
//! agrees with them is enough; blocks that differ from them are read the other way too.
//!
//! The limit of noise: with `p` wrong bytes a byte and `n` bytes, `n * p^2 / 8` is the chance that the same bit is
//! wrong in both passes and is not noticed. Up to 1 in 100,000 that is 1 in 10,000 for 8 MiB; the passes refuse from
//! twice that rate on.

use super::change::changed_since;
use super::contact::{self, AddressFault, AddressProof, prove_addresses};
use super::differing::Differing;
use super::engine::{Engine, Take, pass, stop_on_break};
use super::error::Cause;
use super::event::{Event, Events, Stage};
use super::noise::Noise;
use super::note::Warning;
pub use super::read_result::{Changed, Reading};
use super::slower::{reads_otherwise, slow_down};
use super::store::Reread;
use super::vote::vote;
use crate::flash::Chip;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// Differing bytes in two passes, per million read, from which on the reads are refused: twice what 1 wrong byte in
/// 100,000 gives.
const REFUSE_PER_MILLION: u64 = 40;
/// As many differing bytes are voted on in any case, however short the read.
const ALWAYS_VOTED: u64 = 16;
/// Bytes at the end of the span that are read once more after the second pass.
const TURN: u64 = 8192;
/// Where more of the chip differs from what is known of it, in percent, a whole second pass follows.
const KNOWN_PERCENT: u64 = 5;

/// How to read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Passes; from 2 on they must agree.
    pub passes: u32,
    /// Save the blocks that read reliably, and list those that did not.
    pub salvage: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { passes: 2, salvage: false }
    }
}

/// Proves the addresses and reads `span` in `options.passes` passes.
///
/// # Errors
/// [`Cause::Addresses`]; [`Cause::Disagree`] when passes differ and the vote does not settle it; [`Cause::Changed`];
/// [`Cause::Suspect`] for a whole chip of 00;
/// [`Cause::Stopped`]; what failed below.
pub fn read<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    options: &ReadOptions,
    events: &mut Events<'_>,
) -> Result<Reading, Cause> {
    let proof = prove(chip, &[])?;
    let stages =
        if options.passes > 1 { (Stage::FirstRead, Stage::SecondRead) } else { (Stage::Read, Stage::Read) };
    let how = How { options, stages, proof: &proof, known: None };
    let reading = read_with(chip, span, &how, events, &mut |_, _| Ok(()))?;
    let whole = span == Span::new(0, chip.geometry().size);
    match super::engine::uniform(&reading.bytes).filter(|_| whole) {
        Some(0xff) => {
            stop_on_break(events(Event::Warning(Warning::ReadsBlank)))?;
        }
        // No maker delivers a chip so, and no image is that.
        Some(value) if !options.salvage => return Err(Cause::Suspect { value }),
        _ => {}
    }
    Ok(reading)
}

/// The proof, or [`Cause::Addresses`]; asked for once more where a transfer was lost.
pub(super) fn prove<P: Programmer>(chip: &mut Chip<P>, hints: &[u64]) -> Result<AddressProof, Cause> {
    let tested = match prove_addresses(chip, hints) {
        Err(error) if super::engine::is_transient(&error) => prove_addresses(chip, hints)?,
        tested => tested?,
    };
    tested.map_err(Cause::Addresses)
}

/// How [`read_with`] reads.
pub(super) struct How<'a> {
    pub options: &'a ReadOptions,
    /// What the passes are called.
    pub stages: (Stage, Stage),
    /// The addresses have been proven.
    pub proof: &'a AddressProof,
    /// The proven contents of this very chip as the store has them, from the start of the chip.
    pub known: Option<&'a [u8]>,
}

/// As [`read`] with the proof at hand, passing the first pass on as it arrives.
pub(super) fn read_with<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    how: &How<'_>,
    events: &mut Events<'_>,
    first: &mut Take<'_>,
) -> Result<Reading, Cause> {
    let mut bytes_read = 0;
    loop {
        let mut reading = Reading { start: span.start, ..Reading::default() };
        let len = usize::try_from(span.len()).map_err(|_| Cause::TooMuch(span))?;
        reading.bytes.reserve_exact(len);
        let mut news = Differing::default();
        let known = how.known.and_then(|known| span.of(known));
        pass(chip, Engine::Own, span, how.stages.0, events, &mut |address, bytes| {
            let at = (address - span.start) as usize;
            if let Some(known) = known {
                news.compare(address, &known[at..at + bytes.len()], bytes);
            }
            reading.bytes.extend_from_slice(bytes);
            first(address, bytes)
        })?;
        reading.passes = 1;
        let differing = match known {
            Some(_) if news.blocks.len() * 100 <= span.len() * KNOWN_PERCENT => {
                reading.read_twice = news.blocks.clone();
                read_blocks(chip, span, &news.blocks, &mut reading)?
            }
            _ => {
                reading.read_twice = span.into();
                further_passes(chip, span, how, &mut reading, events)?
            }
        };
        bytes_read += u64::from(reading.passes) * span.len() + reading.bytes_read;
        reading.bytes_read = bytes_read;
        let read_again = reading.read_twice.len();
        let limit = (read_again.saturating_mul(REFUSE_PER_MILLION) / 1_000_000).max(ALWAYS_VOTED);
        let few = differing.bytes <= limit * u64::from(reading.passes.max(2) - 1);
        if few && is_late(chip, span, how, &reading)? && slow_down(chip, events)? {
            continue;
        }
        if differing.blocks.is_empty() {
            check_whole(chip, span, how, &mut reading, events)?;
            return Ok(reading);
        }
        if few {
            let _ = slow_down(chip, events)?;
            let before = reading.bytes.clone();
            let changed = vote(chip, &differing, &mut reading, events)?;
            if !changed.is_empty() && !how.options.salvage {
                let now = reading.bytes;
                return Err(Cause::Changed(Box::new(Changed::new(changed, span.start, &before, &now))));
            }
            changed.iter().for_each(|block| reading.unsure.insert(block));
            for Reread { address, len, .. } in &reading.rereads {
                let at = Span::new(address - span.start, address + len - span.start).range();
                first(*address, &reading.bytes[at])?;
            }
            check_whole(chip, span, how, &mut reading, events)?;
        } else {
            let fault = explain(chip, span, &differing, &reading.bytes)?;
            if let Some(fault) = fault.filter(|_| !how.options.salvage) {
                return Err(Cause::Addresses(fault));
            }
            let changed = changed_since(chip, span, &differing, &reading.bytes)?;
            if let Some(changed) = changed.filter(|_| !how.options.salvage) {
                return Err(Cause::Changed(Box::new(changed)));
            }
            if differing.pattern.repeated_answers == 0 && slow_down(chip, events)? {
                continue;
            }
            reading.unsure = differing.blocks.clone();
        }
        if reading.unsure.is_empty() || how.options.salvage {
            return Ok(reading);
        }
        return Err(Cause::Disagree {
            differing: differing.bytes,
            bytes: span.len(),
            unsure: reading.unsure,
            noise: Noise::from(&differing.pattern),
        });
    }
}

/// What all passes read alike may be wrong alike: the clock is one for all of them. Of a chip that the store knows it is
/// what differs from the proven contents that is looked at.
fn is_late<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    how: &How<'_>,
    reading: &Reading,
) -> Result<bool, Cause> {
    let blocks = match how.known {
        Some(_) if reading.passes == 1 => reading.read_twice.clone(),
        _ if how.options.passes > 1 => span.into(),
        _ => Spans::new(),
    };
    for block in blocks.iter() {
        let at = Span::new(block.start - span.start, block.end - span.start).range();
        if reads_otherwise(chip, block.start, &reading.bytes[at])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every pass but the first, compared with it as it arrives.
fn further_passes<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    how: &How<'_>,
    reading: &mut Reading,
    events: &mut Events<'_>,
) -> Result<Differing, Cause> {
    let mut differing = Differing::default();
    for n in 1..how.options.passes {
        // The second pass is always the other engine's; further passes alternate.
        let engine = if n % 2 == 1 { Engine::Other } else { Engine::Own };
        let read = &reading.bytes;
        pass(chip, engine, span, how.stages.1, events, &mut |address, bytes| {
            let at = (address - span.start) as usize;
            differing.compare(address, &read[at..at + bytes.len()], bytes);
            Ok(())
        })?;
        reading.passes += 1;
    }
    differing.look_for_repeats(span.start, &reading.bytes, chip.forward_pieces(span));
    if how.options.passes == 2 {
        // Read last by the first pass and first by the second: only here would the two be a moment apart.
        let turn = Span::new(span.start.max(span.end.saturating_sub(TURN)), span.end);
        let again = Engine::Own.read_to_vec(chip, turn)?;
        let at = Span::new(turn.start - span.start, turn.end - span.start).range();
        differing.compare(turn.start, &reading.bytes[at], &again);
    }
    Ok(differing)
}

/// Reads what differs from the known contents by the other engine, as its pass over `span` would.
fn read_blocks<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    blocks: &Spans,
    reading: &mut Reading,
) -> Result<Differing, Cause> {
    let mut differing = Differing::default();
    for block in blocks.iter() {
        let other = Engine::Other.read_as_in_pass(chip, span, block)?;
        reading.bytes_read += block.len();
        let at = Span::new(block.start - reading.start, block.end - reading.start).range();
        differing.compare(block.start, &reading.bytes[at], &other);
    }
    Ok(differing)
}

/// What the whole contents say of the addresses, and whether they are those of which the addresses were proven, once they
/// are there. A chip that no longer answers to reads gives FF in every pass, and its id as ever.
fn check_whole<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    how: &How<'_>,
    reading: &mut Reading,
    events: &mut Events<'_>,
) -> Result<(), Cause> {
    let changed: Vec<(Span, &[u8])> = how.proof.contradicted(span.start, &reading.bytes).collect();
    let blocks: Spans = changed.iter().map(|(place, _)| *place).collect();
    if let (Some((place, before)), false) = (changed.first(), how.options.salvage) {
        let now = &reading.bytes[(place.start - span.start) as usize..];
        let changed = Changed::new(blocks, place.start, before, now);
        return Err(match (super::engine::uniform(&reading.bytes), changed.example) {
            (Some(now), Some((at, before, _))) => Cause::DataLost { at, before, now },
            _ => Cause::Changed(Box::new(changed)),
        });
    }
    blocks.iter().for_each(|block| reading.unsure.insert(block));
    let bytes = &reading.bytes;
    if how.proof.blank {
        prove(chip, &contact::telling_addresses(span.start, bytes))?;
    }
    if span == Span::new(0, chip.geometry().size) {
        if how.proof.blank {
            contact::prove_little(chip, bytes, events)?;
        }
        contact::prove_unproven_bits(chip, bytes, events)?;
    }
    Ok(())
}

/// The cause of passes that differ in far more than noise does, where one can be shown.
pub(super) fn explain<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    differing: &Differing,
    bytes: &[u8],
) -> Result<Option<AddressFault>, Cause> {
    let first = differing.blocks.iter().next().map_or(span.start, |block| block.start);
    if let Err(fault) = prove_addresses(chip, &[first])? {
        return Ok(Some(fault));
    }
    Ok(contact::explain_difference(chip, &differing.blocks, span.start, bytes)?)
}
