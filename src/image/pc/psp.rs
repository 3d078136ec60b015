//! AMD's platform security processor: the structure that leads to its directories, and what they list.
//!
//! AA 55 AA 55 at one of few offsets; at 10h and 14h the address of the PSP's directory, at 18h to 20h of those of the
//! BIOS. A directory: cookie, Fletcher-32 over all after it, number of entries, a word that says how locations count (bits
//! 30:29); entries of 16 or, of the BIOS, 24 bytes: type, size, location. Facts: coreboot's psp_integration.md and
//! amdfwtool, PSPTool.

use super::address::offset;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at, u64_at};
use crate::span::Span;

/// Where the structure can be in the upper 16 MiB.
const PLACES: [u64; 7] = [0xfa_0000, 0xf2_0000, 0xe2_0000, 0xc2_0000, 0x82_0000, 0x12_0000, 0x2_0000];
const MARK: [u8; 4] = [0xaa, 0x55, 0xaa, 0x55];
/// The structure ends with erased words.
const STRUCTURE_LEN: u64 = 0x60;
const POINTERS: [usize; 5] = [0x10, 0x14, 0x18, 0x1c, 0x20];
const HEAD_LEN: usize = 16;
/// More entries than any directory has, and more directories than any flash.
const MOST_ENTRIES: u32 = 256;
const MOST_DIRECTORIES: usize = 16;
/// Types that lead to a directory of the second level.
const SECOND_LEVEL: [u8; 2] = [0x40, 0x70];
const WINDOW: u64 = 0x100_0000;

/// Types with the names of their regions.
type Own = &'static [(u8, &'static str)];

/// Cookies, the length of an entry, and types that are the unit's own with the name of their region.
const DIRECTORIES: [(&[u8; 4], usize, Own); 4] =
    [(b"$PSP", 16, PSP_OWN), (b"$PL2", 16, PSP_OWN), (b"$BHD", 24, BIOS_OWN), (b"$BL2", 24, BIOS_OWN)];
const PSP_OWN: Own = &[(0x04, "psp-nvram"), (0x54, "psp-nvram"), (0x2c, "psp-nvram")];
const BIOS_OWN: Own = &[(0x63, "apob-nvram"), (0x6d, "rom-armor-nvram")];

/// What the directories list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Psp {
    /// The unit's own, with the name of the region.
    pub own: Vec<(&'static str, Span)>,
    /// The structure, the directories and everything else that they list.
    pub code: Vec<Span>,
    /// What does not hold, in words.
    pub faults: Vec<(Span, String)>,
}

/// Reads the directories; `None` where no structure leads to one.
pub fn find(bytes: &[u8]) -> Option<Psp> {
    let window = (bytes.len() as u64).saturating_sub(WINDOW);
    let places = PLACES.into_iter().map(|at| window + at);
    places.filter_map(|at| structure(bytes, at)).find(|psp| !psp.code.is_empty())
}

fn structure(bytes: &[u8], at: u64) -> Option<Psp> {
    let span = Span::at(at, STRUCTURE_LEN)?;
    let head = span.of(bytes).filter(|head| head.starts_with(&MARK))?;
    let mut psp = Psp::default();
    let mut todo: Vec<u64> = POINTERS
        .iter()
        .filter_map(|at| u32_at(head, *at, Little))
        .filter(|pointer| !matches!(*pointer, 0 | u32::MAX))
        .filter_map(|pointer| physical(bytes, pointer.into()))
        .collect();
    let mut done: Vec<u64> = Vec::new();
    while let Some(at) = todo.pop() {
        if !done.contains(&at) && done.len() < MOST_DIRECTORIES {
            done.push(at);
            directory(bytes, at, &mut psp, &mut todo);
        }
    }
    if !psp.code.is_empty() {
        psp.code.push(span);
    }
    Some(psp)
}

/// An address of the processor, or an offset, as an offset.
fn physical(bytes: &[u8], address: u64) -> Option<u64> {
    let len = bytes.len() as u64;
    if address < len {
        return Some(address);
    }
    offset(bytes, address)
}

