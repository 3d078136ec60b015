//! Which manifest it is, and the maker's key.

use super::stated::{WHOLE, unknown};
use super::{first, second};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at};
use crate::image::pc::bios::Bios;
use crate::image::pc::fit::Kind;
use crate::image::pc::hashed::{Budget, Hashed};

const POLICY: &[u8] = b"__ACBP__";
const KEYS: &[u8] = b"__KEYM__";
const VERSION_AT: usize = 8;

/// The layout of the manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// 10h, up to the 9th generation.
    First,
    /// 20h to 2Fh: every element has its length.
    Second,
}

impl Version {
    fn of(manifest: &[u8]) -> Option<Self> {
        match manifest.get(VERSION_AT)? {
            0x10 => Some(Self::First),
            0x20..=0x2f => Some(Self::Second),
            _ => None,
        }
    }
}

/// The hashes of the boot policy that the FIT leads to.
pub(in crate::image::pc) fn hashed(bios: &Bios, budget: &mut Budget) -> Vec<Hashed> {
    let rows = bios.fit.iter().flat_map(|fit| &fit.rows);
    let policies = rows.filter(|row| row.kind == Kind::BootPolicy).filter_map(|row| row.at);
    policies.flat_map(|at| policy(bios, budget, at as usize)).collect()
}

fn policy(bios: &Bios, budget: &mut Budget, at: usize) -> Vec<Hashed> {
    let manifest = bios.bytes.get(at..).unwrap_or_default();
    if !manifest.starts_with(POLICY) {
        return unknown(WHOLE, "the FIT leads to no boot policy manifest");
    }
    match Version::of(manifest) {
        Some(Version::First) => first::policy(bios, budget, manifest),
        Some(Version::Second) => second::policy(bios, budget, manifest),
        None => unknown(WHOLE, "its boot policy manifest is of a version that is not read"),
    }
}

/// The maker's public key in the key manifest, whose hash may be fused into the board: another maker's firmware never
/// starts then.
pub fn maker_key<'a>(bios: &Bios<'a>) -> Option<&'a [u8]> {
    let rows = bios.fit.iter().flat_map(|fit| &fit.rows);
    let at = rows.filter(|row| row.kind == Kind::KeyManifest).find_map(|row| row.at)?;
    key_in(bios.bytes.get(at as usize..)?)
}

pub(super) fn key_in(manifest: &[u8]) -> Option<&[u8]> {
    /// Version and number of the key, then version.
    const BITS_AT: usize = 3 + 1;
    /// Bits and exponent.
    const MODULUS_AT: usize = BITS_AT + 2 + 4;
    if !manifest.starts_with(KEYS) {
        return None;
    }
    let key = match Version::of(manifest)? {
        Version::First => first::KEY_AT,
        Version::Second => second::key_at(manifest)?,
    };
    let bits = u16_at(manifest, key + BITS_AT, Little)?;
    slice(manifest, key + MODULUS_AT, usize::from(bits) / 8)
}
