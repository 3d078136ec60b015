//! AMI's BIOS of the cores 6 to 8: `AMIBIOSC` with the core's version leads to a chain of modules.
//!
//! After the mark: 4 characters of version, 16-bit length and 32-bit sum of packed data, then the first module, as segment
//! and offset or as one number, counted from 1 MiB below the end of the flash. A module: the next one, its length, kind, a
//! byte that is 80h for what is not packed, then for a packed one where it goes, packed and unpacked length. Facts:
//! bios_extract (ami.c: AMI95Extract, with its names of kinds). The sums of core and modules are left out: the
//! published descriptions contradict each other in what they cover.

use std::collections::BTreeSet;

use memchr::memmem;

use super::modules::{Legacy, MOST_MODULES, Module, text};
use crate::image::container::bytes::{Endianness::Little, slice, u16_at, u32_at};
use crate::span::Span;

const MARK: &[u8] = b"AMIBIOSC";
const BOOT_BLOCKS: [&[u8]; 3] = [b"AMIBOOT ROM", b"$ASUSAMI$", b"AMIEBBLK"];
const HEAD_LEN: usize = 22;
/// Length of a module's head: packed, and not.
const MODULE_HEADS: [usize; 2] = [0x14, 0x0c];
const NOT_PACKED: u8 = 0x80;
const LAST: u16 = 0xffff;
/// The boot block starts at such an edge.
const BOOT_EDGE: u64 = 0x1_0000;
/// The mark in code costs one try each.
const MOST_TRIES: usize = 16;

const KINDS: [(u8, &str); 48] = [
    (0x00, "POST"),
    (0x01, "Setup Server"),
    (0x02, "RunTime"),
    (0x03, "DIM"),
    (0x04, "Setup Client"),
    (0x05, "Remote Server"),
    (0x06, "DMI Data"),
    (0x07, "Green PC"),
    (0x08, "Interface"),
    (0x09, "MP"),
    (0x0a, "Notebook"),
    (0x0b, "Int-10"),
    (0x0c, "ROM-ID"),
    (0x0d, "Int-13"),
    (0x0e, "OEM Logo"),
    (0x0f, "ACPI Table"),
    (0x10, "ACPI AML"),
    (0x11, "P6 Microcode"),
    (0x12, "Configuration"),
    (0x13, "DMI Code"),
    (0x14, "System Health"),
    (0x15, "Memory Sizing"),
    (0x16, "Memory Test"),
    (0x17, "Debug"),
    (0x18, "ADM (Display MGR)"),
    (0x19, "ADM Font"),
    (0x1a, "Small Logo"),
    (0x1b, "SLAB"),
    (0x20, "PCI AddOn ROM"),
    (0x21, "Multilanguage"),
    (0x22, "UserDefined"),
    (0x23, "ASCII Font"),
    (0x24, "BIG5 Font"),
    (0x25, "OEM Logo"),
    (0x2a, "User ROM"),
    (0x2b, "PXE Code"),
    (0x2c, "AMI Font"),
    (0x2d, "Battery Refresh"),
    (0x2e, "User ROM"),
    (0x30, "Font Database"),
    (0x31, "OEM Logo Data"),
    (0x32, "Graphic Logo Code"),
    (0x33, "Graphic Logo Data"),
    (0x34, "Action Logo Code"),
    (0x35, "Action Logo Data"),
    (0x36, "Virus"),
    (0x37, "Online Menu"),
    (0x70, "OSD Bitmaps"),
];

pub(super) fn find(bytes: &[u8]) -> Option<Legacy> {
    let (core, modules) = memmem::find_iter(bytes, MARK).take(MOST_TRIES).find_map(|at| core(bytes, at))?;
    let end = bytes.len() as u64;
    let boot = BOOT_BLOCKS.iter().find_map(|mark| memmem::rfind(bytes, mark))? as u64;
    let boot_block = Some(Span::new(boot / BOOT_EDGE * BOOT_EDGE, end));
    // The date of the boot block, before the last three bytes.
    let date = bytes.len().checked_sub(11).and_then(|at| slice(bytes, at, 8)).and_then(text);
    let release = Some(date.map_or(format!("core {core}"), |date| format!("core {core}, {date}")));
    Some(Legacy { maker: "AMI", release, board: None, modules, boot_block, escd: Vec::new() })
}

/// Version and modules of the core at `at`, where its chain reads to its end.
fn core(bytes: &[u8], at: usize) -> Option<(String, Vec<Module>)> {
    let head = slice(bytes, at, HEAD_LEN)?;
    let version = text(&head[8..12])?;
    let (low, high) = (u16_at(head, 18, Little)?, u16_at(head, 20, Little)?);
    let found = [Address::Segmented, Address::Flat]
        .into_iter()
        .find_map(|address| chain(bytes, address.offset(low, high, bytes.len())?, address))?;
    Some((version, found))
}

/// How a place is written.
#[derive(Clone, Copy)]
enum Address {
    /// Offset and segment.
    Segmented,
    /// One number.
    Flat,
}

