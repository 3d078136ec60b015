//! What the elements of both versions share: segments, and hashes as they are stated.

use crate::image::container::bytes::{Endianness::Little, u16_at, u32_at};
use crate::image::pc::bios::Bios;
use crate::image::pc::hashed::{Algorithm, Budget, Hashed, Verdict, check, check_volume};
use crate::span::Span;

pub(super) const BLOCK: &[u8] = b"__IBBS__";
pub(super) const MEASURED: &[u8] = b"__PMDA__";
pub(super) const SIGNATURE: &[u8] = b"__PMSG__";
pub(super) const SEGMENT_LEN: usize = 12;
/// The flag of a segment that is of the block.
pub(super) const OF_IBB: u16 = 0;
pub(super) const OF_BLOCK: &str = "Boot Guard, over the initial boot block";
pub(super) const AFTER_BLOCK: &str = "Boot Guard, over what follows the initial boot block";
pub(super) const WHOLE: &str = "Boot Guard";
/// No hash at all.
const NULL_ALGORITHM: u16 = 0x10;

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
