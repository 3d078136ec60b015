//! Containers: one file a format, each found by its structure and never by a fixed offset.
//!
//! Every parser takes any bytes: it believes no length before it is checked, takes linear time and does not
//! panic. Facts: published tools and headers named in each file.

pub(crate) mod ambarella;
pub(crate) mod arcadyan;
pub mod art;
pub(crate) mod bcm_tag;
pub(crate) mod big_trx;
pub(crate) mod budget;
pub(crate) mod bytes;
pub mod cbfs;
pub mod cfe_nvram;
pub mod cramfs;
pub(crate) mod cybertan;
pub mod dtb;
pub mod envelope;
pub mod esp;
pub(crate) mod esp_image;
pub mod fit;
pub(crate) mod flsh_nvram;
pub mod fmap;
pub mod intel;
pub mod item;
pub mod jffs2;
pub mod me;
pub(crate) mod mtk_boot;
pub mod mtk_eeprom;
#[cfg(test)]
pub(crate) mod noise;
pub mod packed;
pub(crate) mod payload;
pub mod placeholder;
pub mod rb_hardconfig;
pub(crate) mod realtek;
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
pub(crate) mod xikestor;
pub(crate) mod xml;
