//! What is wrong with the addresses, looked for once a look has failed: data that stops, wraps, stuck bits, 4-byte mode.

use super::address_fault::AddressFault;
use super::addresses::TURNED;
use super::asker::{Asker, CROSSED, LOOK, tells};
use crate::flash::{Chip, FlashError, LONGEST_READ, ReadCommand};
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// What makes passes differ in far more than noise does: data that stops within a long answer, or an address bit that
/// only answers from before its boundary see.
pub(in crate::workflow) fn explain_difference<P: Programmer>(
    chip: &mut Chip<P>,
    differing: &Spans,
    start: u64,
    bytes: &[u8],
) -> Result<Option<AddressFault>, FlashError> {
    let mut asker = Asker::plain(chip);
    let looks: Vec<Span> = differing.iter().flat_map(|span| span.pieces(LOOK)).collect();
    let step = looks.len().div_ceil(CROSSED).max(1);
    let looks: Vec<Span> = looks.into_iter().step_by(step).filter(|look| look.end <= asker.size).collect();
    let seen = asker.ask(&looks)?;
    let telling: Vec<u64> =
        looks.iter().zip(&seen).filter(|(_, seen)| tells(seen)).map(|(look, _)| look.start).collect();
    let is_flat = |at: &u64| {
        let at = at.saturating_sub(start) as usize;
        bytes.get(at..at + LOOK as usize).is_some_and(|look| !tells(look))
    };
    let flat: Vec<u64> = telling.iter().copied().filter(is_flat).collect();
    let plain = asker.command;
    for command in [plain, asker.chip.fast_read()] {
        asker.command = command;
        if let Some(fault) = asker.find_dead_after(&flat, LONGEST_READ)? {
            return Ok(Some(fault));
        }
    }
    asker.command = plain;
    asker.find_stuck_bit(&telling)
}

impl<P: Programmer> Asker<'_, P> {
    /// The length up to which an answer is right, where every longer one continues with nothing but FF or 00.
    pub fn find_dead_after(&mut self, places: &[u64], most: u64) -> Result<Option<AddressFault>, FlashError> {
        // The highest place allows the longest answers before it.
        for place in places.iter().rev().take(CROSSED) {
            let Some(bytes) = self.shortest_that_fails(*place, most)? else { continue };
            let answers = self.ask(&[Span::new(*place, (place + bytes + LOOK).min(self.size))])?;
            let rest = &answers[0][(bytes as usize).min(answers[0].len())..];
            if !tells(rest) && (rest.is_empty() || rest[0] == 0xff || rest[0] == 0) {
                return Ok(Some(AddressFault::DeadAfter { bytes }));
            }
        }
        Ok(None)
    }

    /// How long an answer that ends at the first telling byte from `place` on may be; `None` where even the longest is
    /// right.
    fn shortest_that_fails(&mut self, place: u64, most: u64) -> Result<Option<u64>, FlashError> {
        let span = Span::new(place, (place + LOOK).min(self.size));
        let singles: Vec<Span> = span.pieces(1).collect();
        let seen = self.ask(&singles)?;
        let Some(offset) = seen.iter().position(|byte| byte[0] != 0xff && byte[0] != 0) else {
            return Ok(None);
        };
        let at = place + offset as u64;
        let (mut good, mut bad) = (1, (at + 1).min(most));
        if good == bad || self.last_byte_holds(at, bad)? {
            return Ok(None);
        }
        while good + 1 < bad {
            let middle = (good + bad) / 2;
            if self.last_byte_holds(at, middle)? { good = middle } else { bad = middle }
        }
        Ok(Some(good))
    }

    /// The length in which one answer repeats itself, where a fresh one does not.
    pub fn find_wrap(&mut self, places: &[u64]) -> Result<Option<AddressFault>, FlashError> {
        for at in places {
            for length in (3..13).map(|bit| 1u64 << bit) {
                let base = at / length * length;
                if base + 2 * length > self.size {
                    continue;
                }
                let middle = base + length;
                let seen =
                    self.ask(&[Span::new(base, middle + length), Span::new(middle, middle + length)])?;
                let (first, second) = seen[0].split_at(length as usize);
                if tells(first) && first == second && second != seen[1] {
                    return Ok(Some(AddressFault::Wraps { bytes: length }));
                }
            }
        }
        Ok(None)
    }

    /// The one address bit at whose boundaries answers do not continue.
    pub fn find_stuck_bit(&mut self, places: &[u64]) -> Result<Option<AddressFault>, FlashError> {
        for at in places {
            for bit in 4..self.size.trailing_zeros() {
                let seen =
                    self.ask(&[Span::new(*at, at + LOOK), Span::new(at ^ 1 << bit, (at ^ 1 << bit) + LOOK)])?;
                if tells(&seen[0]) && seen[0] == seen[1] {
                    return Ok(Some(AddressFault::StuckBit { bit }));
                }
            }
        }
        Ok(None)
    }

    /// 4-byte mode explains a fault where the plain read with one address byte more passes the test.
    pub fn with_four_byte_mode_ruled_out(
        mut self,
        fault: AddressFault,
        hints: &[u64],
    ) -> Result<AddressFault, FlashError> {
        let ours = self.command;
        let other = match ours.width {
            3 => ReadCommand { width: 4, ..ours },
            _ => ReadCommand { width: 3, ..ours },
        };
        self.command = other;
        let places: Vec<u64> = self.telling_places(hints)?.into_iter().filter(|at| *at >= LOOK).collect();
        // A byte of address too many or too few leaves eight bits without effect.
        let fits = !places.is_empty()
            && self.overlaps(&places)?.iter().all(|(_, across, from)| across == from)
            && self.proven_bits(&places[..places.len().min(TURNED)])?.iter().take(8).all(|proven| *proven);
        Ok(if fits { AddressFault::AddressMode { sent: ours.width, taken: other.width } } else { fault })
    }
}
