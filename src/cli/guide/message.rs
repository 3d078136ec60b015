//! What the screen asks of the worker, and what the worker tells.

use crate::image::{Finding, RegionRow, UnitRow};
use crate::span::Span;
use crate::workflow::Event;
use std::path::PathBuf;
use std::sync::Arc;

/// A programmer that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The text for `-p`.
    pub spec: String,
    /// What it is, for people.
    pub text: String,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// What goes onto the chip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// `[NAME=]FILE`, as on the command line.
    pub donors: Vec<String>,
    /// `REGION=SOURCE`, as on the command line.
    pub sets: Vec<String>,
    /// Checks allowed by name.
    pub allow: Vec<String>,
}

/// Asked of the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which programmers are there?
    Programmers,
    /// Test the contact again and again, until something else is asked.
    Watch {
        /// The programmer.
        spec: String,
    },
    /// Back up, and wait for wishes.
    Begin {
        /// The programmer.
        spec: String,
        /// The board.
        board: String,
    },
    /// Put this together and show it.
    Splice(Wish),
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
    /// JEDEC id in hex.
    pub id: String,
    /// Bytes.
    pub size: u64,
    /// 1.8 V part.
    pub low_voltage: bool,
}

/// A splice to look at.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The board it is for, as named or as found in the contents.
    pub board: String,
    /// What becomes of each region.
    pub regions: Vec<RegionRow>,
    /// Data of the one unit, side by side.
    pub units: Vec<UnitRow>,
    /// What the checks found.
    pub findings: Vec<Finding>,
    /// The contents.
    pub image: Arc<Vec<u8>>,
}

/// The plan to confirm.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The blocks in the order in which they are worked on.
    pub blocks: Vec<Span>,
    /// As a table, and in words.
    pub text: Vec<String>,
}

/// How a job ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The backup that was made or used.
    pub backup: String,
    /// The job, where anything had to be done.
    pub job: Option<String>,
    /// How it ended, in a sentence.
    pub verdict: &'static str,
    /// Lines of the result.
    pub lines: Vec<String>,
    /// The report page.
    pub report: Option<PathBuf>,
}

/// Told by the worker.
#[derive(Clone, Debug)]
pub enum Tell {
    /// The programmers that are there.
    Programmers(Vec<Found>),
    /// A job in the store that is not over: id and part.
    OpenJob(String, String),
    /// The chip answered.
    Chip(ChipFacts),
    /// One more contact test: passed or not, and what it says.
    Contact(bool, String),
    /// A job's progress.
    Event(Event),
    /// The backup is stored: id and contents.
    Backup(String, Arc<Vec<u8>>),
    /// Boards that the contents look like.
    Recognised(Vec<String>),
    /// The wish as it would be.
    Preview(Box<Preview>),
    /// The wish is refused: why, and the checks that could be allowed.
    Refused(String, Vec<String>),
    /// The plan, to be confirmed.
    Plan(Planned),
    /// Done.
    Finished(Finished),
    /// Ended otherwise: message, what to do next, and whether the chip is in between.
    Failed {
        /// What failed.
        message: String,
        /// What to do next.
        hint: Option<String>,
        /// The chip is partly written.
        partial: bool,
    },
}
