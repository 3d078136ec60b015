//! Ranges of the flash that a hash covers, whoever keeps it, and whether it holds.
//!
//! AMI's file has a section of 36, 80 or 112 bytes: a hash without an address (that of a volume), two with, or one over
//! three ranges joined. Phoenix's has `$HASHTBL` and rows that count from the first volume. Insyde's map has a hash an
//! entry. Facts: UEFITool (ffs.h, ffsparser.cpp, insyde_fdm.ksy).

use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};

use super::bios::Bios;
use super::file::section;
use super::guid::Guid;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at};
use crate::span::Span;

const AMI_FILE: Guid = Guid::of("CBC91F44-A4BC-4A5B-8696-703451D0B053");
const PHOENIX_FILE: Guid = Guid::of("389CC6F2-1EA8-467B-AB8A-78E769AE2A15");
const RAW_SECTION: u8 = 0x19;
/// More rows than any table of hashes has.
const MOST: u32 = 256;

/// Whether a hash holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// It cannot be checked, and why.
    Unknown(String),
}

/// A hash and what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// Who keeps it, in words.
    pub by: &'static str,
    /// What it covers, joined in this order; empty where that is not known.
    pub spans: Vec<Span>,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// How the hash is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    /// By the number that TCG gives it; `None` for others, SM3 among them.
    pub(super) fn by_number(number: u16) -> Option<Self> {
        Some(match number {
            4 => Self::Sha1,
            0xb => Self::Sha256,
            0xc => Self::Sha384,
            0xd => Self::Sha512,
            _ => return None,
        })
    }

    /// Bytes of a digest.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    fn digest(self, parts: &[&[u8]]) -> Vec<u8> {
        fn joined<D: Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            parts.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha1 => joined::<Sha1>(parts),
            Self::Sha256 => joined::<Sha256>(parts),
            Self::Sha384 => joined::<Sha384>(parts),
            Self::Sha512 => joined::<Sha512>(parts),
        }
    }
}

/// What may still be hashed: tables may name the same bytes again and again.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    /// Enough for what honest tables cover of this firmware.
    pub(super) fn of(bios: &Bios) -> Self {
        Self(16 * bios.bytes.len() as u64 + (1 << 20))
    }
}

/// Compares the hash over `spans` with the one that is stated.
pub(super) fn check(
    bios: &Bios,
    budget: &mut Budget,
    by: &'static str,
    algorithm: Algorithm,
    spans: Vec<Option<Span>>,
    stated: &[u8],
) -> Hashed {
    let known: Vec<Span> = spans.iter().flatten().copied().collect();
    let parts: Option<Vec<&[u8]>> = spans.iter().map(|span| (*span)?.of(bios.bytes)).collect();
    let len = known.iter().map(Span::len).sum::<u64>();
    let verdict = match parts {
        None => Verdict::Unknown("it covers bytes outside of the flash".to_owned()),
        Some(_) if len > budget.0 => Verdict::Unknown("too many hashes cover the same bytes".to_owned()),
        Some(parts) => {
            budget.0 -= len;
            if algorithm.digest(&parts) == stated { Verdict::Holds } else { Verdict::Fails }
        }
    };
    Hashed { by, spans: known, verdict }
}

/// As [`check`] for a hash without an address: of the volume, or one of the volumes, that it is of.
pub(super) fn check_volume(
    bios: &Bios,
    budget: &mut Budget,
    by: &'static str,
    algorithm: Algorithm,
    len: Option<u64>,
    stated: &[u8],
) -> Hashed {
    for volume in bios.volumes.iter().filter(|volume| len.is_none_or(|len| volume.span.len() == len)) {
        let found = check(bios, budget, by, algorithm, vec![Some(volume.span)], stated);
        if found.verdict != Verdict::Fails {
            return found;
        }
    }
    Hashed { by, spans: Vec::new(), verdict: Verdict::Fails }
}

