//! Bytes that count only where both engines read them alike: what a single read of a bad link must not decide.

use super::differing::Differing;
use super::engine::Engine;
use super::error::Cause;
use super::noise::Noise;
use super::reading::explain;
use crate::flash::Chip;
use crate::span::Span;
use crate::spi::Programmer;

/// Pairs of readings in which both engines have to agree once.
const TRIES: u32 = 3;

/// What both engines read.
pub(super) struct Alike {
    pub bytes: Vec<u8>,
    /// Bytes read for it.
    pub read: u64,
}

/// Reads a span by both engines until they agree.
///
/// # Errors
/// [`Cause::Addresses`] or [`Cause::Disagree`] where they do not; what failed below.
pub(super) fn read_alike<P: Programmer>(chip: &mut Chip<P>, span: Span) -> Result<Alike, Cause> {
    let mut differing = Differing::default();
    let mut own = Vec::new();
    for n in 1..=TRIES {
        own = Engine::Own.read_to_vec(chip, span)?;
        let other = Engine::Other.read_to_vec(chip, span)?;
        if own == other {
            return Ok(Alike { bytes: own, read: u64::from(2 * n) * span.len() });
        }
        differing.compare(span.start, &own, &other);
    }
    if let Some(fault) = explain(chip, span, &differing, &own)? {
        return Err(Cause::Addresses(fault));
    }
    let noise = Noise::from(&differing.pattern);
    let count = (differing.bytes / u64::from(TRIES)).max(1);
    Err(Cause::Disagree { differing: count, bytes: span.len(), unsure: differing.blocks, noise })
}
