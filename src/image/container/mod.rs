//! Containers: one file a format, each found by its structure and never by a fixed offset.
//!
//! Every parser takes any bytes: it believes no length before it is checked, takes linear time and does not
//! panic. Facts: published tools and headers named in each file.

pub mod art;
pub(crate) mod budget;
pub(crate) mod bytes;
pub mod cbfs;
pub mod cfe_nvram;
pub mod cramfs;
pub mod dtb;
pub mod esp;
pub mod fit;
pub mod fmap;
pub mod intel;
pub mod item;
pub mod jffs2;
pub mod me;
pub mod mtk_eeprom;
pub mod packed;
pub(crate) mod payload;
pub mod placeholder;
pub mod rb_hardconfig;
pub mod safeloader;
pub mod seama;
pub mod squashfs;
pub mod sysupgrade;
pub mod tplink;
pub mod trx;
pub mod ubi;
pub mod uboot_env;
pub mod uimage;
pub(crate) mod wrapper;
pub(crate) mod xml;
