//! The Intel flash descriptor: its generation, the chips it is for, the regions it maps.
//!
//! The signature 0FF0A55A is at 10h (at 0 before the 5 series). A region has base and limit in units of 4 KiB, the
//! limit's unit included. Facts: Intel datasheets of ICH8 to the 9 series (FLMAP0, FLCOMP, FLREGn: address bits 24:12,
//! from the 8 series on 26:12), the descriptors of the T480 and M900 in linuxboot/heads; compared with ifdtool by a test.

use crate::image::container::bytes::{Endianness::Little, slice, u32_at};
use crate::span::Span;

/// The signature's bytes.
pub const SIGNATURE: [u8; 4] = [0x5a, 0xa5, 0xf0, 0x0f];
/// Length of a descriptor.
pub const LEN: u64 = 0x1000;
/// Where a signature can be, from the descriptor's start.
pub(super) const SIGNATURE_PLACES: [usize; 2] = [0x10, 0];
/// Offset of the upper map: the last of the sections.
const UPPER_MAP: usize = 0xefc;
/// The first form has room for so many region words, whatever their number in use.
const ROOM_OF_FIRST_FORM: usize = 8;
/// Names as flashrom gives them, by the region's number.
const NAMES: [&str; 16] = [
    "fd", "bios", "me", "gbe", "pd", "reg5", "bios2", "reg7", "ec", "reg9", "ie", "10gbe", "reg12", "reg13",
    "reg14", "reg15",
];
const BIOS: &str = "bios";

/// The forms of the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// ICH8 to the 7 series: up to 8 regions of 13-bit bounds, densities of three bits.
    One,
    /// 8 and 9 series: up to 8 regions of 15-bit bounds, densities of four bits.
    OneAndAHalf,
    /// 100 series (Skylake) and later: up to 16 regions.
    Two,
}

impl Generation {
    /// `1`, `1.5` or `2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::OneAndAHalf => "1.5",
            Self::Two => "2",
        }
    }

    /// The bits of a bound that are in use.
    fn mask(self) -> u32 {
        if self == Self::One { 0x1fff } else { 0x7fff }
    }
}

/// How much of what the descriptor maps a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The descriptor without any region after it.
    DescriptorAlone,
    /// The first of two chips.
    FirstChip,
    /// The file ends within the map: it was cut short.
    Cut,
}

/// A descriptor as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its form.
    pub generation: Generation,
    /// Regions in use, in the table's order.
    pub regions: Vec<(&'static str, Span)>,
    /// Sizes of the chips in bytes, one or two; empty where the descriptor does not say.
    pub chips: Vec<u64>,
    /// True where the BIOS region's entry covers all others: it is taken to start after them.
    pub bios_covers_all: bool,
}

impl Descriptor {
    /// One past the last byte of the last region.
    pub fn end(&self) -> u64 {
        self.regions.iter().map(|(_, span)| span.end).max().unwrap_or(0)
    }

    /// The region of that name.
    pub fn region(&self, name: &str) -> Option<Span> {
        self.regions.iter().find(|(own, _)| *own == name).map(|(_, span)| *span)
    }

    /// How much of the map a file of `len` bytes holds, counted from the descriptor on.
    pub fn part(&self, len: u64) -> Part {
        match self.chips.as_slice() {
            _ if self.end() <= len => Part::Whole,
            _ if len == LEN => Part::DescriptorAlone,
            [first, _] if *first == len => Part::FirstChip,
            _ => Part::Cut,
        }
    }

    /// True where no two regions share a byte.
    pub fn is_disjoint(&self) -> bool {
        let earlier = |i: usize| self.regions[..i].iter();
        self.regions.iter().enumerate().all(|(i, (_, a))| earlier(i).all(|(_, b)| !a.overlaps(*b)))
    }
}

/// Reads the descriptor at `at`, which is where the flash starts.
pub fn parse(bytes: &[u8], at: usize) -> Option<Descriptor> {
    let table = slice(bytes, at, LEN as usize)?;
    let signature = SIGNATURE_PLACES.into_iter().find(|o| table[*o..o + 4] == SIGNATURE)?;
    let map = |n: usize| u32_at(table, signature + 4 + 4 * n, Little);
    let (map0, map1, map2) = (map(0)?, map(1)?, map(2)?);
    let base = |word: u32, shift: u32| ((word >> shift & 0xff) << 4) as usize;
    let region_base = base(map0, 16);
    let next = [base(map0, 0), base(map1, 0), base(map1, 16), UPPER_MAP];
    let next = next.into_iter().filter(|section| *section > region_base).min()?;
    let room = ((next - region_base) / 4).min(NAMES.len());
    let components = u32_at(table, base(map0, 0), Little)?;
    let generation = generation(room, components, map1, map2);
    let mut regions: Vec<_> = NAMES[..room]
        .iter()
        .enumerate()
        .filter_map(|(n, name)| {
            Some((*name, region(n, u32_at(table, region_base + 4 * n, Little)?, generation)?))
        })
        .collect();
    let own = regions.first().is_some_and(|(name, span)| *name == "fd" && span.start == 0);
    if region_base < 0x10 || !own {
        return None;
    }
    let bios_covers_all = uncover(&mut regions);
    let end = regions.iter().map(|(_, span)| span.end).max().unwrap_or(0);
    let chips = chips((map0 >> 8 & 3) + 1, components, generation, end);
    Some(Descriptor { generation, regions, chips, bios_covers_all })
}

