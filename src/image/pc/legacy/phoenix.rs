//! Phoenix's BIOS 4.0 and what followed it until UEFI: records after `BCPSEGMENT`, of which `BCPSYS` leads to the modules.
//!
//! A record: 6 characters of name, flags, 16-bit length. `BCPSYS` has date, time and number of the build at 0Fh, 18h and 37h,
//! and at 77h the address of a module, whose low bits are its place. A module: the one before it, 00 31 31, number,
//! kind, length of its head, method, place in memory, unpacked length, packed length, and the next fragment, where
//! it is in several. Facts: bios_extract (phoenix.c, with its names of kinds).

use std::collections::BTreeSet;

use memchr::memmem;

use super::modules::{Legacy, MOST_MODULES, Module, text};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;

const MARK: &[u8] = b"BCPSEGMENT";
const SYSTEM: &[u8] = b"BCPSYS";
const RECORD_HEAD: usize = 10;
const MODULES_AT: usize = 0x77;
const MODULE_HEAD: usize = 27;
const MODULE_MARK: [u8; 3] = [0, 0x31, 0x31];
const BOOT_BLOCK: u8 = b'I';
/// More records than any BIOS has.
const MOST_RECORDS: usize = 256;
/// The mark in code costs one try each.
const MOST_TRIES: usize = 16;

const KINDS: [(u8, &str); 19] = [
    (b'A', "acpi"),
    (b'B', "bioscode"),
    (b'C', "update"),
    (b'D', "display"),
    (b'E', "setup"),
    (b'F', "font"),
    (b'G', "decompcode"),
    (b'I', "bootblock"),
    (b'L', "logo"),
    (b'M', "miser"),
    (b'N', "rompilotload"),
    (b'O', "network"),
    (b'P', "rompilotinit"),
    (b'R', "oprom"),
    (b'S', "strings"),
    (b'T', "template"),
    (b'U', "user"),
    (b'W', "wav"),
    (b'X', "romexec"),
];

pub(super) fn find(bytes: &[u8]) -> Option<Legacy> {
    memmem::find_iter(bytes, MARK).take(MOST_TRIES).find_map(|at| bios(bytes, at))
}

fn bios(bytes: &[u8], mark: usize) -> Option<Legacy> {
    let at = system(bytes, mark + MARK.len())?;
    let field = |from: usize| slice(bytes, at + from, 8).and_then(text);
    // Modules are found by their place in a flash whose length is a power of 2.
    let mask = u32::try_from(bytes.len()).ok().filter(|len| len.is_power_of_two())? - 1;
    let first = u32_at(bytes, at + MODULES_AT, Little)? & mask;
    let (modules, boot_block) = chain(bytes, first, mask)?;
    let (version, date) = (field(0x37), field(0x0f));
    let release = [version, date].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let release = Some(release).filter(|release| !release.is_empty());
    Some(Legacy { maker: "Phoenix", release, board: None, modules, boot_block, escd: Vec::new() })
}

/// Where the record of the system is among those that start at `at`.
fn system(bytes: &[u8], mut at: usize) -> Option<usize> {
    for _ in 0..MOST_RECORDS {
        let head = slice(bytes, at, RECORD_HEAD).filter(|head| head[0] != 0)?;
        if head.starts_with(SYSTEM) {
            return Some(at);
        }
        let len = usize::from(u16_at(head, 8, Little)?);
        at = at.checked_add(len).filter(|_| len >= RECORD_HEAD)?;
    }
    None
}

/// The modules from `first` to the one with nothing before it, and the boot block among them.
fn chain(bytes: &[u8], first: u32, mask: u32) -> Option<(Vec<Module>, Option<Span>)> {
    let (mut found, mut boot, mut seen, mut at) = (Vec::new(), None, BTreeSet::new(), first);
    while at != 0 {
        if found.len() >= MOST_MODULES || !seen.insert(at) {
            return None;
        }
        let head = slice(bytes, at as usize, MODULE_HEAD).filter(|head| head[4..7] == MODULE_MARK)?;
        let (id, kind, head_len, method) = (head[7], head[8], head[9], head[10]);
        let (unpacked, len) = (u32_at(head, 15, Little)?, u32_at(head, 19, Little)?);
        let span = Span::at(at.into(), u64::from(head_len) + u64::from(len))
            .filter(|span| span.end <= bytes.len() as u64 && usize::from(head_len) >= MODULE_HEAD)?;
        let name = KINDS.iter().find(|(own, _)| *own == kind);
        let name = name.map_or(format!("module {kind:02X}"), |(_, name)| (*name).to_owned());
        boot = boot.or((kind == BOOT_BLOCK).then_some(span));
        let unpacked = (method != 0).then_some(unpacked.into());
        found.push(Module { name: format!("{name}{id}"), span, unpacked, holds: None });
        found.extend(fragments(bytes, u32_at(head, 23, Little)?, mask, &name, id)?);
        at = u32_at(head, 0, Little)? & mask;
    }
    (!found.is_empty()).then_some((found, boot))
}

