//! The descriptor, and the regions before the BIOS: GbE and ME.

use super::bytes::{filled, noise, put};

fn mac(unit: Option<u64>) -> [u8; 6] {
    unit.map_or([0x88, 0x88, 0x88, 0x88, 0x87, 0x88], |unit| [2, 0x5e, 0x10, 0, 0, unit as u8])
}

pub(super) fn gbe(unit: Option<u64>) -> Vec<u8> {
    let mut words = noise(77, 0x80);
    put(&mut words, 0, &mac(unit));
    words[0x27] = words[0x27] & 0x3f | 0x80;
    let sum = words[..0x7e].chunks(2).fold(0u16, |s, w| s.wrapping_add(u16::from_le_bytes([w[0], w[1]])));
    put(&mut words, 0x7e, &0xbabau16.wrapping_sub(sum).to_le_bytes());
    filled(words, 0x1000).repeat(2)
}

pub(super) fn me(len: usize, version: [u16; 4], unit: Option<u64>) -> Vec<u8> {
    let mut out = vec![0xff; len];
    put(&mut out, 0x10, b"$FPT\x02\0\0\0\x20\x10\x20\0");
    for (n, (name, at, size)) in
        [(b"FTPR", 0x1000u32, 0x2000u32), (b"MFS\0", 0x3000, 0x1000)].into_iter().enumerate()
    {
        let row = [&name[..], &[0xff; 4], &at.to_le_bytes(), &size.to_le_bytes(), &[0; 16]].concat();
        put(&mut out, 0x30 + 0x20 * n, &row);
    }
    put(&mut out, 0x101c, b"$MN2\0\0\0\0");
    put(&mut out, 0x1024, &version.map(u16::to_le_bytes).concat());
    if let Some(unit) = unit {
        put(&mut out, 0x3000, &noise(unit + 930, 0x800));
    }
    out
}

pub(super) fn descriptor(regions: &[(usize, usize, usize)]) -> Vec<u8> {
    let mut fd = vec![0xff; 0x1000];
    for (at, word) in
        [(0x10, 0x0ff0_a55a), (0x14, 0x0004_0003), (0x18, 0x1210_0206), (0x1c, 0x0000_0120), (0x30, 0)]
    {
        put(&mut fd, at, &u32::to_le_bytes(word));
    }
    for n in 0..8 {
        put(&mut fd, 0x40 + 4 * n, &0x7fffu32.to_le_bytes());
    }
    for (n, start, end) in regions {
        put(&mut fd, 0x40 + 4 * n, &(((end - 1) >> 12 << 16 | start >> 12) as u32).to_le_bytes());
    }
    // No chip in the table that the ME asks.
    put(&mut fd, 0xefc, &[0xdf, 0, 0, 0]);
    fd
}
