//! From a desk to a connected chip: waited for, reported, its clock found, as the desk's conditions say.

use super::super::Refusal;
use super::super::conditions::Desk;
use super::super::front::{Front, Notice};
use super::bench::{AnyProgrammer, Bench};
use crate::flash::{Chip, FlashError, Identity};
use crate::image::ImageError;
use crate::image::checks::SUPPLY_UNKNOWN;
use crate::image::checks::stopping;
use crate::workflow::contact::{find_clock, wait_until_steady};

/// A chip on any programmer.
pub(crate) type AnyChip = Chip<AnyProgrammer>;

impl Desk {
    /// Opens the programmer, or takes the one that the front end keeps open, and runs `work` with it and its name; where
    /// the desk waits, once a chip answers steadily.
    ///
    /// # Errors
    /// As [`ProgrammerChoice::open`](super::ProgrammerChoice::open); those of `work`.
    pub fn with_programmer<T, E: From<Refusal>>(
        &self,
        front: &dyn Front,
        work: impl FnOnce(AnyProgrammer, &str) -> Result<T, E>,
    ) -> Result<T, E> {
        let bench = self.open(front)?;
        let name = bench.name.clone();
        let steady = |mut programmer: AnyProgrammer| {
            if self.wait {
                wait_until_steady(&mut programmer, &mut |event| front.notice(Notice::Job(&event)))
                    .map_err(Refusal::from)?;
            }
            work(programmer, &name)
        };
        let Some(kept) = front.kept() else { return bench.run(steady) };
        let (done, bench) = bench.lend(steady)?;
        kept.put(bench);
        Ok(done)
    }

    /// The programmer that the front end keeps open, where it is the one that is meant and answers; else it is opened.
    fn open(&self, front: &dyn Front) -> Result<Bench, Refusal> {
        let text = self.programmer.text();
        let Some(bench) = front.kept().and_then(|kept| kept.take(text)) else {
            return self.programmer.open_as_learned(front, &self.stop, &self.learned);
        };
        self.stop.note_requests();
        bench.say(front);
        Ok(bench)
    }

    /// Opens the programmer, connects to the chip and runs `work` with it and the programmer's name.
    ///
    /// # Errors
    /// As [`Desk::with_programmer`] and [`Chip::connect`]; those of `work`.
    pub fn with_chip<T, E: From<Refusal>>(
        &self,
        front: &dyn Front,
        work: impl FnOnce(&mut AnyChip, &str) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_programmer(front, |programmer, name| {
            let mut chip = self.connect(front, programmer, name)?;
            let done = work(&mut chip, name);
            self.say_of_link(front, &mut chip, name);
            done
        })
    }

    fn say_of_link(&self, front: &dyn Front, chip: &mut AnyChip, name: &str) {
        for notice in self.learned.news(name, chip.programmer().take_notices()) {
            let _ = front.notice(Notice::Link(&notice));
        }
    }

    fn connect(&self, front: &dyn Front, programmer: AnyProgrammer, name: &str) -> Result<AnyChip, Refusal> {
        let mut chip = Chip::connect_as(programmer, self.assumed.as_ref(), &mut |what| {
            let _ = front.notice(Notice::Connecting(&what));
        })?;
        self.say_of_link(front, &mut chip, name);
        let identity = chip.identity();
        let over_voltage = identity.low_voltage && !self.voltage_adapter;
        let _ = front.notice(Notice::Connected { identity, over_voltage });
        if self.voltage_adapter {
            chip.confirm_voltage_adapter();
        }
        if self.programmer.finds_clock() {
            let found = find_clock(&mut chip, &mut |event| front.notice(Notice::Job(&event)))?;
            if let Some(hz) = found {
                let _ = front.notice(Notice::ClockFound { hz });
            }
        }
        Ok(chip)
    }

    /// The same for work that writes. A 1.8 V part without its adapter is refused before anything else, and so is a
    /// chip whose supply is not known, unless that check may pass.
    ///
    /// # Errors
    /// As [`Desk::with_chip`]; [`FlashError::OnlyRead`], [`FlashError::LowVoltage`], the check `supply-unknown`.
    pub fn with_chip_to_write<T, E: From<Refusal>>(
        &self,
        front: &dyn Front,
        work: impl FnOnce(&mut AnyChip, &str) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_chip_to_finish(front, |chip, name| {
            self.check_supply(chip.identity())?;
            work(chip, name)
        })
    }

    /// The same for work that was begun and allowed in an earlier run.
    ///
    /// # Errors
    /// As [`Desk::with_chip_to_write`], without [`SUPPLY_UNKNOWN`].
    pub(crate) fn with_chip_to_finish<T, E: From<Refusal>>(
        &self,
        front: &dyn Front,
        work: impl FnOnce(&mut AnyChip, &str) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.assumed.is_some() {
            return Err(Refusal::from(FlashError::OnlyRead).untouched().into());
        }
        self.with_chip(front, |chip, name| {
            let identity = chip.identity();
            if identity.low_voltage && !self.voltage_adapter && !self.dry_run {
                let error = FlashError::LowVoltage { part: identity.part_name.clone() };
                return Err(Refusal::from(error).untouched().into());
            }
            work(chip, name)
        })
    }

    /// Asks before 3.3 V is written with to a chip that may not be made for it.
    fn check_supply(&self, identity: &Identity) -> Result<(), Refusal> {
        if !identity.supply_unknown() || self.voltage_adapter || self.dry_run {
            return Ok(());
        }
        let finding = SUPPLY_UNKNOWN.found(format!(
            "the supply of {} is in no table, and the programmer gives 3.3 V: look it up in the datasheet, or measure it \
             between pins 8 and 4 while the board runs",
            identity.part_name
        ));
        match stopping(&[finding], &self.allow) {
            findings if findings.is_empty() => Ok(()),
            findings => Err(Refusal::from(ImageError::Refused { findings }).untouched()),
        }
    }
}
