//! The journal of a job: written before the first erase, kept true block by block, enough to finish or undo the job.
//!
//! ```text
//! STORE/jobs/ID/job.json      what the job is: chip, backup, where it may write, sealed by its own SHA-256
//! STORE/jobs/ID/wanted.bin    the whole wanted contents; when the job is finished it is called result.bin
//! STORE/jobs/ID/about.json    how the contents came about, for reports: regions, sources, recipe
//! STORE/jobs/ID/journal.log   a line an act, each with its CRC-32; a line is on disk before the act it describes
//! ```
//!
//! A torn last line is as if it had not been written: the act it would have described had not begun. A bad line before
//! the end means that the file was damaged; then every planned block is held to be in doubt.

mod header;
mod jobs;
mod log;
mod record;

pub(crate) use header::NewJob;
pub use header::{JobHeader, Verb};
pub(crate) use jobs::Journal;
pub use jobs::ListedJob;
pub use log::{Direction, Log, Over};
pub use record::JobRecord;
