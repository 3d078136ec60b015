//! The boot policy manifest of the second version: elements with lengths, several hashes of one block.
//!
//! 20 bytes, then elements, each with a tag of 8 bytes, a version, a byte, its length in 16 bits. `__IBBS__`, from 12 on:
//! 4 bytes, 32-bit flags, 40 bytes of addresses, the hash of what follows the block, the entry's address, the hashes' length
//! in all, their number, the hashes, the hash of the OEM's boot block, 3 bytes, the number of segments, the segments. A hash
//! is an algorithm, a length, the digest. `__PMDA__`, from 12 on: 2 bytes, length, 32-bit version (3), number of rows; a
//! row is a number, address, length, 16-bit length of the row, version, a hash. `__TXTS__` has a list of hashes and of segments, too.

use super::stated::{
    AFTER_BLOCK, BLOCK, MEASURED, OF_BLOCK, OF_IBB, SEGMENT_LEN, SIGNATURE, Stated, WHOLE, segments, unknown,
};
use crate::image::container::bytes::{Endianness::Little, u16_at, u32_at};
use crate::image::pc::bios::Bios;
use crate::image::pc::hashed::{Budget, Hashed, Verdict};
use crate::span::Span;

const HEAD_LEN: usize = 20;
const ELEMENT_LEN: usize = 12;
/// The first hash in `__IBBS__`, after flags and addresses.
const HASHES_AT: usize = ELEMENT_LEN + 4 + 4 + 40;
/// The flag of a segment that is not of the block.
const NOT_OF_IBB: u16 = 1;
const TXT: &[u8] = b"__TXTS__";
/// Elements that name no bytes of the flash by a hash: Platform Firmware Resilience, platform data.
const OTHERS: [&[u8]; 2] = [b"__PFRS__", b"__PCDS__"];
const OF_OEM: &str = "Boot Guard, over the OEM's boot block";
const MEASURED_RANGES: &str = "Boot Guard, over a measured range";
/// More elements than any manifest has.
const MOST: usize = 32;

/// Where the key manifest has its key.
pub(super) fn key_at(manifest: &[u8]) -> Option<usize> {
    u16_at(manifest, 12, Little).map(usize::from)
}

pub(super) fn policy(bios: &Bios, budget: &mut Budget, manifest: &[u8]) -> Vec<Hashed> {
    let mut rest = manifest.get(HEAD_LEN..).unwrap_or_default();
    let (mut found, mut has_block) = (Vec::new(), false);
    for _ in 0..MOST {
        if rest.starts_with(SIGNATURE) {
            if !has_block {
                found.extend(unknown(WHOLE, "its boot policy manifest has no list of segments"));
            }
            return found;
        }
        let len = u16_at(rest, 10, Little).map(usize::from).filter(|len| *len >= ELEMENT_LEN);
        let Some(element) = len.and_then(|len| rest.get(..len)) else { break };
        if element.starts_with(BLOCK) {
            has_block = true;
            let read = block(bios, budget, element);
            found.extend(
                read.unwrap_or_else(|| unknown(OF_BLOCK, "the list of its segments is cut short or damaged")),
            );
        } else if element.starts_with(MEASURED) {
            let read = measured(bios, budget, element);
            found.extend(read.unwrap_or_else(|| unknown(MEASURED_RANGES, "their list is of no known form")));
        } else if element.starts_with(TXT) {
            if !has_no_segments(element) {
                found.extend(unknown(WHOLE, "its segments of TXT are not read"));
            }
        } else if !OTHERS.iter().any(|tag| element.starts_with(tag)) {
            break;
        }
        rest = &rest[element.len()..];
    }
    found.extend(unknown(WHOLE, "its boot policy manifest has an element that is not known"));
    found
}

