//! The ladder: from the fast shape to smaller ones, by a proof that fails and by bursts that fail.
//!
//! A batch of questions that failed is asked again in the next smaller shape, never in the one that failed. A batch that
//! writes is not repeated here; the bursts after it are smaller ones, so that whoever repeats it does so in another
//! shape. The smaller shape becomes the session's where a batch fails twice, or failures become frequent.

use super::codec::Codec;
use super::cut::only_asks;
use super::driver::{Driver, HURRY};
use super::shape::Shape;
use crate::spi::{LinkError, LinkFault, LinkNotice, Op, SpiError, Transaction};
use crate::usb::Pipe;
use std::time::Duration;

/// Failures in one shape after which it is left.
const TOO_OFTEN: u32 = 4;
/// Pieces that go down in the smaller shape after one that could not be repeated.
const CAUTION: u32 = 32;
/// How long a question may meet silence, in all its tries and in what brings the programmer up again between them, as a part of
/// the patience: what was lost is reported within two seconds.
const GIVEN_UP: (u32, u32) = (41, 20);
/// Windows in the burst that proves the fast shape with a chip.
const WINDOWS: usize = 8;
/// The longest answer that is asked for twice to prove the fast shape.
const PROOF_BYTES: usize = 8 * 1024;

/// Which shape is used, and what has been seen of it.
#[derive(Debug, Default)]
pub(super) struct Ladder {
    shape: Shape,
    /// The fast shape has been compared with the plain one on a chip.
    proven: bool,
    failures: u32,
    /// The first bytes of the batch that failed last and has not succeeded since.
    failed_at: Option<Vec<u8>>,
    /// Pieces that still go down in the smaller shape.
    caution: u32,
    notices: Vec<LinkNotice>,
}

impl Ladder {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// The session's shape.
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// True where the fast shape is the session's and no chip has confirmed it.
    pub(super) fn is_unproven(&self) -> bool {
        self.shape == Shape::Fast && !self.proven
    }

    /// The shape of the next piece.
    fn next_shape(&self) -> Shape {
        if self.is_unproven() || self.caution > 0 {
            self.shape.lower().unwrap_or(self.shape)
        } else {
            self.shape
        }
    }

    pub(super) fn take_notices(&mut self) -> Vec<LinkNotice> {
        std::mem::take(&mut self.notices)
    }
}

/// A proof that a lost transfer ended proves nothing; the next question is the next proof.
fn inconclusive(proof: Result<(), SpiError>) -> Result<(), SpiError> {
    match proof {
        Err(SpiError::Link(link)) if link.is_transient() => Ok(()),
        other => other,
    }
}

/// What was waited for in vain before a failure.
fn silence(link: &LinkError, patience: Duration) -> Duration {
    if link.fault == LinkFault::Silent { patience } else { Duration::ZERO }
}

