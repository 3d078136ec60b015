//! From a session to a connected chip: waited for, told about, its clock found, as the options say.

use super::super::events::Reporter;
use super::super::exit::Failure;
use super::super::session::Session;
use super::super::show::hex;
use super::open::{AnyProgrammer, Choice};
use crate::flash::{Chip, FlashError, Identity};
use crate::units;
use crate::workflow::contact::{find_clock, wait_until_steady};

/// A chip on any programmer.
pub type AnyChip = Chip<AnyProgrammer>;

/// Opens the session's programmer and runs `work` with it; with `--wait`, once a chip answers steadily.
///
/// # Errors
/// As [`Choice::of`] and [`Choice::open`]; `work`'s failure.
pub fn with_programmer<T>(
    session: &Session,
    work: impl FnOnce(AnyProgrammer, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let bench = Choice::of(session)?.open(session)?;
    let name = bench.name.clone();
    bench.run(|mut programmer| {
        if session.options.wait {
            let mut reporter = Reporter::new(session);
            wait_until_steady(&mut programmer, &mut |event| reporter.take(event))?;
        }
        work(programmer, &name)
    })
}

/// Opens the session's programmer, connects to the chip and runs `work` with it.
///
/// # Errors
/// As [`with_programmer`] and [`Chip::connect`]; `work`'s failure.
pub fn with_chip<T>(
    session: &Session,
    work: impl FnOnce(&mut AnyChip, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let find = Choice::of(session)?.finds_clock();
    with_programmer(session, |programmer, name| {
        let mut chip = Chip::connect_telling(programmer, &mut |text| session.out.note(text))?;
        tell(session, chip.identity());
        if session.options.voltage_adapter {
            chip.confirm_voltage_adapter();
        }
        if find {
            let mut reporter = Reporter::new(session);
            let hz = find_clock(&mut chip, &mut |event| reporter.take(event))?;
            if let Some(hz) = hz {
                session.out.note(format!("SPI clock: {}", units::hz(hz)));
            }
        }
        work(&mut chip, name)
    })
}

/// The same for commands that write: a 1.8 V part without its adapter is refused before anything else.
///
/// # Errors
/// As [`with_chip`]; exit code 2 for a 1.8 V part.
pub fn with_chip_to_write<T>(
    session: &Session,
    work: impl FnOnce(&mut AnyChip, &str) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_chip(session, |chip, name| {
        let identity = chip.identity();
        if identity.low_voltage && !session.options.voltage_adapter && !session.options.dry_run {
            let error = FlashError::LowVoltage { part: identity.part_name.clone() };
            return Err(Failure::from(error).field("chip", "untouched"));
        }
        work(chip, name)
    })
}

/// What the user has to know of the chip before anything else.
fn tell(session: &Session, identity: &Identity) {
    if identity.low_voltage && !session.options.voltage_adapter {
        session.out.warn(format!(
            "{} is a 1.8 V part: 3.3 V may destroy it. Take the clip off unless a 1.8 V adapter is between.",
            identity.part_name
        ));
    }
    let id = hex(&identity.jedec_id);
    session.out.note(format!("chip: {} ({id}), {}", identity.part_name, units::size(identity.part.size)));
    for note in &identity.notes {
        session.out.note(note);
    }
}