/// The form. Room for 16 regions is the second's alone; the 20 MHz read clock (0 in bits 19:17) was dropped with it, and
/// its later members use those bits for another clock. In the 8 series the soft straps of the PCH grew past 18.
fn generation(room: usize, components: u32, map1: u32, map2: u32) -> Generation {
    let (straps, clock_base) = (map1 >> 24, map2 >> 16 & 0xff);
    match (components >> 17 & 7, clock_base) {
        _ if room > ROOM_OF_FIRST_FORM => Generation::Two,
        (0, 1..) if straps > 18 => Generation::OneAndAHalf,
        (0, _) => Generation::One,
        _ => Generation::OneAndAHalf,
    }
}

/// The span of a region; `None` where it is absent: a limit of 0 or below the base, all bits of both set.
fn region(number: usize, word: u32, generation: Generation) -> Option<Span> {
    let mask = generation.mask();
    let (first, last) = (word & mask, word >> 16 & mask);
    let all_ones = (first == mask && last == mask) || word & 0x7fff_7fff == 0x7fff_7fff;
    // The descriptor itself is the one region that can end in the first unit.
    let absent = last < first || all_ones || (last == 0 && number > 0);
    (!absent).then(|| Span::new(u64::from(first) << 12, (u64::from(last) + 1) << 12))
}

