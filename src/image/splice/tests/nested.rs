//! Areas in areas: each can be chosen, the innermost choice counts, and no choice is lost.

use proptest::prelude::*;

use crate::image::few_cases::{few, nested_layouts};
use crate::image::splice::tests::*;
use crate::image::{layouts, made_tree};
use crate::span::Span;

const SMALL: u64 = 0x1_0000;

fn noise(seed: u64) -> Vec<u8> {
    synthetic::noise(seed, SMALL as usize)
}

fn choice(sets: &[&str], allow: &[&str]) -> Choice {
    let mut choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
    sets.iter().for_each(|set| choice.set(set).unwrap());
    choice
}

fn run(board: &Board, choice: &Choice, base: &[u8], donor: &[u8]) -> Result<Spliced, ImageError> {
    splice(&Image::new(base.to_vec()), &[Donor::new("d", donor.to_vec())], board, choice)
}

fn any_board(layout: Layout) -> Board {
    Board::from_layout("any", layout).unwrap()
}

proptest! {
    #![proptest_config(few(32))]

    /// An area of any depth from a donor changes exactly its bytes.
    #[test]
    fn one_area_changes_exactly_its_bytes(layout in nested_layouts(SMALL / 0x1000)) {
        let (board, base, donor) = (any_board(layout), noise(1), noise(2));
        for region in &board.layout.regions {
            let made = run(&board, &choice(&[&format!("{}=d", region.name)], &[]), &base, &donor).unwrap();
            let mut wanted = base.clone();
            wanted[region.span.range()].copy_from_slice(&donor[region.span.range()]);
            prop_assert!(made.image.bytes() == wanted, "{}", region.name);
            prop_assert!(made.sources.contains(&(region.name.clone(), Source::Donor("d".to_owned()))));
        }
    }

    /// The same with the map in every form that can have areas in areas: none of them loses an area or its place.
    #[test]
    fn every_form_of_a_map_gives_every_area(layout in nested_layouts(SMALL / 0x1000), pick in any::<prop::sample::Index>()) {
        if layout.regions.is_empty() {
            return Ok(());
        }
        let (base, donor) = (noise(1), noise(2));
        let places = |layout: &Layout| -> Vec<_> {
            layout.regions.iter().map(|r| (r.name.clone(), r.span, r.inside.clone())).collect()
        };
        for (form, bytes) in forms(&layout) {
            let read = parse_any(&bytes, Some(SMALL)).unwrap();
            prop_assert_eq!(places(&read), places(&layout), "{}", form);
            prop_assert!(read.left_out.is_empty() && read.crossing.is_empty(), "{}", form);
            let board = any_board(read);
            let region = &board.layout.regions[pick.index(board.layout.regions.len())];
            let made = run(&board, &choice(&[&format!("{}=d", region.name)], &[]), &base, &donor).unwrap();
            let mut wanted = base.clone();
            wanted[region.span.range()].copy_from_slice(&donor[region.span.range()]);
            prop_assert!(made.image.bytes() == wanted, "{}: {}", form, region.name);
        }
    }

    /// Any choices together: every byte is from the innermost choice around it, or the order is refused; the recipe
    /// makes the same again, and a row shows every area.
    #[test]
    fn every_choice_is_carried_out_or_refused(
        layout in nested_layouts(SMALL / 0x1000),
        draws in prop::collection::vec(0usize..5, 64),
    ) {
        const SOURCES: [&str; 3] = ["own", "blank", "d"];
        let (board, base, donor) = (any_board(layout), noise(1), noise(2));
        let said: Vec<(&Region, &str)> = board.layout.regions.iter().zip(draws)
            .filter_map(|(region, draw)| Some((region, *SOURCES.get(draw)?))).collect();
        let mut sets: Vec<String> = said.iter().map(|(r, source)| format!("{}={source}", r.name)).collect();
        // The order of the words does not matter.
        sets.reverse();
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let chosen = choice(&sets, &[]);
        let contradict = |(a, x): &(&Region, &str)| said.iter().any(|(b, y)| a.span == b.span && x != y);
        let made = match run(&board, &chosen, &base, &donor) {
            Ok(made) => made,
            Err(e) => {
                prop_assert!(said.iter().any(contradict), "{}", e);
                prop_assert!(e.findings().iter().all(|f| f.name == "same-place"), "{}", e);
                return Ok(());
            }
        };
        let mut wanted = base.clone();
        for (region, source) in &said {
            let place = &mut wanted[region.span.range()];
            match *source {
                "own" => place.copy_from_slice(&base[region.span.range()]),
                "blank" => place.fill(0xff),
                _ => place.copy_from_slice(&donor[region.span.range()]),
            }
        }
        prop_assert!(made.image.bytes() == wanted);
        for (region, source) in &said {
            prop_assert!(made.sources.contains(&(region.name.clone(), Source::parse(source))));
        }
        prop_assert_eq!(made.regions.len(), board.layout.regions.len());
        let recipe = Recipe::of("any", &made, &chosen, &[]);
        let again = run(&board, &Recipe::parse(&recipe.write()).unwrap().choice().unwrap(), &base, &donor).unwrap();
        prop_assert!(again.image == made.image);
        prop_assert_eq!(again.sources, made.sources);
    }
}

