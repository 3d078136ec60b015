//! The one driver loop: any codec over any pipe is a [`Programmer`].
//!
//! The driver begins in the fastest shape that the adapter has proven, repeats questions that failed in a smaller shape
//! ([`super::ladder`]), and stays in the smaller one where the faster one keeps failing.

use super::codec::{Codec, Silence};
use super::cut::{BURST, ends_in_read, only_asks, parts};
use super::ladder::Ladder;
use super::shape::{Framing, Piece, Shape};
use crate::spi::{
    Limits, LinkError, LinkFault, LinkNotice, Op, Programmer, SpiError, Transaction, read_whole,
};
use crate::usb::{Burst, PATIENCE, Pipe, UsbError};
use std::ops::ControlFlow;
use std::time::Duration;

/// A round trip from which on the link is a slow one: a virtual machine, USB over a network.
const SLOW_LINK: Duration = Duration::from_millis(20);
/// How long a device on a slow link may give no answer.
const SLOW_PATIENCE: Duration = Duration::from_secs(3);

/// A question is given up after this part of the patience: asking it again is harmless, and three shapes are tried. What is
/// late is waited for in between, when the programmer is brought up again.
pub(super) const HURRY: u32 = 3;

/// A device that has gone is brought up again so often: each try has its own waits.
const RESYNCS: u32 = 2;

/// A programmer: a codec over a pipe. Pins are released when it is dropped.
pub struct Driver<C: Codec, P: Pipe> {
    pub(super) codec: C,
    pub(super) pipe: P,
    pub(super) ladder: Ladder,
    /// The pins may be driven.
    driven: bool,
    /// Chip select was left low after a read.
    selected: bool,
    /// A burst broke off and the programmer has not been brought up again since.
    pub(super) broken: bool,
    /// How long the device may give no answer.
    pub(super) patience: Duration,
    /// Since when it could not be brought up again, and how often: from the second time on it is not tried any more.
    lost: Option<(LinkError, u32)>,
}

impl<C: Codec, P: Pipe> Driver<C, P> {
    /// The same with the fast shape asked for.
    #[cfg(test)]
    pub fn open(codec: C, pipe: P) -> Result<Self, SpiError> {
        Self::open_in(codec, pipe, Shape::Fast)
    }

    /// Brings the programmer up and lets it prove the fast shape where that is asked for; where it cannot, the plain one is used.
    ///
    /// # Errors
    /// [`SpiError::Link`] when it does not answer as its kind does.
    pub fn open_in(mut codec: C, mut pipe: P, fastest: Shape) -> Result<Self, SpiError> {
        let mut from = pipe.now();
        codec.take_patience(PATIENCE / HURRY);
        let up = codec.bring_up(&mut pipe).or_else(|error| match error {
            // One lost transfer, or an endpoint that an earlier program left stalled and that is cleared then.
            SpiError::Link(link) if link.is_transient() => {
                from = pipe.now();
                codec.take_patience(PATIENCE);
                codec.bring_up(&mut pipe)
            }
            other => Err(other),
        });
        let requests = codec.bring_up_requests().max(1);
        // What failed was waited for; that says nothing of the link.
        let slow = up.is_ok() && pipe.now().saturating_sub(from) / requests > SLOW_LINK;
        let patience = if slow { SLOW_PATIENCE } else { PATIENCE };
        codec.take_patience(patience);
        let (ladder, driven, broken) = (Ladder::new(fastest), true, up.is_err());
        // Made first, so that a failure half way releases the pins in drop.
        let mut driver = Self { codec, pipe, ladder, driven, selected: false, broken, patience, lost: None };
        up?;
        driver.prove_at_open(fastest)?;
        Ok(driver)
    }

    /// The pipe below.
    #[cfg(test)]
    pub fn pipe(&self) -> &P {
        &self.pipe
    }

    /// The pipe below.
    #[cfg(test)]
    pub fn pipe_mut(&mut self) -> &mut P {
        &mut self.pipe
    }

    /// The shape in which the programmer is driven now.
    pub fn shape(&self) -> Shape {
        self.ladder.shape()
    }

