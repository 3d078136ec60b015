//! The chip on the clip, connected: who it is, and the small questions one can ask it.
//!
//! Assumed of the programmer below: a batch runs in order, without branching, chip select high in between. What
//! reads, erases, programs and unlocks is in files of its own, all as methods of [`Chip`].

use super::FlashError;
use super::assumed::Assumed;
use super::command::{self, BUSY, WEL};
use super::connecting::Connecting;
use super::describe::{self, Addressing};
use super::geometry::{Busy, Costs, Geometry};
use super::identify::{self, Identity, Started};
use super::left::{LeftDone, LeftFound, LeftState};
use super::pace::Pace;
use super::part::{OtpMethod, Probe, Register};
use super::permit::Permit;
use super::protect::Registers;
use super::reach::Reach;
use super::resort;
use super::status::{self, Status};
use super::wait::{AtWork, Steady, Watch};
use crate::span::Span;
use crate::spi::{Programmer, SpiError, Transaction};
use crate::units;
use std::collections::BTreeMap;
use std::time::Duration;

/// A chip that has been identified, and the programmer it hangs on.
pub struct Chip<P: Programmer> {
    pub(super) programmer: P,
    pub(super) identity: Identity,
    pub(super) geometry: Geometry,
    pub(super) addressing: Addressing,
    /// SR1 while idle, and the bits that may change during an operation.
    pub(super) steady: Steady,
    pub(super) pace: Pace,
    /// Learned erase times by opcode: when to look for the end.
    pub(super) erase_times: BTreeMap<u8, Watch>,
    /// Erase opcodes that do nothing on this chip, and those that were seen to work.
    pub(super) dead_erases: Vec<u8>,
    pub(super) proven_erases: Vec<u8>,
    pub(super) adapter_confirmed: bool,
    pub(super) reach: Reach,
    /// What was sent last and has not been seen to end.
    pub(super) at_work: Option<AtWork>,
}

/// What write enable and write disable did to WEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteEnableCheck {
    /// SR1 before.
    pub before: u8,
    /// SR1 after `06`.
    pub enabled: u8,
    /// SR1 after `04`.
    pub disabled: u8,
}

impl WriteEnableCheck {
    /// WEL was off, went on and went off again, and nothing else changed.
    pub fn passed(&self) -> bool {
        let others = |s: u8| s & !WEL;
        self.before & (WEL | BUSY) == 0
            && self.enabled & (WEL | BUSY) == WEL
            && self.disabled & (WEL | BUSY) == 0
            && others(self.before) == others(self.enabled)
            && others(self.before) == others(self.disabled)
    }
}

/// How often `04` is sent until WEL is cleared.
const DISABLES: usize = 8;
/// Least margin over the learned page time, in thousandths: programmers that pause look at the chip's status in steps
/// of a byte time and need little; the others wait by status bytes, whose steps are coarser.
const MARGIN_PAUSES: u32 = 20;
const MARGIN_RUNS: u32 = 150;
/// Pages a batch: enough that the round trip is under a hundredth of it, within these bounds.
const PAGES_A_BATCH: std::ops::RangeInclusive<u128> = 16..=64;

impl<P: Programmer> Chip<P> {
    /// Wakes and identifies the chip. Sends nothing that changes it: no `06`, no `50`.
    ///
    /// # Errors
    /// [`FlashError::NoChip`], [`FlashError::Unstable`], [`FlashError::UnknownPart`], or what failed below.
    pub fn connect(programmer: P) -> Result<Self, FlashError> {
        Self::connect_telling(programmer, &mut |_| {})
    }

    /// The same; `tell` is called before a long wait: an erase that a killed run has left running.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); [`FlashError::StillBusy`] where that does not end.
    pub fn connect_telling(programmer: P, tell: &mut dyn FnMut(Connecting)) -> Result<Self, FlashError> {
        Self::connect_as(programmer, None, tell)
    }

