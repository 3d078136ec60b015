//! Who owns which bytes of a BIOS region: variables and identity are the unit's, everything else the release's.
//!
//! Blocks that nothing names are judged by both dumps: see [`blocks`].

use super::bios::Bios;
use super::guid::Guid;
use super::identity::FLASH_DATA;
use super::insyde::Owner;
use super::legacy::Legacy;
use super::{apple, nvar, phoenix};
use crate::image::is_blank;
use crate::span::Span;

/// What a claim is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// The store of the variables.
    Variables,
    /// Data of the one unit.
    Unit,
}

/// Bytes that stay the board's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Where, from the start of the region.
    pub span: Span,
    /// The name of the region that it becomes, `nvram`.
    pub name: String,
    /// What it is.
    pub whose: Whose,
}

/// AMI's files that are kept free for data of the unit: 16 GUIDs that differ in their first field.
const ROM_HOLE: Guid = Guid::of("05CA01FC-0FC1-11DC-9011-00173153EBA8");
const ROM_HOLES: std::ops::RangeInclusive<u32> = 0x05ca_01fc..=0x05ca_020b;
/// Areas of coreboot's boards that are the unit's.
const AREAS: [(&str, &str); 10] = [
    ("RO_VPD", "ro-vpd"),
    ("RW_VPD", "rw-vpd"),
    ("RW_MRC_CACHE", "mrc-cache"),
    ("UNIFIED_MRC_CACHE", "mrc-cache"),
    ("RECOVERY_MRC_CACHE", "mrc-cache"),
    ("RW_ELOG", "event-log"),
    ("RW_NVRAM", "rw-nvram"),
    (VARIABLES, "smmstore"),
    ("GBB", "gbb"),
    ("CONSOLE", "console"),
];

/// coreboot's area of UEFI's variables, for those payloads that have them.
const VARIABLES: &str = "SMMSTORE";

/// More claims than any flash has: the work on a made-up one stays bounded.
pub const MOST_CLAIMS: usize = 256;

fn is_rom_hole(guid: Guid) -> bool {
    let [a, b, c, d, rest @ ..] = guid.0;
    ROM_HOLES.contains(&u32::from_le_bytes([a, b, c, d])) && rest == ROM_HOLE.0[4..]
}

/// Every claim in it, in order of address; none lies in another one.
pub fn claims(bios: &Bios) -> Vec<Claim> {
    let mut found: Vec<Claim> = Vec::new();
    let mut add = |span: Span, name: &str, whose| {
        let inside = span.end <= bios.bytes.len() as u64 && !span.is_empty() && found.len() < MOST_CLAIMS;
        if inside && !found.iter().any(|other| other.span.overlaps(span)) {
            found.push(Claim { span, name: name.to_owned(), whose });
        }
    };
    for volume in &bios.volumes {
        if volume.is_nvram() {
            add(volume.span, "nvram", Whose::Variables);
        }
        for file in volume.real_files() {
            match file.guid {
                nvar::FILE => add(file.span, "nvram", Whose::Variables),
                FLASH_DATA => add(file.span, "fd44", Whose::Unit),
                guid if is_rom_hole(guid) => add(file.span, "rom-hole", Whose::Unit),
                _ => {}
            }
        }
    }
    for entry in bios.device_map.iter().flatten() {
        let Some(span) = bios.offset(entry.address).and_then(|at| Span::at(at, entry.len)) else { continue };
        match entry.owner() {
            Owner::Unit(name) => add(span, name, Whose::Unit),
            Owner::Variables => add(span, "nvram", Whose::Variables),
            Owner::Release | Owner::Open => {}
        }
    }
    for entry in bios.flash_map.iter().flatten() {
        let Some(span) = bios.offset(entry.address).and_then(|at| Span::at(at, entry.len)) else { continue };
        match entry.owner {
            phoenix::MapOwner::Variables => add(span, "nvram", Whose::Variables),
            phoenix::MapOwner::Unit => add(span, "slic", Whose::Unit),
            phoenix::MapOwner::Release => {}
        }
    }
    // Those in volumes are in the volumes' claims.
    for store in &bios.stores {
        match store.form {
            phoenix::FORM => add(store.span, "nvram", Whose::Variables),
            apple::FORM => add(store.span, "fsys", Whose::Unit),
            _ => {}
        }
    }
    for (name, span) in bios.psp.iter().flat_map(|psp| &psp.own) {
        add(*span, name, Whose::Unit);
    }
    for (area, span) in &bios.areas {
        if let Some((_, name)) = AREAS.iter().find(|(own, _)| own == area) {
            let whose = if area == VARIABLES { Whose::Variables } else { Whose::Unit };
            add(*span, name, whose);
        }
    }
    for span in bios.legacy.iter().flat_map(|legacy| &legacy.escd) {
        add(*span, "escd", Whose::Unit);
    }
    // In a volume's free room it would come between the release's files: that is asked about.
    for span in bios.dvar.iter().filter(|span| !bios.volumes.iter().any(|one| one.span.overlaps(**span))) {
        add(*span, "dvar", Whose::Unit);
    }
    found.sort_by_key(|claim| claim.span);
    found
}

