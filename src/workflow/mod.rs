//! The jobs: contact, backup, rewrite, journal, resume, restore, and the store they keep.
//!
//! Every job takes plain options, reports what it does by [`Event`]s and gives plain results; nothing here prints. The
//! rule that holds all of it together: nothing is erased or programmed without a backup of this very chip, proven by
//! two equal reads and stored, and without a journal that can finish or undo the job.

mod alike;
pub mod backup;
mod change;
pub mod contact;
pub mod files;
pub mod job;
pub mod journal;
pub mod otp;
pub mod reading;
pub mod replacement;
pub mod restore;
pub mod resume;
pub(crate) mod rewrite;
mod store;
#[cfg(feature = "host")]
pub mod tftp;
pub mod verify;

mod differing;
mod engine;
mod error;
mod event;
mod guard;
pub(crate) mod noise;
mod note;
mod read_result;
mod slower;
mod stored_status;
mod utc;
mod vote;
mod wake;

pub use error::{Cause, ChipState, Error, OtherChip, Owned};
pub use event::{Event, Events, Stage};
pub(crate) use guard::{chip_key, open_jobs_of};
pub use note::{Note, Warning};
pub(crate) use store::FLASH;
pub(crate) use store::contents_of_archive;
pub use store::{
    ChipKey, FileEntry, Import, Listed, Manifest, Origin, Proven, ProvenBy, Reads, Reread, Store, StoreError,
    Stored,
};
pub use stored_status::{StoredRegisters, StoredSecurity, StoredStatus};

#[cfg(test)]
mod tests;
