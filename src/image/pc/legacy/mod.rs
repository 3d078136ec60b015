//! BIOSes of the time before UEFI: Award's, AMI's and Phoenix's, by their modules.
//!
//! A BIOS is one of these where its own mark and its modules are there, and not by a text alone: a UEFI firmware may carry the
//! texts in its compatibility module, so it is only looked for where there is no volume. Code is the release's, whole; what
//! nothing names is judged as in any other PC's firmware. The plug-and-play configuration (ESCD) is the unit's.
//! Where a maker keeps its DMI pool no source says: it is a block without a name.

mod ami;
mod award;
mod escd;
mod modules;
mod phoenix;
mod which;

pub use modules::{Legacy, Module};
pub use which::find;

#[cfg(test)]
pub(in crate::image::pc) use which::tests;
