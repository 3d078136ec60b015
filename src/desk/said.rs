//! Notices that are a sentence, for every front end. No command and no option is named here.

use super::front::Notice;
use super::notes::{connecting, note, warning};
use super::words::replacement;
use crate::units;
use crate::workflow::Event;

/// A sentence, and how loud it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// For who asks for more.
    Detail(String),
    /// For everyone.
    Note(String),
    /// For everyone, and to be heeded.
    Warning(String),
}

impl Notice<'_> {
    /// The notice as a sentence; `None` for one that has facts to show, or progress.
    pub fn said(&self) -> Option<Said> {
        Some(match self {
            Notice::MayDriveFiveVolts { path } => Said::Warning(format!(
                "many boards with a CH341A drive the chip's data lines with 5 V: measure the one at USB {path} before the \
                 clip is on a chip"
            )),
            Notice::LowerClock { asked_hz, clock_hz } => Said::Note(format!(
                "the SPI clock is {}, the next one below {} that this programmer has",
                units::hz(*clock_hz),
                units::hz(*asked_hz)
            )),
            Notice::OtherPort { text } => {
                Said::Warning(format!("a chip answers on another port of this programmer: {text}"))
            }
            Notice::Link(notice) => Said::Warning(notice.to_string()),
            Notice::Opened { name, clock_hz } => {
                Said::Detail(format!("programmer: {name}, SPI clock {}", units::hz(*clock_hz)))
            }
            Notice::Connecting(what) => Said::Note(connecting(what)),
            Notice::ClockFound { hz } => Said::Note(format!("SPI clock: {}", units::hz(*hz))),
            Notice::BoardFound { name, by } => Said::Note(format!("board: {name}, by {}", by.join("; "))),
            Notice::NotRecorded(refusal) => {
                Said::Warning(format!("a report of this job will lack details: {refusal}"))
            }
            Notice::Job(Event::Note(found)) => Said::Note(note(found)),
            Notice::Job(Event::Warning(found)) => Said::Warning(warning(found)),
            Notice::Job(Event::Replacement(found)) => Said::Warning(replacement(found)),
            Notice::Connected { .. }
            | Notice::Spliced(_)
            | Notice::Meter(_)
            | Notice::ProtectionPlanned { .. }
            | Notice::Findings(_)
            | Notice::Registers { .. }
            | Notice::RegisterToLock(_)
            | Notice::Job(_) => return None,
        })
    }
}
