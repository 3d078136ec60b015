//! Why a job failed, and in what state it left the chip: the question that matters.

use super::contact::{AddressFault, Verdict};
use super::noise::Noise;
use super::read_result::Changed;
use super::store::{ChipKey, StoreError};
use crate::flash::FlashError;
use crate::plan::PlanError;
use crate::span::{Span, Spans};
use crate::units;
use serde::Serialize;
use thiserror::Error;

/// What a job left on the chip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChipState {
    /// No erase and no program was sent.
    #[default]
    Untouched,
    /// In between; the job with this id finishes or undoes it.
    Partial {
        /// Id of the open job.
        job: String,
    },
    /// The backup's contents are on it again.
    Restored,
    /// The wanted contents are on it.
    Written,
}

/// A job that failed.
#[derive(Debug, Error)]
#[error("{cause}")]
pub struct Error {
    /// Why.
    pub cause: Box<Cause>,
    /// What it left on the chip.
    pub chip: ChipState,
}

fn example(changed: &Changed) -> String {
    changed
        .example
        .map_or(String::new(), |(at, before, now)| format!(" ({at:#08x} read {before:02x}, then {now:02x})"))
}

/// Why a job failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Cause {
    /// The chip or the way to it.
    #[error(transparent)]
    Flash(#[from] FlashError),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The contact is not good enough to write.
    #[error("{0}")]
    Contact(Box<Verdict>),
    /// The passes of a read do not agree and no clear majority settles it.
    #[error(
        "the reads do not agree: {differing} of {bytes} bytes differed, and {} cannot be settled ({unsure}); nothing \
         was kept",
        units::size(.unsure.len())
    )]
    Disagree {
        /// Bytes in which the first two passes differed.
        differing: u64,
        /// Bytes read by each.
        bytes: u64,
        /// What no majority settles.
        unsure: Spans,
        /// What the differences look like.
        noise: Noise,
    },
    /// The chip does not answer for the addresses that were sent.
    #[error("{0}; nothing was kept")]
    Addresses(AddressFault),
    /// The contents changed while they were read.
    #[error(
        "the chip changed while it was read, in {}{}: something else writes to it, or the programmer mixes up its answers; nothing \
         was kept",
        .0.blocks, example(.0)
    )]
    Changed(Box<Changed>),
    /// The chip read as something at first, and reads as one value now, everywhere.
    #[error(
        "every byte reads {:02x} now, and {at:#08x} read {before:02x} before: the chip no longer gives its data; nothing was kept",
        now
    )]
    DataLost {
        /// An address.
        at: u64,
        /// What it read as before.
        before: u8,
        /// What every byte reads as.
        now: u8,
    },
    /// The contents cannot be a chip's.
    #[error("every byte of the chip reads {value:02x}")]
    Suspect {
        /// The byte.
        value: u8,
    },
    /// The chip is half written by an earlier job.
    #[error("job '{job}' on this chip is unfinished, so its contents cannot be used as a backup")]
    OpenJob {
        /// The job.
        job: String,
    },
    /// The chip on the clip is another one.
    #[error(transparent)]
    OtherChip(Box<OtherChip>),
    /// An erase reached further than its size.
    #[error(
        "an erase of {erased} changed bytes outside of it ({spans}): the part erases larger blocks than is believed of \
         it; stopped at once"
    )]
    ErasedTooMuch {
        /// The block that was to be erased.
        erased: Span,
        /// What changed outside of it.
        spans: Spans,
    },
    /// Blocks that no step has touched differ from the backup.
    #[error(
        "the chip differs from backup '{backup}' in {spans}, which no step of the job has touched: the backup or the link \
         to the chip is wrong, and nothing more is written"
    )]
    BackupDiffers {
        /// The backup.
        backup: String,
        /// Where it differs.
        spans: Spans,
    },
    /// A block did not take its contents.
    #[error("after {tries} tries, {} bytes still differ from what was programmed, in {spans}", .spans.len())]
    NotTaken {
        /// Tries.
        tries: u32,
        /// Where it still differs.
        spans: Spans,
    },
    /// There is no open job for the chip on the clip.
    #[error("there is no unfinished job for the chip on the clip")]
    NoOpenJob,
    /// No backup proves what the security registers hold.
    #[error("no backup in the store holds this chip's security registers as they are now")]
    NoRegisterBackup,
    /// More is to be read than this machine can hold.
    #[error("{0} is more than this machine can hold")]
    TooMuch(Span),
    /// A backup of a chip of another size.
    #[error("backup '{backup}' holds {bytes} bytes, the chip on the clip {size}")]
    OtherSize {
        /// The backup.
        backup: String,
        /// Its bytes.
        bytes: u64,
        /// Bytes of the chip.
        size: u64,
    },
    /// The chip is not the one that was read before the question.
    #[error(
        "the chip on the clip is not the one that was backed up, since the question was asked: another chip, or a clip \
         that has moved; nothing was written, begin again"
    )]
    ClipMoved,
    /// The user did not confirm.
    #[error("not confirmed; nothing was written")]
    Unconfirmed,
    /// The user stopped it.
    #[error("stopped on request")]
    Stopped,
}

/// A backup or job of one chip, and another on the clip.
#[derive(Debug, Error)]
#[error("{what} belongs to chip {expected}; the chip on the clip is {found}")]
pub struct OtherChip {
    /// The backup or job.
    pub what: Owned,
    /// Its chip.
    pub expected: ChipKey,
    /// The chip on the clip.
    pub found: ChipKey,
}

/// What belongs to one chip, by its id in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owned {
    /// A backup. It holds that chip's calibration and addresses.
    Backup(String),
    /// A job.
    Job(String),
}

impl std::fmt::Display for Owned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Owned::Backup(id) => write!(f, "backup '{id}'"),
            Owned::Job(id) => write!(f, "job '{id}'"),
        }
    }
}

impl From<OtherChip> for Cause {
    fn from(other: OtherChip) -> Self {
        Cause::OtherChip(Box::new(other))
    }
}

impl Cause {
    /// The failure, with the chip as it was.
    pub fn untouched(self) -> Error {
        Error { cause: Box::new(self), chip: ChipState::Untouched }
    }

    /// The failure of a job that has begun.
    pub fn partial(self, job: &str) -> Error {
        Error { cause: Box::new(self), chip: ChipState::Partial { job: job.into() } }
    }
}

impl<C: Into<Cause>> From<C> for Error {
    fn from(cause: C) -> Self {
        cause.into().untouched()
    }
}
