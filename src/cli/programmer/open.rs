//! From the text of `-p` to a programmer in use, and its orderly end.

use super::super::exit::Failure;
use super::super::session::Session;
use super::emulated::{EmuOptions, Emulated};
use super::stoppable::Stoppable;
use crate::emulator::Emulator;
use crate::programmer::spec::Spec;
use crate::programmer::{Ch341a, Driver, Settings};
use crate::spi::Programmer;
use crate::usb::UsbError;

/// Any programmer.
pub type AnyProgrammer = Box<dyn Programmer>;

/// What `-p` asks for, read before anything is opened.
#[derive(Clone, Debug)]
pub enum Choice {
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
        let Some(text) = &session.options.programmer else { return Ok(Self::Only) };
        let read = || {
            let spec = Spec::parse(text)?;
            match spec.name {
                "emu" => Ok(Self::Emulated(Box::new(EmuOptions::from_spec(&spec)?))),
                _ => Settings::from_spec(&spec).map(Self::Real),
            }
        };
        read().map_err(|fault: String| Failure::refused(format!("-p {text}: {fault}")))
    }

    /// Opens it.
    ///
    /// # Errors
    /// Exit code 5 where there is none, 2 where several are, 1 where it cannot be opened.
    pub fn open(self, session: &Session) -> Result<Bench, Failure> {
        match self {
            Self::Only => Err(UsbError::NotFound("plug one in".into()).into()),
            Self::Real(_) => Err(UsbError::NotFound("plug one in".into()).into()),
            Self::Emulated(options) => {
                let emulated = options.open()?;
                let programmer = emulated_programmer(&emulated.emulator)?;
                let programmer = Box::new(Stoppable::new(programmer, session.stop.clone()));
                Ok(Bench { programmer: Some(programmer), emulated: Some(emulated) })
            }
        }
    }
}

fn emulated_programmer(emulator: &Emulator) -> Result<AnyProgrammer, Failure> {
    Ok(Box::new(Driver::open(Ch341a::new(&[]), emulator.pipe())?))
}

/// An opened programmer and, for an emulated one, what has to be saved when the run ends.
pub struct Bench {
    programmer: Option<AnyProgrammer>,
    emulated: Option<Emulated>,
}

impl Bench {
    /// Runs `work` with the programmer; then the pins are let go, and an emulated chip is saved, whatever `work` gave.
    ///
    /// # Errors
    /// `work`'s failure, else that of the saving.
    pub fn run<T>(mut self, work: impl FnOnce(AnyProgrammer) -> Result<T, Failure>) -> Result<T, Failure> {
        let Some(programmer) = self.programmer.take() else { return Err(Failure::failed("no programmer")) };
        let done = work(programmer);
        let saved = self.emulated.as_mut().map_or(Ok(()), Emulated::save);
        let done = done?;
        saved.map(|()| done)
    }
}
