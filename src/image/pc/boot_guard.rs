//! Intel Boot Guard: the key manifest, and the boot policy manifest with the hash over the initial boot block.
//!
//! `__ACBP__` of the first version: 16 bytes, then elements, each with a tag of 8 bytes and a version. In `__IBBS__` the
//! hash of what follows the block is at 56, that of the block at 96, at 132 the number of segments, each 16 bits, flags (0:
//! of the block), address, length; one hash is over all of them joined. Facts: UEFITool (intel_acbp_v1.ksy,
//! intel_keym_v1.ksy); tried with UEFIExtract on made images.

use super::bios::Bios;
use super::fit::Kind;
use super::hashed::{Algorithm, Budget, Hashed, Verdict, check, check_volume};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;

const POLICY: &[u8] = b"__ACBP__";
const KEYS: &[u8] = b"__KEYM__";
const BLOCK: &[u8] = b"__IBBS__";
const MEASURED: &[u8] = b"__PMDA__";
const SIGNATURE: &[u8] = b"__PMSG__";
const VERSION_AT: usize = 8;
/// The first version of both manifests; later ones have other fields.
const FIRST: u8 = 0x10;
const HEAD_LEN: usize = 16;
const BLOCK_LEN: usize = 133;
const SEGMENT_LEN: usize = 12;
/// No hash at all.
const NULL_ALGORITHM: u16 = 0x10;

const OF_BLOCK: &str = "Boot Guard, over the initial boot block";
const BEHIND_BLOCK: &str = "Boot Guard, over what follows the initial boot block";
const WHOLE: &str = "Boot Guard";

/// The hashes of the boot policy that the FIT leads to.
pub(super) fn hashed(bios: &Bios, budget: &mut Budget) -> Vec<Hashed> {
    let rows = bios.fit.iter().flat_map(|fit| &fit.rows);
    let policies = rows.filter(|row| row.kind == Kind::BootPolicy).filter_map(|row| row.at);
    policies.flat_map(|at| policy(bios, budget, at as usize)).collect()
}

fn unknown(by: &'static str, why: &str) -> Vec<Hashed> {
    vec![Hashed { by, spans: Vec::new(), verdict: Verdict::Unknown(why.to_owned()) }]
}

fn policy(bios: &Bios, budget: &mut Budget, at: usize) -> Vec<Hashed> {
    let rest = bios.bytes.get(at..).unwrap_or_default();
    if !rest.starts_with(POLICY) {
        return unknown(WHOLE, "the FIT leads to no boot policy manifest");
    }
    if rest.get(VERSION_AT) != Some(&FIRST) {
        return unknown(WHOLE, "its boot policy manifest is of a later version, which is not read");
    }
    let elements = rest.get(HEAD_LEN..).unwrap_or_default();
    let Some((found, len)) = block(bios, budget, elements) else {
        return unknown(WHOLE, "its boot policy manifest has no list of segments");
    };
    let behind = elements.get(len..).unwrap_or_default();
    let mut found = found;
    if behind.starts_with(MEASURED) {
        found.extend(unknown(WHOLE, "it has a list of measured ranges, which is not read"));
    } else if !behind.starts_with(SIGNATURE) {
        found.extend(unknown(WHOLE, "what follows the list of segments is not known"));
    }
    found
}

/// The hashes of the element `__IBBS__`, and its length.
fn block(bios: &Bios, budget: &mut Budget, element: &[u8]) -> Option<(Vec<Hashed>, usize)> {
    let head = slice(element, 0, BLOCK_LEN).filter(|head| head.starts_with(BLOCK))?;
    let count = usize::from(head[BLOCK_LEN - 1]);
    let segments = slice(element, BLOCK_LEN, count * SEGMENT_LEN)?;
    let of_block = segments.chunks_exact(SEGMENT_LEN).filter(|one| u16_at(one, 2, Little) == Some(0));
    let spans: Vec<Option<Span>> = of_block
        .map(|one| {
            let (base, len) = (u32_at(one, 4, Little)?, u32_at(one, 8, Little)?);
            Span::at(bios.offset(base.into())?, len.into())
        })
        .collect();
    let mut found = Vec::new();
    let hash = |at: usize| {
        let (number, len) = (u16_at(head, at, Little)?, u16_at(head, at + 2, Little)?);
        let stated = slice(head, at + 4, 32)?;
        let used = number != NULL_ALGORITHM && len != 0 && stated.iter().any(|byte| *byte != 0);
        used.then_some((Algorithm::by_number(number).filter(|_| len <= 32), stated.get(..len.into())))
    };
    match hash(96) {
        Some((Some(algorithm), Some(stated))) => {
            found.push(check(bios, budget, OF_BLOCK, algorithm, spans, stated));
        }
        Some(_) => found.extend(unknown(OF_BLOCK, "its hash is of a kind that is not known")),
        None => found.extend(unknown(OF_BLOCK, "its boot policy manifest has no hash of the block")),
    }
    match hash(56) {
        Some((Some(algorithm), Some(stated))) => {
            found.push(check_volume(bios, budget, BEHIND_BLOCK, algorithm, None, stated));
        }
        Some(_) => found.extend(unknown(BEHIND_BLOCK, "its hash is of a kind that is not known")),
        None => {}
    }
    Some((found, BLOCK_LEN + count * SEGMENT_LEN))
}

/// The maker's public key in the key manifest, whose hash may be fused into the board: another maker's firmware never
/// starts then.
pub fn maker_key<'a>(bios: &Bios<'a>) -> Option<&'a [u8]> {
    const HASH_END: usize = 12 + 4 + 32;
    /// Version and number of the key, then version, bits, exponent.
    const KEY_HEAD: usize = 3 + 7;
    let rows = bios.fit.iter().flat_map(|fit| &fit.rows);
    let at = rows.filter(|row| row.kind == Kind::KeyManifest).find_map(|row| row.at)?;
    let manifest = bios.bytes.get(at as usize..)?;
    if !manifest.starts_with(KEYS) || manifest.get(VERSION_AT) != Some(&FIRST) {
        return None;
    }
    let bits = u16_at(manifest, HASH_END + 4, Little)?;
    slice(manifest, HASH_END + KEY_HEAD, usize::from(bits) / 8)
}
