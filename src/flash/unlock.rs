//! Lifting protection for a session and putting it back: volatile where the part can, read back, explained.
//!
//! Only BP and CMP change (and single-block locks where those are in force); QE, LB, DRV, HOLD, TB and SEC stay. A
//! register is written only from readings that agreed twice, because a wrong lock bit would stay forever.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, WRITE_DISABLE, WRITE_ENABLE};
use super::describe;
use super::part::{ProtectScheme, Register, StatusEnable};
use super::permit::Permit;
use super::protect::{self, Bp, Registers};
use super::reach::inside;
use super::status::{self, StatusWrite};
use super::unprotectable::{RegisterLock, StillProtected};
use super::wait::{Steady, Watch};
use crate::span::{Span, Spans};
use crate::spi::{Programmer, Transaction};

/// What an unlock changed, to be put back by `relock`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlocked {
    /// The registers as they were; `None` where none was written.
    pub registers: Option<Registers>,
    /// True where the change is gone at power-off by itself.
    pub volatile: bool,
    /// Blocks whose own lock was lifted.
    pub blocks: Vec<Span>,
    /// The block-protection register as it was (SST26).
    pub block_register: Option<Vec<u8>>,
    /// The same for each die that was unlocked, where a chip has several.
    pub dies: Vec<(Span, Unlocked)>,
}

/// How long a status write is to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// Until power-off where the part can, else non-volatile.
    Session,
    /// Until power-off; refused on parts that cannot.
    Volatile,
    /// Non-volatile.
    Permanent,
}

/// BP and TB bits of SR1 on a part whose scheme is not known. Bit 6 is quad enable on some.
const USUAL_BP: u8 = 0x3C;

impl<P: Programmer> Chip<P> {
    /// Makes `spans` writable, by volatile writes where the part has them; nothing is sent where they already are.
    ///
    /// # Errors
    /// [`FlashError::StatusRefused`] with the likely reason; [`FlashError::Protected`] where it cannot be lifted.
    pub fn unlock(&mut self, spans: &Spans, permit: &Permit) -> Result<Unlocked, FlashError> {
        for span in spans.iter() {
            self.check_write(span, permit)?;
        }
        if !self.has_dies() {
            return self.unlock_die(self.first_die(), spans);
        }
        let mut unlocked = Unlocked { volatile: true, ..Unlocked::default() };
        for die in self.dies() {
            let inside = inside(spans, die);
            match self.unlock_die(die, &inside) {
                Ok(one) if one == Unlocked::default() => {}
                Ok(one) => {
                    unlocked.volatile &= one.volatile;
                    unlocked.dies.push((die, one));
                }
                Err(error) => {
                    // What was lifted of the dies before is put back; the first error is the one to report.
                    let _ = self.relock(unlocked);
                    return Err(error);
                }
            }
        }
        Ok(if unlocked.dies.is_empty() { Unlocked::default() } else { unlocked })
    }

    /// Unlocks one die; `spans` count from its start.
    fn unlock_die(&mut self, die: Span, spans: &Spans) -> Result<Unlocked, FlashError> {
        let state = self.status_of(die)?;
        let hit = state.protected.intersection(spans);
        if hit.is_empty() {
            return Ok(Unlocked::default());
        }
        let wanted = match &self.identity.part.protection {
            _ if state.block_locks == Some(true) => return self.unlock_blocks(die, spans),
            ProtectScheme::SectorLocks { .. } => return self.unlock_blocks(die, spans),
            ProtectScheme::Sst26 => return self.unlock_sst26(die, spans),
            ProtectScheme::Bp(bits) => {
                let open = Bp { bp: 0, cmp: false, ..state.bp.unwrap_or_default() };
                protect::with_bp(bits, state.registers, open)
            }
            ProtectScheme::Unknown | ProtectScheme::None if self.one_byte_is_safe() => {
                Registers { sr1: state.registers.sr1 & !USUAL_BP, ..state.registers }
            }
            ProtectScheme::Unknown | ProtectScheme::None => {
                let part = self.identity.part_name.clone();
                let why = StillProtected::SchemeUnknown { sr1: state.registers.sr1, part };
                return Err(FlashError::Protected { spans: hit, why });
            }
        };
        let volatile = self.write_registers(die, &state.registers, &wanted, Lasting::Session)?;
        Ok(Unlocked { registers: Some(state.registers), volatile, ..Unlocked::default() })
    }

    /// Puts back what [`unlock`](Self::unlock) changed, after the end of what is at work.
    ///
    /// # Errors
    /// As for `unlock`; the chip may be left unprotected then.
    pub fn relock(&mut self, mut unlocked: Unlocked) -> Result<(), FlashError> {
        if unlocked != Unlocked::default() {
            self.close_work()?;
        }
        for (die, one) in std::mem::take(&mut unlocked.dies) {
            self.relock_die(die, one)?;
        }
        self.relock_die(self.first_die(), unlocked)
    }

    fn relock_die(&mut self, die: Span, unlocked: Unlocked) -> Result<(), FlashError> {
        self.select_die(die.start)?;
        if let Some(before) = unlocked.registers {
            let now = self.read_registers()?;
            self.write_registers(die, &now, &before, Lasting::Session)?;
        }
        if let Some(before) = unlocked.block_register {
            self.write_block_register(&before)?;
        }
        self.lock_blocks(die, &unlocked.blocks)
    }

