//! Formats in the flash of Intel PCs: the flash descriptor, the GbE NVM, the partition table of the ME.

pub mod descriptor;
pub mod gbe;
pub mod me;

mod item;

#[cfg(test)]
pub(crate) mod tests;

pub use item::KIND;
pub(crate) use item::find;