/// True where AMI's file of hashes is among the files.
pub fn has_ami_file(bios: &Bios) -> bool {
    bios.files().any(|file| file.guid == AMI_FILE)
}

/// Every hash that the vendors' tables keep.
pub(super) fn of_vendors(bios: &Bios, budget: &mut Budget) -> Vec<Hashed> {
    let mut found = Vec::new();
    for file in bios.files() {
        let Some(body) = file.body().of(bios.bytes) else { continue };
        if file.guid == AMI_FILE {
            found.extend(ami(bios, budget, section(body, RAW_SECTION).unwrap_or(body)));
        } else if file.guid == PHOENIX_FILE {
            found.extend(phoenix(bios, budget, body));
        }
    }
    for entry in bios.device_map.iter().flatten() {
        let Some(stated) = entry.sha256 else { continue };
        let span = bios.offset(entry.address).and_then(|at| Span::at(at, entry.len));
        let by = "Insyde's flash device map";
        found.push(check(bios, budget, by, Algorithm::Sha256, vec![span], &stated));
    }
    found
}

/// Address and length at two places of a table; `None` for a row that is not in use.
fn range(bios: &Bios, table: &[u8], base_at: usize, len_at: usize) -> Option<Option<Span>> {
    let (base, len) = (u32_at(table, base_at, Little)?, u32_at(table, len_at, Little)?);
    let unused = len == 0 || len == u32::MAX || base == u32::MAX;
    (!unused).then(|| bios.offset(base.into()).and_then(|at| Span::at(at, len.into())))
}

fn ami(bios: &Bios, budget: &mut Budget, table: &[u8]) -> Vec<Hashed> {
    const BY: &str = "AMI's hash file";
    let sha = Algorithm::Sha256;
    match table.len() {
        36 => {
            let len = u32_at(table, 32, Little).map(u64::from);
            vec![check_volume(bios, budget, BY, sha, len, &table[..32])]
        }
        80 => {
            let rows = table.chunks_exact(40);
            rows.filter_map(|row| {
                let span = range(bios, row, 32, 36)?;
                Some(check(bios, budget, BY, sha, vec![span], &row[..32]))
            })
            .collect()
        }
        112 => {
            let spans: Vec<_> = (0..3).filter_map(|n| range(bios, table, 32 + 4 * n, 44 + 4 * n)).collect();
            vec![check(bios, budget, BY, sha, spans, &table[..32])]
        }
        len => {
            let verdict = Verdict::Unknown(format!("its table of {len} bytes is of no known form"));
            vec![Hashed { by: BY, spans: Vec::new(), verdict }]
        }
    }
}

fn phoenix(bios: &Bios, budget: &mut Budget, table: &[u8]) -> Vec<Hashed> {
    const BY: &str = "Phoenix's hash file";
    const ROW: usize = 40;
    let unknown =
        |why: &str| vec![Hashed { by: BY, spans: Vec::new(), verdict: Verdict::Unknown(why.to_owned()) }];
    let count = u32_at(table, 8, Little).filter(|count| *count <= MOST && table.starts_with(b"$HASHTBL"));
    let Some(rows) = count.and_then(|count| slice(table, 12, count as usize * ROW)) else {
        return unknown("its table is cut short or of no known form");
    };
    // Rows count from the first volume; without a descriptor, from the start of the file.
    let first = bios.volumes.first().map_or(0, |volume| volume.span.start);
    let rows = rows.chunks_exact(ROW).filter_map(|row| {
        let (base, len) = (u32_at(row, 32, Little)?, u32_at(row, 36, Little)?);
        if len == 0 || base == u32::MAX {
            return None;
        }
        let mut at = |start: u64| {
            let span = Span::at(start + u64::from(base), len.into());
            check(bios, budget, BY, Algorithm::Sha256, vec![span], &row[..32])
        };
        let found = at(first);
        Some(if found.verdict == Verdict::Holds || first == 0 { found } else { at(0) })
    });
    rows.collect()
}
