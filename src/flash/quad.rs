//! QE, set or cleared for good: what a board that reads by four lines needs of a fresh chip.

use super::FlashError;
use super::chip::Chip;
use super::status;
use crate::span::Span;
use crate::spi::Programmer;

impl<P: Programmer> Chip<P> {
    /// Sets or clears quad enable in the non-volatile register, every other bit as it is; sends nothing where it is so
    /// already.
    ///
    /// # Errors
    /// [`FlashError::Unsupported`] where the part's QE is not known, [`FlashError::LowVoltage`],
    /// [`FlashError::StatusRefused`] with the likely reason.
    pub fn set_quad_enable(&mut self, on: bool) -> Result<(), FlashError> {
        self.dies().into_iter().try_for_each(|die| self.set_quad_enable_of(die, on))
    }

    fn set_quad_enable_of(&mut self, die: Span, on: bool) -> Result<(), FlashError> {
        self.select_die(die.start)?;
        let name = self.identity.part_name.clone();
        let unknown = || FlashError::Unsupported(format!("how {name} keeps QE is not known"));
        self.check_writable()?;
        let bit = self.identity.part.status.quad_enable.ok_or_else(unknown)?;
        let now = self.read_registers()?;
        if now.bit(bit).ok_or_else(unknown)? == on {
            return Ok(());
        }
        let wanted = now.with(bit, on);
        let writes = status::writes(&self.identity.part, &now, &wanted, false).ok_or_else(unknown)?;
        self.send_status(&writes, &wanted)?;
        let state = self.status_of(die)?;
        match status::first_difference(&wanted, &state.registers) {
            None => Ok(()),
            Some((register, wanted, found)) => {
                let lock = status::register_lock(&state);
                Err(FlashError::StatusRefused { register, wanted, found, lock, volatile_unproven: false })
            }
        }
    }
}
