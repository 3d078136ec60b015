//! How many address bytes a read takes and whether reads run on, found by reading alone; suspended operations.
//!
//! `03` with four bytes after it: a chip that takes three address bytes ignores the fourth, one that takes four ignores
//! the bits of the first that lie past its end. A difference in either proves the width, blank contents prove nothing.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, BUSY, READ, READ_STATUS, WEL};
use super::connecting::Connecting;
use super::geometry::Busy;
use super::left::{LeftDone, LeftState};
use super::part::{Flag, Probe};
use super::wait::{Watch, wait_ready};
use crate::spi::{Programmer, Transaction};
use crate::units::MIB;
use std::time::Duration;

/// Bytes compared at each place.
const WINDOW: usize = 16;
/// Middle address bytes of the places, round by round.
const COLUMNS: [[u8; 2]; 24] = [
    [0x00, 0x00],
    [0x05, 0x31],
    [0x21, 0x13],
    [0x47, 0x5A],
    [0x02, 0x80],
    [0x11, 0x01],
    [0x3C, 0xC4],
    [0x7E, 0x22],
    [0x00, 0x40],
    [0x01, 0x00],
    [0x08, 0x0F],
    [0x62, 0x70],
    [0x00, 0x10],
    [0x04, 0x99],
    [0x18, 0xE0],
    [0x70, 0x05],
    [0x00, 0xC0],
    [0x03, 0x07],
    [0x0C, 0x68],
    [0x55, 0xB1],
    [0x00, 0x03],
    [0x06, 0xAA],
    [0x2B, 0x3D],
    [0x7F, 0xF0],
];
/// Columns a round.
const ROUND: usize = 4;
/// A fourth byte that a chip of three address bytes takes for the first data clock.
const FOURTH: u8 = 0x80;

/// The windows of one column: with a fourth byte of 0, with another, and with other first bytes.
type Column = (Vec<u8>, Vec<u8>, Vec<Vec<u8>>);

/// What reading after four bytes showed.
pub(super) struct Places {
    /// Column by column.
    pub columns: Vec<Column>,
}

impl Places {
    /// The columns that read the same both times: noise looks like a difference, but not like the same one twice.
    pub fn steady(mut self, again: &Places) -> Places {
        self.columns =
            self.columns.into_iter().zip(&again.columns).filter(|(a, b)| a == *b).map(|(a, _)| a).collect();
        self
    }

    /// Address bytes that the reads prove; `None` where they prove nothing, or contradict each other: a chip heeds either
    /// the fourth byte or the first, so that answers that depend on both are those of a bad link.
    pub fn width(&self) -> Option<u8> {
        let by_fourth = self.columns.iter().any(|(zero, other, _)| zero != other);
        let by_first = self.columns.iter().any(|(zero, _, firsts)| firsts.iter().any(|f| f != zero));
        match (by_fourth, by_first) {
            (true, false) => Some(4),
            (false, true) => Some(3),
            (true, true) | (false, false) => None,
        }
    }
}

/// First address bytes that a chip of `size` bytes in 4-byte mode ignores, and that reach other places in one of three.
pub(super) fn firsts(size: u64) -> Vec<u8> {
    let ignored = size.div_ceil(16 * MIB).next_power_of_two();
    let reach = (size / 0x1_0000).min(256);
    (0..8)
        .map(|bit| 1u64 << bit)
        .filter(|b| b.is_multiple_of(ignored) && *b < reach)
        .map(|b| b as u8)
        .collect()
}

impl<P: Programmer> Chip<P> {
    /// Address bytes that a plain read takes now, on a die of `size` bytes.
    pub(super) fn reads_address_of(&mut self, size: u64) -> Result<Option<u8>, FlashError> {
        let firsts = firsts(size);
        for columns in COLUMNS.chunks(ROUND) {
            let found = self.places(columns, &firsts)?;
            if found.width().is_none() {
                continue;
            }
            let again = self.places(columns, &firsts)?;
            if let Some(width) = found.steady(&again).width() {
                return Ok(Some(width));
            }
        }
        Ok(None)
    }

