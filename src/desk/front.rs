//! The seam between the desk and a front end: what the desk is given, what it reports, what it asks.

use super::programmer::ProgrammerChoice;
use super::{Refusal, Stop};
use crate::flash::{Assumed, Identity};
use crate::image::{Allow, Layout, Spliced};
use crate::spi::Notice as LinkNotice;
use crate::workflow::Event;
use crate::workflow::job::Proposal;
use std::ops::ControlFlow;

/// What a front end works with: which programmer, under which conditions, and the user's wish to stop.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    /// The programmer.
    pub programmer: ProgrammerChoice,
    /// Wait for a chip that answers steadily before any work.
    pub wait: bool,
    /// A 1.8 V adapter is between programmer and chip.
    pub voltage_adapter: bool,
    /// What the user says of a chip that neither the table nor its SFDP knows.
    pub assumed: Option<Assumed>,
    /// The checks that may pass. The one that concerns the chip itself is the one on its supply.
    pub allow: Allow,
    /// Read, back up and plan; neither erase nor program.
    pub dry_run: bool,
    /// Where the user's wish to stop is noted.
    pub stop: Stop,
}

/// A front end, as the desk sees it.
pub trait Front {
    /// Takes something that happened. `Break` stops a job at the next point where the chip is consistent.
    fn notice(&self, notice: Notice<'_>) -> ControlFlow<()>;

    /// Whether to write what is proposed. The chip is untouched so far.
    fn confirm(&self, question: &Question<'_>) -> bool;
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
    /// The link to the programmer: what the user should know of it.
    Link(&'a LinkNotice),
    /// The programmer is open.
    Opened {
        /// What it is, in words.
        name: &'a str,
        /// SPI clock in Hz.
        clock_hz: u32,
    },
    /// What connecting to the chip takes time for, as a sentence.
    Connecting(&'a str),
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
    /// A job's progress.
    Job(&'a Event),
}

/// What the user is asked before anything is erased or programmed.
pub struct Question<'a> {
    /// The backup that was just stored, the contents before and after, the plan.
    pub proposal: &'a Proposal<'a>,
    /// The map that names regions, where the board is known.
    pub layout: Option<&'a Layout>,
}
