//! What a job reports while it runs: one enum, through one closure.

use super::note::{Note, Warning};
use super::replacement::Replacement;
use std::ops::ControlFlow;
use std::time::Duration;

/// Takes every event of a job. `Break` is Ctrl-C: the job ends at the next point where the chip is consistent.
pub type Events<'a> = dyn FnMut(Event) -> ControlFlow<()> + 'a;

/// A long stage of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Tests of the contact.
    Contact,
    /// Reading outside of a backup.
    Read,
    /// First read of a backup.
    FirstRead,
    /// Second, independent read of a backup.
    SecondRead,
    /// Reading differing blocks again.
    Reread,
    /// Writing the backup into the store.
    Store,
    /// Reading the blocks of an open job.
    Survey,
    /// Erase, program, verify.
    Write,
    /// Comparing the chip with a file.
    Verify,
}

impl Stage {
    /// In words, for a progress line.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Contact => "contact",
            Stage::Read => "reading",
            Stage::FirstRead => "first read",
            Stage::SecondRead => "second read",
            Stage::Reread => "reading differing blocks again",
            Stage::Store => "storing the backup",
            Stage::Survey => "reading the job's blocks",
            Stage::Write => "erase, program, verify",
            Stage::Verify => "verifying",
        }
    }
}

/// One thing that a job reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A stage begins.
    Begin {
        /// Which.
        stage: Stage,
        /// Its size in bytes; 0 where that is not known.
        bytes: u64,
        /// Its expected time, where it is known.
        time: Option<Duration>,
    },
    /// So many more bytes of the stage are done.
    Advance {
        /// Which.
        stage: Stage,
        /// Bytes since the last event.
        bytes: u64,
    },
    /// The stage is over.
    End {
        /// Which.
        stage: Stage,
    },
    /// Worth knowing.
    Note(Note),
    /// Worth acting on.
    Warning(Warning),
    /// What another chip in place of the old one lacks, or does differently.
    Replacement(Replacement),
    /// A backup has been stored.
    Stored {
        /// Its id.
        id: String,
    },
    /// A job's journal has been opened: from here on, the job can be finished or undone.
    JobOpened {
        /// Its id.
        id: String,
    },
}
