//! Protection set to exactly a range, or cleared: for the user who wants it so, not for a session's unlock.
//!
//! First a plan, which only reads; then the write, read back. Volatile unless asked otherwise, and never non-volatile
//! without having been asked. Bits that cannot be undone are never part of it: a setting that would need one (TB on
//! Macronix) counts as not there.

use super::FlashError;
use super::chip::Chip;
use super::locks::block_register;
use super::part::{BpBits, BpRule, Part, ProtectScheme, Register, RegisterBit, StatusEnable};
use super::protect::{self, Bp, Registers};
use super::reach::inside;
use super::status::{self, Status};
use super::unlock::Lasting;
use super::unprotectable::{StillProtected, Unprotectable};
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// What would be sent to protect exactly a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectionPlan {
    /// A plan for each die, where a chip has several; nothing else is planned then.
    pub dies: Vec<(Span, ProtectionPlan)>,
    /// The state before.
    pub before: Status,
    /// What will be protected.
    pub wanted: Spans,
    /// How long it lasts.
    pub lasting: Lasting,
    /// The status registers as they will be, where they change; or are written because only the volatile copy is seen.
    pub registers: Option<Registers>,
    /// Blocks whose own lock is lifted.
    pub lift: Spans,
    /// Blocks whose own lock is set.
    pub set: Vec<Span>,
    /// SST26's block-protection register as it will be.
    pub block_register: Option<Vec<u8>>,
}

impl ProtectionPlan {
    /// A plan that changes nothing yet.
    fn nothing(before: Status, wanted: &Spans, lasting: Lasting) -> Self {
        Self {
            before,
            wanted: wanted.clone(),
            lasting,
            registers: None,
            lift: Spans::new(),
            set: Vec::new(),
            block_register: None,
            dies: Vec::new(),
        }
    }

    /// True where the chip is in this state already and nothing is sent.
    pub fn is_empty(&self) -> bool {
        self.registers.is_none()
            && self.lift.is_empty()
            && self.set.is_empty()
            && self.block_register.is_none()
            && self.dies.iter().all(|(_, plan)| plan.is_empty())
    }

    /// Each status register that is written: its name, its value now and then.
    pub fn writes(&self) -> Vec<(Register, u8, u8)> {
        let Some(after) = self.registers else {
            return self.dies.iter().flat_map(|(_, plan)| plan.writes()).collect();
        };
        [Register::Sr1, Register::Sr2, Register::Sr3]
            .into_iter()
            .filter_map(|r| Some((r, self.before.registers.get(r)?, after.get(r)?)))
            .filter(|(_, now, then)| now != then || self.lasting == Lasting::Permanent)
            .collect()
    }
}

