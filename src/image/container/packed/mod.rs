//! Packed streams, unpacked within bounds: LZMA-alone, gzip, xz and zstd, as kernels are packed in firmware, and what UEFI
//! packs sections with.

pub mod efi;
pub mod lzma;
pub mod mszip;
mod streams;
pub mod uefi;
mod unpacked;

pub(crate) use streams::find;
pub use streams::{FORMATS, Format};
#[cfg(test)]
pub(crate) use unpacked::COUNT;
