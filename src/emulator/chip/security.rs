//! One-time memory: which bytes an address reaches, by commands of its own or in a mode, and what may not be written.

use super::answer::{Source, wrapping};
use super::model::{FLOATING, FlashChip};
use super::operation::Work;
use super::spec::{Command, Does, SecurityRule};
use crate::emulator::counts::Misdeed;
use std::time::Duration;

/// Bytes that one program command reaches.
const PAGE: usize = 256;

impl FlashChip {
    /// The security register at an address, by index from 0.
    pub(super) fn security_index(&self, address: usize) -> Option<usize> {
        let security = &self.spec.security;
        if security.stride == 0 || address < security.first {
            return None;
        }
        let index = (address - security.first) / security.stride;
        (index < security.count).then_some(index)
    }

    /// Where in its register an address falls.
    fn offset(&self, address: usize) -> usize {
        let security = &self.spec.security;
        (address - security.first) % security.stride % security.size
    }

    /// A read of the array while in the mode.
    pub(super) fn read_inside(&mut self, address: usize) -> Source {
        let Some(index) = self.security_index(address) else { return Source::Constant(FLOATING) };
        self.window.prepared.extend_from_slice(&self.security[index]);
        wrapping(self.offset(address), self.spec.security.size)
    }

    /// A program or erase while in the mode.
    pub(super) fn write_inside(&mut self, now: Duration, command: Command) {
        let erase = matches!(command.does, Does::Erase(_));
        if erase && !self.spec.security.mode.is_some_and(|m| m.erasable) {
            self.counts.misdeed(Misdeed::Forbidden(command.opcode));
            self.wel = false;
            return;
        }
        let does = if erase { Does::EraseSecurity } else { Does::ProgramSecurity };
        self.write_security(now, Command { does, ..command });
    }

    /// A register write while in the mode: it freezes the one-time memory forever (Eon, ESMT). True when it was that.
    pub(super) fn lock_from_inside(&mut self, now: Duration, op: u8) -> bool {
        let Some(register) = self.spec.security.mode.and_then(|m| m.status) else { return false };
        let mask = self.spec.registers[register].one_time;
        self.set_bits(now, register, mask, op);
        true
    }

    pub(super) fn write_security(&mut self, now: Duration, command: Command) {
        let op = command.opcode;
        if !self.enabled(op) || self.suspension_forbids(None, true, op) {
            return;
        }
        let address = self.window.address as usize;
        let Some(index) = self.security_index(address) else {
            self.wel = false;
            return;
        };
        let (erase, offset) = (command.does == Does::EraseSecurity, self.offset(address));
        if self.is_frozen(index, offset, erase) {
            self.refuse(None);
            return;
        }
        self.counts.security_operations += 1;
        if erase {
            let time = self.erase_time(1);
            self.start(now, Work::EraseSecurity(index), time);
            return;
        }
        let page = self.spec.security.size.min(PAGE);
        if offset % page + self.window.taken > page {
            self.counts.misdeed(Misdeed::PageWrap);
        }
        let time = self.program_time(self.window.taken);
        let at = offset / page * page;
        let end = page.min(self.spec.security.size - at);
        let mut latch = self.window.latch[..end].to_vec();
        // What the factory wrote stays.
        if index == 0 {
            for (i, cell) in latch.iter_mut().enumerate() {
                if self.spec.security.factory.contains(&(at + i)) {
                    *cell = 0xff;
                }
            }
        }
        self.start(now, Work::ProgramSecurity { index, at, latch }, time);
    }

    /// Whether a write at `offset` of a register is refused forever.
    fn is_frozen(&self, index: usize, offset: usize, erase: bool) -> bool {
        let security = &self.spec.security;
        let lock = security.locks.get(index).or(security.locks.first().filter(|_| security.locks.len() == 1));
        if self.bit(lock.copied()) {
            return true;
        }
        let bytes = &self.security[index];
        match security.rule {
            SecurityRule::LockBits => false,
            SecurityRule::ControlByte { at, locked } => bytes.get(at).is_some_and(|b| b & 1 == locked),
            SecurityRule::LockBytes { at, region } => {
                let n = offset / region;
                bytes.get(at + n / 8).is_some_and(|b| b >> (n % 8) & 1 == 0)
            }
            SecurityRule::Once => {
                erase || bytes[offset..].iter().take(self.window.taken).any(|cell| *cell != 0xff)
            }
        }
    }
}
