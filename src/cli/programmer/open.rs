//! From the text of `-p` to a programmer in use, and its orderly end.

use super::super::exit::Failure;
use super::super::session::Session;
use super::emulated::{EmuOptions, Emulated};
use super::stoppable::Stoppable;
use crate::cli::show::hex;
use crate::flash::{Chip, Identity};
use crate::programmer::spec::Spec;
use crate::programmer::{Settings, only, open, over};
use crate::spi::Programmer;
use crate::units::size;

/// Any programmer.
pub type AnyProgrammer = Box<dyn Programmer>;
/// A chip on any programmer.
pub type AnyChip = Chip<AnyProgrammer>;

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
        let (name, programmer, emulated) = match self {
            Self::Only => real(&only()?)?,
            Self::Real(settings) => real(&settings)?,
            Self::Emulated(options) => {
                let settings = options.settings.clone();
                let emulated = options.open()?;
                let programmer = over(emulated.emulator.pipe(), &settings)?;
                (format!("emulated {}", settings.kind.name()), programmer, Some(emulated))
            }
        };
        let limits = programmer.limits();
        session.out.detail(format!("programmer: {name}, SPI clock {}", crate::units::hz(limits.clock_hz)));
        let programmer = Box::new(Stoppable::new(programmer, session.stop.clone()));
        Ok(Bench { name, programmer, emulated })
    }
}

fn real(settings: &Settings) -> Result<(String, AnyProgrammer, Option<Emulated>), Failure> {
    let at = settings.path.as_ref().map(|path| format!(" at USB {path}")).unwrap_or_default();
    Ok((format!("{}{at}", settings.kind.name()), open(settings)?, None))
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

/// Opens the session's programmer, connects to the chip and runs `work` with it.
///
/// # Errors
/// As [`Choice::of`], [`Choice::open`] and [`Chip::connect`]; `work`'s failure.
pub fn with_chip<T>(
    session: &Session,
    work: impl FnOnce(&mut AnyChip, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let bench = Choice::of(session)?.open(session)?;
    let name = bench.name.clone();
    bench.run(|programmer| {
        let mut chip = Chip::connect(programmer)?;
        tell(session, chip.identity());
        work(&mut chip, &name)
    })
}

/// What the user has to know of the chip before anything else.
fn tell(session: &Session, identity: &Identity) {
    let id = hex(&identity.jedec_id);
    session.out.note(format!("chip: {} ({id}), {}", identity.part_name, size(identity.part.size)));
    if identity.low_voltage {
        session.out.warn(format!(
            "{} is a 1.8 V part: 3.3 V may destroy it. Take the clip off unless a 1.8 V adapter is between.",
            identity.part_name
        ));
    }
    for note in &identity.notes {
        session.out.note(note);
    }
}
