//! Containers: one file a format, each found by its structure and never by a fixed offset.
//!
//! Every parser takes any bytes: it believes no length before it is checked, takes linear time and does not
//! panic. Facts: published tools and headers named in each file.

mod bytes;
pub mod sysupgrade;
pub mod tplink;
pub mod tplink_md5;

#[cfg(test)]
mod tplink_tests;
