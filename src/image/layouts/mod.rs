//! Layouts from everything people have: one file a source, and writers for three of them.
//!
//! A layout from a log or table has names and places only; roles come from usual names, and everything but
//! `firmware` stays the board's own by default.

pub mod any;
pub mod boot_log;
pub mod device_tree;
pub mod flashrom;
pub mod fmap;
pub mod ifd;
pub(crate) mod in_dump;
pub mod mtdparts;
pub mod proc_mtd;
pub mod safeloader;
mod text;
pub mod user;

pub use any::{parse_any, text_layout};