    fn places(&mut self, columns: &[[u8; 2]], firsts: &[u8]) -> Result<Places, FlashError> {
        let few = &firsts[firsts.len().saturating_sub(3)..];
        let headers: Vec<[u8; 5]> = columns
            .iter()
            .flat_map(|[high, low]| {
                let own = [[READ, 0, *high, *low, 0], [READ, 0, *high, *low, FOURTH]];
                own.into_iter().chain(few.iter().map(|first| [READ, *first, *high, *low, 0]))
            })
            .collect();
        let mut windows = vec![[0; WINDOW]; headers.len()];
        let mut batch: Vec<_> =
            headers.iter().zip(&mut windows).map(|(h, w)| Transaction::read(h, w)).collect();
        self.programmer.run(&mut batch)?;
        drop(batch);
        let columns = windows.chunks(few.len() + 2).map(|column| {
            let firsts = column[2..].iter().map(|w| w.to_vec()).collect();
            (column[0].to_vec(), column[1].to_vec(), firsts)
        });
        Ok(Places { columns: columns.collect() })
    }

    /// Resumes what is suspended and waits for its end: nothing else may be sent before, a reset least of all.
    pub(super) fn resume_suspended(&mut self, tell: &mut dyn FnMut(Connecting)) -> Result<(), FlashError> {
        let Some(suspend) = self.identity.part.status.suspend else { return Ok(()) };
        if !self.is_suspended()? {
            return Ok(());
        }
        tell(Connecting::Suspended);
        // Flags that are in SR1 itself change meanwhile.
        let in_sr1 = |flag: &Flag| flag.opcode == READ_STATUS && flag.byte == 0;
        let shown =
            suspend.flags.into_iter().flatten().filter(in_sr1).fold(WEL, |bits, flag| bits | 1 << flag.bit);
        for opcode in suspend.resume.into_iter().flatten() {
            command::send(&mut self.programmer, &[opcode])?;
            let steady = super::wait::Steady { may_change: self.steady.may_change | shown, ..self.steady };
            let what = || "a suspended operation that was resumed".into();
            wait_ready(&mut self.programmer, steady, RESUMED, Watch::now(RESUMED), &what)?;
        }
        if self.is_suspended()? {
            let part = self.identity.part_name.clone();
            return Err(FlashError::StuckIn { state: LeftState::Suspended, part });
        }
        self.steady.value = command::register(&mut self.programmer, READ_STATUS)?;
        self.note_left(LeftState::Suspended, LeftDone::Resumed);
        Ok(())
    }

