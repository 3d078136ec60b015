//! What a firmware file brings to the flash, as its container describes it; where it is put is decided by the board.

/// The part of a firmware file that goes to the flash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload<'a> {
    /// These bytes, as they are.
    Whole(&'a [u8]),
    /// Kernel and root file system, each at the address of the flash that the file gives it.
    Placed {
        /// The address in the flash, and the bytes.
        kernel: Option<(u64, &'a [u8])>,
        /// The address in the flash, and the bytes.
        root: Option<(u64, &'a [u8])>,
        /// Every part by its name.
        parts: Parts<'a>,
    },
    /// Kernel and root file system without addresses: the root file system goes to the next erase block.
    Separate {
        /// The kernel.
        kernel: Option<&'a [u8]>,
        /// The root file system.
        root: Option<&'a [u8]>,
        /// Every part by its name.
        parts: Parts<'a>,
    },
}

/// Parts of a file by the names that regions of their own have.
pub(crate) type Parts<'a> = Vec<(String, &'a [u8])>;
