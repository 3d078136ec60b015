//! The regions of an Intel flash descriptor.

use crate::image::container::intel::descriptor;
use crate::image::layout::{Layout, Region};

/// The layout of a whole flash that starts with a descriptor. Where the descriptor is for two chips, it maps both.
pub fn parse(bytes: &[u8]) -> Option<Layout> {
    let found = descriptor::parse(bytes, 0)?;
    let regions = found.regions.iter().map(|(name, span)| Region::named(*name, *span)).collect();
    let source = "Intel flash descriptor".to_owned();
    // A dump of exactly the chips' sizes may be longer than its regions.
    let len = bytes.len() as u64;
    let chip_size = (found.chips.iter().sum::<u64>() == len && found.end() <= len).then_some(len);
    let chips = if found.chips.len() == 2 { found.chips } else { Vec::new() };
    Some(Layout { regions, source, chip_size, chips, ..Layout::default() }.nested())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::container::intel::gbe::tests::bank;
    use crate::image::container::intel::me;
    use crate::image::container::intel::tests::{Made, PC, flash};
    use crate::image::layout::UnitKind;
    use crate::image::{Board, Choice, Donor, Image, ImageError, Spliced, splice, synthetic};
    use crate::span::Span;

    const MAC: [u8; 6] = [0, 0x1b, 0x21, 1, 2, 3];
    const NEW: [u8; 6] = [2, 0, 0, 0, 0, 0x77];

    fn chip(seed: u64, last: u8, regions: &[(usize, u64, u64)]) -> Vec<u8> {
        let mut bytes = Made::old(regions).bytes();
        let bank = bank([MAC[0], MAC[1], MAC[2], MAC[3], MAC[4], last]);
        bytes.extend([&bank[..], &bank, &synthetic::noise(seed, 0xd000)].concat());
        bytes
    }

    fn run(base: &[u8], donor: &[u8], sets: &[&str], mac: Option<[u8; 6]>) -> Result<Spliced, ImageError> {
        run_with(base, donor, sets, mac, "")
    }

    fn run_with(
        base: &[u8],
        donor: &[u8],
        sets: &[&str],
        mac: Option<[u8; 6]>,
        allow: &str,
    ) -> Result<Spliced, ImageError> {
        let board = Board::from_layout("pc", parse(base).unwrap()).unwrap();
        let mut choice = Choice { allow: crate::image::Allow::new([allow]), ..Choice::default() };
        sets.iter().for_each(|set| choice.set(set).unwrap());
        choice.edits.mac = mac;
        splice(&Image::new(base.to_vec()), &[Donor::new("d", donor.to_vec())], &board, &choice)
    }

    fn refused(result: Result<Spliced, ImageError>) -> Vec<String> {
        result.unwrap_err().findings().iter().map(|f| format!("{}: {}", f.name, f.message)).collect()
    }

    #[test]
    fn the_ethernet_parts_address_is_the_units() {
        let board = Board::from_layout("pc", parse(&flash()).unwrap()).unwrap();
        let unit = board.layout.per_unit().next().unwrap();
        assert_eq!(
            (unit.0.name.as_str(), unit.1.span, unit.1.kind),
            ("gbe", Span::new(0x1000, 0x3000), UnitKind::Mac)
        );
        let (own, other) = (chip(1, 3, &PC), chip(2, 4, &PC));
        let spliced = run(&own, &other, &["bios=d"], None).unwrap();
        assert!(spliced.units[0].backup.starts_with("00:1b:21:01:02:03"), "{:?}", spliced.units);
        assert!(refused(run(&own, &other, &["gbe=d"], None))[0].starts_with("foreign-mac"));
        let edited = run(&own, &other, &[], Some(NEW)).unwrap().image;
        let half = |at: usize| edited[at..at + 6].to_vec();
        assert_eq!((half(0x1000), half(0x2000)), (NEW.to_vec(), NEW.to_vec()));
        // The first copy alone is damaged: the other one gets the address, and that a driver may take the first is said.
        let mut first = own.clone();
        first[0x1040] ^= 1;
        let spliced = run(&first, &other, &[], Some(NEW)).unwrap();
        assert!(
            spliced.image[0x1000..0x2000] == first[0x1000..0x2000] && spliced.image[0x2000..0x2006] == NEW
        );
        assert!(
            spliced.findings.iter().any(|f| f.message.contains("copy at 0x0 of it")),
            "{:?}",
            spliced.findings
        );
        let mut broken = own.clone();
        (broken[0x1040], broken[0x2040]) = (!broken[0x1040], !broken[0x2040]);
        let error = run(&broken, &other, &[], Some(NEW)).unwrap_err().to_string();
        assert!(error.contains("no copy") && error.contains("valid"), "{error}");
    }

    /// The part is the unit's by whatever map of a PC's flash it is found.
    #[test]
    fn the_ethernet_part_is_the_units_in_a_map_of_any_form() {
        let (own, other) = (chip(1, 3, &PC), chip(2, 4, &PC));
        for text in [
            "00000000:00000fff fd\n00001000:00002fff gbe\n00003000:0000ffff rest\n",
            "00000000:00002fff SI_ALL\n00001000:00002fff SI_GBE\n00003000:0000ffff rest\n",
            "mtdparts=spi0.0:4k(fd),8k(GbE),-(rest)",
        ] {
            let layout = crate::image::parse_any(text.as_bytes(), Some(0x1_0000)).unwrap();
            let board = Board::from_layout("pc", layout).unwrap();
            let name = board.layout.per_unit().next().unwrap().0.name.clone();
            let mut choice = Choice::default();
            choice.set(&format!("{name}=d")).unwrap();
            let donors = [Donor::new("d", other.clone())];
            let found = refused(splice(&Image::new(own.clone()), &donors, &board, &choice));
            assert!(found[0].starts_with("foreign-mac"), "{text}: {found:?}");
        }
    }

    #[test]
    fn regions_of_another_map_come_together_or_not_at_all() {
        let shorter = [(0, 0, 0x1000), (1, 0x6000, 0x1_0000), (2, 0x3000, 0x6000), (3, 0x1000, 0x3000)];
        let (own, other) = (chip(1, 3, &PC), chip(2, 3, &shorter));
        for sets in [&["bios=d"][..], &["me=d"], &["fd=d"], &["fd=d", "me=d"], &["me=d", "bios=d"]] {
            let found = refused(run(&own, &other, sets, None));
            assert!(found.iter().any(|f| f.starts_with("descriptor-differs")), "{sets:?} {found:?}");
            assert!(run_with(&own, &other, sets, None, "descriptor-differs").is_err(), "{sets:?}");
        }
        let all = run(&own, &other, &["fd=d", "me=d", "bios=d"], None).unwrap().image;
        assert!(all[..0x1000] == other[..0x1000] && all[0x1000..0x3000] == own[0x1000..0x3000]);
        assert!(all[0x3000..] == other[0x3000..]);
        // The same map with another strap.
        let mut strap = chip(2, 3, &PC);
        strap[0x100] = 0x12;
        assert!(run(&own, &strap, &["bios=d"], None).is_ok());
    }

    #[test]
    fn a_donor_without_a_descriptor_asks_and_the_own_descriptor_is_not_lost() {
        let (own, other) = (chip(1, 3, &PC), chip(2, 3, &PC));
        let mut bare = other.clone();
        bare[..0x1000].fill(0xff);
        let found = refused(run(&own, &bare, &["bios=d"], None));
        assert!(
            found[0].starts_with("descriptor-differs: the dump of d has no Intel descriptor"),
            "{found:?}"
        );
        let made = run_with(&own, &bare, &["bios=d"], None, "descriptor-differs").unwrap().image;
        assert!(made[0x8000..] == bare[0x8000..] && made[..0x8000] == own[..0x8000]);
        for set in ["fd=d", "fd=blank"] {
            let result = run_with(&own, &bare, &[set], None, "all");
            assert!(refused(result)[0].contains("starts with no Intel descriptor"), "{set}");
        }
    }

    /// A layout given by hand whose regions end within those of the descriptor.
    #[test]
    fn a_region_of_the_descriptor_is_not_made_of_two_sources_unasked() {
        let (own, other) = (chip(1, 3, &PC), chip(2, 3, &PC));
        let text = "0:fff fd\n1000:2fff gbe\n3000:5fff me\n6000:ffff bios\n8000:9fff vars\n";
        let board =
            Board::from_layout("pc", crate::image::parse_any(text.as_bytes(), None).unwrap()).unwrap();
        let run = |sets: &[&str]| {
            let mut choice = Choice::default();
            sets.iter().for_each(|set| choice.set(set).unwrap());
            splice(&Image::new(own.clone()), &[Donor::new("d", other.clone())], &board, &choice)
        };
        for sets in [&["bios=d"][..], &["bios=blank"]] {
            let found = refused(run(sets));
            assert!(found[0].contains("ends within me (0x003000..0x008000)"), "{sets:?} {found:?}");
        }
        // All of it from one donor, or a part that lies in one region.
        assert!(run(&["bios=d", "me=d"]).is_ok() && run(&["vars=d"]).is_ok());
    }

    #[test]
    fn a_region_that_only_moved_is_taken_from_its_own_place_when_allowed() {
        let moved = [(0, 0, 0x1000), (1, 0x8000, 0x1_0000), (2, 0x1000, 0x6000), (3, 0x6000, 0x8000)];
        let (own, other) = (chip(1, 3, &PC), chip(2, 3, &moved));
        let found = refused(run(&own, &other, &["me=d"], None));
        assert!(found[0].contains("it would be taken from there"), "{found:?}");
        let image = run_with(&own, &other, &["me=d"], None, "descriptor-differs").unwrap().image;
        assert!(image[0x3000..0x8000] == other[0x1000..0x6000] && image[0x8000..] == own[0x8000..]);
        // What did not move needs no question.
        assert!(run(&own, &other, &["bios=d"], None).is_ok());
    }

    #[test]
    fn a_region_that_only_the_donor_has_comes_along_with_its_descriptor() {
        let gap = [(0, 0, 0x1000), (1, 0x9000, 0x1_0000), (2, 0x3000, 0x8000), (3, 0x1000, 0x3000)];
        let more = [gap.as_slice(), &[(4, 0x8000, 0x9000)]].concat();
        let (own, other) = (chip(1, 3, &gap), chip(2, 3, &more));
        let image = run(&own, &other, &["fd=d"], None).unwrap().image;
        assert!(image[0x8000..0x9000] == other[0x8000..0x9000] && image[0x9000..] == own[0x9000..]);
        let image = run(&own, &other, &["bios=d"], None).unwrap().image;
        assert!(image[0x8000..0x9000] == own[0x8000..0x9000]);
    }

    #[test]
    fn an_me_past_its_region_asks_and_in_the_own_dump_is_told() {
        let with_me = |seed: u64, end: u32| {
            let mut bytes = chip(seed, 3, &PC);
            bytes[0x3000..0x8000]
                .copy_from_slice(&me::tests::region(0x5000, &[("FTPR", 0x1000, end - 0x1000)]));
            bytes
        };
        let (good, long) = (with_me(1, 0x5000), with_me(2, 0x6000));
        let found = refused(run(&good, &long, &["me=d"], None));
        assert!(found[0].starts_with("descriptor-me: the ME's partition FTPR ends 0x6000"), "{found:?}");
        assert!(run(&good, &long, &["bios=d"], None).unwrap().findings.is_empty());
        let reported = run(&long, &good, &["bios=d"], None).unwrap().findings;
        assert_eq!((reported.len(), reported[0].name), (1, "descriptor-me"));
    }

    #[test]
    fn an_me_by_a_layout_table_fits_and_one_of_no_known_form_is_refused() {
        let layout = |seed: u64| {
            let mut bytes = chip(seed, 3, &PC);
            let table = me::tests::layout_region("1.7", &[(0x200, 0x400), (0x600, 0xa00)]);
            bytes[0x3000..0x4000].copy_from_slice(&table);
            bytes
        };
        let known = run_with(&layout(1), &layout(2), &["me=d"], None, "all").unwrap().findings;
        assert!(known.iter().all(|f| f.name != "descriptor-me"), "{known:?}");
        // As a donor's ME it is refused, for it cannot be judged.
        let noise = chip(2, 3, &PC);
        let found = refused(run_with(&layout(1), &noise, &["me=d"], None, "all"));
        assert!(found[0].starts_with("me-foreign"), "{found:?}");
        let kept = run(&noise, &layout(1), &["bios=d"], None).unwrap().findings;
        assert!(kept.iter().all(|f| f.name != "descriptor-me"), "{kept:?}");
    }

    #[test]
    fn data_of_the_unit_that_moves_with_the_descriptor_is_refused_by_the_old_map() {
        let moved = [(0, 0, 0x1000), (1, 0x8000, 0x1_0000), (2, 0x1000, 0x6000), (3, 0x6000, 0x8000)];
        let (own, other) = (chip(1, 3, &PC), chip(2, 3, &moved));
        let found = refused(run_with(&own, &other, &["fd=d", "me=d", "gbe=d"], None, "all"));
        assert!(found.iter().any(|f| f.contains("gbe is at") && f.contains("as the map")), "{found:?}");
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn a_placeholder_address_is_named() {
        let mut own = chip(1, 3, &PC);
        let bank = bank([0x88, 0x88, 0x88, 0x88, 0x87, 0x88]);
        own[0x1000..0x3000].copy_from_slice(&[&bank[..], &bank].concat());
        let spliced = run(&own, &chip(2, 3, &PC), &["bios=d"], None).unwrap();
        assert!(spliced.findings.iter().any(|f| f.name == "placeholder-mac"), "{:?}", spliced.findings);
        assert!(spliced.units[0].backup.contains("placeholder"), "{:?}", spliced.units);
    }

    #[test]
    fn a_dump_longer_than_its_regions_is_as_long_as_its_chip() {
        let mut bytes = Made { components: 1, ..Made::old(&PC) }.bytes();
        bytes.resize(0x10_0000, 0x5a);
        assert_eq!(parse(&bytes).unwrap().chip_size, Some(0x10_0000));
        assert_eq!(parse(&bytes[..0x2_0000]).unwrap().chip_size, None);
    }
}