    /// The same for a chip that neither the table nor its SFDP may know: then `assumed` says how it is read. It is never
    /// written to.
    ///
    /// # Errors
    /// As [`connect_telling`](Self::connect_telling); [`FlashError::KnownPart`] where the chip is known without,
    /// [`FlashError::LargerThanAssumed`], [`FlashError::SmallerThanAssumed`].
    pub fn connect_as(
        mut programmer: P,
        assumed: Option<&Assumed>,
        tell: &mut dyn FnMut(Connecting),
    ) -> Result<Self, FlashError> {
        let (identity, sr1, shift) = match Self::ask(&mut programmer, assumed, tell) {
            // Nothing but questions so far: one transfer that was lost is no reason to give up.
            Err(FlashError::Spi(error)) if error.is_transient() => {
                tell(Connecting::AskedAgain { error: error.into() });
                Self::ask(&mut programmer, assumed, tell)
            }
            asked => asked,
        }?;
        let mut chip = Self::new(programmer, identity, sr1);
        chip.limit_clock()?;
        chip.resume_suspended(tell)?;
        chip.settle_dies()?;
        chip.settle_mode(shift)?;
        chip.leave_otp()?;
        chip.settle_reads()?;
        chip.settle_conflict()?;
        chip.check_assumed()?;
        // Only now: in 4-byte mode the command takes another number of dummy bytes.
        chip.identity.unique_id = identify::read_unique_id(&mut chip.programmer, &chip.identity.part)?;
        Ok(chip)
    }

    /// The identity of the chip, its SR1, and by how many bytes a mode shifts its SFDP.
    fn ask(
        programmer: &mut P,
        assumed: Option<&Assumed>,
        tell: &mut dyn FnMut(Connecting),
    ) -> Result<(Identity, u8, usize), FlashError> {
        let (identity, shift) = match identify::start_up(programmer, tell) {
            Ok(started) => Self::identify(programmer, started, assumed)?,
            Err(dead @ FlashError::NoChip { .. }) => {
                let old = resort::ask(programmer)?;
                (old.and_then(|(id, rows)| identify::name_old(&id, &rows)).ok_or(dead)?, 0)
            }
            Err(other) => return Err(other),
        };
        Ok((identity, command::register(programmer, command::READ_STATUS)?, shift))
    }

    fn identify(
        programmer: &mut P,
        started: Started,
        assumed: Option<&Assumed>,
    ) -> Result<(Identity, usize), FlashError> {
        let answer = &started.answer;
        let (sfdp, shift) = identify::read_sfdp(programmer)?.map_or((None, 0), |s| (Some(s.bytes), s.shift));
        let sr2 = identify::ask_sr2(programmer, answer, sfdp.as_deref())?;
        let mut identity = identify::name(answer, sfdp, sr2, assumed)?;
        identity.electronic_id = Some(identify::read_electronic_id(programmer)?);
        identity.left = started.found;
        Ok((identity, shift))
    }

    /// A chip whose identity is known and whose SR1 reads `sr1` while idle.
    pub(super) fn new(programmer: P, identity: Identity, sr1: u8) -> Self {
        let geometry = describe::geometry(&identity.part, identity.sfdp_decoded.as_ref());
        let limits = programmer.limits();
        let costs = describe::costs(&geometry, &limits);
        let margin = if limits.pauses { MARGIN_PAUSES } else { MARGIN_RUNS };
        let pages = limits.round_trip.as_nanos() * 100 / costs.page.as_nanos().max(1);
        // A power of two: a block's pages in batches of one size.
        let pages = pages.clamp(*PAGES_A_BATCH.start(), *PAGES_A_BATCH.end()).next_power_of_two() as usize;
        Self {
            addressing: describe::addressing(&identity.part),
            steady: Steady {
                value: sr1,
                may_change: describe::may_change(&identity.part),
                sticky: if identity.part.status.sticky_errors { describe::STICKY_ERRORS } else { 0 },
                alternates: identity.part.status.two_bytes,
            },
            pace: Pace::new(geometry.program, margin, pages),
            erase_times: BTreeMap::new(),
            dead_erases: Vec::new(),
            proven_erases: Vec::new(),
            adapter_confirmed: false,
            reach: Reach::default(),
            at_work: None,
            programmer,
            identity,
            geometry,
        }
    }

