//! The second opinion: the same bytes through spi-memory's own read engine, over the embedded-hal 0.2 face.
//!
//! Two engines that were written independently do not share a mistake. spi-memory reads with `03` and three address
//! bytes, so it reaches 16 MiB. Only its read is used, because it erases and programs wrongly. It reads backward, in short
//! pieces; what it cannot reach is read by our own plain read in the same order and lengths.

use super::chip::Chip;
use super::command::{BUSY, WEL, WRITE_DISABLE};
use super::read::hand_out;
use super::{FlashError, Sink, command, cut};
use crate::span::Span;
use crate::spi::{Limits, Op, Programmer, SpiError, Transaction, hal};
use crate::units::MIB;
use spi_memory::prelude::*;
use spi_memory::series25::Flash;
use std::ops::ControlFlow;
use std::time::Duration;

/// What three address bytes reach.
const REACH: u64 = 16 * MIB;

type Face<'a> = (hal::Bus<&'a mut Ahead>, hal::Select<&'a mut Ahead>);
type Failure<'a> = spi_memory::Error<hal::Bus<&'a mut Ahead>, hal::Select<&'a mut Ahead>>;

impl<P: Programmer> Chip<P> {
    /// The other pass of a proof: from the end of the span to its start, as far as three address bytes reach through
    /// `spi_memory::series25::Flash::read`.
    ///
    /// # Errors
    /// [`FlashError::SecondOpinion`] in spi-memory's own words; what failed below.
    pub fn read_second_opinion(
        &mut self,
        span: Span,
        sink: &mut Sink<'_>,
    ) -> Result<ControlFlow<()>, FlashError> {
        self.check_inside(span)?;
        self.at_plain_clock(|chip| chip.read_opposite(span, sink))
    }

    /// Runs plain reads at a clock that the part allows to them, and sets the clock of before again.
    fn at_plain_clock<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, FlashError>,
    ) -> Result<T, FlashError> {
        let before = self.programmer.limits().clock_hz;
        let most = self.identity.part.plain_read_hz();
        // A fixed clock: there is no other way to read.
        if before <= most || !self.has_clock(most)? { work(self) } else { self.then_at(before, work) }
    }

    /// Runs reads at this clock, and sets the clock of before again; `None` where the clock is fixed.
    ///
    /// # Errors
    /// What fails below.
    pub(crate) fn at_clock<T>(
        &mut self,
        hz: u32,
        work: impl FnOnce(&mut Self) -> Result<T, FlashError>,
    ) -> Result<Option<T>, FlashError> {
        let before = self.programmer.limits().clock_hz;
        if self.has_clock(hz)? { self.then_at(before, work).map(Some) } else { Ok(None) }
    }

    /// Sets the clock; false where it is fixed.
    fn has_clock(&mut self, hz: u32) -> Result<bool, FlashError> {
        match self.programmer.set_clock(hz) {
            Err(SpiError::Unsupported(_)) => Ok(false),
            set => Ok(set.map(|_| true)?),
        }
    }

    fn then_at<T>(
        &mut self,
        hz: u32,
        work: impl FnOnce(&mut Self) -> Result<T, FlashError>,
    ) -> Result<T, FlashError> {
        let done = work(self);
        let set = self.programmer.set_clock(hz);
        let done = done?;
        set?;
        Ok(done)
    }

    fn read_opposite(&mut self, span: Span, sink: &mut Sink<'_>) -> Result<ControlFlow<()>, FlashError> {
        let reach = match self.identity.part.address_bytes {
            3 => REACH.min(self.die_limit()),
            _ => 0,
        };
        let far = Span::new(span.start.max(reach), span.end);
        if !far.is_empty() && self.read_backward(far, sink)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        let near = Span::new(span.start, span.end.min(reach));
        if near.is_empty() { Ok(ControlFlow::Continue(())) } else { self.read_by_spi_memory(near, sink) }
    }

    fn read_by_spi_memory(&mut self, span: Span, sink: &mut Sink<'_>) -> Result<ControlFlow<()>, FlashError> {
        self.pause_mode()?;
        self.select_die(0)?;
        let limits = self.programmer.limits();
        let length = cut::short(&limits);
        let pieces: Vec<Span> = cut::backward(span, length).collect();
        for batch in pieces.chunks((limits.read_batch as u64 / length).max(1) as usize) {
            let answers = self.ask_spi_memory(batch)?;
            if hand_out(batch, &answers, sink).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// spi-memory asks for one answer at a time, and a programmer is fast only when many commands are in one batch. So it
    /// runs twice: first its commands are noted and sent as one batch, then it receives the answers to the same commands.
    fn ask_spi_memory(&mut self, pieces: &[Span]) -> Result<Vec<Vec<u8>>, FlashError> {
        let mut again = true;
        loop {
            let mut ahead = Ahead { limits: self.programmer.limits(), windows: Vec::new(), next: None };
            read_each(&mut ahead, pieces)?;
            ahead.send(&mut self.programmer)?;
            match read_each(&mut ahead, pieces) {
                // A board may leave WEL set; spi-memory does not begin then. An answer may be a stray one, too.
                Err(FlashError::SecondOpinion { .. }) if again && ahead.status() & (WEL | BUSY) != 0 => {
                    again = false;
                    if self.sr1()? & (WEL | BUSY) == WEL {
                        command::send(&mut self.programmer, &[WRITE_DISABLE])?;
                    }
                }
                read => return read,
            }
        }
    }
}

/// Reads every piece by spi-memory, which first looks at the status register.
fn read_each(ahead: &mut Ahead, pieces: &[Span]) -> Result<Vec<Vec<u8>>, FlashError> {
    let start = pieces.first().map_or(0, |piece| piece.start);
    let (bus, select): Face<'_> = hal::split(ahead);
    let mut flash = Flash::init(bus, select).map_err(|e| failure(start, e))?;
    let mut answers = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut bytes = vec![0; piece.range().len()];
        // Invariant: below 16 MiB, so it fits.
        flash.read(piece.start as u32, &mut bytes).map_err(|e| failure(piece.start, e))?;
        answers.push(bytes);
    }
    Ok(answers)
}

