//! Lifting protection for a session and putting it back: volatile where the part can, read back, explained.
//!
//! Only BP and CMP change (and single-block locks where those are in force); QE, LB, DRV, HOLD, TB and SEC stay. A
//! register is written only from readings that agreed twice, because a wrong lock bit would stay for ever.

use super::chip::Chip;
use super::command::{self, WRITE_ENABLE};
use super::describe;
use super::part::ProtectScheme;
use super::permit::Permit;
use super::protect::{self, Bp, Registers};
use super::status::{self, Status, StatusWrite};
use super::wait::{Steady, Watch, wait_ready};
use super::{FlashError, part::StatusEnable};
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};
use crate::units::KIB;

/// What an unlock changed, to be put back by `relock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlocked {
    /// The registers as they were; `None` where none was written.
    pub registers: Option<Registers>,
    /// True where the change is gone at power-off by itself.
    pub volatile: bool,
    /// Blocks whose own lock was lifted.
    pub blocks: Vec<Span>,
}

/// Opcodes of single-block locks: lock, unlock, read, and whether an unlocked block reads as 0 in bit 0 or as 00.
const BLOCK_LOCK: u8 = 0x36;
const BLOCK_UNLOCK: u8 = 0x39;
const BLOCK_READ: u8 = 0x3D;
const SECTOR_READ: u8 = 0x3C;

impl<P: Programmer> Chip<P> {
    /// Makes `spans` writable, by volatile writes where the part has them; nothing is sent where they already are.
    ///
    /// # Errors
    /// [`FlashError::StatusRefused`] with the likely reason; [`FlashError::Protected`] where the scheme is not known.
    pub fn unlock(&mut self, spans: &Spans, permit: &Permit) -> Result<Unlocked, FlashError> {
        for span in spans.iter() {
            self.check_write(span, permit)?;
        }
        let state = self.status()?;
        let hit = state.protected.intersection(spans);
        if hit.is_empty() {
            return Ok(Unlocked::default());
        }
        if state.block_locks == Some(true)
            || matches!(self.identity.part.protection, ProtectScheme::SectorLocks { .. })
        {
            return self.unlock_blocks(spans);
        }
        let ProtectScheme::Bp(bits) = &self.identity.part.protection else {
            return Err(FlashError::Protected {
                spans: hit,
                why: format!(
                    "SR1 is {:#04x} and the protection scheme of {} is not known",
                    state.registers.sr1, self.identity.part_name
                ),
            });
        };
        let open = Bp { bp: 0, cmp: false, ..state.bp.unwrap_or_default() };
        let wanted = protect::with_bp(bits, state.registers, open);
        let volatile = self.write_registers(&state.registers, &wanted)?;
        Ok(Unlocked { registers: Some(state.registers), volatile, blocks: Vec::new() })
    }

    /// Puts back what [`unlock`](Self::unlock) changed.
    ///
    /// # Errors
    /// As for `unlock`; the chip may be left unprotected then.
    pub fn relock(&mut self, unlocked: Unlocked) -> Result<(), FlashError> {
        if let Some(before) = unlocked.registers {
            let now = self.read_registers()?;
            self.write_registers(&now, &before)?;
        }
        let lock = self.block_commands(BLOCK_LOCK, &unlocked.blocks);
        self.run_enabled(&lock)
    }

    /// Writes the registers, volatile first; a part that ignores that is asked again non-volatile. Gives whether the
    /// change was volatile.
    pub(super) fn write_registers(
        &mut self,
        now: &Registers,
        wanted: &Registers,
    ) -> Result<bool, FlashError> {
        let name = self.identity.part_name.clone();
        let impossible = || FlashError::Unsupported(format!("{name} has no way to write these status bits"));
        let volatile = self.identity.part.status.enable == StatusEnable::VolatileOrWren;
        let mut kinds = vec![volatile];
        if volatile {
            kinds.push(false);
        }
        let mut last = None;
        for volatile in kinds {
            let writes = status::writes(&self.identity.part, now, wanted, volatile).ok_or_else(impossible)?;
            if writes.is_empty() {
                return Ok(volatile);
            }
            self.send_status(&writes, wanted)?;
            let state = self.status()?;
            let Some((register, wanted, found)) = status::first_difference(wanted, &state.registers) else {
                return Ok(volatile);
            };
            last =
                Some(FlashError::StatusRefused { register, wanted, found, why: status::why_refused(&state) });
            if state.srl == Some(true) {
                break;
            }
        }
        // Invariant: the loop ran at least once and left its refusal.
        Err(last.unwrap_or_else(impossible))
    }