/// Some boards' BIOS region is all of the flash, the others in it: moves its start after them. True where it did.
fn uncover(regions: &mut [(&'static str, Span)]) -> bool {
    let others: Vec<Span> = regions.iter().filter(|(name, _)| *name != BIOS).map(|(_, span)| *span).collect();
    let last = others.iter().map(|span| span.end).max().unwrap_or(0);
    let Some((_, bios)) = regions.iter_mut().find(|(name, _)| *name == BIOS) else { return false };
    let covers = others.iter().all(|span| bios.covers(*span)) && last < bios.end;
    if covers {
        *bios = Span::new(last, bios.end);
    }
    covers
}

/// The chips' sizes out of FLCOMP, 512 KiB times a power of two. Two of the forms differ in bits and not in anything
/// else that is always there, so where the one reading has no room for the map, the other one is taken.
fn chips(count: u32, components: u32, generation: Generation, end: u64) -> Vec<u64> {
    let read = |bits: u32, most: u32| -> Option<Vec<u64>> {
        let densities = (0..count).map(|n| components >> (bits * n) & ((1 << bits) - 1));
        densities.map(|density| (density <= most).then(|| 0x8_0000 << density)).collect()
    };
    if count > 2 {
        return Vec::new();
    }
    let four = read(4, 7);
    if generation != Generation::One {
        return four.unwrap_or_default();
    }
    let size = |chips: &Vec<u64>| chips.iter().sum::<u64>();
    // The BIOS region of most boards ends with the flash: a reading that is as long as the map counts before a longer one.
    let exact = |chips: &Vec<u64>| size(chips) == end;
    let fits = |chips: &Vec<u64>| size(chips) >= end;
    let three = read(3, 5);
    let readings = || three.iter().chain(&four);
    let chosen = readings().find(|chips| exact(chips)).or_else(|| readings().find(|chips| fits(chips)));
    let chosen = chosen.cloned().or(three.clone());
    chosen.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Made, PC};
    use super::*;
    use proptest::prelude::*;

    fn spans(found: &Descriptor) -> Vec<(&'static str, u64, u64)> {
        found.regions.iter().map(|(name, span)| (*name, span.start, span.end)).collect()
    }

    #[test]
    fn both_ways_of_an_absent_region_are_none() {
        let regions =
            [("fd", 0, 0x1000), ("bios", 0x8000, 0x1_0000), ("me", 0x3000, 0x8000), ("gbe", 0x1000, 0x3000)];
        for absent in [0x0000_7fff, 0x7fff_7fff, 0x0000_1fff, 0x1fff_1fff, 0x0000_0fff, 0, u32::MAX] {
            for made in [Made { absent, ..Made::old(&PC) }, Made { absent, ..Made::new(&PC) }] {
                // 13 bits of ones are a place in the form that has 15.
                if absent == 0x1fff_1fff && made.count == 16 {
                    continue;
                }
                let found = parse(&made.bytes(), 0).unwrap();
                assert_eq!(spans(&found), regions, "{absent:08x} {:?}", found.generation);
            }
        }
    }

    #[test]
    fn sixteen_regions_are_read_where_there_is_room_for_them() {
        let more = [PC.as_slice(), &[(8, 0x1_0000, 0x1_1000), (15, 0x1_1000, 0x1_2000)]].concat();
        let found = parse(&Made::new(&more).bytes(), 0).unwrap();
        assert_eq!(found.generation, Generation::Two);
        assert_eq!(found.region("ec"), Some(Span::new(0x1_0000, 0x1_1000)));
        assert_eq!(found.region("reg15"), Some(Span::new(0x1_1000, 0x1_2000)));
        // A clock of 0 is another clock's in the later ones.
        let found = parse(&Made { components: 0, ..Made::new(&more) }.bytes(), 0).unwrap();
        assert_eq!((found.generation, found.regions.len()), (Generation::Two, 6));
    }

    #[test]
    fn bounds_have_thirteen_bits_and_later_fifteen() {
        let far = [(0, 0, 0x1000), (1, 0x300_0000, 0x400_0000)];
        let found = parse(&Made::new(&far).bytes(), 0).unwrap();
        assert_eq!(found.region("bios"), Some(Span::new(0x300_0000, 0x400_0000)));
        let reserved = Made { words: vec![(1, 0xe00f_e008)], ..Made::old(&PC) };
        assert_eq!(parse(&reserved.bytes(), 0).unwrap().region("bios"), Some(Span::new(0x8000, 0x1_0000)));
        let straps = Made { map1: 21 << 24, map2: 0x21_0120, ..Made::old(&far) };
        let found = parse(&straps.bytes(), 0).unwrap();
        assert_eq!(found.generation, Generation::OneAndAHalf);
        assert_eq!(found.region("bios"), Some(Span::new(0x300_0000, 0x400_0000)));
    }

    #[test]
    fn densities_of_each_form() {
        const MIB: u64 = 1 << 20;
        let to = |end: u64| vec![(0, 0, 0x1000), (1, 0x1000, end)];
        let chips = |made: Made| parse(&made.bytes(), 0).unwrap().chips;
        let two = |end, components| chips(Made { components, chips: 2, ..Made::old(&to(end)) });
        assert_eq!(chips(Made { components: 4 | 3 << 3, ..Made::old(&to(8 * MIB)) }), [8 * MIB], "one chip");
        assert_eq!(two(12 * MIB, 4 | 3 << 3), [8 * MIB, 4 * MIB]);
        // Four bits each, as from the 8 series on: read so where three bits have no room, or mean nothing.
        assert_eq!(two(24 * MIB, 5 | 4 << 4), [16 * MIB, 8 * MIB]);
        assert_eq!(two(12 * MIB, 4 | 3 << 4), [8 * MIB, 4 * MIB]);
        // Three bits would give 2 + 2 MiB: the map is as long as the four bits say.
        assert_eq!(two(3 * MIB, 2 | 1 << 4), [2 * MIB, MIB]);
        let new = Made { components: 6 | 6 << 4 | 6 << 17, chips: 2, ..Made::new(&to(64 * MIB)) };
        assert_eq!(chips(new), [32 * MIB, 32 * MIB]);
        assert_eq!(two(12 * MIB, 7 | 7 << 3), [0u64; 0], "no density");
    }

    #[test]
    fn which_part_of_the_map_a_file_is() {
        let made = Made { components: 1, chips: 2, ..Made::old(&[(0, 0, 0x1000), (1, 0x1000, 0x18_0000)]) };
        let found = parse(&made.bytes(), 0).unwrap();
        assert_eq!(found.chips, [0x10_0000, 0x8_0000]);
        for (len, part) in [
            (0x18_0000, Part::Whole),
            (0x20_0000, Part::Whole),
            (0x10_0000, Part::FirstChip),
            (0x1000, Part::DescriptorAlone),
            (0x8_0000, Part::Cut),
            (0x17_f000, Part::Cut),
        ] {
            assert_eq!(found.part(len), part, "{len:#x}");
        }
    }

    #[test]
    fn a_bios_region_over_all_of_the_flash_starts_after_the_others() {
        let all = [(0, 0, 0x1000), (1, 0, 0x1_0000), (2, 0x3000, 0x8000), (3, 0x1000, 0x3000)];
        let found = parse(&Made::old(&all).bytes(), 0).unwrap();
        assert_eq!(found.region("bios"), Some(Span::new(0x8000, 0x1_0000)));
        assert!(found.bios_covers_all && found.is_disjoint());
        let found = parse(&Made::old(&PC).bytes(), 0).unwrap();
        assert!(!found.bios_covers_all);
    }

    proptest! {
        #[test]
        fn any_change(edits in prop::collection::vec((0usize..0x80, any::<u8>()), 0..8), cut in 0usize..0x1100) {
            let mut bytes = Made::new(&PC).bytes();
            for (at, value) in edits {
                bytes[at] = value;
            }
            bytes.resize(cut, 0xff);
            if let Some(found) = parse(&bytes, 0) {
                prop_assert!(found.regions.iter().all(|(_, span)| !span.is_empty()));
                let _ = (found.part(cut as u64), found.is_disjoint());
            }
        }
    }
}