impl<P: Programmer> Chip<P> {
    /// Every range that this part's own bits can protect, from small to large; empty where its blocks have locks of
    /// their own (any set of blocks goes) or nothing is known.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub fn protectable(&mut self) -> Result<Vec<Spans>, FlashError> {
        let die = self.first_die();
        let state = self.status_of(die)?;
        Ok(match &self.identity.part.protection {
            ProtectScheme::Bp(bits) => {
                possible(bits, &self.identity.part, die.len(), state.bp.unwrap_or_default())
            }
            _ => Vec::new(),
        })
    }

    /// True where protection can be changed until power-off only.
    pub fn protects_volatile(&self) -> bool {
        let part = &self.identity.part;
        match part.protection {
            ProtectScheme::Bp(_) => part.status.enable != StatusEnable::Wren,
            ProtectScheme::SectorLocks { .. } | ProtectScheme::Sst26 => true,
            ProtectScheme::None | ProtectScheme::Unknown => false,
        }
    }

    /// True where protection can be changed to stay over power-off.
    pub fn protects_permanent(&self) -> bool {
        let part = &self.identity.part;
        matches!(part.protection, ProtectScheme::Bp(_)) && part.status.enable != StatusEnable::Only50
    }

    /// What would have to be sent to protect exactly `wanted` (empty: nothing), until power-off or, where
    /// `permanent`, non-volatile. Sends nothing that changes the chip.
    ///
    /// # Errors
    /// [`FlashError::Unsupported`] where the part has no such setting, naming the ranges it has.
    pub fn plan_protection(&mut self, wanted: &Spans, permanent: bool) -> Result<ProtectionPlan, FlashError> {
        if let Some(last) = wanted.iter().last() {
            self.check_inside(last)?;
        }
        let lasting = if permanent { Lasting::Permanent } else { Lasting::Volatile };
        if !self.has_dies() {
            return self.plan_die(self.first_die(), wanted, lasting);
        }
        let mut plan = ProtectionPlan::nothing(self.status()?, wanted, lasting);
        for die in self.dies() {
            plan.dies.push((die, self.plan_die(die, &inside(wanted, die), lasting)?));
        }
        Ok(plan)
    }

    /// The plan for one die; `wanted` counts from its start.
    fn plan_die(
        &mut self,
        die: Span,
        wanted: &Spans,
        lasting: Lasting,
    ) -> Result<ProtectionPlan, FlashError> {
        let plan = ProtectionPlan::nothing(self.status_of(die)?, wanted, lasting);
        let (size, permanent) = (die.len(), lasting == Lasting::Permanent);
        match self.identity.part.protection.clone() {
            // Locks of single blocks are volatile; what is to last needs the BP bits, and those in force.
            ProtectScheme::Bp(bits) if plan.before.block_locks != Some(true) || permanent => {
                self.plan_bits(&bits, size, plan)
            }
            ProtectScheme::Bp(_) | ProtectScheme::SectorLocks { .. } => self.plan_locks(size, plan),
            ProtectScheme::Sst26 => self.plan_sst26(size, plan),
            ProtectScheme::None | ProtectScheme::Unknown => {
                Err(self.unprotectable(Unprotectable::SchemeUnknown))
            }
        }
    }

    /// Carries a plan out and reads back. Gives the status then.
    ///
    /// # Errors
    /// [`FlashError::StatusRefused`], [`FlashError::Protected`] with the likely reason where the chip ignored it.
    pub fn write_protection(&mut self, plan: &ProtectionPlan) -> Result<Status, FlashError> {
        self.check_writable()?;
        if plan.dies.is_empty() {
            return self.write_die(self.first_die(), plan);
        }
        for (die, one) in &plan.dies {
            self.write_die(*die, one)?;
        }
        let status = self.status()?;
        as_planned(plan, status)
    }

    /// Carries out the plan for one die.
    fn write_die(&mut self, die: Span, plan: &ProtectionPlan) -> Result<Status, FlashError> {
        self.select_die(die.start)?;
        if let Some(after) = &plan.registers {
            self.write_registers(die, &plan.before.registers, after, plan.lasting)?;
        }
        if !plan.lift.is_empty() {
            self.unlock_blocks(die, &plan.lift)?;
        }
        self.lock_blocks(die, &plan.set)?;
        if let Some(register) = &plan.block_register {
            self.unlock_sst26(die, &Spans::new())?;
            self.write_block_register(register)?;
        }
        let status = self.status_of(die)?;
        as_planned(plan, status)
    }

    /// [`plan_protection`](Self::plan_protection) and [`write_protection`](Self::write_protection) in one.
    ///
    /// # Errors
    /// Theirs.
    pub fn set_protection(&mut self, wanted: &Spans, permanent: bool) -> Result<Status, FlashError> {
        self.check_writable()?;
        let plan = self.plan_protection(wanted, permanent)?;
        self.write_protection(&plan)
    }

    fn unprotectable(&self, why: Unprotectable) -> FlashError {
        FlashError::Unprotectable { part: self.identity.part_name.clone(), why }
    }

    fn plan_bits(
        &self,
        bits: &BpBits,
        size: u64,
        mut plan: ProtectionPlan,
    ) -> Result<ProtectionPlan, FlashError> {
        let part = &self.identity.part;
        let current = plan.before.bp.unwrap_or_default();
        let setting = choose(bits, part, size, &plan.wanted, current).ok_or_else(|| {
            let possible = possible(bits, part, size, current);
            self.unprotectable(Unprotectable::Exactly { wanted: plan.wanted.clone(), possible })
        })?;
        let mut after = protect::with_bp(bits, plan.before.registers, setting);
        if let (Some(wps), Some(true)) = (bits.wps, plan.before.block_locks) {
            if part.forever.contains(&wps) {
                return Err(self.unprotectable(Unprotectable::OnlyBlockLocks));
            }
            after = after.with(wps, false);
        }
        let permanent = plan.lasting == Lasting::Permanent;
        match (part.status.enable, permanent) {
            _ if after == plan.before.registers && !(permanent && self.hides_lasting_bits()) => {
                return Ok(plan);
            }
            (StatusEnable::Wren, false) => return Err(self.unprotectable(Unprotectable::OnlyLasting)),
            (StatusEnable::Only50, true) => return Err(self.unprotectable(Unprotectable::NothingLasts)),
            _ => {}
        }
        plan.registers = Some(after);
        Ok(plan)
    }

    /// The registers read may be a volatile copy over others that last.
    fn hides_lasting_bits(&self) -> bool {
        self.identity.part.status.enable == StatusEnable::VolatileOrWren
    }

    fn plan_locks(&mut self, size: u64, mut plan: ProtectionPlan) -> Result<ProtectionPlan, FlashError> {
        if plan.lasting == Lasting::Permanent {
            return Err(self.unprotectable(Unprotectable::NothingLasts));
        }
        let units = self.lock_units(size, plan.before.block_locks);
        self.whole_units(&units, &plan.wanted)?;
        let locked = self.locked_units(size, &units)?;
        let wanted = plan.wanted.clone();
        plan.lift = locked.iter().filter(|u| !wanted.covers(**u)).copied().collect();
        plan.set = units.into_iter().filter(|u| wanted.covers(*u) && !locked.contains(u)).collect();
        Ok(plan)
    }

    fn plan_sst26(&mut self, size: u64, mut plan: ProtectionPlan) -> Result<ProtectionPlan, FlashError> {
        if plan.lasting == Lasting::Permanent {
            return Err(self.unprotectable(Unprotectable::NothingLasts));
        }
        self.whole_units(&self.lock_units(size, None), &plan.wanted)?;
        if plan.before.protected != plan.wanted {
            plan.block_register = Some(block_register(size, &plan.wanted));
        }
        Ok(plan)
    }

    fn whole_units(&self, units: &[Span], wanted: &Spans) -> Result<(), FlashError> {
        match units.iter().find(|u| wanted.overlaps(**u) && !wanted.covers(**u)) {
            Some(lock) => Err(self.unprotectable(Unprotectable::LockLarger { lock: *lock })),
            None => Ok(()),
        }
    }
}

