//! Intel flash descriptors: ifdtool, of coreboot-utils, names the same regions.

use crate::bench::Bench;
use norsplice::image::parse_any;
use norsplice::span::Span;

const UNIT: u64 = 0x1000;

/// A descriptor with room for `count` regions; `regions` are by number.
fn made(count: usize, absent: u32, regions: &[(usize, u64, u64)]) -> Vec<u8> {
    let mut bytes = vec![0xff; UNIT as usize];
    let mut put = |at: usize, word: u32| bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    // Components at 30h, regions at 40h, then masters, then soft straps.
    let masters = 0x40 + 4 * count as u32;
    put(0x10, 0x0ff0_a55a);
    put(0x14, 0x0004_0003);
    put(0x18, 0x0210_0300 | masters >> 4);
    put(0x1c, 0);
    put(0x30, if count > 8 { 6 << 17 | 6 } else { 5 });
    (0..count).for_each(|n| put(0x40 + 4 * n, absent));
    for (n, start, end) in regions {
        put(0x40 + 4 * n, (((end / UNIT - 1) << 16) | (start / UNIT)) as u32);
    }
    bytes
}

/// The regions of an ifdtool layout that are in use; it lists an absent one whose bounds are all ones as what they say,
/// the last 4 KiB of 128 MiB.
fn listed(text: &str) -> Vec<Span> {
    let number = |text: &str| u64::from_str_radix(text, 16).expect("a layout has hex numbers");
    let rows = text.lines().filter_map(|line| line.split_whitespace().next()?.split_once(':'));
    rows.map(|(start, last)| (number(start), number(last)))
        .filter(|(start, last)| start < last && *start != 0x7fff * UNIT)
        .map(|(start, last)| Span::new(start, last + 1))
        .collect()
}

#[test]
fn regions_are_where_ifdtool_has_them() {
    let Some(bench) = Bench::with(&["ifdtool"]) else { return };
    let old = [(0, 0, 0x1000), (1, 0x50_0000, 0x80_0000), (2, 0x3000, 0x50_0000), (3, 0x1000, 0x3000)];
    let few = [(0, 0, 0x1000), (1, 0x20_0000, 0x40_0000)];
    let with_pd = [old.as_slice(), &[(4, 0x80_0000, 0x81_0000)]].concat();
    let server = [
        (0, 0, 0x1000),
        (1, 0x100_0000, 0x200_0000),
        (2, 0x10_0000, 0x80_0000),
        (3, 0x1000, 0x3000),
        (8, 0x80_0000, 0x82_0000),
    ];
    for (count, absent, regions, platform) in [
        (8, 0x7fff, old.as_slice(), ""),
        (8, 0x1fff, &few, ""),
        (8, 0x7fff, &with_pd, ""),
        (16, 0x7fff, &old, "-p sklkbl "),
        (16, 0x7fff_7fff, &server, "-p sklkbl "),
        (16, 0x7fff_7fff, &few, "-p sklkbl "),
    ] {
        let bytes = made(count, absent, regions);
        let mut flash = bytes.clone();
        flash.resize(0x200_0000, 0xff);
        bench.write("flash.bin", &flash);
        bench.tool(&format!("ifdtool {platform}-f flash.layout flash.bin"));
        let mut theirs = listed(&String::from_utf8(bench.read("flash.layout")).expect("a layout is text"));
        let ours = parse_any(&bytes, None).expect("a descriptor is read");
        let mut ours: Vec<Span> = ours.regions.iter().map(|region| region.span).collect();
        ours.sort_by_key(|span| span.start);
        theirs.sort_by_key(|span| span.start);
        assert_eq!(ours, theirs, "{count} regions, absent {absent:08x}");
        assert_eq!(ours.len(), regions.len());
    }
}
