//! Programming on and on: bytes or pairs of bytes, each command at the next address, ended by write disable (SST25).
//!
//! SST25VF016B data sheet, AAI word program; the older parts do the same with single bytes (AFh).

use super::model::FlashChip;
use super::operation::Work;
use crate::emulator::counts::Misdeed;
use std::time::Duration;

impl FlashChip {
    /// Address bytes of the next such command: the first one carries the address, the others none.
    pub(super) fn onward_address_bytes(&self) -> u8 {
        if self.onward.is_some() { 0 } else { 3 }
    }

    pub(super) fn program_on(&mut self, now: Duration, op: u8, unit: usize) {
        if !self.enabled(op) {
            return;
        }
        if self.window.taken != unit {
            self.counts.misdeed(if self.window.taken > unit {
                Misdeed::ExtraBytes(op)
            } else {
                Misdeed::NoData(op)
            });
            return;
        }
        let at = self.onward.unwrap_or_else(|| self.target()) / unit * unit;
        if self.is_protected(&(at..at + unit)) {
            self.onward = None;
            self.refuse(self.spec.bits.program_error);
            return;
        }
        let latch = self.window.latch[..unit].to_vec();
        let time = self.program_time(unit);
        self.start(now, Work::ProgramOn { at, latch }, time);
        self.onward = Some(at + unit).filter(|next| *next < self.spec.size);
    }

    /// The address above 24 bits after leaving 4-byte mode.
    pub(super) fn leave_extended(&mut self) {
        if let Some(extended) = self.spec.extended_address
            && let Some(value) = extended.after_exit
        {
            self.registers[extended.register] = value;
        }
    }
}