/// The status after the write, where it protects what the plan wanted.
fn as_planned(plan: &ProtectionPlan, status: Status) -> Result<Status, FlashError> {
    let known = status.protection_known || plan.wanted.is_empty();
    if !known || status.protected == plan.wanted {
        return Ok(status);
    }
    let missing = plan.wanted.difference(&status.protected);
    let spans = if missing.is_empty() { status.protected.difference(&plan.wanted) } else { missing };
    let lock = status::register_lock(&status);
    Err(FlashError::Protected { spans, why: StillProtected::ReadBackDiffers(lock) })
}

/// TB, SEC and CMP that may not be changed, because their bit stays forever.
fn reachable(bits: &BpBits, part: &Part, current: Bp, setting: Bp) -> bool {
    let same = |bit: Option<RegisterBit>, now: bool, then: bool| {
        now == then || bit.is_none_or(|b| !part.forever.contains(&b))
    };
    same(bits.tb, current.tb, setting.tb)
        && same(bits.sec, current.sec, setting.sec)
        && same(bits.cmp, current.cmp, setting.cmp)
}

/// Settings whose meaning is certain and that change no bit that stays forever.
fn certain(bits: &BpBits, part: &Part, current: Bp) -> impl Iterator<Item = Bp> {
    let most = ((1u16 << bits.bp.len().min(7)) - 1) as u8;
    protect::settings(bits).filter(move |s| reachable(bits, part, current, *s)).filter(move |s| {
        let ends = s.bp == 0 || s.bp == most;
        match bits.rule {
            // Nothing and everything, with the other bits as they are.
            BpRule::Opaque => ends && !s.cmp && (s.tb, s.sec) == (current.tb, current.sec),
            // SEC with the last but one is in no table.
            _ => !s.sec || s.bp + 1 != most,
        }
    })
}

/// The setting for `wanted` that changes least.
fn choose(bits: &BpBits, part: &Part, size: u64, wanted: &Spans, current: Bp) -> Option<Bp> {
    certain(bits, part, current)
        .filter(|s| protect::range(bits.rule, bits.bp.len(), size, *s) == *wanted)
        .min_by_key(|s| protect::changes(*s, current))
}

/// Every range the part can protect, each once, from small to large.
fn possible(bits: &BpBits, part: &Part, size: u64, current: Bp) -> Vec<Spans> {
    let mut ranges: Vec<Spans> =
        certain(bits, part, current).map(|s| protect::range(bits.rule, bits.bp.len(), size, s)).collect();
    ranges.sort_by_key(|r| (r.len(), r.as_slice().first().map(|s| s.start)));
    ranges.dedup();
    ranges
}
