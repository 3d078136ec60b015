//! Protection set to exactly a range, or cleared: for the user who wants it so, not for a session's unlock.
//!
//! Volatile unless asked otherwise. Bits that cannot be undone are never part of it: a setting that would need one
//! (TB on Macronix) counts as not there.

use super::FlashError;
use super::chip::Chip;
use super::locks::block_register_len;
use super::part::{BpBits, Part, ProtectScheme};
use super::protect::{self, Bp};
use super::status::Status;
use super::unlock::Lasting;
use crate::span::{Span, Spans};
use crate::spi::Programmer;

impl<P: Programmer> Chip<P> {
    /// Protects exactly `wanted` (empty: nothing), until power-off or, where `permanent`, non-volatile; gives the
    /// status as read back.
    ///
    /// # Errors
    /// [`FlashError::Unsupported`] where the part has no such setting, naming the ranges it has; else as for a status
    /// write.
    pub fn set_protection(&mut self, wanted: &Spans, permanent: bool) -> Result<Status, FlashError> {
        self.check_voltage()?;
        if let Some(last) = wanted.iter().last() {
            self.check_inside(last)?;
        }
        let state = self.status()?;
        let bits = match &self.identity.part.protection {
            ProtectScheme::Bp(bits) if state.block_locks != Some(true) => bits.clone(),
            ProtectScheme::Bp(_) | ProtectScheme::SectorLocks { .. } => {
                return self.set_locks(wanted, permanent, &state);
            }
            ProtectScheme::Sst26 => return self.set_sst26(wanted, permanent),
            ProtectScheme::None | ProtectScheme::Unknown => {
                return Err(FlashError::Unsupported(format!(
                    "the protection scheme of {} is not known",
                    self.identity.part_name
                )));
            }
        };
        let current = state.bp.unwrap_or_default();
        let part = &self.identity.part;
        let setting = choose(&bits, part, wanted, current).ok_or_else(|| {
            let ranges = possible(&bits, part, current);
            let ranges: Vec<String> = ranges.iter().map(Spans::to_string).collect();
            FlashError::Unsupported(format!(
                "{} cannot protect exactly {wanted}; it can protect: {}",
                part.name,
                ranges.join("; ")
            ))
        })?;
        let registers = protect::with_bp(&bits, state.registers, setting);
        let lasting = if permanent { Lasting::Permanent } else { Lasting::Volatile };
        self.write_registers(&state.registers, &registers, lasting)?;
        self.status()
    }

    fn set_locks(&mut self, wanted: &Spans, permanent: bool, state: &Status) -> Result<Status, FlashError> {
        if permanent {
            return Err(FlashError::Unsupported(
                "single-block locks are volatile: they are all set again at power-up".into(),
            ));
        }
        let units = self.lock_units(state.block_locks);
        if let Some(part) = units.iter().find(|u| wanted.overlaps(**u) && !wanted.covers(**u)) {
            return Err(FlashError::Unsupported(format!("{part} has one lock and cannot be locked in part")));
        }
        let locked = self.locked_units(&units)?;
        let lift: Spans = locked.iter().filter(|u| !wanted.covers(**u)).copied().collect();
        let set: Vec<Span> =
            units.iter().filter(|u| wanted.covers(**u) && !locked.contains(u)).copied().collect();
        if !lift.is_empty() {
            self.unlock_blocks(&lift)?;
        }
        self.lock_blocks(&set)?;
        self.status()
    }

    fn set_sst26(&mut self, wanted: &Spans, permanent: bool) -> Result<Status, FlashError> {
        let whole = Spans::from(Span::new(0, self.geometry.size));
        match wanted {
            _ if permanent => {
                return Err(FlashError::Unsupported("SST26 locks are all set again at power-up".into()));
            }
            w if w.is_empty() => {
                self.unlock_sst26()?;
            }
            // As after power-up: the small blocks' write locks set, their read locks not.
            w if *w == whole => {
                let mut register = vec![0xFF; block_register_len(self.geometry.size)];
                register[..2].fill(0x55);
                self.write_block_register(&register)?;
            }
            _ => {
                return Err(FlashError::Unsupported(
                    "on SST26 only everything or nothing can be protected here".into(),
                ));
            }
        }
        self.status()
    }
}

/// TB, SEC and CMP that may not be changed, because their bit stays for ever.
fn reachable(bits: &BpBits, part: &Part, current: Bp, setting: Bp) -> bool {
    let same =
        |bit: Option<_>, now: bool, then: bool| now == then || bit.is_none_or(|b| !part.forever.contains(&b));
    same(bits.tb, current.tb, setting.tb)
        && same(bits.sec, current.sec, setting.sec)
        && same(bits.cmp, current.cmp, setting.cmp)
}

/// The setting for `wanted` that changes least and no bit that stays for ever.
fn choose(bits: &BpBits, part: &Part, wanted: &Spans, current: Bp) -> Option<Bp> {
    protect::settings(bits)
        .filter(|s| reachable(bits, part, current, *s))
        .filter(|s| protect::range(bits.rule, bits.bp.len(), part.size, *s) == *wanted)
        .min_by_key(|s| protect::changes(*s, current))
}

/// Every range the part can protect, each once, from small to large.
fn possible(bits: &BpBits, part: &Part, current: Bp) -> Vec<Spans> {
    let mut ranges: Vec<Spans> = protect::settings(bits)
        .filter(|s| reachable(bits, part, current, *s))
        .map(|s| protect::range(bits.rule, bits.bp.len(), part.size, s))
        .collect();
    ranges.sort_by_key(|r| (r.len(), r.as_slice().first().map(|s| s.start)));
    ranges.dedup();
    ranges
}