fn failure(address: u64, error: Failure<'_>) -> FlashError {
    match error {
        spi_memory::Error::Spi(e) | spi_memory::Error::Gpio(e) => FlashError::Spi(e),
        other => FlashError::SecondOpinion { address, message: format!("{other:?}") },
    }
}

/// A programmer that notes reads, and answers the same reads once they have been sent.
struct Ahead {
    limits: Limits,
    /// Header and answer of each chip-select window, in order.
    windows: Vec<(Vec<u8>, Vec<u8>)>,
    /// The next window to answer; `None` while windows are noted.
    next: Option<usize>,
}

impl Ahead {
    /// Sends what was noted, as one batch.
    fn send<P: Programmer>(&mut self, programmer: &mut P) -> Result<(), SpiError> {
        let mut batch: Vec<_> =
            self.windows.iter_mut().map(|(header, answer)| Transaction::read(header, answer)).collect();
        programmer.run(&mut batch)?;
        self.next = Some(0);
        Ok(())
    }

    /// The first byte of the first answer: the status register.
    fn status(&self) -> u8 {
        self.windows.first().and_then(|(_, answer)| answer.first()).copied().unwrap_or(0)
    }

    fn take(&mut self, header: &[u8], into: &mut [u8]) -> Result<(), SpiError> {
        let Some(next) = &mut self.next else {
            self.windows.push((header.to_vec(), vec![0; into.len()]));
            into.fill(0);
            return Ok(());
        };
        match self.windows.get(*next) {
            Some((asked, answer)) if asked == header && answer.len() == into.len() => {
                into.copy_from_slice(answer);
                *next += 1;
                Ok(())
            }
            _ => Err(SpiError::Unsupported("spi-memory sent another command than before".into())),
        }
    }
}

impl Programmer for Ahead {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        for transaction in batch {
            match &mut transaction.ops[..] {
                [Op::Write(header), Op::Read(into)] => self.take(header, into)?,
                _ => return Err(SpiError::Unsupported("spi-memory sent something that is no read".into())),
            }
        }
        Ok(())
    }

    fn baseline(&mut self, _len: usize) -> Result<Vec<u8>, SpiError> {
        Ok(Vec::new())
    }

    fn set_clock(&mut self, _hz: u32) -> Result<u32, SpiError> {
        Err(SpiError::Unsupported("the clock belongs to the programmer below".into()))
    }

    fn release(&mut self) -> Result<(), SpiError> {
        Ok(())
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&mut self, _time: Duration) {}
}
