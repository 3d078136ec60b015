//! Why a job failed, and in what state it left the chip: the question that matters.

use super::contact::Verdict;
use super::store::{ChipKey, StoreError};
use crate::flash::FlashError;
use crate::plan::PlanError;
use crate::span::Spans;
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
#[error("{cause}{}", next(.chip))]
pub struct Error {
    /// Why.
    pub cause: Box<Cause>,
    /// What it left on the chip.
    pub chip: ChipState,
}

fn next(chip: &ChipState) -> String {
    match chip {
        ChipState::Partial { job } => format!(
            "\nThe chip is partly written. Finish it with 'norsplice resume {job}', or put the backup back with \
             'norsplice resume --undo {job}'"
        ),
        _ => String::new(),
    }
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
         was kept. {advice}",
        units::size(.unsure.len())
    )]
    Disagree {
        /// Bytes in which the first two passes differed.
        differing: u64,
        /// Bytes read by each.
        bytes: u64,
        /// What no majority settles.
        unsure: Spans,
        /// The likely cause, and the next thing to try.
        advice: String,
    },
    /// The contents cannot be a chip's.
    #[error("every byte of the chip reads {value:02x}: {advice}")]
    Suspect {
        /// The byte.
        value: u8,
        /// What to do.
        advice: &'static str,
    },
    /// The chip is half written by an earlier job.
    #[error(
        "this chip is in the middle of the job '{job}': what is on it is no backup. Finish that job with 'norsplice \
         resume {job}', undo it with 'norsplice resume --undo {job}', or give it up with 'norsplice jobs drop {job}'"
    )]
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
        erased: crate::span::Span,
        /// What changed outside of it.
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
    /// What is wanted is not sensible.
    #[error("{0}")]
    Refused(String),
    /// The user did not confirm.
    #[error("not confirmed; nothing was written")]
    Unconfirmed,
    /// The user stopped it.
    #[error("stopped on request")]
    Stopped,
}

/// A backup or job of one chip, and another on the clip.
#[derive(Debug, Error)]
#[error("{what} belongs to chip {expected}; the chip on the clip is {found}. {advice}")]
pub struct OtherChip {
    /// The backup or job.
    pub what: String,
    /// Its chip.
    pub expected: ChipKey,
    /// The chip on the clip.
    pub found: ChipKey,
    /// What to do.
    pub advice: &'static str,
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