/// Whose a block is that nothing names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Written here and blank in the donor: the unit's.
    Own,
    /// Written in both, and not the same: only the user knows.
    Differs,
}

/// The length of a block: the smallest erase size in use.
const BLOCK: u64 = 0x1000;

/// The blocks outside of everything that is known in either dump, neighbours of one kind joined. What both have alike, and
/// what is blank here, goes with the donor.
pub fn blocks(own: &Bios, donor: &Bios) -> Vec<(Span, Block)> {
    let mut named = [known(own), known(donor)].concat();
    named.sort_unstable();
    let end = own.bytes.len().min(donor.bytes.len()) as u64;
    named.push(Span::new(end, end));
    let mut at = 0;
    let free = named.into_iter().map(|span| {
        let gap = Span::new(at, span.start.min(end));
        at = at.max(span.end);
        gap
    });
    let mut found: Vec<(Span, Block)> = Vec::new();
    for piece in free.flat_map(|span| span.pieces(BLOCK)) {
        let (Some(ours), Some(theirs)) = (piece.of(own.bytes), piece.of(donor.bytes)) else { continue };
        let block = match (is_blank(ours), is_blank(theirs)) {
            _ if ours == theirs => continue,
            (true, _) => continue,
            (false, true) => Block::Own,
            (false, false) => Block::Differs,
        };
        match found.last_mut() {
            Some((last, kind)) if *kind == block && last.end == piece.start => last.end = piece.end,
            _ => found.push((piece, block)),
        }
    }
    found
}

/// What something names: volumes, claims, entries of Insyde's map, what AMD's directories list, coreboot's areas, modules.
fn known(bios: &Bios) -> Vec<Span> {
    let mut spans: Vec<Span> = bios.volumes.iter().map(|volume| volume.span).collect();
    spans.extend(claims(bios).iter().map(|claim| claim.span));
    let entries = bios.device_map.iter().flatten().filter(|entry| entry.owner() != Owner::Open);
    spans.extend(entries.filter_map(|entry| Span::at(bios.offset(entry.address)?, entry.len)));
    spans.extend(bios.psp.iter().flat_map(|psp| psp.code.iter().copied()));
    spans.extend(bios.areas.iter().map(|(_, span)| *span));
    spans.extend(bios.fit.iter().map(|fit| fit.span));
    let code = bios.legacy.iter().flat_map(Legacy::code);
    spans.extend(code.map(|span| with_tail(bios.bytes, span)));
    spans
}

/// A module with what is written directly after it in its block: sums over it, and over all modules, are there.
fn with_tail(bytes: &[u8], module: Span) -> Span {
    /// So much erased flash parts two things.
    const ERASED: [u8; 16] = [0xff; 16];
    let rest =
        Span::new(module.end, module.end.next_multiple_of(BLOCK).min(bytes.len() as u64).max(module.end));
    let tail = rest.of(bytes).unwrap_or_default();
    let len = memchr::memmem::find(tail, &ERASED).unwrap_or(tail.len());
    Span::new(module.start, module.end + len as u64)
}
