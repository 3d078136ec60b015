//! Reaching the whole of a large chip: 4-byte mode entered and left as it was found, dies selected one by one.
//!
//! Parts with opcodes of their own for four address bytes never change mode. A mode the board left on is left before
//! anything else is addressed (the security registers' commands change width with it), and entered again at the end.
//!
//! Facts: W25Q256FV and W25Q512JV datasheets (B7, E9, C5, C8; SR3 bit 0 shows the mode; FV leaves a 1 in the extended
//! address register); the other makers' flags from other tools' tables, unmeasured; C2 selects a die of W25M.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, BUSY, READ_STATUS, WRITE_DISABLE, WRITE_ENABLE};
use super::part::{FourByteMode, Part};
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};
use crate::units::MIB;

const ENTER: u8 = 0xB7;
const EXIT: u8 = 0xE9;
const READ_BANK: u8 = 0x16;
const WRITE_BANK: u8 = 0x17;
const WRITE_EXTENDED: u8 = 0xC5;
const READ_EXTENDED: u8 = 0xC8;
const SELECT_DIE: u8 = 0xC2;
/// Bank register bit 7: four address bytes.
const BANK_FOUR_BYTE: u8 = 0x80;

/// Where a maker shows the mode: opcode and bit.
const FLAGS: [(&str, u8, u8); 4] =
    [("Winbond", 0x15, 0), ("Macronix", 0x15, 5), ("Micron", 0x70, 0), ("Spansion", 0x16, 7)];

/// What was found, and what is on now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// The dies that the board had left otherwise than after power-up, in the order in which they are put back.
    found: Vec<Left>,
    /// This session has switched 4-byte mode on.
    entered: bool,
    /// The selected die, where dies are selected.
    die: Option<u64>,
}

/// How the board left a die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Left {
    /// Where the die begins.
    start: u64,
    /// 4-byte mode was on.
    on: bool,
    /// The address bits above the third byte; 0 after power-up.
    extended: u8,
}

/// Bytes of one die where dies are selected one by one.
fn die_size(part: &Part) -> Option<u64> {
    (part.dies > 1 && part.vendor == "Winbond").then(|| part.size / u64::from(part.dies))
}

/// The part of `spans` that lies in a die, as addresses inside it.
pub(super) fn inside(spans: &Spans, die: Span) -> Spans {
    let parts = spans.iter().filter_map(|s| s.intersection(die));
    parts.map(|s| Span::new(s.start - die.start, s.end - die.start)).collect()
}

impl<P: Programmer> Chip<P> {
    /// Looks for what the board left on, a mode or address bits, and leaves it.
    pub(super) fn settle_mode(&mut self) -> Result<(), FlashError> {
        let part = &self.identity.part;
        let mode = part.four_byte.mode;
        if part.size <= 16 * MIB || mode == FourByteMode::Always {
            return Ok(());
        }
        let flag = FLAGS.iter().find(|(vendor, ..)| *vendor == part.vendor).copied();
        // From the last die to the first, which stays selected.
        for die in self.dies().into_iter().rev() {
            self.select_die(die.start)?;
            let extended = self.extended_address()?;
            let on = match flag {
                Some((_, opcode, bit)) if mode != FourByteMode::None => {
                    self.same_twice(opcode)?.is_some_and(|flags| flags != 0xFF && flags >> bit & 1 == 1)
                }
                _ => false,
            };
            if on {
                self.leave_four_byte(mode)?;
            } else if extended != 0 {
                self.set_extended_address(0)?;
            }
            if on || extended != 0 {
                self.reach.found.push(Left { start: die.start, on, extended });
            }
        }
        if self.reach.found.iter().any(|die| die.on) {
            self.identity.notes.push("the board had left the chip in 4-byte address mode".into());
        }
        if self.reach.found.iter().any(|die| die.extended != 0) {
            self.identity
                .notes
                .push("the board had left the extended address register on an upper 16 MiB".into());
        }
        Ok(())
    }

    /// A register that reads the same twice.
    fn same_twice(&mut self, opcode: u8) -> Result<Option<u8>, FlashError> {
        let first = command::register(&mut self.programmer, opcode)?;
        let second = command::register(&mut self.programmer, opcode)?;
        Ok((first == second).then_some(first))
    }

    /// What three address bytes are completed with. A value that changes, or that lies past the chip's end, is
    /// nobody's answer.
    fn extended_address(&mut self) -> Result<u8, FlashError> {
        let four_byte = &self.identity.part.four_byte;
        let (opcode, bits) = match four_byte.mode {
            FourByteMode::BankRegister => (READ_BANK, !BANK_FOUR_BYTE),
            _ if four_byte.extended_register => (READ_EXTENDED, 0xFF),
            _ => return Ok(0),
        };
        let value = self.same_twice(opcode)?.unwrap_or(0) & bits;
        Ok(if u64::from(value) * 16 * MIB < self.identity.part.size { value } else { 0 })
    }

    fn set_extended_address(&mut self, to: u8) -> Result<(), FlashError> {
        match self.identity.part.four_byte.mode {
            FourByteMode::BankRegister => command::send(&mut self.programmer, &[WRITE_BANK, to]),
            _ => Ok(self.programmer.run(&mut [
                Transaction::write(&[WRITE_ENABLE]),
                Transaction::write(&[WRITE_EXTENDED, to]),
                Transaction::write(&[WRITE_DISABLE]),
            ])?),
        }
    }