/// Reads fields one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn u16(&mut self) -> Option<u16> {
        u16_at(self.bytes(2)?, 0, Little)
    }

    fn u32(&mut self) -> Option<u32> {
        u32_at(self.bytes(4)?, 0, Little)
    }

    /// A hash; `Some(None)` where it says that there is none.
    fn hash(&mut self) -> Option<Option<Stated<'a>>> {
        let (algorithm, len) = (self.u16()?, self.u16()?);
        Some(Stated::used(algorithm, self.bytes(len.into())?))
    }
}

/// The hashes of the element `__IBBS__`.
fn block(bios: &Bios, budget: &mut Budget, element: &[u8]) -> Option<Vec<Hashed>> {
    let mut fields = Fields(element.get(HASHES_AT..)?);
    let after = fields.hash()?;
    let (_entry, _len) = (fields.u32()?, fields.u16()?);
    let count = fields.u16()?;
    let stated: Option<Vec<_>> = (0..count).map(|_| fields.hash()).collect();
    let stated: Vec<Stated> = stated?.into_iter().flatten().collect();
    let of_oem = fields.hash()?;
    let count = fields.bytes(4)?[3];
    let list = fields.bytes(usize::from(count) * SEGMENT_LEN)?;

    let spans = segments(bios, list, OF_IBB);
    // All are over the same bytes: one of a known kind that holds shows that the bytes are those of the manifest.
    let checked = stated.iter().filter_map(|one| one.over(bios, budget, OF_BLOCK, spans.clone()));
    let mut found: Vec<Hashed> = checked.collect();
    if found.is_empty() {
        found = unknown(OF_BLOCK, "its boot policy manifest has no hash of the block of a known kind");
    }
    if let Some(after) = after {
        found.extend(after.over_volume(bios, budget, AFTER_BLOCK));
    }
    if let Some(of_oem) = of_oem {
        found.extend(oem_block(bios, budget, &of_oem, segments(bios, list, NOT_OF_IBB)));
    }
    Some(found)
}

/// The OEM's boot block has no address of its own: the segments that are not of the initial one, or a volume. A hash that
/// holds proves which; one that holds over neither may be over other bytes.
fn oem_block(bios: &Bios, budget: &mut Budget, stated: &Stated, spans: Vec<Option<Span>>) -> Vec<Hashed> {
    let holds = |found: &Hashed| found.verdict == Verdict::Holds;
    if !spans.is_empty()
        && let Some(found) = stated.over(bios, budget, OF_OEM, spans).filter(holds)
    {
        return vec![found];
    }
    match stated.over_volume(bios, budget, OF_OEM) {
        found if found.iter().all(holds) => found,
        _ => unknown(OF_OEM, "it holds over no volume and no list of segments, and may cover other bytes"),
    }
}

/// True where `__TXTS__` ends with an empty list of segments. Sources differ by two bytes in where its hashes are.
fn has_no_segments(element: &[u8]) -> bool {
    [30, 32].into_iter().any(|at| {
        let read = || {
            let mut fields = Fields(element.get(at..)?);
            let (_len, count) = (fields.u16()?, fields.u16()?);
            (0..count).try_for_each(|_| fields.hash().map(drop))?;
            let segments = fields.bytes(4)?[3];
            Some(segments == 0 && fields.0.is_empty())
        };
        read() == Some(true)
    })
}

/// The hashes of the element `__PMDA__`.
fn measured(bios: &Bios, budget: &mut Budget, element: &[u8]) -> Option<Vec<Hashed>> {
    const KNOWN: u32 = 3;
    let mut fields = Fields(element.get(ELEMENT_LEN + 4..)?);
    if fields.u32()? != KNOWN {
        return None;
    }
    let mut found = Vec::new();
    for _ in 0..fields.u32()? {
        let (_number, base, len) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (_row_len, _version) = (fields.u16()?, fields.u16()?);
        let stated = fields.hash()??;
        let span = bios.offset(base.into()).and_then(|at| Span::at(at, len.into()));
        found.push(stated.over(bios, budget, MEASURED_RANGES, vec![span])?);
    }
    Some(found)
}
