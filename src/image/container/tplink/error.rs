//! Why a TP-Link file cannot be made.

use thiserror::Error;

/// A firmware that cannot be put together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ComposeError {
    /// No room for a header.
    #[error("no room for a TP-Link header of 0x200 bytes at {offset:#x} of {len:#x} bytes")]
    NoRoom {
        /// Where it should be.
        offset: u64,
        /// Length of the bytes.
        len: u64,
    },
    /// The firmware does not start with a header.
    #[error("the firmware does not start with a TP-Link header; give the bytes from its header on")]
    NoHeader,
    /// The firmware has a loader already.
    #[error(
        "the firmware has a boot loader of {len:#x} bytes already; give the part from its inner header on"
    )]
    HasBoot {
        /// Length of its loader.
        len: u32,
    },
    /// The loader does not fit its room.
    #[error("the boot loader has {found:#x} bytes, its room in a vendor file is {room:#x}")]
    BootTooLong {
        /// Its length.
        found: u64,
        /// Its room.
        room: u64,
    },
    /// The firmware is longer or shorter than its header says.
    #[error("the firmware has {found:#x} bytes and its header says {wanted:#x}")]
    Length {
        /// Its length.
        found: u64,
        /// The header's.
        wanted: u64,
    },
    /// The firmware is of the first structure.
    #[error("only headers of versions 2 and 3 are known with a boot loader before them")]
    FirstStructure,
}