    /// The programmer below.
    pub fn programmer(&mut self) -> &mut P {
        &mut self.programmer
    }

    /// Who the chip is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Sizes, erase types, times.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What things cost on this chip by this programmer.
    pub fn costs(&self) -> Costs {
        describe::costs(&self.geometry, &self.programmer.limits())
    }

    /// The user has said that a voltage adapter for this 1.8 V part is in place.
    pub fn confirm_voltage_adapter(&mut self) {
        self.adapter_confirmed = true;
    }

    /// The highest SPI clock in Hz of this part, where a source gives one.
    pub fn max_hz(&self) -> Option<u32> {
        self.identity.part.max_hz
    }

    /// Lowers a clock that is too high for the part.
    fn limit_clock(&mut self) -> Result<(), FlashError> {
        let now = self.programmer.limits().clock_hz;
        let Some(most) = self.max_hz().filter(|most| *most < now) else { return Ok(()) };
        let text = match self.programmer.set_clock(most) {
            Ok(hz) => format!(
                "{} takes {} at most; the clock is now {}",
                self.identity.part_name,
                units::hz(most),
                units::hz(hz)
            ),
            Err(SpiError::Unsupported(_)) => {
                format!(
                    "{} takes {} at most; the programmer's clock is fixed at {}",
                    self.identity.part_name,
                    units::hz(most),
                    units::hz(now)
                )
            }
            Err(error) => return Err(error.into()),
        };
        self.identity.notes.push(text);
        Ok(())
    }

    /// Notes a state that the chip was found in.
    pub(super) fn note_left(&mut self, state: LeftState, done: LeftDone) {
        let found = LeftFound { state, done };
        if !self.identity.left.contains(&found) {
            self.identity.left.push(found);
        }
    }

    /// The board, or a run that was killed, may have left another die selected than the first.
    fn settle_dies(&mut self) -> Result<(), FlashError> {
        if !self.has_dies() {
            return Ok(());
        }
        self.select_die(0)?;
        let text = format!(
            "{} dies in one package; unique id, status and security registers are shown of the first",
            self.identity.part.dies
        );
        self.identity.notes.push(text);
        Ok(())
    }

    /// Reads the status registers that this part is known to have, and decodes them. Of several dies the first one's
    /// registers, and what all of them protect.
    ///
    /// # Errors
    /// [`FlashError::Spi`]; [`FlashError::Unstable`] where they never read the same twice.
    pub fn status(&mut self) -> Result<Status, FlashError> {
        let mut whole: Option<Status> = None;
        for die in self.dies() {
            let one = self.status_of(die)?;
            whole = Some(status::beside(whole, one, die.start));
        }
        self.select_die(0)?;
        // Invariant: there is a first die.
        whole.ok_or(FlashError::UnstableStatus { seen: Vec::new() })
    }

    /// The status of one die, which stays selected; its protected ranges count from its start.
    pub(super) fn status_of(&mut self, die: Span) -> Result<Status, FlashError> {
        self.select_die(die.start)?;
        let registers = self.read_registers()?;
        let mut status = status::decode(&self.identity.part, die.len(), registers);
        if !status.busy {
            self.steady.value = registers.sr1;
        }
        if let Some(locked) = self.read_locks(die.len(), &status)? {
            status.protected = locked;
        }
        Ok(status)
    }

