//! Locks of single blocks and sectors, and SST26's block-protection register: read, lifted, put back. All volatile.
//!
//! Facts: W25Q128FV datasheet, figure 4d (WPS: 36h, 39h, 3Dh; all set at power-up); Adesto's 36h, 39h, 3Ch and SST26's
//! 72h, 42h, 98h from Linux and other tools' tables, unmeasured; the length of SST26's register from its block map.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, WRITE_DISABLE, WRITE_ENABLE};
use super::part::ProtectScheme;
use super::status::{self, Status};
use super::unlock::Unlocked;
use super::unprotectable::StillProtected;
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};
use crate::units::KIB;

const BLOCK_LOCK: u8 = 0x36;
const BLOCK_UNLOCK: u8 = 0x39;
const BLOCK_READ: u8 = 0x3D;
const SECTOR_READ: u8 = 0x3C;
const READ_BLOCK_PROTECTION: u8 = 0x72;
const WRITE_BLOCK_PROTECTION: u8 = 0x42;
const GLOBAL_UNLOCK: u8 = 0x98;

/// What each bit of SST26's block-protection register locks, the most significant bit of the first byte first; `None` is a
/// read lock. The four 8 KiB at the top from the highest down, the four at the bottom likewise, each a read and a write
/// lock; the 32 KiB next to them; the 64 KiB between from the highest down (SST26VF032B and 064B data sheets).
fn block_register_map(size: u64) -> Vec<Option<Span>> {
    let (small, middle, block) = (8 * KIB, 32 * KIB, 64 * KIB);
    let at = |start: u64, len: u64| Some(Span::new(start, start + len));
    let eights = (1..=4).map(|n| size - n * small).chain((0..4).rev().map(|n| n * small));
    let mut map: Vec<Option<Span>> = eights.flat_map(|start| [None, at(start, small)]).collect();
    map.extend([at(size - block, middle), at(middle, middle)]);
    map.extend((1..(size / block).saturating_sub(1)).rev().map(|n| at(n * block, block)));
    map
}

/// Bytes of SST26's block-protection register.
fn block_register_len(size: u64) -> usize {
    block_register_map(size).len() / 8
}

/// The register that locks exactly `wanted` against writes, and nothing against reads.
pub(super) fn block_register(size: u64, wanted: &Spans) -> Vec<u8> {
    let bits = block_register_map(size);
    let locked = |bit: &Option<Span>| bit.is_some_and(|span| wanted.covers(span));
    bits.chunks(8).map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(locked(bit)))).collect()
}

/// The blocks that the register locks against writes.
fn register_locks(size: u64, register: &[u8]) -> Spans {
    let set = |n: usize| register.get(n / 8).is_some_and(|byte| byte & 0x80 >> (n % 8) != 0);
    block_register_map(size).into_iter().enumerate().filter(|(n, _)| set(*n)).filter_map(|(_, s)| s).collect()
}

impl<P: Programmer> Chip<P> {
    /// The blocks of a die of `size` bytes that have a lock of their own, in order; empty where the part has none in force.
    pub(super) fn lock_units(&self, size: u64, block_locks: Option<bool>) -> Vec<Span> {
        let block = 64 * KIB;
        match &self.identity.part.protection {
            ProtectScheme::Sst26 => {
                let mut units: Vec<Span> = block_register_map(size).into_iter().flatten().collect();
                units.sort();
                units
            }
            ProtectScheme::SectorLocks { sector } => Span::new(0, size).pieces((*sector).max(1)).collect(),
            _ if block_locks != Some(true) => Vec::new(),
            // W25Q128FV figure 4d: 4 KiB sectors in the first and the last 64 KiB, blocks in between.
            _ => Span::new(0, size)
                .pieces(block)
                .flat_map(|b| b.pieces(if b.start == 0 || b.end == size { 4 * KIB } else { block }))
                .collect(),
        }
    }

