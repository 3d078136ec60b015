//! Dies behind one set of pins: each answers for its part of the array, one at a time.
//!
//! Registers, locks and protection belong to a die, and its addresses begin at 0: what works on them takes the die as an
//! argument. Which opcode selects a die is a fact of the part's row.

use super::FlashError;
use super::chip::Chip;
use super::command::{BUSY, READ_STATUS};
use super::reach::die_select;
use crate::span::Span;
use crate::spi::{Programmer, Transaction};

impl<P: Programmer> Chip<P> {
    /// Where the pieces of a read, program or verify must be cut, and what each is called inside its die.
    pub(super) fn die_limit(&self) -> u64 {
        die_select(&self.identity.part).map_or(u64::MAX, |(_, size)| size.max(1))
    }

    /// Makes the die that holds `address` listen; gives the address inside it.
    pub(super) fn locate(&mut self, address: u64) -> Result<u64, FlashError> {
        self.enter_mode()?;
        self.select_die(address)
    }

    /// The same in the mode that is on.
    pub(super) fn select_die(&mut self, address: u64) -> Result<u64, FlashError> {
        let Some((opcode, size)) = die_select(&self.identity.part) else { return Ok(address) };
        let die = address / size;
        if self.reach.die != Some(die) {
            // Invariant: at most 255 dies, the row's field is a byte.
            let mut sr1 = [0; 2];
            let [first, second] = sr1.each_mut().map(std::slice::from_mut);
            // What breaks off may have selected it.
            self.reach.die = None;
            self.programmer.run(&mut [
                Transaction::write(&[opcode, die as u8]),
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

    /// True where registers and locks have to be asked of each die.
    pub(super) fn has_dies(&self) -> bool {
        die_select(&self.identity.part).is_some()
    }

    /// The chip's dies, for commands that reach one at a time; one span for nearly all chips.
    pub(super) fn dies(&self) -> Vec<Span> {
        Span::new(0, self.geometry.size).pieces(self.die_limit()).collect()
    }

    /// The first die: the whole chip, for nearly all.
    pub(super) fn first_die(&self) -> Span {
        Span::new(0, self.geometry.size.min(self.die_limit()))
    }
}