    pub(super) fn send_status(
        &mut self,
        writes: &[StatusWrite],
        wanted: &Registers,
    ) -> Result<(), FlashError> {
        let busy = describe::write_status_time(&self.identity.part);
        for write in writes {
            self.programmer
                .run(&mut [Transaction::write(&[write.enable]), Transaction::write(&write.bytes)])?;
            // SR1 is on its way from one value to the other: neither bit is a sign of a lost bus.
            let moving = self.steady.value ^ wanted.sr1;
            let steady = Steady { may_change: self.steady.may_change | moving, ..self.steady };
            let watch = if write.volatile { Watch::now(busy) } else { Watch::typical(busy) };
            wait_ready(&mut self.programmer, steady, busy, watch, &|| "the status register write".into())?;
            // A refused write must not leave write enable set.
            command::send(&mut self.programmer, &[command::WRITE_DISABLE])?;
        }
        Ok(())
    }

    /// The blocks that have a lock of their own, in order; empty where the part has none in force.
    fn lock_units(&self, state: &Status) -> Vec<Span> {
        let size = self.geometry.size;
        let block = 64 * KIB;
        match &self.identity.part.protection {
            ProtectScheme::SectorLocks { sector } => Span::new(0, size).pieces((*sector).max(1)).collect(),
            _ if state.block_locks != Some(true) => Vec::new(),
            // W25Q128FV figure 4d: 4 KiB sectors in the first and the last 64 KiB, blocks in between.
            _ => Span::new(0, size)
                .pieces(block)
                .flat_map(|b| {
                    b.pieces(if b.start == 0 || b.end == size { 4 * KIB } else { block }).collect::<Vec<_>>()
                })
                .collect(),
        }
    }

    /// The ranges whose own lock is set; `None` where the part has no such locks in force.
    pub(super) fn read_locks(&mut self, state: &Status) -> Result<Option<Spans>, FlashError> {
        let units = self.lock_units(state);
        if units.is_empty() || state.protected.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.locked_units(&units)?.into_iter().collect()))
    }

    fn locked_units(&mut self, units: &[Span]) -> Result<Vec<Span>, FlashError> {
        let sectors = matches!(self.identity.part.protection, ProtectScheme::SectorLocks { .. });
        let opcode = if sectors { SECTOR_READ } else { BLOCK_READ };
        let commands = self.block_commands(opcode, units);
        let mut answers = vec![[0u8; 1]; units.len()];
        let mut batch: Vec<_> =
            commands.iter().zip(&mut answers).map(|(c, a)| Transaction::read(c, a)).collect();
        self.programmer.run(&mut batch)?;
        drop(batch);
        Ok(units.iter().zip(&answers).filter(|(_, [a])| a & 1 == 1).map(|(u, _)| *u).collect())
    }

    fn block_commands(&self, opcode: u8, units: &[Span]) -> Vec<Vec<u8>> {
        units.iter().map(|u| command::with_address(opcode, u.start, self.addressing.width)).collect()
    }

    fn unlock_blocks(&mut self, spans: &Spans) -> Result<Unlocked, FlashError> {
        let registers = self.read_registers()?;
        let state = status::decode(&self.identity.part, registers);
        let units: Vec<Span> = self.lock_units(&state).into_iter().filter(|u| spans.overlaps(*u)).collect();
        let locked = self.locked_units(&units)?;
        let commands = self.block_commands(BLOCK_UNLOCK, &locked);
        self.run_enabled(&commands)?;
        let left: Spans = self.locked_units(&locked)?.into_iter().collect();
        if !left.is_empty() {
            let why = "single-block locks stay set; SRL or SRP with WP# low may hold them".into();
            return Err(FlashError::Protected { spans: left, why });
        }
        self.status()?;
        Ok(Unlocked { registers: None, volatile: true, blocks: locked })
    }

    /// Commands that each need write enable and take no time.
    fn run_enabled(&mut self, commands: &[Vec<u8>]) -> Result<(), FlashError> {
        if commands.is_empty() {
            return Ok(());
        }
        let mut batch = Vec::with_capacity(commands.len() * 2 + 1);
        for command in commands {
            batch.push(Transaction::write(&[WRITE_ENABLE]));
            batch.push(Transaction::write(command));
        }
        batch.push(Transaction::write(&[command::WRITE_DISABLE]));
        Ok(self.programmer.run(&mut batch)?)
    }
}
