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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// The board had left 4-byte mode on; a bit for each die.
    found_on: u8,
    /// This session has switched it on.
    entered: bool,
    /// The extended address register as found.
    extended: Option<u8>,
    /// The selected die, where dies are selected.
    die: Option<u64>,
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
    /// Looks for a mode that the board left on, and leaves it.
    pub(super) fn settle_mode(&mut self) -> Result<(), FlashError> {
        let part = &self.identity.part;
        if part.size <= 16 * MIB || part.four_byte.mode == FourByteMode::Always {
            return Ok(());
        }
        let mode = part.four_byte.mode;
        let extended = part.four_byte.extended_register;
        if let Some((_, opcode, bit)) = FLAGS.iter().find(|(vendor, ..)| *vendor == part.vendor) {
            // From the last die to the first, which stays selected.
            for die in self.dies().into_iter().rev() {
                self.select_die(die.start)?;
                let [a, b] = [
                    command::register(&mut self.programmer, *opcode)?,
                    command::register(&mut self.programmer, *opcode)?,
                ];
                let on = a == b && a != 0xFF && a >> bit & 1 == 1;
                if on && mode != FourByteMode::None {
                    self.reach.found_on |= self.die_bit();
                    self.switch_mode(mode, false)?;
                }
            }
            if self.reach.found_on != 0 {
                self.identity.notes.push("the board had left the chip in 4-byte address mode".into());
            }
        }
        if extended {
            self.reach.extended = Some(command::register(&mut self.programmer, READ_EXTENDED)?);
        }
        Ok(())
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
                self.switch_mode(mode, false)
            }
            _ => Ok(()),
        }
    }

    /// Leaves mode, extended address and die as they were found.
    pub(super) fn restore_mode(&mut self) -> Result<(), FlashError> {
        let mode = self.identity.part.four_byte.mode;
        let touched = self.reach.entered;
        self.pause_mode()?;
        if touched && let Some(found) = self.reach.extended {
            let now = command::register(&mut self.programmer, READ_EXTENDED)?;
            if now != found {
                self.programmer.run(&mut [
                    Transaction::write(&[WRITE_ENABLE]),
                    Transaction::write(&[WRITE_EXTENDED, found]),
                    Transaction::write(&[WRITE_DISABLE]),
                ])?;
            }
        }
        for die in self.dies().into_iter().rev() {
            self.select_die(die.start)?;
            if self.reach.found_on & self.die_bit() != 0 {
                self.switch_mode(mode, true)?;
            }
        }
        self.reach.found_on = 0;
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
            None => self.switch_mode(self.identity.part.four_byte.mode, on)?,
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

    fn die_bit(&self) -> u8 {
        1u8.checked_shl(self.reach.die.unwrap_or(0) as u32).unwrap_or(0)
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
