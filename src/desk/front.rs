//! The seam between the desk and a front end: what the desk is given, what it reports, what it asks.

use super::Refusal;
use super::programmer::Kept;
use super::question::{Answer, Question, RegisterChange};
use crate::flash::Connecting;
use crate::flash::{Identity, ProtectionPlan, SecurityRegister};
use crate::image::{Finding, Spliced};
use crate::span::Spans;
use crate::spi::LinkNotice;
use crate::workflow::Event;
use crate::workflow::contact::Meter;
use std::ops::ControlFlow;

/// A front end, as the desk sees it.
pub trait Front {
    /// Takes something that happened. `Break` stops a job at the next point where the chip is consistent.
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()>;

    /// Asks the user. The chip is untouched so far.
    fn ask(&self, question: &Question<'_>) -> Answer;

    /// Where the programmer stays open for the jobs that follow. Without one each job opens it anew, and closes it.
    fn kept(&self) -> Option<&Kept> {
        None
    }
}

impl dyn Front + '_ {
    /// Asks the user, and checks that the answer confirms this question.
    pub(super) fn confirms(&self, question: &Question<'_>) -> bool {
        question.is_confirmed_by(&self.ask(question))
    }
}

/// Something that happened on the way, as facts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A CH341A was opened at this USB path. Many such boards drive their data lines at 5 V.
    MayDriveFiveVolts {
        /// Bus and port path, `1-2.3`.
        path: &'a str,
    },
    /// The programmer does not have the clock that was asked for, and takes the next lower one.
    LowerClock {
        /// The clock that was asked for, in Hz.
        asked_hz: u32,
        /// The clock that it has, in Hz.
        clock_hz: u32,
    },
    /// No chip answers here, and one does on another port of the same programmer.
    OtherPort {
        /// The text after `-p` that means that port.
        text: &'a str,
    },
    /// The link to the programmer: what the user should know of it.
    Link(&'a LinkNotice),
    /// The programmer is open.
    Opened {
        /// What it is, in words.
        name: &'a str,
        /// SPI clock in Hz.
        clock_hz: u32,
    },
    /// What connecting to the chip takes time for.
    Connecting(&'a Connecting),
    /// The chip has answered.
    Connected {
        /// Who it is.
        identity: &'a Identity,
        /// It is a 1.8 V part, and no adapter was named: 3.3 V may destroy it.
        over_voltage: bool,
    },
    /// The highest SPI clock at which repeated reads agree.
    ClockFound {
        /// In Hz.
        hz: u32,
    },
    /// The board was found in the contents.
    BoardFound {
        /// Its name.
        name: &'a str,
        /// What identifies it.
        by: &'a [String],
    },
    /// What would be on the chip has been put together.
    Spliced(&'a Spliced),
    /// The job is done, but what a report needs of it could not be kept.
    NotRecorded(&'a Refusal),
    /// One look at the contact, while it is watched.
    Meter(&'a Meter),
    /// What a change of the write protection will send.
    ProtectionPlanned {
        /// The plan; empty where nothing has to be sent.
        plan: &'a ProtectionPlan,
        /// What will be protected.
        wanted: &'a Spans,
    },
    /// What the checks on a file to write found, and the user allowed.
    Findings(&'a [Finding]),
    /// Security registers that will be changed; none where they all hold what is wanted.
    Registers {
        /// The registers and what becomes of them.
        changes: &'a [RegisterChange],
        /// They can be erased. Where not, every bit that is programmed stays programmed forever.
        erasable: bool,
    },
    /// A security register that will be locked forever.
    RegisterToLock(&'a SecurityRegister),
    /// A job's progress.
    Job(&'a Event),
}
