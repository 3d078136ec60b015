//! The boot policy manifest of the first version: fixed fields, one hash of the block.
//!
//! 16 bytes, then elements, each with a tag of 8 bytes and a version. In `__IBBS__` the hash of what follows the block is
//! at 56, that of the block at 96, at 132 the number of segments, each 16 bits, flags (0: of the block), address, length;
//! one hash is over all of them joined.

use super::stated::{
    AFTER_BLOCK, BLOCK, MEASURED, OF_BLOCK, OF_IBB, SEGMENT_LEN, SIGNATURE, Stated, WHOLE, segments, unknown,
};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at};
use crate::image::pc::bios::Bios;
use crate::image::pc::hashed::{Budget, Hashed};

const HEAD_LEN: usize = 16;
const BLOCK_LEN: usize = 133;
const HASH_LEN: usize = 32;
/// Where the key manifest has its key: after its head and one hash.
pub(super) const KEY_AT: usize = 12 + 4 + HASH_LEN;

pub(super) fn policy(bios: &Bios, budget: &mut Budget, manifest: &[u8]) -> Vec<Hashed> {
    let elements = manifest.get(HEAD_LEN..).unwrap_or_default();
    let Some((mut found, len)) = block(bios, budget, elements) else {
        return unknown(WHOLE, "its boot policy manifest has no list of segments");
    };
    let rest = elements.get(len..).unwrap_or_default();
    if rest.starts_with(MEASURED) {
        found.extend(unknown(WHOLE, "it has a list of measured ranges, which is not read"));
    } else if !rest.starts_with(SIGNATURE) {
        found.extend(unknown(WHOLE, "what follows the list of segments is not known"));
    }
    found
}

/// The hashes of the element `__IBBS__`, and its length.
fn block(bios: &Bios, budget: &mut Budget, element: &[u8]) -> Option<(Vec<Hashed>, usize)> {
    let head = slice(element, 0, BLOCK_LEN).filter(|head| head.starts_with(BLOCK))?;
    let list = slice(element, BLOCK_LEN, usize::from(head[BLOCK_LEN - 1]) * SEGMENT_LEN)?;
    let hash = |at: usize| {
        let (algorithm, len) = (u16_at(head, at, Little)?, u16_at(head, at + 2, Little)?);
        let field = slice(head, at + 4, HASH_LEN)?;
        Stated::used(algorithm, field.get(..len.into()).unwrap_or(field))
    };
    let mut found = match hash(96) {
        Some(stated) => match stated.over(bios, budget, OF_BLOCK, segments(bios, list, OF_IBB)) {
            Some(checked) => vec![checked],
            None => unknown(OF_BLOCK, "its hash is of a kind that is not known"),
        },
        None => unknown(OF_BLOCK, "its boot policy manifest has no hash of the block"),
    };
    if let Some(stated) = hash(56) {
        found.extend(stated.over_volume(bios, budget, AFTER_BLOCK));
    }
    Some((found, BLOCK_LEN + list.len()))
}
