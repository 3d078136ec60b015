//! Which bytes of the array are protected: the bits of the status registers, or block locks.

use super::model::FlashChip;
use super::spec::{Bit, BpMap, ChipSpec, Protection};
use crate::emulator::counts::Misdeed;
use std::ops::Range;

const SECTOR: usize = 0x1000;
const BLOCK: usize = 0x1_0000;

/// Where each lock begins. WPS: one a sector in the first and last block, one a block between (W25Q128FV fig. 4d).
pub(super) fn lock_starts(spec: &ChipSpec) -> Vec<usize> {
    let size = spec.size / spec.dies.max(1);
    match spec.protection {
        Protection::SectorLocks { size: sector } => (0..size).step_by(sector).collect(),
        Protection::BlockRegister => {
            // SST26VF032B data sheet, figure 4-1: 4 x 8 KiB, 32 KiB, blocks of 64 KiB, 32 KiB, 4 x 8 KiB.
            let low = [0, 0x2000, 0x4000, 0x6000, 0x8000];
            let high = [0x1_0000, 0x8000, 0x6000, 0x4000, 0x2000].map(|below| size - below);
            low.into_iter().chain((BLOCK..size - BLOCK).step_by(BLOCK)).chain(high).collect()
        }
        _ if size < 2 * BLOCK => (0..size).step_by(SECTOR).collect(),
        _ => {
            let ends = (0..BLOCK).step_by(SECTOR);
            let between = (BLOCK..size - BLOCK).step_by(BLOCK);
            ends.clone().chain(between).chain(ends.map(|at| size - BLOCK + at)).collect()
        }
    }
}

/// Which lock each bit of SST26's block-protection register is, most significant first; `None` for the read locks of
/// the small blocks, which are not modelled. SST26VF032B data sheet, table 4-6: the four 8 KiB at the top from the
/// highest down, the four at the bottom likewise, each a read and a write lock; the two 32 KiB; the 64 KiB downwards.
pub(super) fn block_register_order(locks: usize) -> Vec<Option<usize>> {
    let small = (locks - 4..locks).rev().chain((0..4).rev());
    let mut order: Vec<Option<usize>> = small.flat_map(|i| [None, Some(i)]).collect();
    order.extend([Some(locks - 5), Some(4)]);
    order.extend((5..locks - 5).rev().map(Some));
    order
}

impl FlashChip {
    /// 42h on SST26: every lock by its bit.
    pub(super) fn write_locks(&mut self, op: u8) {
        if !self.enabled(op) {
            return;
        }
        self.wel = false;
        let order = block_register_order(self.locks.len());
        if self.window.taken * 8 != order.len() {
            self.counts.misdeed(Misdeed::NoData(op));
            return;
        }
        for (n, lock) in order.into_iter().enumerate() {
            if let Some(lock) = lock {
                self.locks[lock] = self.window.latch[n / 8] & 0x80 >> (n % 8) != 0;
            }
        }
    }

    pub(super) fn bit(&self, bit: Option<Bit>) -> bool {
        bit.is_some_and(|b| self.registers.get(b.register).is_some_and(|r| r & b.mask != 0))
    }

    /// Bytes of one die, the only one on nearly all parts.
    pub(super) fn die_size(&self) -> usize {
        self.spec.size / self.spec.dies.max(1)
    }

    /// True when any byte of the range, which lies in the selected die, cannot be erased or programmed.
    pub(super) fn is_protected(&self, range: &Range<usize>) -> bool {
        let first = self.die * self.die_size();
        let range = &(range.start - first..range.end - first);
        let always =
            matches!(self.spec.protection, Protection::SectorLocks { .. } | Protection::BlockRegister);
        if always || self.bit(self.spec.bits.wps) {
            let touched = self.lock_index(range.start)..=self.lock_index(range.end - 1);
            return self.locks[touched].iter().any(|locked| *locked);
        }
        let overlaps = |p: &Range<usize>| p.start < range.end && range.start < p.end;
        match &self.spec.protection {
            Protection::None | Protection::SectorLocks { .. } | Protection::BlockRegister => false,
            Protection::Bp(map) => {
                let inside = self.bp_range(map);
                if self.bit(map.complement) {
                    overlaps(&(0..inside.start)) || overlaps(&(inside.end..self.die_size()))
                } else {
                    overlaps(&inside)
                }
            }
            Protection::WinbondBp { complement } => {
                let inside = winbond_range(self.registers[0], self.die_size());
                if self.bit(*complement) {
                    overlaps(&(0..inside.start)) || overlaps(&(inside.end..self.die_size()))
                } else {
                    overlaps(&inside)
                }
            }
        }
    }

