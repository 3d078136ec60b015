//! Which bytes of the array are protected: the bits of the status registers, or block locks.

use super::model::FlashChip;
use super::spec::{Bit, Protection};
use std::ops::Range;

const SECTOR: usize = 0x1000;
const BLOCK: usize = 0x1_0000;

/// Locks of the WPS scheme: one a sector in the first and last block, one a block between (W25Q128FV fig. 4d).
pub(super) fn lock_count(size: usize) -> usize {
    let blocks = size / BLOCK;
    if blocks < 2 { size.div_ceil(SECTOR) } else { 2 * (BLOCK / SECTOR) + blocks - 2 }
}

/// The lock that holds this address.
fn lock_index(size: usize, address: usize) -> usize {
    let (blocks, block, per_block) = (size / BLOCK, address / BLOCK, BLOCK / SECTOR);
    if blocks < 2 || block == 0 {
        address / SECTOR
    } else if block == blocks - 1 {
        per_block + blocks - 2 + (address % BLOCK) / SECTOR
    } else {
        per_block + block - 1
    }
}

impl FlashChip {
    pub(super) fn bit(&self, bit: Option<Bit>) -> bool {
        bit.is_some_and(|b| self.registers.get(b.register).is_some_and(|r| r & b.mask != 0))
    }

    /// True when any byte of the range cannot be erased or programmed.
    pub(super) fn is_protected(&self, range: &Range<usize>) -> bool {
        if self.bit(self.spec.bits.wps) {
            let size = self.spec.size;
            return self.locks[lock_index(size, range.start)..=lock_index(size, range.end - 1)]
                .iter()
                .any(|locked| *locked);
        }
        let overlaps = |p: &Range<usize>| p.start < range.end && range.start < p.end;
        match &self.spec.protection {
            Protection::None => false,
            Protection::WinbondBp { complement } => {
                let inside = winbond_range(self.registers[0], self.spec.size);
                if self.bit(*complement) {
                    overlaps(&(0..inside.start)) || overlaps(&(inside.end..self.spec.size))
                } else {
                    overlaps(&inside)
                }
            }
        }
    }

    pub(super) fn set_lock(&mut self, address: usize, locked: bool) {
        let index = lock_index(self.spec.size, address % self.spec.size);
        self.locks[index] = locked;
    }

    pub(super) fn lock_bit(&self, address: usize) -> bool {
        self.locks[lock_index(self.spec.size, address % self.spec.size)]
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
        assert_eq!(lock_count(0x80_0000), 16 + 126 + 16);
        let mut last = 0;
        for address in (0..0x80_0000).step_by(SECTOR) {
            let index = lock_index(0x80_0000, address);
            assert!(index == last || index == last + 1, "{address:#x}");
            last = index;
        }
        assert_eq!(last, 157);
    }
}