fn layout(text: &str) -> Board {
    any_board(parse_any(text.as_bytes(), Some(SMALL)).unwrap())
}

fn stops(result: Result<Spliced, ImageError>) -> Vec<&'static str> {
    result.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
}

#[test]
fn an_outer_area_does_not_bring_the_units_data_unasked() {
    let board = layout("mtdparts=spi0.0:32k(outer),4k@0x2000(art),32k@0x8000(rest)");
    let (base, donor) = (noise(1), noise(2));
    let run = |sets: &[&str], allow: &[&str], donor: &[u8]| run(&board, &choice(sets, allow), &base, donor);
    assert_eq!(stops(run(&["outer=d"], &[], &donor)), ["foreign-calibration"]);
    assert!(run(&["outer=d"], &["foreign-calibration"], &donor).is_ok());
    let kept = run(&["outer=d", "art=own"], &[], &donor).unwrap();
    assert!(kept.image[0x2000..0x3000] == base[0x2000..0x3000] && kept.image[..0x2000] == donor[..0x2000]);
    assert_eq!(stops(run(&["outer=blank"], &["all"], &donor)), ["unit-erased"]);
    let mut blank = donor.clone();
    blank[0x2000..0x3000].fill(0xff);
    assert_eq!(stops(run(&["outer=d"], &["all"], &blank)), ["donor-blank-unit"]);
    // A part of a region of the unit is the unit's.
    let board = layout("mtdparts=spi0.0:32k(art),4k@0x2000(sub),32k@0x8000(rest)");
    let sub = super::nested::run(&board, &choice(&["sub=d"], &[]), &base, &donor);
    assert_eq!(stops(sub), ["foreign-calibration"]);
}

#[test]
fn vital_product_data_is_the_units_wherever_it_is() {
    let flat = layout("0:7fff RO\n8000:ffff RW\n");
    let nested = layout("0:7fff RO\n1000:1fff RO_VPD\n8000:ffff RW\n");
    let with = |seed, at: usize| {
        let mut chip = noise(seed);
        chip[at..at + 12].copy_from_slice(b"\xfe\x09\x01gVpdInfo\x04");
        chip
    };
    let (base, donor) = (with(1, 0x1600), with(2, 0x1600));
    for board in [&flat, &nested] {
        assert_eq!(stops(run(board, &choice(&["RO=d"], &[]), &base, &donor)), ["foreign-mac"]);
        assert!(run(board, &choice(&["RW=d"], &[]), &base, &donor).is_ok());
    }
    assert_eq!(
        stops(run(&nested, &choice(&["RO=d"], &[]), &base, &noise(2))),
        ["foreign-mac"],
        "it would be lost"
    );
    assert!(run(&nested, &choice(&["RO=d", "RO_VPD=own"], &[]), &base, &donor).is_ok());
}

#[test]
fn a_name_or_a_place_that_two_areas_have_is_refused() {
    let two = layout("0:fff a\n2000:2fff a\n");
    let error = run(&two, &choice(&["a=d"], &[]), &noise(1), &noise(2)).unwrap_err().to_string();
    assert!(error.contains("two of its regions are named a"), "{error}");
    let same = layout("0:1fff a\n0:1fff b\n8000:ffff c\n");
    assert_eq!(stops(run(&same, &choice(&["a=own", "b=d"], &["all"]), &noise(1), &noise(2))), ["same-place"]);
}

