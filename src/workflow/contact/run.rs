//! The tests, run: before every write on a connected chip, and on demand on whatever is on the programmer.

use super::findings::{Findings, Line, Tallied};
use super::verdict::Verdict;
use super::{array, judge, line};
use crate::flash::part::Probe;
use crate::flash::{Chip, FlashError};
use crate::spi::Programmer;
use crate::workflow::engine::is_transient;
use crate::workflow::error::Cause;
use crate::workflow::event::{Event, Events, Stage};
use crate::workflow::note::{Note, Warning};

/// Write enable and disable, so many times.
const ENABLES: usize = 8;
/// Reads of SFDP.
const SFDPS: usize = 16;
/// One flipped bit in the few hundred bytes of the line tests is no bad contact: they are done once more.
const ROUNDS: usize = 2;

/// How to test.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ContactOptions {
    /// Write enable and write disable may be sent, once every read is as it should be: in jobs that may write only.
    pub writes: bool,
    /// The user said that a 1.8 V adapter is in place.
    pub voltage_adapter: bool,
}

/// The tests before every write.
///
/// # Errors
/// [`Cause::Contact`] when one fails; what failed below.
pub fn before_writing<P: Programmer>(
    chip: &mut Chip<P>,
    options: &ContactOptions,
    events: &mut Events<'_>,
) -> Result<Verdict, Cause> {
    begin(events)?;
    // The chip itself refuses a write to a 1.8 V part, with the words for it.
    let options = ContactOptions { voltage_adapter: true, ..options.clone() };
    let mut verdict = match on_chip(chip, &options) {
        // One lost transfer among hundreds is no verdict on the contact. It is reported, and all of it asked again.
        Err(Cause::Flash(error)) if is_transient(&error) => {
            if events(Event::Warning(Warning::ContactAgain { error })).is_break() {
                return Err(Cause::Stopped);
            }
            on_chip(chip, &options)?
        }
        tested => tested?,
    };
    let mut bytes = verdict.array_bytes;
    for _ in 1..ROUNDS {
        if verdict.good {
            break;
        }
        verdict = on_chip(chip, &options)?;
        bytes += verdict.array_bytes;
        verdict.array_bytes = bytes;
    }
    end(events)?;
    if verdict.good { Ok(verdict) } else { Err(Cause::Contact(Box::new(verdict))) }
}

/// The same on demand, and also where no chip answers: then the verdict says what that looks like.
///
/// # Errors
/// What failed below the chip; a bad contact is a verdict, not an error.
pub fn examine<P: Programmer>(
    programmer: &mut P,
    options: &ContactOptions,
    events: &mut Events<'_>,
) -> Result<Verdict, Cause> {
    begin(events)?;
    let mut tell = |connecting| {
        // A stop asked for here is asked for again at the end.
        let _ = events(Event::Note(Note::Connecting(connecting)));
    };
    let seen = Chip::connect_telling(&mut *programmer, &mut tell).map(|mut chip| on_chip(&mut chip, options));
    let verdict = match seen {
        Ok(verdict) => verdict?,
        Err(FlashError::Spi(e)) => return Err(FlashError::from(e).into()),
        Err(error) => {
            let mut seen = on_line(programmer)?;
            seen.unidentified = Some(error.to_string());
            judge(&seen)
        }
    };
    end(events)?;
    Ok(verdict)
}

fn begin(events: &mut Events<'_>) -> Result<(), Cause> {
    match events(Event::Begin { stage: Stage::Contact, bytes: 0, time: None }).is_break() {
        true => Err(Cause::Stopped),
        false => Ok(()),
    }
}

fn end(events: &mut Events<'_>) -> Result<(), Cause> {
    match events(Event::End { stage: Stage::Contact }).is_break() {
        true => Err(Cause::Stopped),
        false => Ok(()),
    }
}

fn on_chip<P: Programmer>(chip: &mut Chip<P>, options: &ContactOptions) -> Result<Verdict, Cause> {
    let mut seen = on_line(chip.programmer())?;
    if chip.identity().part.probe != Probe::Jedec {
        // A chip that does not know 9F is asked as it was named.
        let answers = (0..line::OTHER_READS).map(|_| chip.rdid()).collect::<Result<Vec<_>, _>>()?;
        seen.id = Tallied::of(answers);
        seen.older = true;
    }
    // What was read while the chip was identified is the first read.
    if let Some(first) = chip.identity().sfdp.clone() {
        let mut same = 0;
        for _ in 0..SFDPS {
            same += usize::from(chip.read_sfdp()?.as_ref() == Some(&first));
        }
        seen.sfdp = (SFDPS, same);
    }
    seen.array = Some(array::sample(chip)?);
    seen.low_voltage = chip.identity().low_voltage && !options.voltage_adapter;
    // Behind the reads: a chip that is not read right is sent nothing that could change it.
    if options.writes && judge(&seen).good {
        seen.write_enable = chip.check_write_enable(ENABLES)?;
    }
    Ok(judge(&seen))
}

fn on_line<P: Programmer>(programmer: &mut P) -> Result<Findings, Cause> {
    let mut go = || {
        Ok::<(Line, Tallied, [Tallied; 3], Tallied), crate::spi::SpiError>((
            line::idle(programmer)?,
            line::ids(programmer, line::READS)?,
            line::other_ids(programmer)?,
            line::statuses(programmer)?,
        ))
    };
    let (line, id, other_ids, status) = go().map_err(FlashError::from)?;
    Ok(Findings {
        line,
        id,
        other_ids,
        status,
        sfdp: (0, 0),
        write_enable: Vec::new(),
        array: None,
        older: false,
        unidentified: None,
        low_voltage: false,
    })
}
