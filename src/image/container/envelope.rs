//! A vendor's header that stays in flash in front of the firmware, whichever vendor's it is.
//!
//! A vendor is added by one file with an [`Envelope`] and one row in `formats::ENVELOPES`.

use std::fmt;
use std::rc::Rc;

use super::item::ItemKind;

/// The ids by which a vendor tells its boards apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HardwareId {
    /// Hardware id.
    pub id: u32,
    /// Hardware revision; 0 where the header has none.
    pub rev: u32,
    /// As messages write it: `D7500001/4A/1`.
    pub text: String,
}

impl HardwareId {
    /// True for the same hardware; the text may differ in the country.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.id, self.rev) == (other.id, other.rev)
    }
}

/// The country or variant that a firmware is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// The header's field: `hw_ver_add`.
    pub field: &'static str,
    /// Its value.
    pub value: u32,
    /// The same as texts, where the header has any.
    pub texts: Vec<String>,
    /// True where the vendor's page may write the unit's own value over it.
    pub changed_by_page: bool,
}

/// What became of a header's MD5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Md5Verdict {
    /// It holds over `len` bytes from the header.
    Holds {
        /// The length it covers.
        len: u64,
    },
    /// It does not hold as the bytes are, and does once a legitimate change is undone: nothing is damaged.
    Stale {
        /// The length it covers.
        len: u64,
        /// What was changed.
        change: Change,
    },
    /// It does not hold, and there is a legitimate reason for that; damage cannot be seen from it.
    CannotTell {
        /// The reason.
        reason: &'static str,
    },
    /// It does not hold, and there is no legitimate reason.
    Fails {
        /// True when the bytes end before the length in the header.
        short: bool,
    },
}

/// A legitimate change of the bytes under an MD5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// OpenWrt's overlay was written over the mark at this offset from the header.
    Overlay {
        /// Offset from the header.
        offset: u64,
    },
    /// The vendor's page changed `hw_ver_add`, which was this.
    HwVerAdd {
        /// The value under which the MD5 holds.
        was: u32,
    },
}

/// A file for the vendor's web page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// True where it brings the boot loader too.
    pub with_loader: bool,
}

/// A vendor's header as found in front of a firmware. Offsets and lengths are in bytes and counted from its first byte.
pub trait Envelope: fmt::Debug {
    /// The kind of its item.
    fn kind(&self) -> ItemKind;

    /// In words: `TP-Link header`.
    fn name(&self) -> &'static str;

    /// Where it is in the bytes in which it was found.
    fn offset(&self) -> u64;

    /// The same header in bytes that start with it.
    fn at_start(&self) -> Rc<dyn Envelope>;

    /// The hardware that the firmware is for.
    fn hardware(&self) -> HardwareId;

    /// The country or variant, where the header has one.
    fn country(&self) -> Option<Country> {
        None
    }

    /// The room in flash that the firmware is made for, where the header has it.
    fn room(&self) -> Option<u64> {
        None
    }

    /// Fields with an offset that has to be inside of the room on the board, by name.
    fn ends(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Where kernel and root file system end, where the header has it; an overlay may follow.
    fn contents_end(&self) -> Option<u64> {
        None
    }

    /// Where the root file system ends, where the header has it.
    fn root_end(&self) -> Option<u64> {
        None
    }

    /// Where the kernel, or the image that the loader starts, is.
    fn payload_at(&self) -> u64;

    /// Judges its sum in the bytes in which it was found; `None` where it has none, and the image after it has its own.
    fn check(&self, bytes: &[u8]) -> Option<Md5Verdict>;

    /// In a few words for a table: kind, hardware, version.
    fn describe(&self) -> String;

    /// The file for the vendor's web page: `firmware`, which starts with this header, and where the page takes it the
    /// loader, every sum made anew.
    ///
    /// # Errors
    /// Why they cannot be put together, in words.
    fn seal(&self, loader: &[u8], firmware: &[u8]) -> Result<Sealed, String>;
}