    /// The registers, read until two readings in a row agree. Every other reading asks in the opposite order and for longer
    /// answers: those that come one too late would be alike, and wrong, in one order and of one length.
    pub(super) fn read_registers(&mut self) -> Result<Registers, FlashError> {
        let scheme = self.identity.part.status;
        let security = matches!(self.identity.part.otp.method, OtpMethod::Enso).then_some(0x2B);
        let plan: Vec<(Register, u8)> = [
            (Register::Sr1, Some(command::READ_STATUS)),
            (Register::Sr2, scheme.read_sr2),
            (Register::Sr3, scheme.read_sr3),
            (Register::Security, security),
            (Register::Function, matches!(self.identity.part.otp.method, OtpMethod::Issi68).then_some(0x48)),
        ]
        .into_iter()
        .filter_map(|(register, opcode)| Some((register, opcode?)))
        .collect();
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for n in 0..8 {
            let values = self.read_each(&plan, n % 2 == 1)?;
            if seen.last() == Some(&values) {
                return Ok(plan.iter().zip(&values).fold(
                    Registers::default(),
                    |mut all, ((register, _), v)| {
                        match register {
                            Register::Sr1 => all.sr1 = *v,
                            // FF: no one answered. No part has every bit of it, some are reserved.
                            Register::Sr2 => all.sr2 = (*v != 0xFF).then_some(*v),
                            Register::Sr3 => all.sr3 = (*v != 0xFF).then_some(*v),
                            Register::Security => all.security = Some(*v),
                            Register::Function => all.function = Some(*v),
                        }
                        all
                    },
                ));
            }
            seen.push(values);
        }
        seen.dedup();
        Err(FlashError::UnstableStatus { seen })
    }

    fn read_each(&mut self, plan: &[(Register, u8)], last_first: bool) -> Result<Vec<u8>, FlashError> {
        let opcodes: Vec<[u8; 1]> = plan.iter().map(|(_, opcode)| [*opcode]).collect();
        let len = if last_first { 1 + command::BEYOND } else { 1 };
        let mut answers = vec![vec![0; len]; plan.len()];
        let mut batch: Vec<_> =
            opcodes.iter().zip(&mut answers).map(|(o, a)| Transaction::read(o, a)).collect();
        if last_first {
            batch.reverse();
        }
        self.programmer.run(&mut batch)?;
        drop(batch);
        Ok(answers.into_iter().map(|answer| answer[0]).collect())
    }

    /// One plain `9F`, as the contact check repeats it: continuation codes and the three id bytes.
    ///
    /// # Errors
    /// [`FlashError::Spi`].
    pub fn rdid(&mut self) -> Result<Vec<u8>, FlashError> {
        if self.identity.part.probe != Probe::Jedec {
            let again = resort::ask(&mut self.programmer)?;
            return Ok(again.map(|(id, _)| id).unwrap_or_default());
        }
        let answer = identify::read_id(&mut self.programmer)?;
        Ok(answer[..self.identity.jedec_id.len().min(answer.len())].to_vec())
    }

    /// The unique id once more, `None` where the part has none.
    pub(crate) fn ask_unique_id(&mut self) -> Result<Option<Vec<u8>>, FlashError> {
        identify::read_unique_id(&mut self.programmer, &self.identity.part)
    }

    /// One plain `05`.
    ///
    /// # Errors
    /// [`FlashError::Spi`].
    pub fn sr1(&mut self) -> Result<u8, FlashError> {
        command::register(&mut self.programmer, command::READ_STATUS)
    }

    /// Waits for the end of a step that broke off, `longest` at most.
    pub(crate) fn wait_until_idle(&mut self, longest: Duration) -> Result<(), FlashError> {
        let busy = Busy { typical: longest / 8, max: longest / 2 };
        let what = || "a step that broke off".into();
        self.end_work(busy, self.steady, Watch::now(busy), &what).map(drop)
    }

    /// SFDP once more, `None` where the chip has none.
    ///
    /// # Errors
    /// [`FlashError::Spi`].
    pub fn read_sfdp(&mut self) -> Result<Option<Vec<u8>>, FlashError> {
        Ok(identify::read_sfdp(&mut self.programmer)?.map(|space| space.bytes))
    }

