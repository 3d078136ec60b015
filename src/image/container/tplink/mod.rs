//! TP-Link firmware: headers of versions 1 to 3, their MD5, and files for the vendor's web page.

mod compose;
pub(crate) mod envelope;
mod header;
pub(crate) mod item;
mod md5;
#[cfg(test)]
mod tests;

pub use super::envelope::{Change, Md5Verdict};
pub use compose::{ComposeError, seal, with_boot};
pub(crate) use header::KINDS;
pub use header::{BOOT_ROOM, Endianness, HEADER_LEN, Header, Part, Structure, check_md5, parse};
pub(crate) use md5::FORMAT_MARK;
pub use md5::Salt;
