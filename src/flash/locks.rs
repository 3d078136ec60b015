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

/// Bytes of SST26's block-protection register: one bit a 64 KiB block but the first and last, which are one bit for
/// 32 KiB and two bits (read and write) for each of four 8 KiB.
pub(super) fn block_register_len(size: u64) -> usize {
    (((size / (64 * KIB)).saturating_sub(2) + 18) / 8) as usize
}

impl<P: Programmer> Chip<P> {
    /// The blocks that have a lock of their own, in order; empty where the part has none in force.
    pub(super) fn lock_units(&self, block_locks: Option<bool>) -> Vec<Span> {
        let size = self.geometry.size;
        let block = 64 * KIB;
        match &self.identity.part.protection {
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
    pub(super) fn read_locks(&mut self, state: &Status) -> Result<Option<Spans>, FlashError> {
        if self.identity.part.protection == ProtectScheme::Sst26 {
            let open = self.read_block_register()?.iter().all(|b| *b == 0);
            return Ok(open.then(Spans::new));
        }
        let units = self.lock_units(state.block_locks);
        if units.is_empty() || state.protected.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.locked_units(&units)?.into_iter().collect()))
    }

    pub(super) fn locked_units(&mut self, units: &[Span]) -> Result<Vec<Span>, FlashError> {
        let sectors = matches!(self.identity.part.protection, ProtectScheme::SectorLocks { .. });
        let opcode = if sectors { SECTOR_READ } else { BLOCK_READ };
        let width = self.widen(true)?;
        let commands = block_commands(opcode, units, width);
        let mut answers = vec![[0u8; 1]; units.len()];
        let mut batch: Vec<_> =
            commands.iter().zip(&mut answers).map(|(c, a)| Transaction::read(c, a)).collect();
        self.programmer.run(&mut batch)?;
        drop(batch);
        self.widen(false)?;
        Ok(units.iter().zip(&answers).filter(|(_, [a])| a & 1 == 1).map(|(u, _)| *u).collect())
    }

    pub(super) fn unlock_blocks(&mut self, spans: &Spans) -> Result<Unlocked, FlashError> {
        let registers = self.read_registers()?;
        let state = status::decode(&self.identity.part, registers);
        let units = self.lock_units(state.block_locks);
        let units: Vec<Span> = units.into_iter().filter(|u| spans.overlaps(*u)).collect();
        let locked = self.locked_units(&units)?;
        self.run_blocks(BLOCK_UNLOCK, &locked)?;
        let left: Spans = self.locked_units(&locked)?.into_iter().collect();
        if !left.is_empty() {
            let why = "single-block locks stay set; SRL, or SRP with WP# (pin 3) low, may hold them".into();
            return Err(FlashError::Protected { spans: left, why });
        }
        self.status()?;
        Ok(Unlocked { volatile: true, blocks: locked, ..Unlocked::default() })
    }

    /// Sets the locks of these blocks.
    pub(super) fn lock_blocks(&mut self, blocks: &[Span]) -> Result<(), FlashError> {
        self.run_blocks(BLOCK_LOCK, blocks)
    }

    fn run_blocks(&mut self, opcode: u8, blocks: &[Span]) -> Result<(), FlashError> {
        if blocks.is_empty() {
            return Ok(());
        }
        let width = self.widen(true)?;
        let result = self.run_enabled(&block_commands(opcode, blocks, width));
        self.widen(false)?;
        result
    }

    /// SST26's register, read until two reads agree.
    fn read_block_register(&mut self) -> Result<Vec<u8>, FlashError> {
        let len = block_register_len(self.geometry.size);
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

    /// Lifts every lock of an SST26: they are all set after each power-up.
    pub(super) fn unlock_sst26(&mut self) -> Result<Unlocked, FlashError> {
        let before = self.read_block_register()?;
        self.run_enabled(&[vec![GLOBAL_UNLOCK]])?;
        let after = self.read_block_register()?;
        if after.iter().any(|b| *b != 0) {
            return Err(FlashError::Protected {
                spans: Spans::from(Span::new(0, self.geometry.size)),
                why: "blocks stay locked after 98h: they are locked for ever (nVWLDR), or WP# (pin 3) is low"
                    .into(),
            });
        }
        self.status()?;
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
        assert_eq!([2 << 20, 4 << 20, 8 << 20].map(block_register_len), [6, 10, 18]);
    }
}
