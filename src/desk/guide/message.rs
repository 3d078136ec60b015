//! What the guide asks of its worker, and what the worker reports.

use super::super::{Input, Refusal, Wish};
use super::way::Way;
use crate::image::{Finding, Layout, RegionRow, UnitRow};
use crate::plan::Plan;
use crate::span::Span;
use crate::workflow::Event;
use crate::workflow::contact::Verdict;
use crate::workflow::job::Report;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A programmer that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The text that chooses it, as [`ProgrammerChoice::parse`](super::super::programmer::ProgrammerChoice::parse) reads it.
    pub spec: String,
    /// Its name; none where the user named it by its text.
    pub name: Option<String>,
    /// Bus and port path, `1-2.3`; empty where it is not known.
    pub path: String,
    /// It may drive its data lines at 5 V, and the user has not been warned of it at this USB path.
    pub may_drive_5v: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
    /// What the system knows of something that does not say whether it is a programmer; it is opened once it is chosen.
    pub may_be: Option<String>,
}

/// Asked of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which programmers are there?
    Programmers,
    /// Test the contact repeatedly, until something else is asked.
    Watch {
        /// The programmer.
        spec: String,
    },
    /// Back up, and wait for wishes.
    Begin {
        /// The programmer.
        spec: String,
        /// What is to be done.
        way: Way,
        /// A chip that reads FF all over is a blank one.
        blank: bool,
    },
    /// Try this on the contents, and show it.
    Try {
        /// Which try; what was asked for before it does not hold any more.
        number: u64,
        /// What is wished for.
        wish: Box<Try>,
    },
    /// Take what was shown.
    Accept,
    /// Write the plan, or do not.
    Confirm(bool),
    /// Finish an open job, or undo it.
    Resume {
        /// The programmer.
        spec: String,
        /// The job.
        job: String,
        /// Put the backup back.
        undo: bool,
    },
}

/// What is wished for once the backup is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Try {
    /// Regions put together, as `rewrite` does.
    Splice(Box<Wish>),
    /// Bytes at a place, as `write` does.
    Put(PutWish),
}

/// A file for a place of the chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutWish {
    /// The file.
    pub input: Input,
    /// A region by name, or an address; none for the whole chip.
    pub place: Option<String>,
    /// Checks that may pass, by name.
    pub allow: Vec<String>,
}

/// The chip in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChipFacts {
    /// Part or family.
    pub part: String,
    /// JEDEC id.
    pub id: Vec<u8>,
    /// Bytes.
    pub size: u64,
    /// 1.8 V part.
    pub low_voltage: bool,
    /// Its supply is in no table.
    pub supply_unknown: bool,
}

/// A job that is not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenJob {
    /// Its id.
    pub id: String,
    /// The part that it works on; empty where it is not known.
    pub part: String,
}

/// One contact test.
#[derive(Clone, Debug)]
pub enum Contact {
    /// The chip was tested.
    Tested(Box<Verdict>),
    /// No programmer or chip could be tested.
    Failed(Arc<Refusal>),
}

impl Contact {
    /// True for a contact that is good enough to write.
    pub fn is_good(&self) -> bool {
        matches!(self, Contact::Tested(verdict) if verdict.good)
    }
}

/// A splice to look at.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The board or map it is for, as named or as found in the contents; none for a file at a place.
    pub board: Option<String>,
    /// What becomes of each region; empty for a file at a place.
    pub regions: Vec<RegionRow>,
    /// Where a file at a place goes.
    pub place: Option<Span>,
    /// Bytes that change, by region where a map is known; empty where `regions` says it.
    pub changes: Vec<(String, u64)>,
    /// Per-unit data, before and after.
    pub units: Vec<UnitRow>,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// The contents.
    pub image: Arc<Vec<u8>>,
}

/// The plan to confirm.
#[derive(Clone, Debug)]
pub struct PlanToConfirm {
    /// The plan.
    pub plan: Plan,
    /// The map that names its regions.
    pub layout: Option<Layout>,
}

/// A stored backup, and what is known of its contents.
#[derive(Clone, Debug)]
pub struct BackedUp {
    /// Its id.
    pub id: String,
    /// Its contents.
    pub flash: Arc<Vec<u8>>,
    /// The file that holds them, in the store.
    pub file: PathBuf,
    /// The map that the contents name or carry.
    pub map: Option<Layout>,
    /// How long it took, in the programmer's time.
    pub time: Duration,
}

/// How a job ended well.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What was done.
    pub done: Done,
    /// The page about it; none where it could not be written.
    pub page: Option<PathBuf>,
}

/// What was done.
#[derive(Clone, Debug)]
pub enum Done {
    /// A job on the chip.
    Job(Box<Report>),
    /// An open job was finished or undone.
    Resumed(Box<Report>),
    /// A backup was taken, and nothing else.
    Backup {
        /// Its id.
        id: String,
        /// Bytes read.
        bytes: u64,
        /// How long it took, in the programmer's time.
        time: Duration,
    },
}

impl Finished {
    /// The backup that it left.
    pub fn backup(&self) -> &str {
        match &self.done {
            Done::Job(report) | Done::Resumed(report) => &report.backup,
            Done::Backup { id, .. } => id,
        }
    }

    /// The job, or the backup where there was none: what a report is about.
    pub fn id(&self) -> &str {
        match &self.done {
            Done::Job(report) | Done::Resumed(report) => report.job.as_ref().unwrap_or(&report.backup),
            Done::Backup { id, .. } => id,
        }
    }
}

/// Reported by the worker.
#[derive(Clone, Debug)]
pub enum Update {
    /// The programmers that are there.
    Programmers(Vec<Found>),
    /// A job in the store that is not finished.
    OpenJob(OpenJob),
    /// The chip answered.
    Chip(ChipFacts),
    /// One more contact test.
    Contact(Contact),
    /// A job's progress.
    Event(Event),
    /// The backup is stored.
    Backup(Box<BackedUp>),
    /// Boards that the contents look like.
    Recognised(Vec<String>),
    /// What the wish of a try would put onto the chip.
    Preview(u64, Box<Preview>),
    /// The wish of a try is refused.
    Refused(u64, Arc<Refusal>),
    /// The plan, to be confirmed.
    Plan(Box<PlanToConfirm>),
    /// Done.
    Finished(Box<Finished>),
    /// Not done.
    Failed(Arc<Refusal>),
}
