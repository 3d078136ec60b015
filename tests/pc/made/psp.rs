//! What AMD's security processor starts from, and the stores of a unit: the first part of a board without a descriptor.

use super::BIOS;
use super::bytes::{noise, put};

/// Blocks of the part for AMD's security processor.
pub const PSP_BLOCKS: usize = 0x20;

/// Fletcher's sum as its directories have it, word after word.
fn fletcher(bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|word| u64::from(u16::from_le_bytes([word[0], word[1]])));
    let (a, b) = words.fold((0xffff, 0xffff), |(a, b), word| {
        let a = (a + word) % 0xffff;
        (a, (b + a) % 0xffff)
    });
    // Zero is written as ffff in sums that start there.
    let shown = |sum: u64| if sum == 0 { 0xffff } else { sum as u32 };
    shown(b) << 16 | shown(a)
}

/// Structure, directories, firmware of a release, the maker's key and its signature, and the stores of a unit: what is from
/// [`BIOS`] on in a flash of `size` bytes.
pub(super) fn psp(size: usize, release: u64, key: u64, unit: Option<u64>) -> Vec<u8> {
    let mut out = vec![0xff; PSP_BLOCKS * 0x1000];
    let mut at = |place: usize, data: &[u8]| put(&mut out, place - BIOS, data);
    let directory = |cookie: &[u8], entries: &[(u8, u32, u64)], len: usize| {
        // Locations count from the start of the flash.
        let mut body = [(entries.len() as u32).to_le_bytes(), (1u32 << 29).to_le_bytes()].concat();
        for (kind, size, place) in entries {
            let mut entry = [&[*kind, 0, 0, 0], &size.to_le_bytes()[..], &place.to_le_bytes()].concat();
            entry.resize(len, 0);
            body.extend(entry);
        }
        [cookie, &fletcher(&body).to_le_bytes(), &body].concat()
    };
    let address = |place: usize| {
        if size > 0x100_0000 {
            0xff00_0000 + place as u32
        } else {
            (u32::MAX as usize + 1 - size + place) as u32
        }
    };
    let pointers =
        [0xffff_ffff, 0, address(0x2_1000), 0, address(0x2_2000), 0].map(u32::to_le_bytes).concat();
    at(0x2_0000, &[&[0xaa, 0x55, 0xaa, 0x55, 0, 0, 0, 0, 0, 0, 0, 0], &pointers[..]].concat());
    // The combo directory of two processors, the directory of each, the second level of the first.
    let combo: Vec<u8> = [(1u32, 0x2_1800), (2, 0x2_1c00)]
        .iter()
        .flat_map(|(id, place)| [0, *id, address(*place), 0].map(u32::to_le_bytes).concat())
        .collect();
    let combo = [&2u32.to_le_bytes()[..], &1u32.to_le_bytes(), &[0; 16], &combo].concat();
    at(0x2_1000, &[&b"2PSP"[..], &fletcher(&combo).to_le_bytes(), &combo].concat());
    let first =
        [(0x01, 0x400, 0x2_3000), (0x04, 0x2000, 0x2_6000), (0x0b, u32::MAX, 1), (0x40, 0x400, 0x2_2800)];
    at(0x2_1800, &directory(b"$PSP", &first, 16));
    at(0x2_1c00, &directory(b"$PSP", &[(0x01, 0x400, 0x2_3400)], 16));
    at(0x2_2800, &directory(b"$PL2", &[(0x08, 0x400, 0x2_3800)], 16));
    let bios = [
        (0x05, 0x240, 0x2_4000),
        (0x07, 0x100, 0x2_4800),
        (0x62, 0x400, 0x2_5000),
        (0x63, 0x1000, 0x2_8000),
        (0x61, 0, 0),
    ];
    at(0x2_2000, &directory(b"$BHD", &bios, 24));
    (0..3).for_each(|n| at(0x2_3000 + 0x400 * n, &noise(release + 60 + n as u64, 0x400)));
    // A key of 2048 bits: version, its id, no id of a key that signs it, lengths, exponent, modulus.
    let mut maker = noise(key, 0x240);
    put(&mut maker, 0, &1u32.to_le_bytes());
    put(&mut maker, 0x14, &[0; 0x24]);
    put(&mut maker, 0x38, &[2048u32, 2048, 65537].map(u32::to_le_bytes).concat());
    maker[0x44..0x140].fill(0);
    at(0x2_4000, &maker);
    at(0x2_4800, &noise(release + 64, 0x100));
    at(0x2_5000, &noise(release + 65, 0x400));
    if let Some(unit) = unit {
        at(0x2_6000, &noise(unit + 940, 0x1800));
        at(0x2_8000, &noise(unit + 941, 0xc00));
    }
    out
}
