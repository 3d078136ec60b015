//! TP-Link firmware: headers of versions 1 to 3, their MD5, and files for the vendor's web page.

mod compose;
pub(crate) mod envelope;
mod error;
mod header;
pub(crate) mod item;
mod md5;
#[cfg(test)]
pub(crate) mod tests;

pub use compose::seal;
pub(crate) use compose::with_boot;
pub use error::ComposeError;
pub(crate) use header::{HEADER_LEN, KINDS, TplinkHeader, parse};
