//! Faults at the chip's address and data side: what an unknown state, a weak supply or another master make of a read.
//!
//! All of them act on reads of the array alone. A fault that spoils ids and registers too is found by other means.

use super::model::FlashChip;
use super::spec::Does;

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
    /// Reads by this opcode take no dummy byte: what comes is one byte further on.
    NoDummy(u8),
    /// The read after this command takes four address bytes.
    FourBytesAfter(u8),
    /// Reads by this opcode take this address bit for 0 (`false`) or 1 (`true`).
    StuckFor(u8, u32, bool),
    /// A bit of so many bytes is turned over, from this offset of each answer on.
    AtOffset(u64, u64),
    /// An answer begins again after so many bytes.
    BeginsAgain(u64),
    /// An answer's last byte is held after so many.
    Holds(u64),
    /// Every so-manyth read has a bit of its first byte turned over.
    Sometimes(u64),
    /// Each answer comes one read too late.
    Behind,
    /// At clocks above so many Hz the data line rises too slowly: a byte after a 00 loses its first bit.
    AboveClock(u32),
    /// Past so many bytes of one answer (the first number), it runs in circles within aligned blocks of so many, a power
    /// of two (the second).
    WrapsPast(u64, usize),
    /// Two address bits are taken for each other at addresses from the third number on.
    SwappedBits(u32, u32, usize),
    /// Reads by this opcode take one dummy byte more: what comes is one byte late.
    MoreDummy(u8),
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
    /// The address of the read before, for [`DataFault::Behind`].
    before: usize,
    /// The command before this read.
    command: u8,
    /// The last byte that was given, for [`DataFault::Holds`] and [`DataFault::AboveClock`].
    held: u8,
}

impl FlashChip {
    /// Replaces the faults of reads.
    pub fn set_data_faults(&mut self, faults: Vec<DataFault>) {
        self.data_faults = DataFaults { list: faults, ..DataFaults::default() };
    }

    /// A command has begun.
    pub(super) fn note_command(&mut self, opcode: u8) {
        // The read itself is what the command before it strikes.
        if !self.is_read(opcode) {
            self.data_faults.command = opcode;
        }
    }

    fn is_read(&self, opcode: u8) -> bool {
        self.table[usize::from(opcode)].is_some_and(|command| command.does == Does::ReadArray)
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
        let opcode = self.window.opcode;
        let four = self.window.address_bytes == 4;
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
                DataFault::NoDummy(by) if by == opcode => address = (address + 1) % self.array.len(),
                DataFault::FourBytesAfter(by) if by == faults.command && !four => {
                    // The fourth is what the host sends next; the first byte of the answer floats.
                    address = ((address << 8 | 0xff) + self.array.len() - 1) % self.array.len();
                    self.counts.faults += 1;
                }
                DataFault::StuckFor(by, bit, false) if by == opcode => address &= !(1 << bit),
                DataFault::StuckFor(by, bit, true) if by == opcode => {
                    address = (address | 1 << bit) % self.array.len();
                }
                DataFault::Behind => address = std::mem::replace(&mut faults.before, address),
                DataFault::SwappedBits(a, b, from) if address >= from => {
                    let differ = (address >> a ^ address >> b) & 1;
                    address = (address ^ (differ << a | differ << b)) % self.array.len();
                }
                DataFault::MoreDummy(by) if by == opcode => {
                    address = (address + self.array.len() - 1) % self.array.len();
                }
                _ => {}
            }
        }
        (faults.start, faults.given, faults.held) = (address, 0, 0xff);
        faults.command = opcode;
        address
    }

    /// Spoils the next bytes of the running read, at a clock of `hz`.
    pub(super) fn spoil_read(&mut self, hz: u32, miso: &mut [u8]) {
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
                DataFault::Sometimes(n) if reads.is_multiple_of(n) => turn(0),
                DataFault::AtOffset(from, len) => (from..from + len).for_each(|at| turn(at as usize)),
                _ => {}
            }
        }
        for fault in faults.list.clone() {
            // Where in this piece the so-manyth byte of the answer is.
            let len = miso.len() as u64;
            let past = |n: u64| n.saturating_sub(given as u64).min(len) as usize;
            match fault {
                DataFault::FirstBitHigh if given == 0 => {
                    miso.iter_mut().take(1).for_each(|byte| *byte |= 0x80)
                }
                DataFault::DeadAfter(n) => miso[past(n)..].fill(0xff),
                DataFault::Stops(n, value) if reads >= n => miso.fill(value),
                DataFault::Wraps(n) => circle(&self.array, start / n * n, start + given, n, miso),
                DataFault::BeginsAgain(n) => circle(&self.array, start, given, n as usize, miso),
                DataFault::WrapsPast(from, n) => {
                    let first = past(from);
                    circle(&self.array, start / n * n, start + given + first, n, &mut miso[first..]);
                }
                DataFault::AboveClock(most) if hz > most => {
                    for byte in miso.iter_mut() {
                        let before = std::mem::replace(&mut self.data_faults.held, *byte);
                        if before == 0 && *byte >= 0x80 {
                            *byte &= 0x7f;
                            self.counts.faults += 1;
                        }
                    }
                }
                DataFault::Holds(n) => {
                    let (right, held) = miso.split_at_mut(past(n));
                    self.data_faults.held = right.last().copied().unwrap_or(self.data_faults.held);
                    held.fill(self.data_faults.held);
                }
                _ => {}
            }
        }
    }
}

/// Fills `miso` with what is at `base` and behind it, where `at` runs in circles of `n` bytes.
fn circle(array: &[u8], base: usize, mut at: usize, n: usize, miso: &mut [u8]) {
    let mut done = 0;
    while done < miso.len() {
        let from = (base + at % n) % array.len();
        let run = (n - at % n).min(array.len() - from).min(miso.len() - done);
        miso[done..done + run].copy_from_slice(&array[from..from + run]);
        (done, at) = (done + run, at + run);
    }
}
