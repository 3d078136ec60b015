//! The write protection of the array: its state, and changing it.

use super::conditions::Desk;
use super::front::{Front, Notice};
use super::programmer::AnyChip;
use super::{Question, Refusal};
use crate::flash::{ProtectionPlan, Status};
use crate::span::{Span, Spans};
use crate::units::parse_size;
use crate::workflow::Cause;

/// The write protection of a chip.
#[derive(Clone, Debug)]
pub struct Protection {
    /// The part.
    pub part: String,
    /// Its status registers, and what they protect.
    pub status: Status,
    /// It can be changed until the next power-off.
    pub volatile_possible: bool,
    /// It can be changed beyond power-off.
    pub permanent_possible: bool,
}

impl Protection {
    fn new(chip: &AnyChip, status: Status) -> Self {
        Self {
            part: chip.identity().part_name.clone(),
            status,
            volatile_possible: chip.protects_volatile(),
            permanent_possible: chip.protects_permanent(),
        }
    }
}

/// What is to be protected; nothing else is then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protect {
    /// The whole array.
    Everything,
    /// These ranges.
    Ranges(Spans),
}

/// A range as written: `all`, `0x20000+128K`, `0x20000..0x40000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectRange {
    /// The whole array.
    All,
    /// These bytes.
    Span(Span),
}

impl std::str::FromStr for ProtectRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self::All);
        }
        let fault = || format!("'{text}' is not a range; write all, 0x20000+128K or 0x20000..0x40000");
        let span = if let Some((start, end)) = text.split_once("..") {
            Some(Span::new(parse_size(start)?, parse_size(end)?))
        } else {
            let (start, len) = text.split_once('+').ok_or_else(fault)?;
            Span::at(parse_size(start)?, parse_size(len)?)
        };
        span.filter(|s| !s.is_empty()).map(Self::Span).ok_or_else(fault)
    }
}

impl From<&[ProtectRange]> for Protect {
    /// What the ranges mean together.
    fn from(ranges: &[ProtectRange]) -> Self {
        let spans = ranges.iter().map(|range| match range {
            ProtectRange::All => None,
            ProtectRange::Span(span) => Some(*span),
        });
        spans.collect::<Option<Spans>>().map_or(Protect::Everything, Protect::Ranges)
    }
}

/// How a change of the protection ended.
#[derive(Clone, Debug)]
pub struct ProtectionChanged {
    /// The state now.
    pub now: Protection,
    /// The change was not needed: nothing was sent.
    pub needless: bool,
    /// The change was written and read back. False in a dry run too.
    pub written: bool,
}

impl Desk {
    /// The protection of the chip on the clip, and what this part could protect.
    ///
    /// # Errors
    /// Any [`Refusal`]; the chip is untouched.
    pub fn protection(&self, front: &dyn Front) -> Result<(Protection, Vec<Spans>), Refusal> {
        self.with_chip(front, |chip, _| {
            let status = chip.status()?;
            let possible = chip.protectable()?;
            Ok((Protection::new(chip, status), possible))
        })
    }

    /// Protects exactly what is wanted, until power-off or permanently; the permanent change is asked about
    /// ([`Question::Protect`]). What will be sent is reported before ([`Notice::ProtectionPlanned`]).
    ///
    /// # Errors
    /// Any [`Refusal`]; before the first write the chip is untouched.
    pub fn protect(
        &self,
        front: &dyn Front,
        wanted: &Protect,
        permanent: bool,
    ) -> Result<ProtectionChanged, Refusal> {
        self.with_chip_to_write(front, |chip, _| {
            let wanted = match wanted {
                Protect::Everything => [Span::new(0, chip.geometry().size)].into_iter().collect(),
                Protect::Ranges(ranges) => ranges.clone(),
            };
            let planned = chip.plan_protection(&wanted, permanent);
            let plan: ProtectionPlan = planned.map_err(|error| Refusal::from(error).untouched())?;
            let _ = front.notice(Notice::ProtectionPlanned { plan: &plan, wanted: &wanted });
            let needless = plan.is_empty();
            if needless || self.dry_run {
                let now = Protection::new(chip, plan.before);
                return Ok(ProtectionChanged { now, needless, written: false });
            }
            if permanent && !front.confirms(&Question::Protect(&plan)) {
                return Err(Cause::Unconfirmed.untouched().into());
            }
            let status = chip.write_protection(&plan)?;
            Ok(ProtectionChanged { now: Protection::new(chip, status), needless, written: true })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_three_forms() {
        let range = |text: &str| text.parse::<ProtectRange>();
        assert_eq!(range("all"), Ok(ProtectRange::All));
        let span = Ok(ProtectRange::Span(Span::new(0x2_0000, 0x4_0000)));
        assert_eq!(range("0x20000+128K"), span);
        assert_eq!(range("128K..0x40000"), span);
        for text in ["", "0x20000", "0x20000+0", "4..4", "8..4", "x+1", "0xffffffffffffffff+2"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
