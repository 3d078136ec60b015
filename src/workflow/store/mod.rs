//! The store: a folder a backup, each file with its checksum, and the journals of jobs.
//!
//! ```text
//! STORE/lock                     held while a job runs, so that a second instance cannot work on the same store
//! STORE/ID/flash.bin             the chip's contents, a plain file of exactly the chip's size
//! STORE/ID/backup.json           the manifest: who, what, when, and the SHA-256 of every file and of itself
//! STORE/ID/sfdp.bin  status.json  security-register-1.bin ...
//! STORE/jobs/ID/                 a job's journal, see [`journal`](super::journal)
//! ```
//!
//! A backup appears under its id only when it is whole: it is built in a hidden folder, synced and renamed.

mod archive;
mod backups;
mod draft;
mod error;
mod import;
mod key;
mod known;
mod manifest;
mod recorder;
mod store_folder;

pub(crate) use archive::contents_of_archive;
pub use backups::{Listed, Stored};
pub(crate) use draft::{Draft, Facts};
pub use error::StoreError;
pub use import::Import;
pub use key::ChipKey;
pub(crate) use manifest::FLASH;
pub use manifest::{FileEntry, Manifest, Origin, Proven, ProvenBy, Reads, Reread};
pub use store_folder::Store;

pub(crate) use store_folder::{AtWork, names, resolve};

#[cfg(test)]
mod tests;