    /// False where `01` with one byte may clear bits of SR2 that could not be put back.
    fn one_byte_is_safe(&self) -> bool {
        let rule = self.identity.sfdp_decoded.as_ref().and_then(|s| s.basic.quad_enable);
        self.identity.part.status.read_sr2.is_some() || matches!(rule, Some(0 | 2 | 4 | 6))
    }

    /// Writes the registers of one die, which is selected, and reads them back. Gives whether the change was volatile.
    ///
    /// A volatile write that the chip does not take is never followed by a lasting one, which has to be asked for. What of
    /// it was taken is put back.
    pub(super) fn write_registers(
        &mut self,
        die: Span,
        now: &Registers,
        wanted: &Registers,
        lasting: Lasting,
    ) -> Result<bool, FlashError> {
        let impossible = || {
            let name = &self.identity.part_name;
            FlashError::Unsupported(format!("{name} has no way to write these status bits like that"))
        };
        let enable = self.identity.part.status.enable;
        let volatile = match (lasting, enable) {
            (Lasting::Session | Lasting::Volatile, StatusEnable::VolatileOrWren | StatusEnable::Only50) => {
                true
            }
            (Lasting::Permanent, StatusEnable::VolatileOrWren | StatusEnable::Wren)
            | (Lasting::Session, StatusEnable::Wren) => false,
            (Lasting::Volatile, StatusEnable::Wren) | (Lasting::Permanent, StatusEnable::Only50) => {
                return Err(impossible());
            }
        };
        let part = self.identity.part.clone();
        let writes = match lasting {
            // What is read may be the volatile copy: the bits below it are not known to be so already.
            Lasting::Permanent if enable == StatusEnable::VolatileOrWren => {
                status::writes_anyway(&part, now, wanted)
            }
            _ => status::writes(&part, now, wanted, volatile),
        };
        let writes = writes.ok_or_else(impossible)?;
        if writes.is_empty() {
            return Ok(volatile);
        }
        self.send_status(&writes, wanted)?;
        let mut state = self.status_of(die)?;
        let wanted = status::without_new_locks(&part, now, wanted);
        // Some parts with an id of old take only SR1 from a two-byte 01 and reach SR2 by 31.
        if let Some((Register::Sr2, ..)) = status::first_difference(&wanted, &state.registers)
            && let Some(write) = status::second_alone(&part, &wanted, volatile)
        {
            self.send_status(&[write], &wanted)?;
            state = self.status_of(die)?;
        }
        let Some((register, wanted, found)) = status::first_difference(&wanted, &state.registers) else {
            return Ok(volatile);
        };
        let lock = status::register_lock(&state);
        let volatile_unproven =
            volatile && !self.volatile_enable_is_proven() && lock != RegisterLock::UntilPowerOff;
        if volatile && let Some(back) = status::writes(&part, &state.registers, now, true) {
            self.send_status(&back, now)?;
            self.status_of(die)?;
        }
        Err(FlashError::StatusRefused { register, wanted, found, lock, volatile_unproven })
    }

    /// Whether a data sheet or the chip itself says that it knows `50`; other tables name it for whole series.
    fn volatile_enable_is_proven(&self) -> bool {
        let part = &self.identity.part;
        let by_chip = self.identity.sfdp_decoded.as_ref().is_some_and(|s| s.basic.status_write & 8 != 0);
        part.status.enable == StatusEnable::Only50 || part.source.starts_with("doc:") || by_chip
    }

    pub(super) fn send_status(
        &mut self,
        writes: &[StatusWrite],
        wanted: &Registers,
    ) -> Result<(), FlashError> {
        let busy = describe::write_status_time(&self.identity.part);
        for write in writes {
            // SR1 is on its way from one value to the other: neither bit is a sign of a lost bus.
            let moving = self.steady.value ^ wanted.sr1;
            let steady = Steady { may_change: self.steady.may_change | moving, ..self.steady };
            let watch = if write.volatile { Watch::now(busy) } else { Watch::typical(busy) };
            self.begin_work(busy, steady);
            self.programmer
                .run(&mut [Transaction::write(&[write.enable]), Transaction::write(&write.bytes)])?;
            self.end_work(busy, steady, watch, &|| "the status register write".into())?;
            // A refused write must not leave write enable set.
            command::send(&mut self.programmer, &[WRITE_DISABLE])?;
        }
        Ok(())
    }

    /// Commands that each need write enable and take no time.
    pub(super) fn run_enabled(&mut self, commands: &[Vec<u8>]) -> Result<(), FlashError> {
        if commands.is_empty() {
            return Ok(());
        }
        let mut batch = Vec::with_capacity(commands.len() * 2 + 1);
        for command in commands {
            batch.push(Transaction::write(&[WRITE_ENABLE]));
            batch.push(Transaction::write(command));
        }
        batch.push(Transaction::write(&[WRITE_DISABLE]));
        Ok(self.programmer.run(&mut batch)?)
    }
}