    /// Enters the mode that the array's commands need, once.
    pub(super) fn enter_mode(&mut self) -> Result<(), FlashError> {
        match self.addressing.enter {
            None | Some(FourByteMode::None | FourByteMode::Always) => Ok(()),
            Some(_) if self.reach.entered => Ok(()),
            Some(mode) => {
                self.switch_mode(mode, true)?;
                self.reach.entered = true;
                Ok(())
            }
        }
    }

    /// For commands whose address is three bytes wide whatever the array's: leaves the mode.
    pub(super) fn pause_mode(&mut self) -> Result<(), FlashError> {
        match self.addressing.enter {
            Some(mode) if self.reach.entered => {
                self.reach.entered = false;
                self.leave_four_byte(mode)
            }
            _ => Ok(()),
        }
    }

    /// Leaves the mode for three address bytes that begin at 0: some parts come out of it in their second 16 MiB.
    fn leave_four_byte(&mut self, mode: FourByteMode) -> Result<(), FlashError> {
        self.switch_mode(mode, false)?;
        if self.extended_address()? != 0 {
            self.set_extended_address(0)?;
        }
        Ok(())
    }

    /// Leaves mode, address bits and die as they were found.
    pub(super) fn restore_mode(&mut self) -> Result<(), FlashError> {
        let mode = self.identity.part.four_byte.mode;
        self.pause_mode()?;
        for left in std::mem::take(&mut self.reach.found) {
            self.select_die(left.start)?;
            if left.extended != 0 {
                self.set_extended_address(left.extended)?;
            }
            if left.on {
                self.switch_mode(mode, true)?;
            }
        }
        self.select_die(0)?;
        Ok(())
    }

    fn switch_mode(&mut self, mode: FourByteMode, on: bool) -> Result<(), FlashError> {
        let opcode = if on { ENTER } else { EXIT };
        match mode {
            FourByteMode::None | FourByteMode::Always => {}
            FourByteMode::Plain => command::send(&mut self.programmer, &[opcode])?,
            FourByteMode::WithWriteEnable => self.programmer.run(&mut [
                Transaction::write(&[WRITE_ENABLE]),
                Transaction::write(&[opcode]),
                Transaction::write(&[WRITE_DISABLE]),
            ])?,
            FourByteMode::BankRegister => {
                command::send(&mut self.programmer, &[WRITE_BANK, if on { BANK_FOUR_BYTE } else { 0 }])?;
            }
        }
        Ok(())
    }

    /// For commands that have no form of their own with four address bytes (single-block locks): gives the width that
    /// reaches the whole chip, and switches the mode where that needs it. Undone by `false`.
    pub(super) fn widen(&mut self, on: bool) -> Result<u8, FlashError> {
        if self.geometry.size <= 16 * MIB {
            return Ok(3);
        }
        match self.addressing.enter {
            Some(_) if on => self.enter_mode()?,
            Some(_) => {}
            None if on => self.switch_mode(self.identity.part.four_byte.mode, true)?,
            None => self.leave_four_byte(self.identity.part.four_byte.mode)?,
        }
        Ok(4)
    }

    /// Where the pieces of a read, program or verify must be cut, and what each is called inside its die.
    pub(super) fn die_limit(&self) -> u64 {
        die_size(&self.identity.part).unwrap_or(u64::MAX).max(1)
    }

    /// Makes the die that holds `address` listen; gives the address inside it.
    pub(super) fn locate(&mut self, address: u64) -> Result<u64, FlashError> {
        self.enter_mode()?;
        self.select_die(address)
    }

    /// The same in the mode that is on.
    pub(super) fn select_die(&mut self, address: u64) -> Result<u64, FlashError> {
        let Some(size) = die_size(&self.identity.part) else { return Ok(address) };
        let die = address / size;
        if self.reach.die != Some(die) {
            // Invariant: at most 255 dies, the row's field is a byte.
            let mut sr1 = [0; 2];
            let [first, second] = sr1.each_mut().map(std::slice::from_mut);
            self.programmer.run(&mut [
                Transaction::write(&[SELECT_DIE, die as u8]),
                Transaction::read(&[READ_STATUS], first),
                Transaction::read(&[READ_STATUS], second),
            ])?;
            // Each die has status registers of its own.
            if sr1[0] == sr1[1] && sr1[0] & BUSY == 0 {
                self.steady.value = sr1[0];
            }
            self.reach.die = Some(die);
        }
        Ok(address % size)
    }

    /// Runs `act` on one die as if it were the whole chip: registers, locks and protection belong to a die, and its
    /// addresses begin at 0.
    pub(super) fn on_die<T>(
        &mut self,
        die: Span,
        act: impl FnOnce(&mut Self) -> Result<T, FlashError>,
    ) -> Result<T, FlashError> {
        self.select_die(die.start)?;
        let (size, dies) = (self.geometry.size, self.identity.part.dies);
        self.as_chip_of(die.len(), 1);
        let done = act(self);
        self.as_chip_of(size, dies);
        done
    }

    fn as_chip_of(&mut self, size: u64, dies: u8) {
        (self.geometry.size, self.identity.part.size, self.identity.part.dies) = (size, size, dies);
    }

    /// True where registers and locks have to be asked of each die.
    pub(super) fn has_dies(&self) -> bool {
        die_size(&self.identity.part).is_some()
    }

    /// The chip's dies, for commands that reach one at a time; one span for nearly all chips.
    pub(super) fn dies(&self) -> Vec<Span> {
        Span::new(0, self.geometry.size).pieces(self.die_limit()).collect()
    }
}
