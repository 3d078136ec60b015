//! Containers: one file a format, each found by its structure and never by a fixed offset.
//!
//! Every parser takes any bytes: it believes no length before it is checked, takes linear time and does not
//! panic. Facts: published tools and headers named in each file.

pub mod art;
mod bytes;
pub mod dtb;
pub mod fit;
pub mod fmap;
pub mod ifd;
pub mod jffs2;
pub mod lzma;
pub mod mtk_eeprom;
pub mod packed;
pub mod safeloader;
pub mod seama;
pub mod squashfs;
pub mod sysupgrade;
pub mod tplink;
pub(crate) mod tplink_compose;
pub(crate) mod tplink_item;
pub mod tplink_md5;
pub mod trx;
pub mod uboot_env;
pub mod uimage;

#[cfg(test)]
mod tplink_tests;
