//! From the text that chooses a programmer to a programmer in use, and its orderly end.

use super::super::front::{Front, Notice};
use super::super::why::Why;
use super::super::{Refusal, Stop};
use super::bench::{AnyProgrammer, Bench};
use super::emulated::{EmuOptions, Emulated};
use super::learned::Learned;
use super::stoppable::Stoppable;
use crate::programmer::selftest::SelfTest;
use crate::programmer::spec::Spec;
use crate::programmer::{Settings, SpiClock, answering_port, only, open, over, self_test, self_test_over};
use crate::spi::Programmer;
use crate::units;

/// Which programmer is meant, read from its text before anything is opened. The default is the only one plugged in.
#[derive(Clone, Debug, Default)]
pub struct ProgrammerChoice {
    /// What it was read from.
    text: Option<String>,
    which: Which,
    /// `speed=auto`: the highest clock at which repeated reads agree.
    find_clock: bool,
}

#[derive(Clone, Debug, Default)]
enum Which {
    /// The only one plugged in.
    #[default]
    Only,
    /// A real one.
    Real(Settings),
    /// One in software.
    Emulated(Box<EmuOptions>),
}

impl ProgrammerChoice {
    /// Reads `NAME[:KEY=VALUE,...]`, as `ch341a`, `ft2232h:speed=10M` or `emu:chip=W25Q64FV`.
    ///
    /// # Errors
    /// [`Why::ProgrammerText`], with what would be right.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let mut spec = Spec::parse(text)?;
            let find_clock = spec.pairs.contains(&("speed", "auto"));
            spec.pairs.retain(|pair| *pair != ("speed", "auto"));
            let (which, model) = if spec.name == "emu" {
                let options = Box::new(EmuOptions::from_spec(&spec)?);
                let model = options.settings.model;
                (Which::Emulated(options), model)
            } else {
                let settings = Settings::from_spec(&spec)?;
                let model = settings.model;
                (Which::Real(settings), model)
            };
            match (find_clock, model.clock) {
                (true, SpiClock::Fixed { hz }) => {
                    let clock = units::hz(hz);
                    Err(format!("the SPI clock of {} is fixed at about {clock}", model.title))
                }
                _ => Ok(Self { text: Some(text.to_owned()), which, find_clock }),
            }
        };
        read().map_err(|fault: String| Why::ProgrammerText { text: text.to_owned(), fault }.into())
    }

    /// The text that it was read from; `None` for the only one plugged in.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The settings of a real programmer that is named by kind alone, and so may be any of several.
    pub(crate) fn any_of_kind(&self) -> Option<&Settings> {
        match &self.which {
            Which::Real(settings) if settings.path.is_none() && settings.serial.is_none() => Some(settings),
            _ => None,
        }
    }

    /// Where no chip answers: the text that means another port of the same programmer, on which one does. Asks for the id
    /// there, with no other pin driven.
    pub fn answering_port(&self) -> Option<String> {
        match &self.which {
            Which::Only => only().ok().as_ref().and_then(answering_port),
            Which::Real(settings) => answering_port(settings),
            Which::Emulated(_) => None,
        }
    }

    /// True for `speed=auto`.
    pub(crate) fn finds_clock(&self) -> bool {
        self.find_clock
    }

    /// The self-test of the programmer; with `chip`, of the way to its chip too.
    ///
    /// # Errors
    /// As [`ProgrammerChoice::open`].
    pub fn self_test(&self, stop: &Stop, chip: bool) -> Result<SelfTest, Refusal> {
        stop.note_requests();
        // Nothing has to be brought to an end: the first request ends it.
        let stopped = {
            let stop = stop.clone();
            move || stop.soon()
        };
        Ok(match &self.which {
            Which::Only => self_test(&only()?, chip, stopped)?,
            Which::Real(settings) => self_test(settings, chip, stopped)?,
            Which::Emulated(options) => {
                let settings = options.settings.clone();
                let mut emulated = (**options).clone().open()?;
                let tested = self_test_over(emulated.emulator.pipe(), &settings, chip, stopped)?;
                emulated.save()?;
                tested
            }
        })
    }

    /// Opens it. From here on a request to stop is noted: pins and kernel drivers have to be given back.
    ///
    /// # Errors
    /// [`Why::Spi`] where there is none, several are, or it cannot be opened; those of an emulated chip.
    pub fn open(&self, front: &dyn Front, stop: &Stop) -> Result<Bench, Refusal> {
        self.open_as_learned(front, stop, &Learned::default())
    }

    /// The same; one that was driven in a slower way before begins in plain mode.
    pub(super) fn open_as_learned(
        &self,
        front: &dyn Front,
        stop: &Stop,
        learned: &Learned,
    ) -> Result<Bench, Refusal> {
        stop.note_requests();
        let asked = match &self.which {
            Which::Only => None,
            Which::Real(settings) => settings.speed,
            Which::Emulated(options) => options.settings.speed,
        };
        let (name, mut programmer, emulated, five_volts) = match &self.which {
            Which::Only => open_real(only()?, learned)?,
            Which::Real(settings) => open_real(settings.clone(), learned)?,
            Which::Emulated(options) => {
                let mut settings = options.settings.clone();
                let name = format!("emulated {}", settings.model.name);
                settings.plain |= learned.slower(&name);
                let emulated = (**options).clone().open()?;
                let programmer = over(emulated.emulator.pipe(), &settings)?;
                (name, programmer, Some(emulated), None)
            }
        };
        for notice in learned.news(&name, programmer.take_notices()) {
            let _ = front.notice(Notice::Link(&notice));
        }
        let clock_hz = programmer.limits().clock_hz;
        if let Some(asked_hz) = asked.filter(|hz| *hz != clock_hz) {
            let _ = front.notice(Notice::LowerClock { asked_hz, clock_hz });
        }
        let programmer = Box::new(Stoppable::new(programmer, stop.clone()));
        let text = self.text.clone();
        let bench = Bench { text, name, clock_hz, five_volts, programmer, emulated };
        bench.say(front);
        Ok(bench)
    }
}

/// Name and programmer, what has to be saved of an emulated one, and the USB path of one that may drive 5 V.
type Parts = (String, AnyProgrammer, Option<Emulated>, Option<String>);

/// Opens a USB device.
fn open_real(mut settings: Settings, learned: &Learned) -> Result<Parts, Refusal> {
    let at = settings.path.as_ref().map(|path| format!(" at USB {path}")).unwrap_or_default();
    let name = format!("{}{at}", settings.model.name);
    settings.plain |= learned.slower(&name);
    let opened = open(&settings)?;
    Ok((name, opened.programmer, None, settings.model.drives_5v.then_some(opened.path)))
}
