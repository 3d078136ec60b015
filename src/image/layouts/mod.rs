//! Layouts from everything people have: one file for each source, and writers for three of them.
//!
//! A layout from a log or table has names and places only; roles come from usual names, and everything but
//! `firmware` stays the board's own by default.

pub(crate) mod any;
pub(crate) mod boot_log;
pub(crate) mod device_tree;
pub mod flashrom;
pub(crate) mod fmap;
pub(crate) mod ifd;
pub(crate) mod in_dump;
pub mod mtdparts;
pub(crate) mod proc_mtd;
pub(crate) mod safeloader;
mod text;
pub mod user;

#[cfg(test)]
pub(crate) use any::parse_any;
pub(crate) use any::text_layout;