impl Address {
    /// The place in a flash of `len` bytes whose last one is the last of the first MiB.
    fn offset(self, low: u16, high: u16, len: usize) -> Option<u64> {
        const MIB: u64 = 1 << 20;
        let number = match self {
            Self::Segmented => (u64::from(high) << 4) + u64::from(low),
            Self::Flat => u64::from(high) << 16 | u64::from(low),
        };
        match MIB.checked_sub(len as u64) {
            Some(before) => number.checked_sub(before),
            None => Some(number),
        }
    }
}

fn chain(bytes: &[u8], first: u64, address: Address) -> Option<Vec<Module>> {
    let (mut found, mut seen, mut at) = (Vec::new(), BTreeSet::new(), first);
    while found.len() < MOST_MODULES && seen.insert(at) {
        let head = slice(bytes, usize::try_from(at).ok()?, MODULE_HEADS[1])?;
        let packed = head[7] != NOT_PACKED;
        let (head_len, len, unpacked) = match packed {
            true => {
                let head = slice(bytes, at as usize, MODULE_HEADS[0])?;
                (MODULE_HEADS[0], u32_at(head, 12, Little)?, Some(u32_at(head, 16, Little)?.into()))
            }
            false => (MODULE_HEADS[1], u16_at(head, 4, Little)?.into(), None),
        };
        let span =
            Span::at(at, head_len as u64 + u64::from(len)).filter(|span| span.end <= bytes.len() as u64)?;
        let kind = KINDS.iter().find(|(id, _)| *id == head[6]);
        let name = kind.map_or(format!("module {:02X}", head[6]), |(_, name)| (*name).to_owned());
        found.push(Module { name, span, unpacked, holds: None });
        let (low, high) = (u16_at(head, 0, Little)?, u16_at(head, 2, Little)?);
        if low == LAST || high == LAST {
            return Some(found);
        }
        at = address.offset(low, high, bytes.len())?;
    }
    // A circle, or more than there can be.
    None
}

#[cfg(test)]
pub(in crate::image::pc) mod tests {
    use super::*;
    use crate::image::synthetic::noise;

    const LEN: usize = 0x4_0000;

    /// A module of that kind at `at`, with the next one's place.
    fn module(next: Option<usize>, kind: u8, data: &[u8], packed: bool) -> Vec<u8> {
        let next = next.map_or(u32::MAX, segmented);
        let mut bytes = [&next.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), &[kind]].concat();
        bytes.push(if packed { 0 } else { NOT_PACKED });
        bytes.extend(0u32.to_le_bytes());
        if packed {
            bytes.extend(
                [data.len() as u32, 2 * data.len() as u32].iter().flat_map(|word| word.to_le_bytes()),
            );
        }
        [bytes, data.to_vec()].concat()
    }

    /// A place as offset and segment below 1 MiB.
    fn segmented(at: usize) -> u32 {
        let address = 0x10_0000 - LEN + at;
        ((address >> 4) as u32) << 16 | (address & 0xf) as u32
    }

    /// A BIOS of 256 KiB with three modules.
    pub(in crate::image::pc) fn bios(release: u64) -> Vec<u8> {
        let mut bytes = vec![0xff; LEN];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        let places = [0x2_2000, 0x1_4000, 0x1_0000];
        put(places[0], &module(Some(places[1]), 0, &noise(release, 0x3000), true));
        put(places[1], &module(Some(places[2]), 0x0f, &noise(release + 1, 0x1000), true));
        put(places[2], &module(None, 0x08, &noise(release + 2, 0x798), false));
        put(0x2_f000, &[MARK, b"0800", &[0; 6], &segmented(places[0]).to_le_bytes()].concat());
        put(0x3_0000, &noise(release + 3, 0x1_0000));
        put(0x3_004c, b"AMIBOOT ROM");
        put(LEN - 11, format!("11/24/0{release}").as_bytes());
        bytes
    }

    #[test]
    fn modules_by_the_chain_and_no_circle() {
        let mut bytes = bios(8);
        let found = find(&bytes).unwrap();
        let names: Vec<_> =
            found.modules.iter().map(|one| (one.name.as_str(), one.span.start, one.unpacked)).collect();
        let wanted = [
            ("POST", 0x2_2000, Some(0x6000)),
            ("ACPI Table", 0x1_4000, Some(0x2000)),
            ("Interface", 0x1_0000, None),
        ];
        assert_eq!(names, wanted);
        assert_eq!(found.release.as_deref(), Some("core 0800, 11/24/08"));
        assert_eq!(found.boot_block, Some(Span::new(0x3_0000, 0x4_0000)));
        let first = bytes[0x2_f012..0x2_f016].to_vec();
        bytes[0x1_0000..0x1_0004].copy_from_slice(&first);
        assert_eq!(find(&bytes), None, "a circle");
        // One number in place of segment and offset.
        let mut flat = bios(8);
        for (at, place) in [(0x2_f012, 0x2_2000u32), (0x2_2000, 0x1_4000), (0x1_4000, 0x1_0000)] {
            flat[at..at + 4].copy_from_slice(&(0x10_0000 - LEN as u32 + place).to_le_bytes());
        }
        assert_eq!(find(&flat).unwrap().modules, found.modules);
    }
}
