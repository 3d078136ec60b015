//! Status registers: reading with the live bits, writing by the part's rules.

use super::model::FlashChip;
use super::operation::Work;
use super::spec::{Bit, Protection};
use crate::emulator::counts::Misdeed;
use std::time::Duration;

impl FlashChip {
    /// A status register as the host reads it.
    pub(super) fn live_register(&self, index: usize) -> u8 {
        let mut value = self.registers.get(index).copied().unwrap_or(0xff);
        // The register that a one-time mode shows in place of the first has its live bits, too.
        let instead = self.in_security && self.spec.security.mode.is_some_and(|m| m.status == Some(index));
        let mut show = |bit: Bit, set: bool| {
            if bit.register == index || instead && bit.register == 0 {
                value = if set { value | bit.mask } else { value & !bit.mask };
            }
        };
        let bits = &self.spec.bits;
        if matches!(self.spec.protection, Protection::SectorLocks { .. }) {
            // SWP: 0 no sector locked, 1 some, 3 all.
            show(Bit::new(0, 2), self.locks.contains(&true));
            show(Bit::new(0, 3), !self.locks.contains(&false));
        }
        show(bits.busy, self.busy.is_some());
        show(bits.wel, self.wel);
        if let Some(bit) = bits.suspended {
            show(bit, self.suspended.is_some());
        }
        if let Some(bit) = bits.ready {
            show(bit, self.busy.is_none());
        }
        if let Some(bit) = bits.four_byte {
            show(bit, self.four_byte);
        }
        if bits.errors_hold_busy && (self.bit(bits.program_error) || self.bit(bits.erase_error)) {
            show(bits.busy, true);
        }
        value
    }

    /// The 4-byte mode follows its bank bit, where the part has one.
    pub(super) fn follow_mode_bit(&mut self) {
        if self.spec.bits.follows.is_some() {
            self.four_byte = self.bit(self.spec.bits.follows);
        }
    }

    /// The address mode after power-up and reset.
    pub(super) fn start_mode(&mut self) {
        self.four_byte = self.bit(self.spec.bits.power_up_mode);
        self.follow_mode_bit();
    }

    /// A refused program or erase leaves its mark, where the part has one.
    pub(super) fn note_refusal(&mut self, mark: Option<Bit>) {
        if let Some(bit) = mark {
            self.registers[bit.register] |= bit.mask;
        }
    }

    /// A command that sets bits of a register, some of them forever.
    pub(super) fn set_bits(&mut self, now: Duration, register: usize, mask: u8, op: u8) {
        if !self.wel {
            self.counts.misdeed(Misdeed::NoWriteEnable(op));
            return;
        }
        let mut new = self.registers.clone();
        let fresh = mask & !new[register] & self.spec.registers[register].one_time;
        self.counts.lock_bits_set += u64::from(fresh.count_ones());
        self.counts.nonvolatile_writes += 1;
        new[register] |= mask;
        self.start(now, Work::Registers(new), self.spec.times.register);
    }

    /// The end of a register write command with `data` (at least one byte).
    pub(super) fn write_registers(&mut self, now: Duration, first: usize, count: usize, data: &[u8], op: u8) {
        let volatile = std::mem::take(&mut self.volatile_next);
        if self.in_security && self.lock_from_inside(now, op) {
            return;
        }
        if !volatile && !self.wel {
            self.counts.misdeed(Misdeed::NoWriteEnable(op));
            return;
        }
        if self.registers_locked() {
            self.counts.refused_writes += 1;
            self.wel = self.wel && volatile;
            return;
        }
        let mut new = self.registers.clone();
        let short = data.len() < count;
        for (offset, register) in self.spec.registers.iter().enumerate().skip(first).take(count) {
            let old = new[offset];
            new[offset] = match data.get(offset - first) {
                Some(byte) => {
                    let set = register.one_time & *byte;
                    (old & !register.writable) | (byte & register.writable) | set
                }
                None if short => old & !register.cleared_by_short_write,
                None => old,
            };
            self.counts.lock_bits_set += u64::from((new[offset] & !old & register.one_time).count_ones());
        }
        if first == 0 && !data.is_empty() {
            self.global_locks(data[0]);
        }
        if volatile {
            self.counts.volatile_writes += 1;
            self.keep_one_time(&new);
            self.registers = new;
        } else {
            self.counts.nonvolatile_writes += 1;
            self.start(now, Work::Registers(new), self.spec.times.register);
        }
    }

    /// One-time bits set by a volatile write stay set forever, too (W25Q64FV 7.2.7: cannot go back to 0).
    fn keep_one_time(&mut self, new: &[u8]) {
        for (index, register) in self.spec.registers.iter().enumerate() {
            self.kept[index] |= new[index] & register.one_time;
        }
        self.small_changes |= self.watched;
    }

    /// True when SRP and the /WP pin forbid register writes (W25Q64FV 7.1.5).
    fn registers_locked(&self) -> bool {
        let (srp0, srp1) = (self.bit(self.spec.bits.srp0), self.bit(self.spec.bits.srp1));
        let pin_counts = !self.bit(self.spec.bits.quad);
        srp1 || (srp0 && pin_counts && !self.wp_high)
    }

    /// True when a power cycle takes SRP1 back: (SRP1, SRP0) = (1, 0).
    pub(super) fn power_cycle_unlocks(&self) -> bool {
        self.bit(self.spec.bits.srp1) && !self.bit(self.spec.bits.srp0)
    }

    pub(super) fn clear_srp1(&self, kept: &mut [u8]) {
        if let Some(bit) = self.spec.bits.srp1 {
            kept[bit.register] &= !bit.mask;
        }
    }

    pub(super) fn unlock_until_power_cycle(&mut self) {
        if self.power_cycle_unlocks() {
            let mut kept = std::mem::take(&mut self.kept);
            self.clear_srp1(&mut kept);
            self.kept = kept;
        }
    }
}