    /// The ranges whose own lock is set; `None` where the part has no such locks in force.
    pub(super) fn read_locks(&mut self, size: u64, state: &Status) -> Result<Option<Spans>, FlashError> {
        if self.identity.part.protection == ProtectScheme::Sst26 {
            return Ok(Some(register_locks(size, &self.read_block_register(size)?)));
        }
        let units = self.lock_units(size, state.block_locks);
        if units.is_empty() || state.protected.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.locked_units(size, &units)?.into_iter().collect()))
    }

    pub(super) fn locked_units(&mut self, size: u64, units: &[Span]) -> Result<Vec<Span>, FlashError> {
        let sectors = matches!(self.identity.part.protection, ProtectScheme::SectorLocks { .. });
        let opcode = if sectors { SECTOR_READ } else { BLOCK_READ };
        let width = self.widen(size, true)?;
        let commands = block_commands(opcode, units, width);
        let mut answers = vec![[0u8; 1]; units.len()];
        let mut batch: Vec<_> =
            commands.iter().zip(&mut answers).map(|(c, a)| Transaction::read(c, a)).collect();
        self.programmer.run(&mut batch)?;
        drop(batch);
        self.widen(size, false)?;
        Ok(units.iter().zip(&answers).filter(|(_, [a])| a & 1 == 1).map(|(u, _)| *u).collect())
    }

    pub(super) fn unlock_blocks(&mut self, die: Span, spans: &Spans) -> Result<Unlocked, FlashError> {
        let size = die.len();
        let registers = self.read_registers()?;
        let state = status::decode(&self.identity.part, size, registers);
        let units = self.lock_units(size, state.block_locks);
        let units: Vec<Span> = units.into_iter().filter(|u| spans.overlaps(*u)).collect();
        let locked = self.locked_units(size, &units)?;
        self.run_blocks(size, BLOCK_UNLOCK, &locked)?;
        let left: Spans = self.locked_units(size, &locked)?.into_iter().collect();
        if !left.is_empty() {
            return Err(FlashError::Protected { spans: left, why: StillProtected::BlockLocksStay });
        }
        self.status_of(die)?;
        Ok(Unlocked { volatile: true, blocks: locked, ..Unlocked::default() })
    }

    /// Sets the locks of these blocks.
    pub(super) fn lock_blocks(&mut self, die: Span, blocks: &[Span]) -> Result<(), FlashError> {
        self.run_blocks(die.len(), BLOCK_LOCK, blocks)
    }

    fn run_blocks(&mut self, size: u64, opcode: u8, blocks: &[Span]) -> Result<(), FlashError> {
        if blocks.is_empty() {
            return Ok(());
        }
        let width = self.widen(size, true)?;
        let result = self.run_enabled(&block_commands(opcode, blocks, width));
        self.widen(size, false)?;
        result
    }

    /// SST26's register, read until two reads agree.
    fn read_block_register(&mut self, size: u64) -> Result<Vec<u8>, FlashError> {
        let len = block_register_len(size);
        let mut last = command::read(&mut self.programmer, &[READ_BLOCK_PROTECTION], len)?;
        for _ in 0..8 {
            let again = command::read(&mut self.programmer, &[READ_BLOCK_PROTECTION], len)?;
            if again == last {
                return Ok(again);
            }
            last = again;
        }
        Err(FlashError::UnstableRead { what: "the block-protection register".into() })
    }

    /// Lifts every lock of an SST26, they are all set after each power-up; `spans` must be free then.
    pub(super) fn unlock_sst26(&mut self, die: Span, spans: &Spans) -> Result<Unlocked, FlashError> {
        let size = die.len();
        let before = self.read_block_register(size)?;
        self.run_enabled(&[vec![GLOBAL_UNLOCK]])?;
        let left = register_locks(size, &self.read_block_register(size)?).intersection(spans);
        if !left.is_empty() {
            return Err(FlashError::Protected { spans: left, why: StillProtected::BlockRegisterStays });
        }
        self.status_of(die)?;
        Ok(Unlocked { volatile: true, block_register: Some(before), ..Unlocked::default() })
    }

    /// Writes SST26's register.
    pub(super) fn write_block_register(&mut self, bytes: &[u8]) -> Result<(), FlashError> {
        let mut command = vec![WRITE_BLOCK_PROTECTION];
        command.extend_from_slice(bytes);
        Ok(self.programmer.run(&mut [
            Transaction::write(&[WRITE_ENABLE]),
            Transaction::write(&command),
            Transaction::write(&[WRITE_DISABLE]),
        ])?)
    }
}

fn block_commands(opcode: u8, units: &[Span], width: u8) -> Vec<Vec<u8>> {
    units.iter().map(|u| command::with_address(opcode, u.start, width)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_protection_register_is_as_long_as_known() {
        assert_eq!([512 << 10, 2 << 20, 4 << 20, 8 << 20].map(block_register_len), [3, 6, 10, 18]);
    }

    #[test]
    fn the_block_protection_register_after_power_up_locks_every_byte_against_writes() {
        let size = 4 << 20;
        let whole = Spans::from(Span::new(0, size));
        let register = block_register(size, &whole);
        assert_eq!(register, [[0x55; 2].as_slice(), &[0xFF; 8]].concat(), "as the data sheet gives it");
        assert_eq!(register_locks(size, &register), whole);
        for (span, byte, bit) in [
            (Span::new(0x3F_E000, 0x40_0000), 0, 0x40),
            (Span::new(0, 0x2000), 1, 0x01),
            (Span::new(0x3F_0000, 0x3F_8000), 2, 0x80),
            (Span::new(0x8000, 0x1_0000), 2, 0x40),
            (Span::new(0x3E_0000, 0x3F_0000), 2, 0x20),
            (Span::new(0x1_0000, 0x2_0000), 9, 0x01),
        ] {
            let mut one = [0; 10];
            one[byte] = bit;
            assert_eq!(block_register(size, &Spans::from(span)), one, "{span}");
            assert_eq!(register_locks(size, &one), Spans::from(span), "{span}");
        }
    }
}
