//! The second opinion: the same bytes through spi-memory's own read engine, over the embedded-hal 0.2 face.
//!
//! Two engines written independently do not share a mistake. spi-memory reads with `03` and three address bytes, so
//! this reaches 16 MiB; nothing but its read is ever used (it erases and writes wrongly).

use super::FlashError;
use super::chip::Chip;
use crate::span::Span;
use crate::spi::{Programmer, SpiError, hal};
use crate::units::MIB;
use spi_memory::prelude::*;
use spi_memory::series25::Flash;
use std::ops::ControlFlow;

/// What three address bytes reach.
const REACH: u64 = 16 * MIB;

type Face<'a, P> = (hal::Bus<&'a mut P>, hal::Select<&'a mut P>);
type Failure<'a, P> = spi_memory::Error<hal::Bus<&'a mut P>, hal::Select<&'a mut P>>;

impl<P: Programmer> Chip<P> {
    /// As [`read`](Self::read), but every byte comes through `spi_memory::series25::Flash::read`.
    ///
    /// # Errors
    /// [`FlashError::Unsupported`] past 16 MiB or in 4-byte mode; [`FlashError::SecondOpinion`] in spi-memory's own
    /// words; what failed below.
    pub fn read_second_opinion(
        &mut self,
        span: Span,
        sink: &mut dyn FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FlashError> {
        self.check_inside(span)?;
        self.pause_mode()?;
        self.select_die(0)?;
        if span.end > REACH.min(self.die_limit()) || self.identity.part.address_bytes != 3 {
            return Err(FlashError::Unsupported(format!(
                "spi-memory reads with three address bytes; {span} is out of its reach"
            )));
        }
        let limits = self.programmer.limits();
        let room = limits.max_transaction.saturating_sub(8).max(1);
        let piece = limits.read_batch.clamp(1, room) as u64;
        let (bus, select): Face<'_, P> = hal::split(&mut self.programmer);
        let mut flash = Flash::init(bus, select).map_err(|e| failure(span.start, e))?;
        let mut buffer = vec![0; piece.min(span.len()) as usize];
        for part in span.pieces(piece) {
            let bytes = &mut buffer[..part.len() as usize];
            // Invariant: below 16 MiB, so it fits.
            flash.read(part.start as u32, bytes).map_err(|e| failure(part.start, e))?;
            if sink(part.start, bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn failure<P: Programmer>(address: u64, error: Failure<'_, P>) -> FlashError {
    let own = |e: SpiError| FlashError::Spi(e);
    match error {
        spi_memory::Error::Spi(e) | spi_memory::Error::Gpio(e) => own(e),
        other => FlashError::SecondOpinion { address, message: format!("{other:?}") },
    }
}