#[test]
fn areas_that_cross_each_other_are_named_and_change_only_when_asked() {
    let maps: [&[u8]; 3] = [
        b"0:1fff a\n1000:2fff art\n8000:ffff c\n",
        b"mtdparts=spi0.0:8k(a),8k@4k(art),32k@32k(c)",
        &fmap_of(&[("a", 0, 0x2000), ("art", 0x1000, 0x2000), ("c", 0x8000, 0x8000)]),
    ];
    let (base, donor) = (noise(1), noise(2));
    for map in maps {
        let board = any_board(parse_any(map, Some(SMALL)).unwrap());
        let run = |sets: &[&str], allow: &[&str]| run(&board, &choice(sets, allow), &base, &donor);
        // It cannot be chosen: the reason is given.
        let error = run(&["art=d"], &["all"]).unwrap_err().to_string();
        assert!(error.contains("art (") && error.contains("overlaps a ("), "{error}");
        assert_eq!(stops(run(&["a=d"], &[])), ["crossing"]);
        let made = run(&["a=d"], &["crossing"]).unwrap();
        assert!(made.image.bytes() == [&donor[..0x2000], &base[0x2000..]].concat());
        // What is not touched is not asked about.
        assert!(run(&["c=d"], &[]).is_ok() && run(&["a=own"], &[]).is_ok());
    }
}

/// An FMAP with these areas: name, offset, length.
fn fmap_of(areas: &[(&str, u64, u64)]) -> Vec<u8> {
    let mut map = b"__FMAP__\x01\x01".to_vec();
    map.extend(0_u64.to_le_bytes());
    map.extend((SMALL as u32).to_le_bytes());
    let field = |text: &str| {
        let mut field = [0; 32];
        field[..text.len()].copy_from_slice(text.as_bytes());
        field
    };
    map.extend(field("FMAP"));
    map.extend((areas.len() as u16).to_le_bytes());
    for (name, offset, len) in areas {
        map.extend((*offset as u32).to_le_bytes());
        map.extend((*len as u32).to_le_bytes());
        map.extend(field(name));
        map.extend([0, 0]);
    }
    map
}

/// The map in every form that has areas in areas.
fn forms(layout: &Layout) -> [(&'static str, Vec<u8>); 4] {
    let areas: Vec<(&str, u64, u64)> =
        layout.regions.iter().map(|r| (r.name.as_str(), r.span.start, r.span.len())).collect();
    [
        ("FMAP", fmap_of(&areas)),
        ("flashrom", layouts::flashrom::write(layout).unwrap().into_bytes()),
        ("mtdparts", layouts::mtdparts::write(layout, "spi0.0").unwrap().into_bytes()),
        ("device tree", made_tree::of_layout(&["acme,board"], layout)),
    ]
}

/// A map with a region around all others, as Ralink's `ALL` is: the parts keep their defaults, and choices for all.
#[test]
fn an_area_around_all_others_leaves_them_their_defaults() {
    let board = layout("mtdparts=spi0.0:64k@0(ALL),16k@0(u-boot),32k(firmware),16k(config)");
    let (base, donor) = (noise(1), noise(2));
    let allow = &["own-loader", "loader-start"];
    let made = run(&board, &choice(&[], allow), &base, &donor).unwrap();
    let firmware = Span::new(0x4000, 0xc000);
    let mut wanted = base.clone();
    wanted[firmware.range()].copy_from_slice(&donor[firmware.range()]);
    assert!(made.image.bytes() == wanted);
    let own = run(&board, &choice(&["ALL=own"], allow), &base, &donor).unwrap();
    assert!(own.image.bytes() == base);
}

#[test]
fn a_file_of_one_area_serves_at_any_depth_and_for_no_other_place() {
    let board = layout("0:7fff RO\n0:fff RO_VPD\n1000:7fff SECTION\n4000:7fff COREBOOT\n8000:ffff RW\n");
    let file = synthetic::noise(3, 0x4000);
    let made = run(&board, &choice(&["COREBOOT=d"], &[]), &noise(1), &file).unwrap();
    let mut wanted = noise(1);
    wanted[0x4000..0x8000].copy_from_slice(&file);
    assert!(made.image.bytes() == wanted);
    assert_eq!(stops(run(&board, &choice(&["RO_VPD=d"], &["all"]), &noise(1), &file)), ["donor-lacks"]);
}
