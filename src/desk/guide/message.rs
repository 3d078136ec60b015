//! What the guide asks of its worker, and what the worker reports.

use super::super::{Refusal, Wish};
use crate::image::{Finding, Layout, RegionRow, UnitRow};
use crate::plan::Plan;
use crate::workflow::Event;
use crate::workflow::contact::Verdict;
use crate::workflow::job::Report;
use std::path::PathBuf;
use std::sync::Arc;

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
        /// The board, or [`AUTO`](super::super::order::AUTO).
        board: String,
    },
    /// Put this together and show it.
    Splice(Box<Wish>),
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
    /// The board it is for, as named or as found in the contents.
    pub board: String,
    /// What becomes of each region.
    pub regions: Vec<RegionRow>,
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
    pub layout: Layout,
}

/// How a job ended well.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What was done.
    pub report: Report,
    /// The page about it; none where it could not be written.
    pub page: Option<PathBuf>,
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
    /// The backup is stored: id and contents.
    Backup(String, Arc<Vec<u8>>),
    /// Boards that the contents look like.
    Recognised(Vec<String>),
    /// What the wish would put onto the chip.
    Preview(Box<Preview>),
    /// The wish is refused.
    Refused(Arc<Refusal>),
    /// The plan, to be confirmed.
    Plan(Box<PlanToConfirm>),
    /// Done.
    Finished(Box<Finished>),
    /// Not done.
    Failed(Arc<Refusal>),
}