    fn bp_range(&self, map: &BpMap) -> Range<usize> {
        let bit = |(n, b): (usize, &Bit)| usize::from(self.bit(Some(*b))) << n;
        let bp: usize = map.bp.iter().enumerate().map(bit).sum();
        let length = match bp {
            0 => 0,
            all if all + 1 == 1 << map.bp.len() => self.die_size(),
            bp => map.unit.checked_shl(bp as u32 - 1).map_or(self.die_size(), |n| n.min(self.die_size())),
        };
        if self.bit(map.top_bottom) { 0..length } else { self.die_size() - length..self.die_size() }
    }

    /// The lock that holds this address.
    fn lock_index(&self, address: usize) -> usize {
        self.lock_starts.partition_point(|start| *start <= address) - 1
    }

    /// The range of the lock that holds this address.
    pub(super) fn block(&self, address: usize) -> Range<usize> {
        let index = self.lock_index(address);
        self.lock_starts[index]..self.lock_starts.get(index + 1).copied().unwrap_or(self.die_size())
    }

    pub(super) fn set_lock(&mut self, address: usize, locked: bool) {
        let index = self.lock_index(address % self.die_size());
        self.locks[index] = locked;
    }

    pub(super) fn lock_bit(&self, address: usize) -> bool {
        self.locks[self.lock_index(address % self.die_size())]
    }

    /// Global protect and unprotect of sector locks, by a write of the first register (AT25DF321A, table 9-5).
    pub(super) fn global_locks(&mut self, written: u8) {
        if matches!(self.spec.protection, Protection::SectorLocks { .. }) {
            match written & 0x3c {
                0 => self.locks.fill(false),
                0x3c => self.locks.fill(true),
                _ => {}
            }
        }
    }
}

/// The range of SEC, TB and BP2..0 before CMP (W25Q64FV 7.1.11). SEC with BP=6 is not in the table: taken as 32 KiB.
fn winbond_range(sr1: u8, size: usize) -> Range<usize> {
    let (bp, top_bottom, sectors) = ((sr1 >> 2) & 7, sr1 & 0x20 != 0, sr1 & 0x40 != 0);
    let length = match (bp, sectors) {
        (0, _) => 0,
        (7, _) => size,
        (_, true) => (SECTOR << (bp - 1)).min(0x8000),
        (_, false) => (size >> (7 - bp)).max(BLOCK).min(size),
    };
    if top_bottom { 0..length } else { size - length..size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::chip::winbond;

    #[test]
    fn winbond_ranges_of_the_data_sheet() {
        const M8: usize = 0x80_0000;
        // W25Q64FV table 7.1.11, by SEC, TB, BP.
        for (sr1, range) in [
            (0x00, M8..M8),
            (0x04, 0x7e_0000..M8),
            (0x08, 0x7c_0000..M8),
            (0x18, 0x40_0000..M8),
            (0x24, 0..0x02_0000),
            (0x38, 0..0x40_0000),
            (0x1c, 0..M8),
            (0x44, 0x7f_f000..M8),
            (0x4c, 0x7f_c000..M8),
            (0x50, 0x7f_8000..M8),
            (0x64, 0..0x1000),
            (0x74, 0..0x8000),
            (0x7c, 0..M8),
        ] {
            assert_eq!(winbond_range(sr1, M8), range, "SR1 {sr1:02x}");
        }
    }

    #[test]
    fn complement_turns_the_map_over() {
        let mut chip = FlashChip::new(winbond::w25q64fv(), 1);
        chip.set_register(1, 0x40);
        assert!(chip.is_protected(&(0x1000..0x2000)), "CMP with BP=0 protects everything");
        chip.set_register(0, 0x24);
        assert!(!chip.is_protected(&(0..0x2_0000)));
        assert!(chip.is_protected(&(0x1_f000..0x2_1000)));
        chip.set_register(0, 0x1c);
        assert!(!chip.is_protected(&(0..0x80_0000)), "CMP with BP=7 protects nothing");
    }

    #[test]
    fn locks_cover_the_array_without_gap() {
        let starts = lock_starts(&winbond::w25q64jv());
        assert_eq!(starts.len(), 16 + 126 + 16);
        assert_eq!(
            (starts[0], starts[15], starts[16], starts[141], starts[142]),
            (0, 0xf000, 0x1_0000, 0x7e_0000, 0x7f_0000)
        );
        assert!(starts.is_sorted());
        let sst = ChipSpec { protection: Protection::BlockRegister, size: 0x40_0000, ..winbond::w25q64fv() };
        let starts = lock_starts(&sst);
        assert_eq!(starts.len(), 5 + 62 + 5);
        let order = block_register_order(72);
        assert_eq!(order.len(), 80, "32 Mbit: ten bytes");
        assert_eq!(
            (order[1], order[15], order[16], order[17], order[79]),
            (Some(71), Some(0), Some(67), Some(4), Some(5))
        );
        assert_eq!(
            (starts[4], starts[5], starts[66], starts[67], starts[68]),
            (0x8000, 0x1_0000, 0x3e_0000, 0x3f_0000, 0x3f_8000)
        );
        assert!(starts.is_sorted());
    }
}
