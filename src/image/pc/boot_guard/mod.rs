//! Intel Boot Guard: the key manifest, and the boot policy manifest with the hashes over the initial boot block and more.
//!
//! `__ACBP__` and `__KEYM__` have their version at 8; what follows depends on it. Facts: UEFITool (intel_acbp_v1.ksy,
//! intel_acbp_v2.ksy, intel_keym_v1.ksy, intel_keym_v2.ksy); tried with UEFIExtract on made images.

mod first;
mod manifest;
mod second;
mod stated;
#[cfg(test)]
mod tests;

pub(super) use manifest::hashed;
pub use manifest::maker_key;
