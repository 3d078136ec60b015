//! What a command does when chip select rises after it.

use super::model::FlashChip;
use super::operation::Work;
use super::spec::{Bit, Command, Does};
use crate::emulator::counts::Misdeed;
use std::time::Duration;

impl FlashChip {
    /// Carries out a command that ended as it must.
    pub(super) fn carry_out(&mut self, now: Duration, command: Command, reset_was_next: bool) {
        let op = command.opcode;
        let address = self.target();
        if command.needs_wel {
            if !self.wel {
                self.counts.misdeed(Misdeed::NoWriteEnable(op));
                return;
            }
            self.wel = false;
        }
        match command.does {
            Does::WriteEnable => self.wel = now >= self.writes_from,
            Does::WriteDisable => {
                self.wel = false;
                self.onward = None;
                if self.spec.security.mode.is_some_and(|m| m.left_by_write_disable) {
                    self.in_security = false;
                }
            }
            Does::VolatileEnable => self.volatile_next = now >= self.writes_from,
            Does::WriteRegisters { first, count } => {
                let latch = std::mem::take(&mut self.window.latch);
                self.write_registers(now, first, count, &latch[..self.window.taken.min(count)], op);
                self.window.latch = latch;
            }
            Does::Program | Does::Erase(_) if self.in_security => self.write_inside(now, command),
            Does::Program => self.program(now, op, address),
            Does::ProgramOn(unit) => self.program_on(now, op, unit),
            Does::Erase(size) => {
                let start = address / size * size;
                self.erase(now, op, start..start + size);
            }
            Does::EraseBlock => {
                let range = self.block(address);
                self.erase(now, op, range);
            }
            Does::EraseTopBoot => {
                let size = match self.die_size() - address {
                    0..=0x2000 => 0x1000,
                    0x2001..=0x4000 => 0x2000,
                    0x4001..=0x8000 => 0x4000,
                    0x8001..=0x1_0000 => 0x8000,
                    _ => 0x1_0000,
                };
                let start = address / size * size;
                self.erase(now, op, start..start + size);
            }
            Does::EraseChip => {
                let first = self.die * self.die_size();
                self.erase(now, op, first..first + self.die_size());
            }
            Does::ProgramSecurity | Does::EraseSecurity => self.write_security(now, command),
            Does::Suspend => self.suspend(now),
            Does::Resume => self.resume(now),
            Does::PowerDown => {
                self.asleep = true;
                self.ready_at = now + self.spec.times.wake;
            }
            Does::Release => {
                if std::mem::take(&mut self.asleep) {
                    self.ready_at = now + self.spec.times.wake;
                }
            }
            Does::ResetEnable => self.reset_next = true,
            Does::Reset => {
                if reset_was_next && !self.reset_disabled {
                    self.reset(now);
                }
            }
            Does::LockBlock => self.change_locks(op, Some(address), true),
            Does::UnlockBlock => self.change_locks(op, Some(address), false),
            Does::LockAll => self.change_locks(op, None, true),
            Does::UnlockAll => self.change_locks(op, None, false),
            Does::WriteLocks => self.write_locks(op),
            Does::EnterQpi => self.qpi = self.bit(self.spec.bits.quad),
            Does::EnterFourByte => self.four_byte = true,
            Does::ExitFourByte => {
                self.four_byte = false;
                self.leave_extended();
            }
            Does::WriteDirect(register) => {
                self.registers[register] = self.window.latch[0];
                self.follow_mode_bit();
            }
            Does::SetBits { register, mask } => self.set_bits(now, register, mask, op),
            Does::ClearErrors { register, mask } => self.registers[register] &= !mask,
            Does::EnterSecurity => self.in_security = true,
            Does::ExitSecurity => self.in_security = false,
            Does::ReadParameters => {
                if matches!(self.window.latch[0], 0x00 | 0xff) {
                    (self.wrap, self.more_dummies) = (0, 0);
                }
            }
            Does::SelectDie => self.select_die(usize::from(self.window.latch[0])),
            Does::ReadArray
            | Does::ReadJedecId
            | Does::ReadLegacyId
            | Does::ReadUniqueId
            | Does::ReadSfdp
            | Does::ReadRegister(_)
            | Does::ReadTwoRegisters(..)
            | Does::ReadSecurity
            | Does::ReadLock
            | Does::ReadSectorLock
            | Does::ReadLocks => {}
        }
    }

    /// Whether the latch allows a program or erase; a missing one is the driver's misdeed.
    pub(super) fn enabled(&mut self, op: u8) -> bool {
        if !self.wel {
            self.counts.misdeed(Misdeed::NoWriteEnable(op));
        }
        self.wel
    }

    fn program(&mut self, now: Duration, op: u8, address: usize) {
        let page = self.spec.page;
        let start = address / page * page;
        if !self.enabled(op) || self.suspension_forbids(Some(&(start..start + page)), false, op) {
            return;
        }
        if address % page + self.window.taken > page {
            self.counts.misdeed(Misdeed::PageWrap);
        }
        if self.is_protected(&(start..start + page)) {
            self.refuse(self.spec.bits.program_error);
            return;
        }
        self.counts.pages += 1;
        let time = self.program_time(self.window.taken);
        let latch = self.window.latch[..page].to_vec();
        self.start(now, Work::Program { at: start, latch }, time);
    }

    fn erase(&mut self, now: Duration, op: u8, range: std::ops::Range<usize>) {
        if !self.enabled(op) || self.suspension_forbids(Some(&range), true, op) {
            return;
        }
        if self.is_protected(&range) {
            self.refuse(self.spec.bits.erase_error);
            return;
        }
        *self.counts.erases.entry(range.len() as u64).or_default() += 1;
        let chip = self.table[usize::from(op)].is_some_and(|c| c.does == Does::EraseChip);
        let time = if chip { self.spec.times.chip } else { self.erase_time(range.len()) };
        self.start(now, Work::Erase(range), time);
    }

    /// A program or erase of something protected: dropped, the latch consumed.
    pub(super) fn refuse(&mut self, mark: Option<Bit>) {
        self.counts.protected += 1;
        self.wel = false;
        self.note_refusal(mark);
    }

    /// Where a command's address points: with the extended address where three bytes were sent, in the selected die.
    pub(super) fn target(&self) -> usize {
        let mut address = self.window.address as usize;
        if let Some(extended) = self.spec.extended_address
            && self.window.address_bytes == 3
        {
            address |= usize::from(self.registers[extended.register] & 0x7f) << 24;
        }
        let die = self.die_size();
        self.die * die + address % die
    }

    fn change_locks(&mut self, op: u8, address: Option<usize>, locked: bool) {
        if !self.enabled(op) {
            return;
        }
        self.wel = false;
        match address {
            Some(address) => self.set_lock(address, locked),
            None => self.locks.fill(locked),
        }
    }

    /// 66h, 99h: volatile bits come back from the non-volatile ones; what runs is broken off.
    fn reset(&mut self, now: Duration) {
        if self.busy.is_some() || self.suspended.is_some() {
            self.counts.misdeed(Misdeed::ResetWhileBusy);
        }
        self.counts.resets += 1;
        self.abandon();
        self.registers.clone_from(&self.kept);
        self.locks.fill(true);
        self.wel = false;
        self.volatile_next = false;
        self.asleep = false;
        self.in_security = false;
        self.onward = None;
        self.continuous = 0;
        self.wrap = 0;
        self.more_dummies = 0;
        self.start_mode();
        self.ready_at = now + self.spec.times.reset;
    }
}
