//! Erasing: write enable, its proof, the command and the first status in one batch, then a wait that mostly sleeps.

use super::chip::Chip;
use super::command::{self, BUSY, READ_STATUS, WEL, WRITE_DISABLE, WRITE_ENABLE};
use super::geometry::{Busy, EraseType};
use super::permit::Permit;
use super::stuck;
use super::unprotectable::StillProtected;
use super::wait::Watch;
use super::{FlashError, status};
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};
use std::ops::ControlFlow;

/// How often a command that the chip did not take is sent again before it counts as refused.
const ATTEMPTS: u32 = 3;

/// Bytes of a block that are looked at after the first erase of a type.
const FIRST_LOOK: u64 = 256;

/// Bytes of the smallest part of a split block (EN25B, A25L: sectors of 4 KiB; SST26: 8 KiB).
const SMALLEST_PART: u64 = 0x1000;

impl<P: Programmer> Chip<P> {
    /// Erases one block. `address` must be aligned to the erase type.
    ///
    /// # Errors
    /// [`FlashError::NotAllowed`] and the like before anything is sent; [`FlashError::Protected`] or
    /// [`FlashError::NotWritable`] where the chip drops the command; [`FlashError::StillBusy`],
    /// [`FlashError::BusLost`] while it runs.
    pub fn erase(&mut self, erase: &EraseType, address: u64, permit: &Permit) -> Result<(), FlashError> {
        let span = Span::at(address, erase.size)
            .filter(|s| erase.size != 0 && s.start.is_multiple_of(erase.size))
            .ok_or_else(|| {
                FlashError::Unsupported(format!("{address:#x} is not the start of an erase block"))
            })?;
        self.check_write(span, permit)?;
        if !self.geometry.erase.iter().any(|e| (e.opcode, e.size) == (erase.opcode, erase.size)) {
            return Err(FlashError::Unsupported(format!(
                "{} has no erase {:02x} of {:#x} bytes",
                self.identity.part_name, erase.opcode, erase.size
            )));
        }
        if !self.dead_erases.contains(&erase.opcode) {
            match self.erase_by(erase, address, span) {
                Err(FlashError::NotWritable { .. }) if self.other_erases(erase).next().is_some() => {}
                Err(error) => return Err(error),
                Ok(()) if !self.leaves_bytes(erase, span)? => return Ok(()),
                Ok(()) => {}
            }
            self.dead_erases.push(erase.opcode);
        }
        self.erase_by_others(erase, span)
    }

    fn erase_by(&mut self, erase: &EraseType, address: u64, span: Span) -> Result<(), FlashError> {
        match erase.split {
            false => self.erase_at(erase, address, span),
            true => self.erase_parts(erase, span),
        }
    }

    /// The part's other erase types that fit into a block of this one and are not known to fail, from large to small.
    fn other_erases(&self, erase: &EraseType) -> impl Iterator<Item = EraseType> {
        let fits = |e: &&EraseType| {
            e.opcode != erase.opcode
                && e.size != 0
                && !e.split
                && erase.size.is_multiple_of(e.size)
                && !self.dead_erases.contains(&e.opcode)
        };
        let mut others: Vec<EraseType> = self.geometry.erase.iter().filter(fits).copied().collect();
        others.sort_by_key(|e| std::cmp::Reverse(e.size));
        others.into_iter()
    }

    /// Whether an erase type, the first time it is used, left the start of its block as it was. Asked only where another
    /// type can do its work.
    fn leaves_bytes(&mut self, erase: &EraseType, span: Span) -> Result<bool, FlashError> {
        if self.proven_erases.contains(&erase.opcode) || self.other_erases(erase).next().is_none() {
            return Ok(false);
        }
        let start = Span::new(span.start, span.end.min(span.start + FIRST_LOOK));
        if self.first_programmed(start)?.is_some() {
            return Ok(true);
        }
        self.proven_erases.push(erase.opcode);
        Ok(false)
    }

