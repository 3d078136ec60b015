//! The address mode: 4-byte mode and the extended address, entered and left as they were found.
//!
//! Parts with opcodes of their own for four address bytes never change mode. A mode the board left on is left before
//! anything else is addressed (the security registers' commands change width with it), and entered again at the end.
//!
//! Facts: W25Q256FV and W25Q512JV datasheets (B7, E9, C5, C8; FV leaves a 1 in the extended address register); where a
//! part shows the mode is a fact of its row.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, WRITE_DISABLE, WRITE_ENABLE};
use super::left::{LeftDone, LeftState};
use super::part::{FourByteMode, Probe};
use super::reach::DieMode;
use crate::spi::{Programmer, Transaction};
use crate::units::MIB;

const ENTER: u8 = 0xB7;
const EXIT: u8 = 0xE9;
const READ_BANK: u8 = 0x16;
const WRITE_BANK: u8 = 0x17;
const WRITE_EXTENDED: u8 = 0xC5;
const READ_EXTENDED: u8 = 0xC8;
/// Bank register bit 7: four address bytes.
const BANK_FOUR_BYTE: u8 = 0x80;

impl<P: Programmer> Chip<P> {
    /// Looks for what the board left on, a mode or address bits, and leaves it. `shift` is by how many bytes SFDP was
    /// shifted: by one where `5A` took four address bytes.
    pub(super) fn settle_mode(&mut self, shift: usize) -> Result<(), FlashError> {
        let mode = self.identity.part.four_byte.mode;
        if mode == FourByteMode::Always || self.identity.part.probe != Probe::Jedec {
            return Ok(());
        }
        self.reach.mode = mode;
        // From the last die to the first, which stays selected.
        for die in self.dies().into_iter().rev() {
            self.select_die(die.start)?;
            let extended = self.extended_address()?;
            let on = match self.reads_address_of(die.len())? {
                Some(width) => width == 4,
                None if shift == 1 => true,
                None => match self.mode_flag()? {
                    Some(on) => on,
                    None => {
                        // Neither contents nor a flag show the mode: the documented way out is harmless where it is not needed.
                        self.leave_four_byte(mode)?;
                        false
                    }
                },
            };
            if on {
                self.leave_found(mode, die.len())?;
                self.note_left(LeftState::FourByteMode, LeftDone::PutBack);
            } else if extended != 0 {
                self.set_extended_address(0)?;
            }
            if extended != 0 {
                self.note_left(LeftState::ExtendedAddress, LeftDone::PutBack);
            }
            if on || extended != 0 {
                self.reach.found.push(DieMode { start: die.start, on, extended });
            }
        }
        Ok(())
    }

    /// Whether the row's flag shows 4-byte mode; `None` where there is no flag, or nothing answers.
    fn mode_flag(&mut self) -> Result<Option<bool>, FlashError> {
        let part = &self.identity.part;
        let Some(flag) = part.mode_flag.filter(|_| part.four_byte.mode != FourByteMode::None) else {
            return Ok(None);
        };
        Ok(self.same_twice(flag.opcode)?.filter(|flags| *flags != 0xFF).map(|flags| flag.is_set(flags)))
    }

    /// Leaves a 4-byte mode that is on, by the part's own way first; reading proves it where the contents can.
    fn leave_found(&mut self, mode: FourByteMode, size: u64) -> Result<(), FlashError> {
        let ways = [mode, FourByteMode::Plain, FourByteMode::WithWriteEnable];
        for way in ways.into_iter().filter(|way| *way != FourByteMode::None) {
            self.leave_four_byte(way)?;
            let three = match self.reads_address_of(size)? {
                Some(width) => width == 3,
                None => self.mode_flag()? != Some(true),
            };
            if three {
                self.reach.mode = way;
                return Ok(());
            }
        }
        let part = self.identity.part_name.clone();
        Err(FlashError::StuckIn { state: LeftState::FourByteMode, part })
    }

    /// A register that reads the same twice.
    fn same_twice(&mut self, opcode: u8) -> Result<Option<u8>, FlashError> {
        let first = command::register(&mut self.programmer, opcode)?;
        let second = command::register(&mut self.programmer, opcode)?;
        Ok((first == second).then_some(first))
    }

    /// What three address bytes are completed with. A value that changes, or that lies past the chip's end, is
    /// no one's answer.
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
                self.switch_on(mode)?;
                self.reach.entered = true;
                Ok(())
            }
        }
    }

    /// For commands whose address is three bytes wide whatever the array's: leaves the mode.
    pub(super) fn pause_mode(&mut self) -> Result<(), FlashError> {
        let Some(mode) = self.reach.to_leave else { return Ok(()) };
        self.reach.entered = false;
        self.leave_four_byte(mode)?;
        self.reach.to_leave = None;
        Ok(())
    }

    fn switch_on(&mut self, mode: FourByteMode) -> Result<(), FlashError> {
        self.reach.to_leave = Some(mode);
        self.switch_mode(mode, true)
    }

    /// Leaves the mode for three address bytes that begin at 0: some parts come out of it in their second 16 MiB.
    fn leave_four_byte(&mut self, mode: FourByteMode) -> Result<(), FlashError> {
        self.switch_mode(mode, false)?;
        if self.extended_address()? != 0 {
            self.set_extended_address(0)?;
        }
        Ok(())
    }

    /// Leaves mode, address bits and die as they were found; said again where the connection was lost in these very commands.
    pub(super) fn restore_mode(&mut self) -> Result<(), FlashError> {
        match self.put_back() {
            Err(FlashError::Spi(error)) if error.is_transient() => self.put_back(),
            done => done,
        }
    }

    /// What is done already is not done again.
    fn put_back(&mut self) -> Result<(), FlashError> {
        if self.reach.is_as_found() && (!self.has_dies() || self.reach.die == Some(0)) {
            return Ok(());
        }
        self.close_work()?;
        let mode = self.reach.mode;
        self.pause_mode()?;
        while let Some(left) = self.reach.found.first().copied() {
            self.select_die(left.start)?;
            if left.extended != 0 {
                self.set_extended_address(left.extended)?;
            }
            if left.on {
                self.switch_mode(mode, true)?;
            }
            self.reach.found.remove(0);
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
    /// reaches a whole die of `size` bytes, and switches the mode where that needs it. Undone by `false`.
    pub(super) fn widen(&mut self, size: u64, on: bool) -> Result<u8, FlashError> {
        if size <= 16 * MIB {
            return Ok(3);
        }
        match self.addressing.enter {
            Some(_) if on => self.enter_mode()?,
            Some(_) => {}
            None if on => self.switch_on(self.identity.part.four_byte.mode)?,
            None => self.pause_mode()?,
        }
        Ok(4)
    }
}
