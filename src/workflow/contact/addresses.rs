//! The proof that the chip answers for the address that was sent, in a few kilobytes on every size.
//!
//! Two reads that agree do not prove their addresses: an address bit that the chip does not see, 4-byte mode, reads that
//! wrap, or data that stops within a long transaction can strike both alike. The proof takes places whose bytes tell
//! something, and asks for the same bytes in ways that such a fault answers differently. What cannot be told because the
//! chip is blank or repeats itself is left to [`check_unproven_bits`], which looks at the whole contents once they are there.

use super::address_fault::AddressFault;
use crate::flash::{Chip, FlashError, LONGEST_READ, ReadCommand};
use crate::span::{Span, Spans};
use crate::spi::Programmer;
use std::collections::BTreeSet;

/// Bytes of one look at a place.
const LOOK: u64 = 16;
/// Places looked at, evenly spread.
const PLACES: u64 = 48;
/// Telling places at which two reads that overlap are compared.
const CROSSED: usize = 8;
/// Telling places at which each address bit is turned.
const TURNED: usize = 2;
/// The largest transaction of the backward pass on a programmer with short ones.
const LENGTH: u64 = 4096;
/// A mismatch counts when it comes every time.
const TIMES: usize = 3;
/// Repeated reads that show whether noise is the cause. As many differences in all are no noise: another master may have
/// written to one of the places.
const STEADY: usize = 8;

/// That the addresses were proven; made by [`prove_addresses`] alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressProof {
    /// Bytes read for it.
    pub bytes: u64,
    /// No place that was looked at tells anything: the proof has to be made again at places that do.
    pub blank: bool,
}

/// Proves the chip's addresses, at evenly spread places and at `hints`: places that are known to tell something.
///
/// # Errors
/// `Ok(Err(fault))` names what is wrong with the addresses; `Err` is a failure below.
pub fn prove_addresses<P: Programmer>(
    chip: &mut Chip<P>,
    hints: &[u64],
) -> Result<Result<AddressProof, AddressFault>, FlashError> {
    let command = chip.plain_read();
    let mut asker = Asker { size: chip.geometry().size, chip, command, bytes: 0 };
    let tested = asker.test(hints)?;
    let bytes = asker.bytes;
    Ok(match tested {
        Ok(blank) => Ok(AddressProof { bytes, blank }),
        Err(fault) => match asker.unsteady()? {
            Some(noise) => Err(noise),
            None => Err(asker.with_four_byte_mode_ruled_out(fault, hints)?),
        },
    })
}

/// Up to 8 addresses at which `bytes`, read from `start` on, are not all alike, the last one first.
pub(in crate::workflow) fn telling_addresses(start: u64, bytes: &[u8]) -> Vec<u64> {
    let looks = bytes.chunks(LOOK as usize).enumerate().rev().filter(|(_, look)| tells(look));
    looks.map(|(n, _)| start + n as u64 * LOOK).step_by(LENGTH as usize).take(CROSSED).collect()
}

/// Looks for address bits of which the contents of a whole chip give no proof: everywhere the same with the bit set and
/// clear. Where one long answer runs over such a bit's boundary, it must read as the contents do.
pub(in crate::workflow) fn check_unproven_bits<P: Programmer>(
    chip: &mut Chip<P>,
    bytes: &[u8],
) -> Result<Result<(), AddressFault>, FlashError> {
    let size = bytes.len() as u64;
    if !tells(bytes) {
        return Ok(Ok(()));
    }
    let room = chip.programmer().limits().max_transaction.saturating_sub(8) as u64;
    let command = chip.plain_read();
    for bit in 4..size.trailing_zeros() {
        let half = 1usize << bit;
        if bytes.chunks_exact(2 * half).any(|block| block[..half] != block[half..]) {
            continue;
        }
        let boundary = half as u64;
        let span = Span::new(boundary - LOOK, boundary + boundary.min(room - LOOK));
        let wrong = |read: &[u8]| read != &bytes[span.range()];
        if wrong(&chip.read_spans(command, &[span])?[0]) && wrong(&chip.read_spans(command, &[span])?[0]) {
            return Ok(Err(AddressFault::Mirrored { bit }));
        }
    }
    Ok(Ok(()))
}

/// What makes passes differ in far more than noise does: data that stops within a long answer, or an address bit that
/// only answers from before its boundary see.
pub(in crate::workflow) fn explain_difference<P: Programmer>(
    chip: &mut Chip<P>,
    differing: &Spans,
    start: u64,
    bytes: &[u8],
) -> Result<Option<AddressFault>, FlashError> {
    let command = chip.plain_read();
    let mut asker = Asker { size: chip.geometry().size, chip, command, bytes: 0 };
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
    match asker.find_dead_after(&flat, LONGEST_READ)? {
        Some(fault) => Ok(Some(fault)),
        None => asker.find_stuck_bit(&telling),
    }
}

/// A place, what an answer that began before it gave from there on, and what one that began there gave.
type Overlap = (u64, Vec<u8>, Vec<u8>);