/// The further fragments of a module: the next one's address, a byte, the length; an address has its highest bits set.
fn fragments(bytes: &[u8], next: u32, mask: u32, name: &str, id: u8) -> Option<Vec<Module>> {
    const ADDRESS: u32 = 0xf000_0000;
    const HEAD: u64 = 9;
    const MOST: usize = 16;
    let (mut found, mut next) = (Vec::new(), next);
    while next & ADDRESS == ADDRESS {
        let at = next & mask;
        let head = slice(bytes, at as usize, HEAD as usize)?;
        let span = Span::at(at.into(), HEAD + u64::from(u32_at(head, 5, Little)?))
            .filter(|span| span.end <= bytes.len() as u64 && found.len() < MOST)?;
        let name = format!("{name}{id} (part {})", found.len() + 2);
        found.push(Module { name, span, unpacked: None, holds: None });
        next = u32_at(head, 0, Little)?;
    }
    Some(found)
}

#[cfg(test)]
pub(in crate::image::pc) mod tests {
    use super::*;
    use crate::image::synthetic::noise;

    const LEN: usize = 0x4_0000;

    fn address(at: usize) -> u32 {
        (0u32).wrapping_sub(LEN as u32) + at as u32
    }

    fn module(before: Option<usize>, kind: u8, data: &[u8], fragment: u32) -> Vec<u8> {
        let before = before.map_or(0, address);
        let mut bytes =
            [&before.to_le_bytes()[..], &MODULE_MARK, &[0, kind, MODULE_HEAD as u8, 5], &[0; 4]].concat();
        let words = [2 * data.len() as u32, data.len() as u32, fragment];
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        [bytes, data.to_vec()].concat()
    }

    /// A BIOS of 256 KiB with three modules, the last of them the boot block.
    pub(in crate::image::pc) fn bios(release: u64) -> Vec<u8> {
        let mut bytes = vec![0xff; LEN];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0x1_0000, &module(None, b'B', &noise(release, 0x3000), 0x6000));
        put(0x2_0000, &module(Some(0x1_0000), b'E', &noise(release + 1, 0x1000), 0x2000));
        put(0x3_0000, &module(Some(0x2_0000), b'I', &noise(release + 2, 0xffd0), 0x1_ffa0));
        let mut system = [SYSTEM, &[0, 0, 0x80, 0]].concat();
        system.resize(0x80, 0);
        system[0x0f..0x17].copy_from_slice(b"10/07/06");
        system[0x37..0x3f].copy_from_slice(format!("R020{release}J3\0").as_bytes());
        system[0x77..0x7b].copy_from_slice(&address(0x3_0000).to_le_bytes());
        put(LEN - 0x10, b"\xea\x5b\xe0\x00\xf0 a jump, ");
        put(0x3_8000, &[MARK, b"BCPOST\0\0\x0c\0ab", &system, &[0; 2]].concat());
        bytes
    }

    #[test]
    fn modules_by_the_chain_from_the_record_of_the_system() {
        let mut bytes = bios(1);
        let found = find(&bytes).unwrap();
        let names: Vec<_> = found.modules.iter().map(|one| (one.name.as_str(), one.span.start)).collect();
        assert_eq!(names, [("bootblock0", 0x3_0000), ("setup0", 0x2_0000), ("bioscode0", 0x1_0000)]);
        assert_eq!(found.boot_block.map(|span| span.start), Some(0x3_0000));
        assert_eq!(found.release.as_deref(), Some("R0201J3, 10/07/06"));
        // In two parts.
        bytes[0x1_0017..0x1_001b].copy_from_slice(&address(0x1_8000).to_le_bytes());
        bytes[0x1_8000..0x1_8009].copy_from_slice(&[0, 0, 0, 0, 0, 0x10, 0, 0, 0]);
        assert_eq!(find(&bytes).unwrap().modules[3].span, Span::new(0x1_8000, 0x1_8019));
        bytes[0x1_0000..0x1_0004].copy_from_slice(&address(0x2_0000).to_le_bytes());
        assert_eq!(find(&bytes), None, "a circle");
        assert_eq!(find(&bios(1)[..LEN - 1]), None, "a length that gives no places");
    }
}