    /// Sets and clears WEL `times` times in one burst: proves that commands reach the chip whole and in order, with no risk
    /// to its contents. The only question here that sends `06`; `04` follows in the same burst, and is sent once more and
    /// confirmed after it.
    ///
    /// # Errors
    /// [`FlashError::Spi`]; [`FlashError::NotWritable`] where WEL was set and stays set.
    pub fn check_write_enable(&mut self, times: usize) -> Result<Vec<WriteEnableCheck>, FlashError> {
        let mut seen = vec![[[0; 1]; 3]; times];
        let mut batch = Vec::with_capacity(times * 5);
        for [before, enabled, disabled] in &mut seen {
            batch.push(Transaction::read(&[command::READ_STATUS], before));
            batch.push(Transaction::write(&[command::WRITE_ENABLE]));
            batch.push(Transaction::read(&[command::READ_STATUS], enabled));
            batch.push(Transaction::write(&[command::WRITE_DISABLE]));
            batch.push(Transaction::read(&[command::READ_STATUS], disabled));
        }
        let sent = self.programmer.run(&mut batch);
        drop(batch);
        self.confirm_disabled()?;
        sent?;
        let check =
            |[[before], [enabled], [disabled]]: [[u8; 1]; 3]| WriteEnableCheck { before, enabled, disabled };
        Ok(seen.into_iter().map(check).collect())
    }

    /// Sends `04` until WEL is seen cleared. What the line may show instead of a status is not judged here.
    fn confirm_disabled(&mut self) -> Result<(), FlashError> {
        for _ in 0..DISABLES {
            let mut status = [0; 2];
            self.programmer.run(&mut [
                Transaction::write(&[command::WRITE_DISABLE]),
                Transaction::read(&[command::READ_STATUS], &mut status),
            ])?;
            if status.iter().all(|status| status & WEL == 0 || !self.steady.allows(*status)) {
                return Ok(());
            }
        }
        let why = "write enable stays set: commands reach it only in part; take the clip off".into();
        Err(FlashError::NotWritable { what: "write disable".into(), why })
    }

    /// Leaves the chip in the address mode it was found in, and lets go of every pin. Dropping does the first, and
    /// does not report a failure.
    ///
    /// # Errors
    /// [`FlashError::Spi`].
    pub fn release(&mut self) -> Result<(), FlashError> {
        let left = self.restore_mode();
        self.programmer.release()?;
        left
    }

    /// Refuses a span that reaches past the end.
    pub(super) fn check_inside(&self, span: Span) -> Result<(), FlashError> {
        match span.end <= self.geometry.size {
            true => Ok(()),
            false => Err(FlashError::Outside { span, size: self.geometry.size }),
        }
    }

    /// Refuses writes to a chip that is not known, and to a 1.8 V part for which no adapter was confirmed.
    pub(super) fn check_writable(&self) -> Result<(), FlashError> {
        if self.identity.assumed {
            return Err(FlashError::OnlyRead);
        }
        match self.identity.low_voltage && !self.adapter_confirmed {
            true => Err(FlashError::LowVoltage { part: self.identity.part_name.clone() }),
            false => Ok(()),
        }
    }

    /// What every erase and program asks first.
    pub(super) fn check_write(&self, span: Span, permit: &Permit) -> Result<(), FlashError> {
        self.check_inside(span)?;
        permit.check(span, &self.identity.jedec_id)?;
        self.check_writable()?;
        if let Some(why) = &self.identity.conflict {
            return Err(FlashError::NotWritable { what: "any erase or program".into(), why: why.clone() });
        }
        Ok(())
    }
}

/// On every way out, errors and panics too: the board continues with the address mode it knows.
impl<P: Programmer> Drop for Chip<P> {
    fn drop(&mut self) {
        // There is no one left to report to.
        let _ = self.restore_mode();
    }
}
