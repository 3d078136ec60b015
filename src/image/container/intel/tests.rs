//! Descriptors made for tests, of every form.

use super::descriptor::SIGNATURE;
use super::gbe::tests::{MAC, bank};

/// Number, start and end of a region.
pub(crate) type Row = (usize, u64, u64);
/// A PC's flash of 64 KiB.
pub(crate) const PC: [Row; 4] =
    [(0, 0, 0x1000), (1, 0x8000, 0x1_0000), (2, 0x3000, 0x8000), (3, 0x1000, 0x3000)];

/// A descriptor to make.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) regions: Vec<Row>,
    /// Region words before the masters.
    pub(crate) count: usize,
    /// The word of a region that is not there.
    pub(crate) absent: u32,
    /// FLCOMP.
    pub(crate) components: u32,
    pub(crate) chips: u32,
    /// Words that go over those of the regions.
    pub(crate) words: Vec<(usize, u32)>,
    /// Bits of FLMAP1 and all of FLMAP2.
    pub(crate) map1: u32,
    pub(crate) map2: u32,
}

impl Made {
    pub(crate) fn old(regions: &[Row]) -> Self {
        let regions = regions.to_vec();
        Self {
            regions,
            count: 8,
            absent: 0x7fff,
            components: 0,
            chips: 1,
            words: Vec::new(),
            map1: 0,
            map2: 0,
        }
    }

    pub(crate) fn new(regions: &[Row]) -> Self {
        Self { count: 16, absent: 0x7fff_7fff, components: 6 << 17, ..Self::old(regions) }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0xff; 0x1000];
        let mut put = |at: usize, word: u32| bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        put(0x10, u32::from_le_bytes(SIGNATURE));
        put(0x14, 0x0004_0003 | (self.chips - 1) << 8);
        put(0x18, self.map1 | (0x40 + 4 * self.count as u32) >> 4);
        put(0x1c, self.map2);
        put(0x30, self.components);
        for n in 0..self.count {
            put(0x40 + 4 * n, self.absent);
        }
        for (n, start, end) in &self.regions {
            put(0x40 + 4 * n, (((end >> 12) - 1) << 16 | start >> 12) as u32);
        }
        for (n, word) in &self.words {
            put(0x40 + 4 * n, *word);
        }
        bytes
    }
}

/// A flash of 64 KiB: descriptor, GbE, ME of one byte's pattern, BIOS.
pub(crate) fn flash() -> Vec<u8> {
    let mut bytes = Made::old(&PC).bytes();
    bytes.extend([bank(MAC), bank(MAC)].concat());
    bytes.resize(0x1_0000, 0x5b);
    bytes
}