fn directory(bytes: &[u8], at: u64, psp: &mut Psp, todo: &mut Vec<u64>) {
    let start = at as usize;
    let Some(head) = slice(bytes, start, HEAD_LEN) else { return };
    let Some((_, entry_len, own)) = DIRECTORIES.iter().find(|(cookie, ..)| head.starts_with(*cookie)) else {
        if head.starts_with(b"2PSP") || head.starts_with(b"2BHD") {
            let span = Span::new(at, at + HEAD_LEN as u64);
            psp.code.push(span);
            psp.faults.push((
                span,
                format!("the PSP directory at {at:#x} is for several processors, and is not read"),
            ));
        }
        return;
    };
    let word = |offset| u32_at(head, offset, Little).unwrap_or(0);
    let (count, info) = (word(8), word(12));
    let table = slice(bytes, start, HEAD_LEN + count.min(MOST_ENTRIES) as usize * entry_len);
    let Some(table) = table.filter(|_| count <= MOST_ENTRIES) else {
        let span = Span::new(at, at + HEAD_LEN as u64);
        psp.code.push(span);
        psp.faults.push((span, format!("the PSP directory at {at:#x} says that it has {count} entries")));
        return;
    };
    let span = Span::new(at, at + table.len() as u64);
    psp.code.push(span);
    let (stated, found) = (word(4), fletcher32(&table[8..]));
    if stated != found {
        psp.faults.push((
            span,
            format!("the Fletcher sum of the PSP directory at {at:#x} is {found:#010x}, its head says {stated:#010x}"),
        ));
    }
    let mode = if info >> 31 == 0 { info >> 29 & 3 } else { info >> 24 & 3 };
    for entry in table[HEAD_LEN..].chunks_exact(*entry_len) {
        let (kind, len) = (entry[0], u32_at(entry, 4, Little).unwrap_or(0));
        let location = u64_at(entry, 8, Little).unwrap_or(0);
        // A value in place of a location, or a place in memory alone.
        if matches!(len, 0 | u32::MAX) {
            continue;
        }
        let by_entry = (location >> 62) as u32;
        let place = location & (u64::MAX >> 2);
        let there = match if mode >= 2 { by_entry } else { mode } {
            0 => physical(bytes, place & 0xffff_ffff),
            2 => at.checked_add(place),
            _ => Some(place),
        };
        let Some(there) = there.and_then(|at| Span::at(at, len.into())) else { continue };
        if there.end > bytes.len() as u64 {
            psp.faults.push((span, format!("the PSP directory at {at:#x} leads past the end of the flash")));
        } else if SECOND_LEVEL.contains(&kind) {
            todo.push(there.start);
        } else if let Some((_, name)) = own.iter().find(|(own, _)| *own == kind) {
            psp.own.push((name, there));
        } else {
            psp.code.push(there);
        }
    }
}

/// Fletcher's sum over 16-bit words, as AMD's directories have it.
fn fletcher32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (0xffffu32, 0xffffu32);
    let fold = |sum: u32| (sum & 0xffff) + (sum >> 16);
    for words in bytes.chunks(720) {
        for word in words.chunks_exact(2) {
            a += u32::from(u16::from_le_bytes([word[0], word[1]]));
            b += a;
        }
        (a, b) = (fold(a), fold(b));
    }
    (a, b) = (fold(a), fold(b));
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::pc::bios::Bios;
    use crate::image::pc::proof::faults;

    const PSP: usize = 0x3_0000;

    fn directory(cookie: &[u8; 4], entries: &[(u8, u32, u64)], len: usize) -> Vec<u8> {
        let mut body = (entries.len() as u32).to_le_bytes().to_vec();
        // Locations are offsets in the flash.
        body.extend((1u32 << 29).to_le_bytes());
        for (kind, size, at) in entries {
            let mut entry = [&[*kind, 0, 0, 0], &size.to_le_bytes()[..], &at.to_le_bytes()].concat();
            entry.resize(len, 0);
            body.extend(entry);
        }
        [&cookie[..], &fletcher32(&body).to_le_bytes(), &body].concat()
    }

    fn flash() -> Vec<u8> {
        let mut bytes = vec![0xff; 0x10_0000];
        let mut put = |at: usize, data: &[u8]| bytes[at..at + data.len()].copy_from_slice(data);
        let top = u32::MAX - 0xf_ffff;
        let pointers =
            [0, 0, 0, top + PSP as u32, 0, top + PSP as u32 + 0x1000, 0, 0].map(u32::to_le_bytes).concat();
        put(0x2_0000, &[&MARK[..], &[0; 4], &pointers].concat());
        let first = [(0x00, 0x240, 0x4_0000), (0x04, 0x1000, 0x5_0000), (0x40, 0x400, PSP as u64 + 0x2000)];
        put(PSP, &directory(b"$PSP", &first, 16));
        put(PSP + 0x1000, &directory(b"$BHD", &[(0x63, 0x1000, 0x6_0000), (0x61, 0, 0)], 24));
        put(PSP + 0x2000, &directory(b"$PL2", &[(0x54, 0x2000, 0x7_0000), (0x0b, u32::MAX, 1)], 16));
        bytes
    }

    #[test]
    fn directories_of_both_levels_tell_the_unit_s_own() {
        let bytes = flash();
        let psp = Bios::read(&bytes, 0).psp.unwrap();
        let mut own: Vec<_> = psp.own.iter().map(|(name, span)| (*name, span.start, span.len())).collect();
        own.sort_unstable();
        let wanted = [
            ("apob-nvram", 0x6_0000, 0x1000),
            ("psp-nvram", 0x5_0000, 0x1000),
            ("psp-nvram", 0x7_0000, 0x2000),
        ];
        assert_eq!((own.as_slice(), psp.faults.len()), (&wanted[..], 0));
        assert!(psp.code.contains(&Span::new(0x4_0000, 0x4_0240)));
    }

    #[test]
    fn a_sum_that_does_not_hold_and_a_place_past_the_end_are_faults() {
        let mut bytes = flash();
        bytes[PSP + 0x11] ^= 1;
        let names: Vec<_> = faults(&Bios::read(&bytes, 0)).iter().map(|fault| fault.check.name).collect();
        assert_eq!(names, ["psp-directory"]);
        let mut bytes = flash();
        let past = directory(b"$BHD", &[(0x62, 0x1000, 0xf_f800)], 24);
        bytes[PSP + 0x1000..PSP + 0x1000 + past.len()].copy_from_slice(&past);
        let found = faults(&Bios::read(&bytes, 0));
        assert!(found.len() == 1 && found[0].message.contains("past the end"), "{found:?}");
    }
}
