//! Faults at the chip's address and data side: what an unknown state, a weak supply or another master make of a read.
//!
//! All of them act on reads of the array alone. A fault that spoils ids and registers too is found by other means.

use super::model::FlashChip;

/// What goes wrong with reads of the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataFault {
    /// The first bit of each answer reads 1.
    FirstBitHigh,
    /// The data line floats high after so many bytes of one answer.
    DeadAfter(u64),
    /// A read runs in circles within aligned blocks of so many bytes, a power of two.
    Wraps(usize),
    /// The chip takes this address bit for 0 (`false`) or 1 (`true`).
    StuckBit(u32, bool),
    /// From the so-manyth read on, every byte reads this value, while ids and registers are right.
    Stops(u64, u8),
    /// Every so-manyth read is answered as the read before it.
    RepeatedAnswer(u64),
    /// Another master adds 1 to the byte at the address before every so-manyth read.
    OtherMaster(usize, u64),
    /// Another master writes the byte at the address once, before the so-manyth read.
    WrittenOnce(usize, u64),
    /// Reads by this opcode turn a bit of the byte at the address over.
    ByOpcode(u8, usize),
    /// Reads that begin at a multiple of so many bytes turn a bit of their eleventh byte over.
    AtBoundary(usize),
    /// Reads that begin where the read before ended turn a bit of their eleventh byte over (`true`), or those that end
    /// where it began a bit of their last byte (`false`).
    InOrder(bool),
}

/// The faults, and what they remember from read to read.
#[derive(Clone, Debug, Default)]
pub(super) struct DataFaults {
    list: Vec<DataFault>,
    /// Reads of the array so far.
    reads: u64,
    /// Where the running read began, and bytes it has given.
    start: usize,
    given: usize,
    /// Where the read before began and ended.
    last: Option<(usize, usize)>,
}

impl FlashChip {
    /// Replaces the faults of reads.
    pub fn set_data_faults(&mut self, faults: Vec<DataFault>) {
        self.data_faults = DataFaults { list: faults, ..DataFaults::default() };
    }

    /// A read of the array begins at `address`; gives where it really begins.
    pub(super) fn begin_read(&mut self, mut address: usize) -> usize {
        if self.data_faults.list.is_empty() {
            return address;
        }
        let faults = &mut self.data_faults;
        if faults.reads > 0 {
            faults.last = Some((faults.start, faults.start + faults.given));
        }
        faults.reads += 1;
        for fault in faults.list.clone() {
            match fault {
                DataFault::StuckBit(bit, false) => address &= !(1 << bit),
                DataFault::StuckBit(bit, true) => address = (address | 1 << bit) % self.array.len(),
                DataFault::RepeatedAnswer(n) if faults.reads.is_multiple_of(n) => {
                    address = faults.last.map_or(address, |(start, _)| start);
                }
                DataFault::OtherMaster(at, n) if faults.reads.is_multiple_of(n) => {
                    let at = at % self.array.len();
                    self.array[at] = self.array[at].wrapping_add(1);
                }
                DataFault::WrittenOnce(at, n) if faults.reads == n => {
                    let at = at % self.array.len();
                    self.array[at] ^= 0x66;
                }
                _ => {}
            }
        }
        (faults.start, faults.given) = (address, 0);
        address
    }

    /// Spoils the next bytes of the running read.
    pub(super) fn spoil_read(&mut self, miso: &mut [u8]) {
        if self.data_faults.list.is_empty() {
            return;
        }
        let faults = &mut self.data_faults;
        let (start, given, reads) = (faults.start, faults.given, faults.reads);
        faults.given += miso.len();
        let mut turn = |at: usize| {
            if let Some(byte) = at.checked_sub(given).and_then(|i| miso.get_mut(i)) {
                *byte ^= 0x10;
                self.counts.faults += 1;
            }
        };
        for fault in &faults.list {
            match *fault {
                DataFault::ByOpcode(opcode, at) if opcode == self.window.opcode && at >= start => {
                    turn(at - start)
                }
                DataFault::AtBoundary(n) if start.is_multiple_of(n) => turn(10),
                DataFault::InOrder(true) if faults.last.is_some_and(|(_, end)| end == start) => turn(10),
                DataFault::InOrder(false) => match faults.last {
                    Some((last, _)) if last > start => turn(last - 1 - start),
                    _ => {}
                },
                _ => {}
            }
        }
        for fault in faults.list.clone() {
            for (i, byte) in miso.iter_mut().enumerate() {
                let at = given + i;
                match fault {
                    DataFault::FirstBitHigh if at == 0 => *byte |= 0x80,
                    DataFault::DeadAfter(n) if at as u64 >= n => *byte = 0xff,
                    DataFault::Stops(n, value) if reads >= n => *byte = value,
                    DataFault::Wraps(n) => {
                        *byte = self.array[(start / n * n + (start + at) % n) % self.array.len()]
                    }
                    _ => {}
                }
            }
        }
    }
}
