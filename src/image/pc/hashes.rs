//! Every hash over ranges of the flash: the vendors' tables and Boot Guard's manifests.

use super::bios::Bios;
use super::boot_guard;
use super::hashed::{self, Budget, Hashed};

/// Every hash in it.
pub fn all(bios: &Bios) -> Vec<Hashed> {
    let mut budget = Budget::of(bios);
    let mut found = hashed::of_vendors(bios, &mut budget);
    found.extend(boot_guard::hashed(bios, &mut budget));
    found
}
