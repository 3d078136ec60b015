//! TP-Link firmware: headers of versions 1 to 3, their MD5, and files for the vendor's web page.

mod compose;
pub(crate) mod envelope;
mod header;
pub(crate) mod item;
mod md5;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use compose::with_boot;
pub use compose::{ComposeError, seal};
pub(crate) use header::{HEADER_LEN, KINDS, TplinkHeader, parse};
pub(crate) use md5::FORMAT_MARK;