    /// A block whose own erase type does nothing on this chip, erased by others of the part.
    fn erase_by_others(&mut self, erase: &EraseType, span: Span) -> Result<(), FlashError> {
        let others: Vec<EraseType> = self.other_erases(erase).collect();
        'others: for other in others {
            for block in span.pieces(other.size) {
                match self.erase_by(&other, block.start, block) {
                    Ok(()) if self.first_programmed(block)?.is_none() => {}
                    Ok(()) | Err(FlashError::NotWritable { .. }) => {
                        self.dead_erases.push(other.opcode);
                        continue 'others;
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok(());
        }
        let why =
            format!("{:02x} leaves it as it was, and so does every other erase of the part", erase.opcode);
        Err(FlashError::NotWritable { what: format!("the erase of {span}"), why })
    }

    /// A block that may be made of smaller ones: each command goes to the first byte that is not blank yet, so that no
    /// part is erased twice, whichever parts there are.
    fn erase_parts(&mut self, erase: &EraseType, block: Span) -> Result<(), FlashError> {
        let mut at = block.start;
        loop {
            let rest = Span::new(at, block.end);
            let part = rest.pieces(SMALLEST_PART).next().unwrap_or(rest);
            self.erase_at(erase, at, part)?;
            match self.first_programmed(rest)? {
                Some(next) if next >= part.end => at = next,
                // Blank, or a byte that was erased and reads otherwise: for whoever reads it back to judge.
                _ => return Ok(()),
            }
        }
    }

    /// One command at `address`; `span` is what it erases at least.
    fn erase_at(&mut self, erase: &EraseType, address: u64, span: Span) -> Result<(), FlashError> {
        let at = self.locate(address)?;
        let bytes = command::with_address(erase.opcode, at, self.addressing.width);
        self.run_erase(&bytes, erase.busy, span)
    }

    /// Erases everything.
    ///
    /// # Errors
    /// As [`erase`](Self::erase).
    pub fn erase_chip(&mut self, permit: &Permit) -> Result<(), FlashError> {
        let span = Span::new(0, self.geometry.size);
        self.check_write(span, permit)?;
        let Some((opcode, busy)) = self.geometry.chip_erase else {
            return Err(FlashError::Unsupported(format!("{} has no chip erase", self.identity.part_name)));
        };
        for die in self.dies() {
            self.locate(die.start)?;
            self.run_erase(&[opcode], busy, die)?;
        }
        Ok(())
    }

    fn run_erase(&mut self, bytes: &[u8], busy: Busy, span: Span) -> Result<(), FlashError> {
        let what = || format!("the erase of {span}");
        self.run_proven(bytes, busy, Some(span), &what)
    }

    /// One command that needs write enable and makes the chip busy, with the proof that it was taken.
    pub(super) fn run_proven(
        &mut self,
        bytes: &[u8],
        busy: Busy,
        span: Option<Span>,
        what: &dyn Fn() -> String,
    ) -> Result<(), FlashError> {
        let watch = self.erase_times.get(&bytes[0]).copied().unwrap_or(Watch::typical(busy));
        for _ in 0..ATTEMPTS {
            let (mut enabled, mut started) = ([0], [0; 2]);
            self.begin_work(busy, self.steady);
            self.programmer.run(&mut [
                Transaction::write(&[WRITE_ENABLE]),
                Transaction::read(&[READ_STATUS], &mut enabled),
                Transaction::write(bytes),
                Transaction::read(&[READ_STATUS], &mut started),
            ])?;
            self.steady.only_first(&mut started);
            if enabled[0] & BUSY != 0 {
                // BUSY before the command has gone: an operation of its own, or a line that is stuck.
                stuck::refuse_constant(&mut self.programmer, &[enabled[0], started[0], started[1]], what)?;
            }
            if started.iter().any(|s| self.steady.allows(*s) && s & BUSY != 0) {
                let ready = self.end_work(busy, self.steady, watch, what)?;
                self.erase_times.insert(bytes[0], watch.learn(ready, busy));
                self.check_errors(ready.status, what)?;
                return Ok(());
            }
            // Not started, or the bus is gone: the wait finds which, and WEL must not stay set.
            self.end_work(busy, self.steady, Watch::now(busy), what)?;
            command::send(&mut self.programmer, &[WRITE_DISABLE])?;
            if enabled[0] & (WEL | BUSY) == WEL && started[1] & (WEL | BUSY) == 0 {
                // Taken and dropped: Winbond and others consume WEL where a byte of the target is protected.
                break;
            }
        }
        let refused = self.why_not_taken(span, what)?;
        // Never seen busy is also what an erase looks like that was over before the host came to look: one that was
        // held up for longer than the erase, or a chip that is quick with blank blocks.
        match (&refused, span) {
            (FlashError::NotWritable { .. }, Some(span)) if self.first_programmed(span)?.is_none() => Ok(()),
            _ => Err(refused),
        }
    }

    /// The first address in `span` that does not read FF.
    fn first_programmed(&mut self, span: Span) -> Result<Option<u64>, FlashError> {
        let mut first = None;
        let _ = self.read(span, &mut |start, bytes| match bytes.iter().position(|b| *b != 0xFF) {
            None => ControlFlow::Continue(()),
            Some(at) => {
                first = Some(start + at as u64);
                ControlFlow::Break(())
            }
        })?;
        Ok(first)
    }

    /// Names the reason why an enabled command was dropped, as far as the registers show.
    pub(super) fn why_not_taken(
        &mut self,
        span: Option<Span>,
        what: &dyn Fn() -> String,
    ) -> Result<FlashError, FlashError> {
        let status = command::read(&mut self.programmer, &[READ_STATUS], 2)?;
        stuck::refuse_constant(&mut self.programmer, &status, what)?;
        let state = self.status()?;
        let hit = span.map(|s| state.protected.intersection(&Spans::from(s))).unwrap_or_default();
        if !hit.is_empty() {
            let why = match state.block_locks {
                Some(true) => StillProtected::BlockLocks,
                _ => StillProtected::Registers { sr1: state.registers.sr1 },
            };
            return Ok(FlashError::Protected { spans: hit, why });
        }
        Ok(FlashError::NotWritable { what: what(), why: status::register_lock(&state).to_string() })
    }

    /// Error bits that some makers keep in the status registers; cleared where they stick.
    pub(super) fn check_errors(&mut self, sr1: u8, what: &dyn Fn() -> String) -> Result<(), FlashError> {
        let scheme = self.identity.part.status;
        let (word, bits, clear) = if scheme.flag_status {
            let flags = command::register(&mut self.programmer, command::READ_FLAG_STATUS)?;
            // All ones is a floating line: not every part of the family has the register.
            let flags = if flags == 0xFF { 0 } else { flags };
            ("flag status", flags & FLAG_ERRORS, command::CLEAR_FLAG_STATUS)
        } else {
            ("SR1", sr1 & self.steady.sticky, command::CLEAR_STATUS)
        };
        if bits == 0 {
            return Ok(());
        }
        command::send(&mut self.programmer, &[clear])?;
        command::send(&mut self.programmer, &[WRITE_DISABLE])?;
        Err(FlashError::NotWritable {
            what: what(),
            why: format!("the chip reports a failure or protection ({word} {bits:#04x})"),
        })
    }
}

/// Micron flag status: erase failure, program failure, protection.
const FLAG_ERRORS: u8 = 0x32;
