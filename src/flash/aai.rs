//! Auto-address-increment programming (SST25): one command with an address, then pairs or single bytes after each
//! other, ended by `04`; many a batch, the chip's own time left between them.
//!
//! Facts: SST25VF016B: `AD` programs a pair in at most 10 us, BUSY and bit 6 of the status show it; `AF` is the form of
//! the oldest parts, one byte at most 20 us, unmeasured. While it runs only `05`, `04` and the same opcode are allowed.

use super::FlashError;
use super::chip::Chip;
use super::command::{READ_STATUS, WRITE_DISABLE, WRITE_ENABLE, with_address};
use super::part::ProgramScheme;
use super::program::Programmed;
use super::wait::Watch;
use crate::spi::{Programmer, Transaction};
use std::time::Duration;

const AAI_WORD: u8 = 0xAD;
const AAI_BYTE: u8 = 0xAF;
/// Status bit 6: the mode is on.
const AAI: u8 = 0x40;
/// Left between two commands; the datasheets' maximum and a fifth.
const WORD_TIME: Duration = Duration::from_micros(12);
const BYTE_TIME: Duration = Duration::from_micros(24);
/// Commands a batch: long enough to hide a round trip, short enough to see a failure soon.
const COMMANDS: usize = 512;
/// FF runs shorter than this are sent rather than skipped: starting anew costs more.
const GAP: usize = 8;

/// One stretch to be programmed: an address and bytes, in units of one or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// First byte's address, a multiple of the unit.
    pub address: u64,
    /// A multiple of the unit.
    pub bytes: Vec<u8>,
}

/// Cuts a range into stretches: long runs of FF left out, ends filled with FF to whole units. Pure.
pub(crate) fn stretches(address: u64, bytes: &[u8], unit: usize) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    let mut at = 0;
    while let Some(start) = bytes[at..].iter().position(|b| *b != 0xFF).map(|p| at + p) {
        let mut end = start + 1;
        let mut gap = 0;
        for (i, b) in bytes.iter().enumerate().skip(end) {
            gap = if *b == 0xFF { gap + 1 } else { 0 };
            if gap == 0 {
                end = i + 1;
            } else if gap >= GAP {
                break;
            }
        }
        let first = address + start as u64;
        let head = (first % unit as u64) as usize;
        let mut piece = vec![0xFF; head];
        piece.extend_from_slice(&bytes[start..end]);
        piece.resize(piece.len().div_ceil(unit) * unit, 0xFF);
        out.push(Stretch { address: first - head as u64, bytes: piece });
        at = end;
    }
    out
}

impl<P: Programmer> Chip<P> {
    /// Programs by auto-address-increment. The caller has checked permit and range.
    pub(super) fn program_aai(&mut self, address: u64, bytes: &[u8]) -> Result<Programmed, FlashError> {
        let word = self.identity.part.program == ProgramScheme::AaiWord;
        let (opcode, unit, time) = if word { (AAI_WORD, 2, WORD_TIME) } else { (AAI_BYTE, 1, BYTE_TIME) };
        let mut done = Programmed::default();
        for stretch in stretches(address, bytes, unit) {
            for (n, piece) in stretch.bytes.chunks(COMMANDS * unit).enumerate() {
                let at = stretch.address + (n * COMMANDS * unit) as u64;
                self.send_aai(opcode, at, piece, unit, time)?;
                done.pages += 1;
                done.batches += 1;
                done.bytes += piece.len() as u64;
            }
        }
        Ok(done)
    }

    fn send_aai(
        &mut self,
        opcode: u8,
        address: u64,
        bytes: &[u8],
        unit: usize,
        time: Duration,
    ) -> Result<(), FlashError> {
        let limits = self.programmer.limits();
        let what = || format!("programming {} bytes at {address:#08x}", bytes.len());
        let mut commands: Vec<Vec<u8>> = Vec::with_capacity(bytes.len() / unit);
        for (i, data) in bytes.chunks(unit).enumerate() {
            let mut command = if i == 0 { with_address(opcode, address, 3) } else { vec![opcode] };
            command.extend_from_slice(data);
            commands.push(command);
        }
        // Where the programmer cannot pause, status bytes take the time; one window costs at least its own.
        let polls = if limits.pauses {
            0
        } else {
            (time.as_nanos().div_ceil(limits.wire_time(1).as_nanos().max(1)) as usize).max(1)
        };
        let mut statuses = vec![vec![0u8; polls]; commands.len()];
        let mut batch = vec![Transaction::write(&[WRITE_ENABLE])];
        for (command, status) in commands.iter().zip(&mut statuses) {
            batch.push(Transaction::write(command).then_pause(if limits.pauses {
                time
            } else {
                Duration::ZERO
            }));
            if polls > 0 {
                batch.push(Transaction::read(&[READ_STATUS], status));
            }
        }
        batch.push(Transaction::write(&[WRITE_DISABLE]));
        let busy = self.geometry.program;
        self.begin_work(busy, self.steady);
        self.programmer.run(&mut batch)?;
        drop(batch);
        let ready = self.end_work(busy, self.steady, Watch::now(busy), &what)?;
        match ready.status & AAI {
            0 => Ok(()),
            _ => Err(FlashError::NotWritable {
                what: what(),
                why: "the chip stays in auto-address-increment mode".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn odd_ends_are_filled_and_long_gaps_left_out() {
        let mut bytes = vec![0xFF; 40];
        bytes[0] = 1;
        bytes[3] = 2;
        bytes[30] = 3;
        let out = stretches(0x101, &bytes, 2);
        assert_eq!(out[0], Stretch { address: 0x100, bytes: vec![0xFF, 1, 0xFF, 0xFF, 2, 0xFF] });
        assert_eq!(out[1], Stretch { address: 0x11E, bytes: vec![0xFF, 3] });
        assert_eq!(out.len(), 2);
    }

    proptest! {
        #[test]
        fn stretches_hold_every_byte_that_matters(
            address in 0u64..64, unit in 1usize..3,
            bytes in prop::collection::vec(prop_oneof![3 => Just(0xFFu8), 1 => any::<u8>()], 0..300)
        ) {
            let mut chip = vec![0xFFu8; 512];
            for stretch in stretches(address, &bytes, unit) {
                prop_assert!(stretch.address % unit as u64 == 0 && stretch.bytes.len() % unit == 0);
                for (i, b) in stretch.bytes.iter().enumerate() {
                    chip[stretch.address as usize + i] &= b;
                }
            }
            let at = address as usize;
            prop_assert_eq!(&chip[at..at + bytes.len()], &bytes[..]);
            prop_assert!(chip[..at].iter().chain(&chip[at + bytes.len()..]).all(|b| *b == 0xFF));
        }
    }
}
