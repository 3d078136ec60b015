//! AMD's structures and directories, made from their rules.

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
    let wanted =
        [("apob-nvram", 0x6_0000, 0x1000), ("psp-nvram", 0x5_0000, 0x1000), ("psp-nvram", 0x7_0000, 0x2000)];
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

#[test]
fn a_directory_that_leads_to_itself_or_to_one_above_is_a_fault() {
    for at in [PSP, PSP + 0x2000] {
        let mut bytes = flash();
        let back = directory(b"$PL2", &[(0x40, 0x400, at as u64)], 16);
        bytes[PSP + 0x2000..PSP + 0x2000 + back.len()].copy_from_slice(&back);
        let found = faults(&Bios::read(&bytes, 0));
        assert!(found.len() == 1 && found[0].message.contains("0x32000 leads back to"), "{found:?}");
    }
    assert!(faults(&Bios::read(&flash(), 0)).is_empty());
}

/// A combo directory, a slot's header, locations that count from the directory, and a second structure.
#[test]
fn every_way_to_a_directory_is_gone() {
    let mut bytes = flash();
    let mut put = |at: usize, data: &[u8]| bytes[at..at + data.len()].copy_from_slice(data);
    let top = u32::MAX - 0xf_ffff;
    let entries: Vec<u8> = [0x3_0000u32, 0x3_4000]
        .iter()
        .enumerate()
        .flat_map(|(n, at)| [0u32, n as u32, top + at, 0].map(u32::to_le_bytes).concat())
        .collect();
    let combo = |entries: &[u8]| {
        let body = [&2u32.to_le_bytes()[..], &1u32.to_le_bytes(), &[0; 16], entries].concat();
        [&b"2PSP"[..], &fletcher32(&body).to_le_bytes(), &body].concat()
    };
    put(0x3_3000, &combo(&entries));
    put(0x2_0014, &(top + 0x3_3000).to_le_bytes());
    // The second processor's: a slot, the maker's signature, and a location that counts from the directory.
    let second = [(0x48, 0, 0x3_5000), (0x05, 0x40, 0x4_1000), (0x07, 0x100, 0x4_2000)];
    put(0x3_4000, &directory(b"$PSP", &second, 16));
    let slot = [1u32, 0, 0, 0x3_6000, 0xbc0a_0100, 0, 0].map(u32::to_le_bytes).concat();
    put(0x3_5000, &[&fletcher32(&slot).to_le_bytes()[..], &slot].concat());
    let mut relative = (1u32).to_le_bytes().to_vec();
    relative.extend((2u32 << 29).to_le_bytes());
    relative.extend(
        [&[0x54, 0, 0, 0], &0x1000u32.to_le_bytes()[..], &(2u64 << 62 | 0x5_0000).to_le_bytes()].concat(),
    );
    put(0x3_6000, &[&b"$PL2"[..], &fletcher32(&relative).to_le_bytes(), &relative].concat());
    let psp = find(&bytes).unwrap();
    let found: Vec<_> = psp.directories.iter().map(|one| (one.cookie, one.span.start, one.entries)).collect();
    for wanted in [
        ("2PSP", 0x3_3000, 2),
        ("$PSP", 0x3_0000, 3),
        ("$PSP", 0x3_4000, 3),
        ("$PL2", 0x3_6000, 1),
        ("$BHD", 0x3_1000, 2),
    ] {
        assert!(found.contains(&wanted), "{wanted:x?} in {found:x?}");
    }
    assert!(psp.own.contains(&("psp-nvram", Span::new(0x8_6000, 0x8_7000))), "{psp:x?}");
    assert_eq!((psp.faults.len(), psp.maker_keys(&bytes)), (0, vec![[0xff; 16]]));
    for (at, words) in [(0x3_3024, "directory at 0x33000"), (0x3_5005, "slot at 0x35000")] {
        let mut bent = bytes.clone();
        bent[at] ^= 1;
        let psp = find(&bent).unwrap();
        let (all, combo) = ([&psp.faults[..], &psp.stale].concat(), at == 0x3_3024);
        assert!(all.iter().any(|(_, fault)| fault.contains(words)), "{all:?}");
        assert_eq!((psp.faults.is_empty(), psp.stale.is_empty()), (combo, !combo));
    }
    // A location that counts from a slot is not guessed.
    let mut slot = bytes.clone();
    slot[0x3_600f] = 3 << 5;
    slot[0x3_601f] = 3 << 6;
    let faults = find(&slot).unwrap().faults;
    assert!(faults.iter().any(|(_, fault)| fault.contains("counts from its slot")), "{faults:?}");
}

/// How long a window is.
pub(in crate::image::pc) fn window() -> usize {
    WINDOW as usize
}

/// 32 MiB with one structure in each half, whose addresses are those of its own half.
pub(in crate::image::pc) fn two_windows() -> Vec<u8> {
    let mut both = vec![0xff; 0x200_0000];
    for half in [0, WINDOW as usize] {
        let mut part = flash();
        // The processor's addresses of a window of 16 MiB.
        for at in [0x2_0014, 0x2_0018, 0x2_001c, 0x2_0020] {
            if let Some(word) = u32_at(&part, at, Little).filter(|word| *word >= 0xfff0_0000) {
                part[at..at + 4].copy_from_slice(&(word & 0xf_ffff | MAPPED as u32).to_le_bytes());
            }
        }
        both[half..half + part.len()].copy_from_slice(&part);
    }
    both
}

#[test]
fn structures_are_found_in_every_window_and_seen_from_the_end_of_a_small_flash() {
    let both = two_windows();
    let psp = find(&both).unwrap();
    assert_eq!((psp.faults.len(), psp.own.len(), psp.directories.len()), (0, 6, 6), "{psp:x?}");
    assert!(psp.own.contains(&("psp-nvram", Span::new(0x105_0000, 0x105_1000))), "{psp:x?}");
    // 1 MiB, whose structure is where the processor sees fa0000.
    let mut small = flash();
    let head = small[0x2_0000..0x2_0060].to_vec();
    small[0x2_0000..0x2_0060].fill(0xff);
    small[0xa_0000..0xa_0060].copy_from_slice(&head);
    assert_eq!(find(&small).map(|psp| psp.directories.len()), Some(3));
}
