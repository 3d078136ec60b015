//! Another chip in place of the one that a backup came from: what a restore does not carry over.

use crate::span::Spans;

/// What another chip in place of the old one lacks, or does differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// It is another model: the loader's and the kernel's own chip tables may not know it.
    OtherModel {
        /// The old chip's part.
        old: String,
        /// Its JEDEC id in hex, where it is known.
        old_id: Option<String>,
        /// The part on the clip.
        new: String,
        /// Its JEDEC id in hex.
        new_id: Option<String>,
    },
    /// The old chip's security registers that have data; a restore does not write them.
    RegistersNotCopied {
        /// Their numbers.
        registers: Vec<u8>,
        /// The backup that holds them.
        backup: String,
    },
    /// The old chip's security registers that were locked; a restore does not lock them.
    RegistersWereLocked {
        /// Their numbers.
        registers: Vec<u8>,
    },
    /// What the old chip had write-protected and this one has not.
    WasProtected {
        /// The ranges.
        protected: Spans,
    },
}
