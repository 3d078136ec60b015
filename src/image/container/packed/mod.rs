//! Packed streams, as kernels are packed in firmware: LZMA-alone, gzip, xz and zstd, unpacked within bounds.

pub mod lzma;
mod streams;
mod unpacked;

pub(crate) use streams::find;
pub use streams::{FORMATS, Format};
#[cfg(test)]
pub(crate) use unpacked::COUNT;
