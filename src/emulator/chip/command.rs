//! What a command does when chip select rises behind it.

use super::model::FlashChip;
use super::operation::Work;
use super::spec::{Command, Does};
use crate::emulator::counts::Misdeed;
use std::time::Duration;

impl FlashChip {
    /// Carries out a command that ended as it must.
    pub(super) fn carry_out(&mut self, now: Duration, command: Command, reset_was_next: bool) {
        let op = command.opcode;
        let address = self.window.address as usize % self.spec.size;
        match command.does {
            Does::WriteEnable => self.wel = now >= self.writes_from,
            Does::WriteDisable => self.wel = false,
            Does::VolatileEnable => self.volatile_next = now >= self.writes_from,
            Does::WriteRegisters { first, count } => {
                let latch = std::mem::take(&mut self.window.latch);
                self.write_registers(now, first, count, &latch[..self.window.taken.min(count)], op);
                self.window.latch = latch;
            }
            Does::Program => self.program(now, op, address),
            Does::Erase(size) => {
                let start = address / size * size;
                self.erase(now, op, start..start + size);
            }
            Does::EraseChip => self.erase(now, op, 0..self.spec.size),
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
                if reset_was_next {
                    self.reset(now);
                }
            }
            Does::LockBlock => self.change_locks(op, Some(address), true),
            Does::UnlockBlock => self.change_locks(op, Some(address), false),
            Does::LockAll => self.change_locks(op, None, true),
            Does::UnlockAll => self.change_locks(op, None, false),
            Does::EnterQpi => self.qpi = self.bit(self.spec.bits.quad),
            Does::EnterFourByte => self.four_byte = true,
            Does::ExitFourByte => self.four_byte = false,
            Does::ReadArray
            | Does::ReadJedecId
            | Does::ReadLegacyId
            | Does::ReadUniqueId
            | Does::ReadSfdp
            | Does::ReadRegister(_)
            | Does::ReadSecurity
            | Does::ReadLock => {}
        }
    }

    /// Whether the latch allows a program or erase; a missing one is the driver's misdeed.
    fn enabled(&mut self, op: u8) -> bool {
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
            self.counts.protected += 1;
            self.wel = false;
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
            self.counts.protected += 1;
            self.wel = false;
            return;
        }
        *self.counts.erases.entry(range.len() as u64).or_default() += 1;
        let time =
            if range.len() == self.spec.size { self.spec.times.chip } else { self.erase_time(range.len()) };
        self.start(now, Work::Erase(range), time);
    }

    fn write_security(&mut self, now: Duration, command: Command) {
        let op = command.opcode;
        if !self.enabled(op) || self.suspension_forbids(None, true, op) {
            return;
        }
        let Some(index) = self.security_index(self.window.address as usize) else {
            self.wel = false;
            return;
        };
        if self.bit(self.spec.security.locks.get(index).copied()) {
            self.counts.protected += 1;
            self.wel = false;
            return;
        }
        self.counts.security_operations += 1;
        let size = self.spec.security.size;
        if command.does == Does::EraseSecurity {
            let time = self.erase_time(1);
            self.start(now, Work::EraseSecurity(index), time);
            return;
        }
        if self.window.address as usize % size + self.window.taken > size {
            self.counts.misdeed(Misdeed::PageWrap);
        }
        let time = self.program_time(self.window.taken);
        let latch = self.window.latch[..size.min(self.window.latch.len())].to_vec();
        self.start(now, Work::ProgramSecurity { index, latch }, time);
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
        self.four_byte = false;
        self.ready_at = now + self.spec.times.reset;
    }
}