/// A test's result: the inner error is what the chip does wrong.
type Tested<T> = Result<Result<T, AddressFault>, FlashError>;

/// Goes on with the value, or leaves with the fault.
macro_rules! sound {
    ($tested:expr) => {
        match $tested? {
            Ok(value) => value,
            Err(fault) => return Ok(Err(fault)),
        }
    };
}

/// Asks the chip by one command.
struct Asker<'c, P: Programmer> {
    chip: &'c mut Chip<P>,
    size: u64,
    command: ReadCommand,
    bytes: u64,
}

impl<P: Programmer> Asker<'_, P> {
    /// Every test; gives whether nothing was telling.
    fn test(&mut self, hints: &[u64]) -> Tested<bool> {
        let places = self.telling_places(hints)?;
        sound!(self.overlaps_agree(&places));
        sound!(self.bits_are_seen(&places));
        if let Some(place) = places.first() {
            sound!(self.long_answers_hold(*place));
        }
        sound!(self.fast_read_agrees(&places));
        Ok(Ok(places.is_empty()))
    }

    /// Evenly spread places that do not read the same every time: noise, which looks like any fault.
    fn unsteady(&mut self) -> Result<Option<AddressFault>, FlashError> {
        let step = (self.size / PLACES).max(LOOK);
        let spans: Vec<Span> =
            (0..self.size / step).map(|n| Span::new(n * step, (n * step + LOOK).min(self.size))).collect();
        let first = self.ask(&spans)?;
        let mut differing = 0;
        for _ in 0..STEADY {
            let again = self.ask(&spans)?;
            differing += first.iter().zip(&again).filter(|(a, b)| a != b).count();
        }
        let reads = STEADY * spans.len();
        Ok((differing > STEADY).then_some(AddressFault::Unsteady { differing, reads }))
    }

    fn ask(&mut self, spans: &[Span]) -> Result<Vec<Vec<u8>>, FlashError> {
        self.bytes += spans.iter().map(|span| span.len()).sum::<u64>();
        self.chip.read_spans(self.command, spans)
    }

    /// Places whose bytes are not all alike, as multiples of [`LOOK`].
    fn telling_places(&mut self, hints: &[u64]) -> Result<Vec<u64>, FlashError> {
        let step = (self.size / PLACES / LOOK * LOOK).max(LOOK);
        let even = (0..PLACES).map(|n| n * step);
        let places: BTreeSet<u64> =
            even.chain(hints.iter().map(|at| at / LOOK * LOOK)).filter(|at| at + LOOK <= self.size).collect();
        let spans: Vec<Span> = places.iter().map(|at| Span::new(*at, at + LOOK)).collect();
        let seen = self.ask(&spans)?;
        let telling: Vec<u64> =
            places.into_iter().zip(seen).filter(|(_, seen)| tells(seen)).map(|(at, _)| at).collect();
        // The highest first: a place below LENGTH cannot end a long answer. Spread over what there is.
        let step = telling.len().div_ceil(CROSSED).max(1);
        Ok(telling.into_iter().rev().step_by(step).collect())
    }

    /// Across each place and each power of two: what is read from there must continue what is read from before it.
    fn overlaps_agree(&mut self, places: &[u64]) -> Tested<()> {
        let powers = (4..63).map(|bit| 1u64 << bit).take_while(|at| at + LOOK <= self.size);
        let places: BTreeSet<u64> = powers.chain(places.iter().copied()).filter(|at| *at >= LOOK).collect();
        let mut wrong: Vec<u64> = places.iter().copied().collect();
        let mut seen = Vec::new();
        for _ in 0..TIMES {
            seen = self.overlaps(&wrong)?;
            seen.retain(|(_, across, from)| across != from);
            wrong = seen.iter().map(|(at, ..)| *at).collect();
            if wrong.is_empty() {
                return Ok(Ok(()));
            }
        }
        let first_only = seen.iter().all(|(_, across, from)| across[1..] == from[1..])
            && seen.iter().any(|(_, across, _)| tells(&across[1..]));
        if first_only {
            let (at, across, from) = &seen[0];
            return Ok(Err(AddressFault::FirstByte { at: *at, first: from[0], later: across[0] }));
        }
        let found: Vec<u64> = seen.iter().map(|(at, ..)| *at).collect();
        if let Some(fault) = self.find_dead_after(&found, LENGTH)? {
            return Ok(Err(fault));
        }
        let places = found;
        if let Some(fault) = self.find_wrap(&places)? {
            return Ok(Err(fault));
        }
        if let Some(fault) = self.find_stuck_bit(&places)? {
            return Ok(Err(fault));
        }
        Ok(Err(AddressFault::Misplaced { places: places.len(), first: places[0] }))
    }

    /// Each place read from before it, and from its own first byte.
    fn overlaps(&mut self, places: &[u64]) -> Result<Vec<Overlap>, FlashError> {
        let spans: Vec<Span> = places
            .iter()
            .flat_map(|at| [Span::new(at - LOOK, at + LOOK), Span::new(*at, at + LOOK)])
            .collect();
        let seen = self.ask(&spans)?;
        let pairs = seen.chunks_exact(2).zip(places);
        Ok(pairs.map(|(pair, at)| (*at, pair[0][LOOK as usize..].to_vec(), pair[1].clone())).collect())
    }

    /// Every address bit turned by itself must give other bytes somewhere. Where it gives none, one answer that runs over
    /// the bit's boundary must continue with what is read from there.
    fn bits_are_seen(&mut self, places: &[u64]) -> Tested<()> {
        let places = &places[..places.len().min(TURNED)];
        let proven = self.proven_bits(places)?;
        for (bit, _) in (0..).zip(proven).filter(|(_, proven)| !proven) {
            for place in places {
                sound!(self.runs_over_boundary(bit, place & !(1 << bit) | 1 << bit));
            }
        }
        Ok(Ok(()))
    }

    /// For each address bit, whether turning it gave other bytes at any of the places.
    fn proven_bits(&mut self, places: &[u64]) -> Result<Vec<bool>, FlashError> {
        let bits = self.size.trailing_zeros().min(63);
        let mut spans = Vec::new();
        for place in places {
            spans.push(Span::new(*place, place + LOOK));
            let turned = (0..bits).map(|bit| place ^ 1 << bit);
            spans.extend(turned.map(|at| Span::new(at, (at + LOOK).min(self.size))));
        }
        let seen = self.ask(&spans)?;
        let per_place: Vec<&[Vec<u8>]> = seen.chunks(1 + bits as usize).collect();
        let proven = |bit: usize| per_place.iter().any(|seen| differ(&seen[0], &seen[1 + bit]));
        Ok((0..bits as usize).map(proven).collect())
    }

    /// One answer that begins below the boundary of `bit` and runs to `place`, against one that begins there.
    fn runs_over_boundary(&mut self, bit: u32, place: u64) -> Tested<()> {
        let boundary = place >> bit << bit;
        // Below the boundary, the bit is clear.
        let before = LOOK.min(1 << bit);
        if place - boundary > LENGTH || place + LOOK > self.size {
            return Ok(Ok(()));
        }
        let spans = [Span::new(boundary - before, place + LOOK), Span::new(place, place + LOOK)];
        for _ in 0..TIMES {
            let seen = self.ask(&spans)?;
            if seen[0].ends_with(&seen[1]) {
                return Ok(Ok(()));
            }
        }
        Ok(Err(AddressFault::StuckBit { bit }))
    }

    /// The last byte of a long answer against an answer of that byte alone.
    fn long_answers_hold(&mut self, place: u64) -> Tested<()> {
        for _ in 0..TIMES {
            let seen = self.ask(&[Span::new(place, place + 1), Span::new(place, place + LOOK)])?;
            // A byte that a dead line does not give.
            let Some(offset) = seen[1].iter().position(|byte| *byte != 0xff && *byte != 0) else {
                return Ok(Ok(()));
            };
            let byte = place + offset as u64;
            if self.last_byte_holds(byte, LENGTH)? {
                return Ok(Ok(()));
            }
        }
        let dead = self.find_dead_after(&[place], LENGTH)?;
        let stuck = if dead.is_none() { self.find_stuck_bit(&[place])? } else { None };
        Ok(Err(dead.or(stuck).unwrap_or(AddressFault::Misplaced { places: 1, first: place })))
    }

    fn last_byte_holds(&mut self, at: u64, length: u64) -> Result<bool, FlashError> {
        let seen = self.ask(&[Span::new((at + 1).saturating_sub(length), at + 1), Span::new(at, at + 1)])?;
        Ok(seen[0].last() == seen[1].last())
    }

    /// The length up to which an answer is right, where every longer one goes on with nothing but FF or 00.
    fn find_dead_after(&mut self, places: &[u64], most: u64) -> Result<Option<AddressFault>, FlashError> {
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
    fn find_wrap(&mut self, places: &[u64]) -> Result<Option<AddressFault>, FlashError> {
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
    fn find_stuck_bit(&mut self, places: &[u64]) -> Result<Option<AddressFault>, FlashError> {
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

    /// The fast read against the plain one.
    fn fast_read_agrees(&mut self, places: &[u64]) -> Tested<()> {
        let fast = self.chip.fast_read();
        if fast == self.command {
            return Ok(Ok(()));
        }
        let spans: Vec<Span> = places.iter().take(TURNED).map(|at| Span::new(*at, at + LOOK)).collect();
        for _ in 0..TIMES {
            let plain = self.ask(&spans)?;
            self.bytes += spans.iter().map(|span| span.len()).sum::<u64>();
            if self.chip.read_spans(fast, &spans)? == plain {
                return Ok(Ok(()));
            }
        }
        Ok(Err(AddressFault::FastRead { opcode: fast.opcode }))
    }

    /// 4-byte mode explains a fault where the plain read with one address byte more passes the test.
    fn with_four_byte_mode_ruled_out(
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

/// Bytes of which a fault of the address would show: not all alike.
fn tells(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| *byte != bytes[0])
}

/// More than a flipped bit apart.
fn differ(a: &[u8], b: &[u8]) -> bool {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>() > 2
}