    /// Runs windows in one shape, in order; chip select is high after them, or low after a read in the plain shapes.
    pub(super) fn attempt(&mut self, batch: &mut [Transaction<'_>], shape: Shape) -> Result<(), SpiError> {
        let patience = if only_asks(batch) { self.patience / HURRY } else { self.patience };
        self.attempt_within(batch, shape, patience)
    }

    /// The same with a patience of the caller's.
    pub(super) fn attempt_within(
        &mut self,
        batch: &mut [Transaction<'_>],
        shape: Shape,
        patience: Duration,
    ) -> Result<(), SpiError> {
        // A window that is longer than a burst should be goes down in parts in any shape.
        let long = batch.iter().any(|transaction| transaction.clocked() > BURST);
        let in_parts = if long { self.codec.piece(Shape::Plain) } else { None };
        let Some(piece) = self.codec.piece(shape).or(in_parts) else {
            let mut rest = batch;
            while !rest.is_empty() {
                let (now, later) = rest.split_at_mut(self.codec.burst(shape, rest).max(1));
                let pause = now.last().map_or(Duration::ZERO, |t| t.pause);
                self.burst(now, Framing::Windows, shape, patience)?;
                if !self.codec.keeps(shape, pause) {
                    self.pipe.sleep(pause);
                }
                rest = later;
            }
            return Ok(());
        };
        let count = batch.len();
        for (i, transaction) in batch.iter_mut().enumerate() {
            let asks = ends_in_read(transaction);
            let pause = transaction.pause;
            let mut parts = parts(transaction, piece);
            let last = parts.len() - 1;
            for (n, part) in parts.iter_mut().enumerate() {
                let framing = Framing::Part { first: n == 0, last: n == last };
                self.burst(std::slice::from_mut(part), framing, shape, patience)?;
            }
            // A command that writes is carried out when chip select rises.
            if !pause.is_zero() || (i + 1 == count && !asks) {
                self.deselect()?;
                self.pipe.sleep(pause);
            }
        }
        if shape == Shape::Fast {
            self.deselect()?;
        }
        Ok(())
    }

    /// One window in parts, each a burst, chip select low throughout; see [`Programmer::read_on`].
    fn read_in_parts(
        &mut self,
        header: &[u8],
        len: u64,
        piece: Piece,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), SpiError> {
        let (shape, patience) = (self.ladder.shape(), self.patience);
        let mut bytes = vec![0; piece.read.min(piece.clocked)];
        let mut left = len;
        let mut flow = ControlFlow::Continue(());
        while left > 0 {
            let first = left == len;
            // The last byte has a part of its own where the sink wants no more: it ends the window.
            let most = if flow.is_break() { 1 } else { bytes.len() as u64 };
            let room = if first { (piece.clocked - header.len()) as u64 } else { most };
            let take = left.min(most).min(room) as usize;
            let last = flow.is_break() || take as u64 == left;
            let into = Op::Read(&mut bytes[..take]);
            let ops = if first { vec![Op::Write(header), into] } else { vec![into] };
            let part = Transaction { ops, pause: Duration::ZERO };
            self.burst(&mut [part], Framing::Part { first, last }, shape, patience)?;
            if last && flow.is_break() {
                break;
            }
            left -= take as u64;
            flow = sink(&bytes[..take]);
        }
        self.deselect()
    }

    /// One burst, after the programmer was brought up again where the one before broke off.
    fn burst(
        &mut self,
        batch: &mut [Transaction<'_>],
        framing: Framing,
        shape: Shape,
        patience: Duration,
    ) -> Result<(), SpiError> {
        if self.broken {
            self.resync()?;
        }
        self.driven = true;
        let mut encoded = self.codec.encode(batch, framing);
        let burst = Burst {
            out: &encoded.out,
            in_depth: self.codec.in_depth(shape),
            quiet: encoded.silent.saturating_add(patience),
        };
        let result = self.pipe.burst(burst, &mut *encoded.reply);
        drop(encoded);
        self.selected = matches!(framing, Framing::Part { .. }) && self.codec.deselect().is_some();
        self.broken |= result.is_err();
        Ok(result?)
    }

    /// After work that broke off the programmer is brought up again, so that its pins are at rest at once.
    pub(super) fn stay_in_step<T>(&mut self, result: Result<T, SpiError>) -> Result<T, SpiError> {
        let Err(SpiError::Link(link)) = result else { return result };
        // The caller needs the first failure, but of a device that has gone; whether this worked else shows at the next burst.
        let again = if self.broken && link.fault != LinkFault::Gone { self.resync() } else { Ok(()) };
        match again {
            Err(SpiError::Link(gone)) if gone.fault == LinkFault::Gone => Err(gone.into()),
            _ => Err(link.into()),
        }
    }

    /// Brings the programmer up again after a burst that broke off.
    pub(super) fn resync(&mut self) -> Result<(), SpiError> {
        if let Some((gone, RESYNCS)) = &self.lost {
            return Err(gone.clone().into());
        }
        let up = self.codec.bring_up(&mut self.pipe);
        if let Err(SpiError::Link(link)) = &up
            && link.fault == LinkFault::Gone
        {
            let times = self.lost.take().map_or(0, |(_, times)| times);
            self.lost = Some((link.clone(), times + 1));
        }
        up?;
        (self.broken, self.selected, self.lost) = (false, false, None);
        Ok(())
    }

    /// The same with a part of the patience.
    pub(super) fn resync_within(&mut self, patience: Duration) -> Result<(), SpiError> {
        self.codec.take_patience(patience.min(self.patience));
        let up = self.resync();
        self.codec.take_patience(self.patience);
        up
    }

    /// Lets go of the pins, by one try.
    fn let_go(&mut self) -> Result<(), SpiError> {
        if self.broken {
            // The error that is on its way is not held up for long.
            self.resync_within(self.patience / HURRY)?;
        }
        if let Err(error) = self.codec.let_go(&mut self.pipe) {
            self.broken = true;
            return Err(error);
        }
        self.driven = false;
        self.selected = false;
        Ok(())
    }

    /// Raises chip select where the last window left it low.
    fn deselect(&mut self) -> Result<(), SpiError> {
        if !std::mem::take(&mut self.selected) {
            return Ok(());
        }
        let Some(out) = self.codec.deselect() else { return Ok(()) };
        let result = self.pipe.burst(Burst { out: &[out], in_depth: 1, quiet: self.patience }, &mut Silence);
        self.broken |= result.is_err();
        Ok(result?)
    }
}

impl<C: Codec, P: Pipe> Programmer for Driver<C, P> {
    fn limits(&self) -> Limits {
        self.codec.limits(self.ladder.shape())
    }

    fn run(&mut self, mut batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        let max = self.limits().max_transaction;
        if let Some(len) = batch.iter().map(Transaction::clocked).find(|len| *len > max) {
            return Err(SpiError::TooLong { len, max });
        }
        batch.iter().try_for_each(|transaction| self.codec.check(transaction))?;
        while !batch.is_empty() {
            let shape = self.ladder.shape();
            let (piece, rest) = match self.codec.piece(shape) {
                None => batch.split_at_mut(self.codec.burst(shape, batch)),
                Some(_) => batch.split_at_mut(batch.len()),
            };
            self.run_piece(piece)?;
            batch = rest;
        }
        Ok(())
    }

    fn read_on(
        &mut self,
        header: &[u8],
        len: u64,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), SpiError> {
        let shape = self.ladder.shape();
        match self.codec.piece(shape).or(self.codec.piece(Shape::Plain)) {
            Some(piece) if piece.clocked > header.len() && len > 1 => {
                let read = self.read_in_parts(header, len, piece, sink);
                self.stay_in_step(read)
            }
            _ => read_whole(self, header, len, sink),
        }
    }

    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        if !self.codec.has_baseline() {
            return Err(SpiError::Unsupported(format!(
                "{} cannot clock with chip select high",
                self.codec.title()
            )));
        }
        let max = self.limits().max_transaction;
        if len > max {
            return Err(SpiError::TooLong { len, max });
        }
        let mut seen = vec![0; len];
        let mut batch = [Transaction { ops: vec![Op::Read(&mut seen)], pause: Duration::ZERO }];
        let read = self.burst(&mut batch, Framing::Deselected, self.ladder.shape(), self.patience);
        self.stay_in_step(read).map(|()| seen)
    }

    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
        let (hz, mut set) = self.codec.set_clock(hz)?;
        self.deselect()?;
        let burst = Burst { out: &set.out, in_depth: 1, quiet: set.silent.saturating_add(self.patience) };
        match self.pipe.burst(burst, &mut *set.reply) {
            Ok(()) => Ok(hz),
            // To be brought up again is to get the clock again: the codec has the new one.
            Err(error) => {
                self.broken = true;
                if error == UsbError::Gone { Err(error.into()) } else { self.resync().map(|()| hz) }
            }
        }
    }

    fn take_notices(&mut self) -> Vec<LinkNotice> {
        self.ladder.take_notices()
    }

    fn release(&mut self) -> Result<(), SpiError> {
        match self.let_go() {
            // The answer may be all that was lost; who knows whether the pins are let go.
            Err(SpiError::Link(link)) if link.is_transient() => self.let_go(),
            done => done,
        }
    }

    fn now(&self) -> Duration {
        self.pipe.now()
    }

    fn sleep(&mut self, time: Duration) {
        // A failure shows at the next burst.
        let _ = self.deselect();
        self.pipe.sleep(time);
    }
}

impl<C: Codec, P: Pipe> Drop for Driver<C, P> {
    fn drop(&mut self) {
        if self.driven {
            // There is no one left to report to; a programmer that has gone has no pins to release.
            let _ = self.release();
        }
    }
}

#[cfg(test)]
mod tests;