    /// Whether a flag of the part shows a suspended operation, twice.
    fn is_suspended(&mut self) -> Result<bool, FlashError> {
        let flags = self.identity.part.status.suspend.map_or([None; 2], |s| s.flags);
        for flag in flags.into_iter().flatten() {
            if self.shows(flag)? && self.shows(flag)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn shows(&mut self, flag: Flag) -> Result<bool, FlashError> {
        let answer = command::read(&mut self.programmer, &[flag.opcode], usize::from(flag.byte) + 1)?;
        let register = answer[usize::from(flag.byte)];
        Ok(register != 0xFF && flag.is_set(register))
    }

    /// Reads that wrap, or fast reads with other dummy clocks, are put back to what they are after power-up.
    pub(super) fn settle_reads(&mut self) -> Result<(), FlashError> {
        if self.identity.part.probe != Probe::Jedec || self.identity.part.address_bytes != 3 {
            return Ok(());
        }
        let Some(state) = self.changed_reads()? else { return Ok(()) };
        let commands = self.identity.part.plain_reads.clone();
        for bytes in &commands {
            command::send(&mut self.programmer, bytes)?;
        }
        if !commands.is_empty() && self.changed_reads()?.is_none() {
            self.note_left(state, LeftDone::Left);
            return Ok(());
        }
        let status = command::read(&mut self.programmer, &[READ_STATUS], 2)?;
        if self.identity.part.reset && status.iter().all(|s| s & BUSY == 0) && !self.is_suspended()? {
            self.programmer.run(&mut [
                Transaction::write(&[command::ENABLE_RESET]),
                Transaction::write(&[command::RESET]).then_pause(AFTER_RESET),
            ])?;
            self.reach = super::reach::Reach::default();
            self.settle_mode(0)?;
            if self.changed_reads()?.is_none() {
                self.note_left(state, LeftDone::Reset);
                return Ok(());
            }
        }
        match state {
            // Reads without dummy clocks are right.
            LeftState::ReadParameters => Ok(()),
            _ => Err(FlashError::StuckIn { state, part: self.identity.part_name.clone() }),
        }
    }

    /// Whether long reads wrap, or fast reads are shifted, at a place whose contents show it.
    fn changed_reads(&mut self) -> Result<Option<LeftState>, FlashError> {
        for place in PLACES {
            let at = place % self.geometry.size.clamp(1, 16 * MIB) / 128 * 128;
            let long = self.plain(READ, at, LONG)?;
            // The second half of the first 8 bytes decides: alike all over, it proves nothing.
            if long[..8].windows(2).all(|w| w[0] == w[1]) && long.windows(2).all(|w| w[0] == w[1]) {
                continue;
            }
            for wrap in [8usize, 16, 32, 64] {
                let short = self.plain(READ, at + wrap as u64, 8)?;
                if long[wrap..wrap + 8] != short[..] && long[wrap..wrap + 8] == long[..8] {
                    return Ok(Some(LeftState::BurstWrap(wrap as u16)));
                }
            }
            if !self.identity.part.plain_reads.is_empty() {
                let header = command::with_address(FAST_READ, at, 3);
                let header = [&header[..], &[0]].concat();
                let fast = command::read(&mut self.programmer, &header, 8)?;
                let again = command::read(&mut self.programmer, &header, 8)?;
                // A part without fast reads answers with one level.
                let answers = fast.windows(2).any(|w| w[0] != w[1]);
                if answers && fast == again && fast[..] != long[..8] {
                    return Ok(Some(LeftState::ReadParameters));
                }
            }
            return Ok(None);
        }
        Ok(None)
    }

    fn plain(&mut self, opcode: u8, at: u64, len: usize) -> Result<Vec<u8>, FlashError> {
        command::read(&mut self.programmer, &command::with_address(opcode, at, 3), len)
    }
}

const FAST_READ: u8 = 0x0B;
/// Where reads are compared, until one place is not blank.
const PLACES: [u64; 6] = [0, 0x2_0000, 0x40, 0x5_3000, 0x10_0000, 0x3_7F80];
const LONG: usize = 80;
/// tRST of the slowest makers.
const AFTER_RESET: Duration = Duration::from_micros(200);
/// What is left of a block's erase, at most.
const RESUMED: Busy = Busy { typical: Duration::from_millis(100), max: Duration::from_secs(10) };

#[cfg(test)]
mod tests {
    use super::*;

    fn read(width: u8, size: usize, header: [u8; 5]) -> Vec<u8> {
        let cell = |at: usize| ((at % size).wrapping_mul(2_654_435_761) >> 13) as u8;
        let all = u32::from_be_bytes([header[1], header[2], header[3], header[4]]) as usize;
        let at = if width == 4 { all } else { (all >> 8) + 1 };
        (0..WINDOW).map(|n| cell(at + n)).collect()
    }

    #[test]
    fn either_width_is_proven_on_every_size_and_a_blank_chip_proves_none() {
        for size in [1usize << 18, 1 << 20, 8 << 20, 16 << 20, 32 << 20, 256 << 20] {
            for width in [3, 4] {
                let column = |[high, low]: [u8; 2]| {
                    let at = |first, last| read(width, size, [READ, first, high, low, last]);
                    (at(0, 0), at(0, FOURTH), firsts(size as u64).into_iter().map(|f| at(f, 0)).collect())
                };
                let places = Places { columns: COLUMNS[..ROUND].iter().map(|c| column(*c)).collect() };
                assert_eq!(places.width(), Some(width), "{size:#x}");
            }
        }
        let blank = vec![0xFF; WINDOW];
        let places = Places { columns: vec![(blank.clone(), blank.clone(), vec![blank])] };
        assert_eq!(places.width(), None);
    }

    #[test]
    fn answers_that_depend_on_the_fourth_byte_and_on_the_first_prove_no_width() {
        let window = |value| vec![value; WINDOW];
        let four = (window(1), window(2), vec![window(1)]);
        let three = (window(1), window(1), vec![window(2)]);
        let width =
            |columns: &[&Column]| Places { columns: columns.iter().map(|c| (*c).clone()).collect() }.width();
        assert_eq!(width(&[&four]), Some(4));
        assert_eq!(width(&[&three]), Some(3));
        assert_eq!(width(&[&four, &three]), None);
        assert_eq!(width(&[&(window(1), window(2), vec![window(3)])]), None);
    }
}
