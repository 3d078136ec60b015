//! From the text of `-p` to a programmer in use, and its orderly end.

use super::super::exit::Failure;
use super::super::five_volts;
use super::super::session::Session;
use super::emulated::{EmuOptions, Emulated};
use super::stoppable::Stoppable;
use crate::programmer::spec::Spec;
use crate::programmer::{Kind, Settings, only, open, over};
use crate::spi::Programmer;
use crate::units;

/// Any programmer.
pub type AnyProgrammer = Box<dyn Programmer>;

/// What `-p` asks for, read before anything is opened.
#[derive(Clone, Debug)]
pub struct Choice {
    which: Which,
    /// `speed=auto`: the highest clock at which repeated reads agree.
    find_clock: bool,
}

#[derive(Clone, Debug)]
enum Which {
    /// The only one plugged in.
    Only,
    /// A real one.
    Real(Settings),
    /// One in software.
    Emulated(Box<EmuOptions>),
}

impl Choice {
    /// Reads the session's `-p`.
    ///
    /// # Errors
    /// Exit code 2, with what would be right.
    pub fn of(session: &Session) -> Result<Self, Failure> {
        if !session.options.more_programmers.is_empty() {
            return Err(Failure::refused("several programmers are named with -p")
                .hint("name one, or give --every-programmer where the command takes it"));
        }
        match &session.options.programmer {
            Some(text) => Self::parse(text),
            None => Ok(Self { which: Which::Only, find_clock: false }),
        }
    }

    /// Reads the text of `-p`.
    ///
    /// # Errors
    /// Exit code 2, with what would be right.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let read = || {
            let mut spec = Spec::parse(text)?;
            let find_clock = spec.pairs.contains(&("speed", "auto"));
            spec.pairs.retain(|pair| *pair != ("speed", "auto"));
            let (which, kind) = if spec.name == "emu" {
                let options = Box::new(EmuOptions::from_spec(&spec)?);
                let kind = options.settings.kind;
                (Which::Emulated(options), kind)
            } else {
                let settings = Settings::from_spec(&spec)?;
                let kind = settings.kind;
                (Which::Real(settings), kind)
            };
            match (find_clock, kind) {
                (true, Kind::Ch341a) => Err("the SPI clock of a CH341A is fixed at about 1.5 MHz".to_owned()),
                _ => Ok(Self { which, find_clock }),
            }
        };
        read().map_err(|fault: String| Failure::refused(format!("-p {text}: {fault}")))
    }

    /// The settings of a real programmer that is named by kind alone, and so may be any of several.
    pub fn any_of_kind(&self) -> Option<&Settings> {
        match &self.which {
            Which::Real(settings) if settings.path.is_none() && settings.serial.is_none() => Some(settings),
            _ => None,
        }
    }

    /// True for `speed=auto`.
    pub fn finds_clock(&self) -> bool {
        self.find_clock
    }

    /// Opens it.
    ///
    /// # Errors
    /// Exit code 5 where there is none, 2 where several are, 1 where it cannot be opened.
    pub fn open(self, session: &Session) -> Result<Bench, Failure> {
        // Pins and kernel drivers are to be given back from here on.
        session.stop.heed();
        let asked = match &self.which {
            Which::Only => None,
            Which::Real(settings) => settings.speed,
            Which::Emulated(options) => options.settings.speed,
        };
        let (name, programmer, emulated) = match self.which {
            Which::Only => real(session, &only()?)?,
            Which::Real(settings) => real(session, &settings)?,
            Which::Emulated(options) => {
                let settings = options.settings.clone();
                let emulated = options.open()?;
                let programmer = over(emulated.emulator.pipe(), &settings)?;
                (format!("emulated {}", settings.kind.name()), programmer, Some(emulated))
            }
        };
        let limits = programmer.limits();
        if let Some(asked) = asked.filter(|hz| *hz != limits.clock_hz) {
            let (asked, clock) = (units::hz(asked), units::hz(limits.clock_hz));
            session.out.note(format!(
                "speed={asked}: the SPI clock is {clock}, the next one below that this programmer has"
            ));
        }
        session.out.detail(format!("programmer: {name}, SPI clock {}", units::hz(limits.clock_hz)));
        let programmer = Box::new(Stoppable::new(programmer, session.stop.clone()));
        Ok(Bench { name, programmer, emulated })
    }
}

fn real(
    session: &Session,
    settings: &Settings,
) -> Result<(String, AnyProgrammer, Option<Emulated>), Failure> {
    let at = settings.path.as_ref().map(|path| format!(" at USB {path}")).unwrap_or_default();
    let opened = open(settings)?;
    if settings.kind == Kind::Ch341a {
        five_volts::tell(session, &opened.path);
    }
    Ok((format!("{}{at}", settings.kind.name()), opened.programmer, None))
}

/// An opened programmer and, for an emulated one, what has to be saved when the run ends.
pub struct Bench {
    /// What it is, for reports.
    pub name: String,
    programmer: AnyProgrammer,
    emulated: Option<Emulated>,
}

impl Bench {
    /// Runs `work` with the programmer; then the pins are let go, and an emulated chip is saved, whatever `work` gave.
    ///
    /// # Errors
    /// `work`'s failure, else that of the saving.
    pub fn run<T>(self, work: impl FnOnce(AnyProgrammer) -> Result<T, Failure>) -> Result<T, Failure> {
        let Self { programmer, mut emulated, .. } = self;
        let done = work(programmer);
        let saved = emulated.as_mut().map_or(Ok(()), Emulated::save);
        let done = done?;
        saved.map(|()| done)
    }
}
