//! Containers: one file for each format, each found by its structure and never by a fixed offset.
//!
//! Every parser takes any bytes: it believes no length before it is checked, takes linear time and does not
//! panic. Facts: published tools and headers named in each file.

pub(crate) mod ambarella;
pub(crate) mod arcadyan;
pub(crate) mod art;
pub(crate) mod bcm_tag;
pub(crate) mod big_trx;
pub(crate) mod budget;
pub(crate) mod bytes;
pub(crate) mod cbfs;
pub(crate) mod cfe_nvram;
pub(crate) mod cramfs;
pub(crate) mod cybertan;
mod damage;
pub mod dtb;
pub(crate) mod envelope;
pub(crate) mod esp;
pub(crate) mod esp_image;
pub(crate) mod fit;
pub(crate) mod flsh_nvram;
pub(crate) mod fmap;
pub(crate) mod intel;
pub mod item;
pub(crate) mod jffs2;
pub(crate) mod mtk_boot;
pub(crate) mod mtk_eeprom;
#[cfg(test)]
pub(crate) mod noise;
pub(crate) mod overlay;
pub(crate) mod packed;
pub(crate) mod payload;
pub(crate) mod placeholder;
pub(crate) mod rb_hardconfig;
pub(crate) mod realtek;
pub(crate) mod safeloader;
pub(crate) mod seama;
pub(crate) mod squashfs;
pub(crate) mod sysupgrade;
pub mod tplink;
pub(crate) mod trx;
pub(crate) mod ubi;
pub mod uboot_env;
pub(crate) mod uimage;
pub(crate) mod wrapper;
pub(crate) mod xikestor;
pub(crate) mod xml;