/// What a batch begins with: the same for a batch that is tried again.
fn place(batch: &[Transaction<'_>]) -> Vec<u8> {
    let mut place = Vec::new();
    for op in batch.iter().take(4).flat_map(|t| &t.ops) {
        match op {
            Op::Write(bytes) => place.extend_from_slice(&bytes[..bytes.len().min(8)]),
            Op::Read(into) | Op::Transfer(into) => place.extend_from_slice(&into.len().to_le_bytes()),
        }
    }
    place
}

impl<C: Codec, P: Pipe> Driver<C, P> {
    /// Takes the smaller shape for the rest of the session.
    pub(super) fn step_down(&mut self, to: Shape, why: String) {
        if to <= self.ladder.shape {
            return;
        }
        self.ladder = Ladder { shape: to, notices: self.ladder.take_notices(), ..Ladder::default() };
        let notice = LinkNotice::Slower { programmer: self.codec.title(), now: to.to_string(), why };
        self.ladder.notices.push(notice);
        self.broken |= self.codec.slow_down();
    }

    /// The proofs at open: what needs no chip, then the id, where a chip answers.
    pub(super) fn prove_at_open(&mut self, fastest: Shape) -> Result<(), SpiError> {
        let (start, why) = self.codec.start();
        if start > fastest {
            self.ladder.shape = start;
            let why = why.unwrap_or_default();
            let notice = LinkNotice::Slower { programmer: self.codec.title(), now: start.to_string(), why };
            self.ladder.notices.push(notice);
        }
        if self.ladder.shape != Shape::Fast {
            return Ok(());
        }
        match self.codec.prove(&mut self.pipe) {
            Ok(()) => inconclusive(self.prove_by_id()),
            Err(SpiError::Link(link)) if link.fault == LinkFault::Gone => Err(link.into()),
            Err(SpiError::Link(link)) => {
                self.step_down(Shape::Plain, format!("the proof of the fast one failed ({link})"));
                self.resync()
            }
            Err(other) => Err(other),
        }
    }

    /// Asks an idle chip for its id, by many bursts and by one. A chip that is busy, asleep or absent proves nothing.
    fn prove_by_id(&mut self) -> Result<(), SpiError> {
        let mut status = [0; 2];
        self.attempt(&mut [Transaction::read(&[READ_STATUS], &mut status)], Shape::Plain)?;
        if status[0] == 0xFF || status[0] & (BUSY | AAI) != 0 {
            return Ok(());
        }
        let mut id = [0; 3];
        let mut batch = [Transaction::read(&[READ_ID], &mut id)];
        self.attempt(&mut batch, Shape::Plain)?;
        self.prove_with_chip(&mut batch)
    }

    /// Compares answers that came by the plain shape with the same questions in one fast burst. Where they agree the fast
    /// shape is proven; where they do not, and the plain shape agrees with itself, it is left.
    fn prove_with_chip(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        let bytes: usize = batch.iter().map(Transaction::clocked).sum();
        if !only_asks(batch) || batch.is_empty() || bytes * WINDOWS.div_ceil(batch.len()) > PROOF_BYTES {
            return Ok(());
        }
        let wanted = answers(batch);
        let mut all = wanted.iter().flatten();
        // A constant is what a bus without a chip gives.
        if all.next().is_none_or(|first| wanted.iter().flatten().all(|byte| byte == first)) {
            return Ok(());
        }
        let repeats = WINDOWS.div_ceil(batch.len());
        let fast = self.ask_again(batch, repeats, Shape::Fast);
        let reason = match fast {
            Ok(seen) if seen.chunks(batch.len()).all(|seen| seen == wanted) => {
                self.ladder.proven = true;
                return Ok(());
            }
            Ok(_) => "many commands in one burst were answered otherwise than one by one".to_owned(),
            Err(SpiError::Link(link)) if link.is_transient() => link.to_string(),
            Err(other) => return Err(other),
        };
        let plain = self.ask_again(batch, 2, Shape::Plain)?;
        if plain.chunks(batch.len()).all(|seen| seen == wanted) {
            self.step_down(Shape::Plain, format!("the proof of the fast one failed ({reason})"));
        }
        Ok(())
    }

    /// The answers to `repeats` runs of a batch of questions, in one shape.
    fn ask_again(
        &mut self,
        batch: &[Transaction<'_>],
        repeats: usize,
        shape: Shape,
    ) -> Result<Vec<Vec<u8>>, SpiError> {
        let questions: Vec<Vec<u8>> = batch.iter().map(question).collect();
        let mut seen: Vec<Vec<u8>> = (0..repeats).flat_map(|_| answers(batch)).collect();
        seen.iter_mut().for_each(|answer| answer.fill(0));
        let mut again: Vec<Transaction<'_>> = seen
            .iter_mut()
            .zip(questions.iter().cycle())
            .map(|(answer, question)| Transaction::read(question, answer))
            .collect();
        self.attempt(&mut again, shape)?;
        drop(again);
        Ok(seen)
    }

    /// Runs a piece of a batch, and again in smaller shapes where it only asks and the link failed.
    pub(super) fn run_piece(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        let first = self.ladder.next_shape();
        let Err(error) = self.attempt(batch, first) else {
            self.ladder.caution = self.ladder.caution.saturating_sub(1);
            if self.ladder.failed_at.is_some() && self.ladder.failed_at == Some(place(batch)) {
                self.ladder.failed_at = None;
            }
            return if self.ladder.is_unproven() {
                inconclusive(self.prove_with_chip(batch))
            } else {
                Ok(())
            };
        };
        let SpiError::Link(link) = error else { return Err(error) };
        if !link.is_transient() {
            return Err(link.into());
        }
        self.ladder.failures += 1;
        let place = place(batch);
        let twice = self.ladder.failed_at.as_ref() == Some(&place);
        self.ladder.failed_at = Some(place);
        let lower = first.lower();
        if !only_asks(batch) {
            if let Some(lower) = lower.filter(|_| twice || self.ladder.failures >= TOO_OFTEN) {
                self.step_down(lower, link.to_string());
            } else {
                self.ladder.caution = CAUTION;
            }
            return self.stay_in_step(Err(link.into()));
        }
        let mut last = link;
        // What is left of the time for silence.
        let mut left =
            (self.patience * GIVEN_UP.0 / GIVEN_UP.1).saturating_sub(silence(&last, self.patience / HURRY));
        // The smallest shape has none below it: it is tried once more.
        let mut next = Some(lower.unwrap_or(first));
        let mut tries = 1;
        while let Some(shape) = next {
            let from = self.pipe.now();
            let up = if self.broken { self.resync_within(left) } else { Ok(()) };
            left = left.saturating_sub(self.pipe.now().saturating_sub(from));
            if left.is_zero() {
                break;
            }
            tries += 1;
            // The last try waits for what is late.
            let most = if shape.lower().is_some() { self.patience / HURRY } else { self.patience * 3 / 4 };
            let patience = most.min(left);
            match up.and_then(|()| self.attempt_within(batch, shape, patience)) {
                Ok(()) => {
                    self.ladder.failed_at = None;
                    // Twice at one place: the shape that works here is the session's.
                    if tries > 2 {
                        self.step_down(shape, last.to_string());
                    } else if self.ladder.failures >= TOO_OFTEN {
                        self.step_down(shape, format!("{} bursts failed, the last one: {last}", TOO_OFTEN));
                    }
                    return Ok(());
                }
                Err(SpiError::Link(link)) if link.is_transient() => {
                    left = left.saturating_sub(silence(&link, patience));
                    last = link;
                }
                Err(other) => return Err(other),
            }
            next = shape.lower();
        }
        Err(self.driver_fault(tries, &last).into())
    }

    /// The end of the ladder.
    fn driver_fault(&self, tries: u32, last: &LinkError) -> LinkError {
        let text = format!(
            "{} failed {tries} times in a row, each time driven in a simpler way; the last failure: {last}. The adapter, its \
             connection or the driver is at fault, not the clip: try another cable and port, then another programmer",
            self.codec.title()
        );
        LinkError::new(LinkFault::Driver, text)
    }
}

/// Read status register 1.
const READ_STATUS: u8 = 0x05;
/// Read JEDEC id.
const READ_ID: u8 = 0x9F;
/// Status bit 0: an erase or program runs.
const BUSY: u8 = 0x01;
/// Status bit 6 of SST25: an AAI program is under way, which takes few other commands.
const AAI: u8 = 0x40;

/// What a transaction writes.
fn question(transaction: &Transaction<'_>) -> Vec<u8> {
    let written = transaction.ops.iter().filter_map(|op| match op {
        Op::Write(bytes) => Some(*bytes),
        Op::Read(_) | Op::Transfer(_) => None,
    });
    written.collect::<Vec<_>>().concat()
}

/// What transactions that only ask have read.
fn answers(batch: &[Transaction<'_>]) -> Vec<Vec<u8>> {
    let read = |transaction: &Transaction<'_>| match transaction.ops.last() {
        Some(Op::Read(into)) => into.to_vec(),
        _ => Vec::new(),
    };
    batch.iter().map(read).collect()
}
