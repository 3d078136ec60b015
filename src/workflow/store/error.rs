//! What can go wrong with the store.

use crate::span::Spans;
use crate::workflow::files::FileError;
use std::path::PathBuf;
use thiserror::Error;

/// A failure of the store, or its refusal.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another instance holds it.
    #[error("the store {} is in use by another norsplice", .0.display())]
    Locked(PathBuf),
    /// Opened for looking only.
    #[error("the store {} was opened for reading only", .0.display())]
    ReadOnly(PathBuf),
    /// A backup or journal is not what was stored.
    #[error("{what} '{id}' is damaged or was edited: {fault}; it is not used")]
    Damaged {
        /// `backup` or `job`.
        what: &'static str,
        /// Its id.
        id: String,
        /// What is wrong with it.
        fault: String,
    },
    /// There is none of that name.
    #[error("there is no {what} '{id}' in the store; {}", it_holds(.known, *.of))]
    NotFound {
        /// `backup` or `job`.
        what: &'static str,
        /// What was asked for.
        id: String,
        /// The latest that exist.
        known: Vec<String>,
        /// How many exist.
        of: usize,
    },
    /// The beginning of an id fits several.
    #[error("'{id}' may be any of {}; give more of the id", .fits.join(", "))]
    Ambiguous {
        /// What was asked for.
        id: String,
        /// The ids that begin so.
        fits: Vec<String>,
    },
    /// It is the last one.
    #[error("'{0}' is the only backup of its chip; it is removed only when that is confirmed")]
    OnlyBackup(String),
    /// An open job needs it.
    #[error("backup '{id}' is needed by the open job '{job}'; finish, undo or drop that job first")]
    NeededByJob {
        /// The backup.
        id: String,
        /// The job.
        job: String,
    },
    /// The job is already over.
    #[error("job '{0}' is over; there is nothing to finish or to undo")]
    JobOver(String),
    /// Another thread works on it.
    #[error("job '{0}' is at work on another programmer")]
    JobAtWork(String),
    /// Two dumps that should be one differ.
    #[error(
        "the second read differs from the first in {bytes} bytes, first at {first:#08x}; neither can be trusted: read \
         the chip again with better contact"
    )]
    SecondDiffers {
        /// Bytes that differ.
        bytes: u64,
        /// First address.
        first: u64,
        /// All of them.
        spans: Spans,
    },
    /// The contents cannot be a chip's.
    #[error("{0}")]
    Suspect(String),
}

fn it_holds(ids: &[String], of: usize) -> String {
    match ids {
        [] => "it holds none".into(),
        ids if ids.len() == of => format!("it holds {}", ids.join(", ")),
        ids => format!("it holds {of}, the latest are {}", ids.join(", ")),
    }
}
