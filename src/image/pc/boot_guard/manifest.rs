//! Which manifest it is, what both versions share, and the maker's key.

use super::{first, second};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::image::pc::bios::Bios;
use crate::image::pc::fit::Kind;
use crate::image::pc::hashed::{Algorithm, Budget, Hashed, Verdict, check, check_volume};
use crate::span::Span;

const POLICY: &[u8] = b"__ACBP__";
const KEYS: &[u8] = b"__KEYM__";
pub(super) const BLOCK: &[u8] = b"__IBBS__";
pub(super) const MEASURED: &[u8] = b"__PMDA__";
pub(super) const SIGNATURE: &[u8] = b"__PMSG__";
const VERSION_AT: usize = 8;
pub(super) const SEGMENT_LEN: usize = 12;
/// The flag of a segment that is of the block.
pub(super) const OF_IBB: u16 = 0;
/// No hash at all.
const NULL_ALGORITHM: u16 = 0x10;

pub(super) const OF_BLOCK: &str = "Boot Guard, over the initial boot block";
pub(super) const AFTER_BLOCK: &str = "Boot Guard, over what follows the initial boot block";
pub(super) const WHOLE: &str = "Boot Guard";

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

pub(super) fn unknown(by: &'static str, why: &str) -> Vec<Hashed> {
    vec![Hashed { by, spans: Vec::new(), verdict: Verdict::Unknown(why.to_owned()) }]
}

/// The segments of a list that have the flags; one that is outside of the flash is `None`.
pub(super) fn segments(bios: &Bios, list: &[u8], flags: u16) -> Vec<Option<Span>> {
    let wanted = list.chunks_exact(SEGMENT_LEN).filter(|one| u16_at(one, 2, Little) == Some(flags));
    wanted
        .map(|one| {
            let (base, len) = (u32_at(one, 4, Little)?, u32_at(one, 8, Little)?);
            Span::at(bios.offset(base.into())?, len.into())
        })
        .collect()
}

/// A hash as a manifest states it.
pub(super) struct Stated<'a> {
    algorithm: u16,
    digest: &'a [u8],
}

impl<'a> Stated<'a> {
    /// `None` where it says that there is no hash.
    pub(super) fn used(algorithm: u16, digest: &'a [u8]) -> Option<Self> {
        let empty = |byte: u8| digest.iter().all(|one| *one == byte);
        (algorithm != NULL_ALGORITHM && !empty(0) && !empty(0xff)).then_some(Self { algorithm, digest })
    }

    /// The algorithm, where it is known and its digests have this length.
    pub(super) fn known(&self) -> Option<Algorithm> {
        Algorithm::by_number(self.algorithm).filter(|known| known.len() == self.digest.len())
    }

    pub(super) fn over(
        &self,
        bios: &Bios,
        budget: &mut Budget,
        by: &'static str,
        spans: Vec<Option<Span>>,
    ) -> Option<Hashed> {
        Some(check(bios, budget, by, self.known()?, spans, self.digest))
    }

    /// Over one of the volumes: there is no address.
    pub(super) fn over_volume(&self, bios: &Bios, budget: &mut Budget, by: &'static str) -> Vec<Hashed> {
        match self.known() {
            Some(algorithm) => vec![check_volume(bios, budget, by, algorithm, None, self.digest)],
            None => unknown(by, "its hash is of a kind that is not known"),
        }
    }
}
