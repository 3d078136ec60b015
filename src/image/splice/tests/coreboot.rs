//! A CBFS is replaced by a whole one of the same mainboard, or a question is asked.

use crate::image::container::cbfs::tests::entry;
use crate::image::splice::tests::*;

const LAYOUT: &[u8] = b"00000000:0000ffff nvram\n00010000:0001ffff coreboot\n";

/// A flash with a CBFS in its second half: code from a seed, and the mainboard of its configuration.
fn flash(seed: u64, mainboard: Option<&str>) -> Vec<u8> {
    let mut bytes = synthetic::noise(seed, 0x1_0000);
    bytes.extend(entry("fallback/ramstage", 0x11, &synthetic::noise(seed + 1, 0x4000), true));
    if let Some(mainboard) = mainboard {
        let text = format!("# a comment\nCONFIG_MAINBOARD_DIR=\"{mainboard}\"\n");
        bytes.extend(entry("config", 0x50, text.as_bytes(), false));
    }
    bytes.resize(0x2_0000, 0xff);
    bytes
}

fn run(own: &[u8], donor: &[u8], allow: &str) -> Result<Spliced, ImageError> {
    let board = Board::from_layout("made", parse_any(LAYOUT, None).unwrap()).unwrap();
    let mut choice = Choice { allow: Allow::new([allow]), ..Choice::default() };
    choice.set("coreboot=d").unwrap();
    splice(&Image::new(own.to_vec()), &[Donor::new("d", donor.to_vec())], &board, &choice)
}

/// What stops it when nothing, and when everything, is allowed.
fn stops(own: &[u8], donor: &[u8]) -> [Vec<&'static str>; 2] {
    ["none", "all"].map(|allow| {
        run(own, donor, allow).err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
    })
}

#[test]
fn a_cbfs_of_the_same_mainboard_passes_as_dump_and_as_file() {
    let (own, new) = (flash(1, Some("acme/anvil")), flash(5, Some("acme/anvil")));
    for donor in [&new[..], &new[0x1_0000..]] {
        let made = run(&own, donor, "none").unwrap();
        assert!(made.image[..0x1_0000] == own[..0x1_0000] && made.image[0x1_0000..] == new[0x1_0000..]);
    }
    // Where the board's own names no mainboard there is nothing to compare with.
    assert_eq!(stops(&flash(1, None), &new), [vec![""; 0], vec![]]);
}

#[test]
fn a_damaged_cbfs_and_that_of_another_mainboard_are_refused() {
    let own = flash(1, Some("acme/anvil"));
    let mut damaged = flash(5, Some("acme/anvil"));
    damaged[0x1_1000] ^= 1;
    assert_eq!(stops(&own, &damaged), [vec!["hash"], vec!["hash"]]);
    assert_eq!(stops(&own, &damaged[0x1_0000..]), [vec!["hash"], vec!["hash"]]);
    let other = flash(5, Some("acme/hammer"));
    assert_eq!(stops(&own, &other), [vec!["compatible"], vec!["compatible"]]);
}

#[test]
fn what_names_no_mainboard_and_what_is_no_cbfs_is_asked_about() {
    let own = flash(1, Some("acme/anvil"));
    assert_eq!(stops(&own, &flash(5, None)), [vec!["unproven-donor"], vec![]]);
    let mut noise = flash(5, None);
    noise[0x1_0000..].copy_from_slice(&synthetic::noise(7, 0x1_0000));
    assert_eq!(stops(&own, &noise), [vec!["other-container"], vec![]]);
    // The first header is spoilt: the files after it are another CBFS, which names no mainboard either.
    let mut spoilt = flash(5, None);
    spoilt[0x1_0000] = b'X';
    assert_eq!(stops(&own, &spoilt), [vec!["other-container"], vec![]]);
}

/// A table of areas, each with its start and end.
fn fmap(areas: &[(&str, u32, u32)]) -> Vec<u8> {
    let mut map = [&b"__FMAP__\x01\x01"[..], &[0; 8], &0x2_0000u32.to_le_bytes(), &[b'F'; 31], &[0]].concat();
    map.extend((areas.len() as u16).to_le_bytes());
    for (name, start, end) in areas {
        map.extend([start.to_le_bytes(), (end - start).to_le_bytes()].concat());
        map.extend([name.as_bytes(), &vec![0; 34 - name.len()]].concat());
    }
    map
}

/// The same flash with a map, whose CBFS starts at `core`.
fn mapped(seed: u64, core: u32) -> Vec<u8> {
    let plain = flash(seed, Some("acme/anvil"));
    let areas = [
        ("FMAP", 0x1000, 0x2000),
        ("MISC", 0x2000, core),
        ("COREBOOT", core, 0x2_0000),
        ("NVRAM", 0, 0x1000),
    ];
    let mut bytes = vec![0xff; 0x2_0000];
    bytes[..0x1000].copy_from_slice(&plain[..0x1000]);
    let map = fmap(&areas);
    bytes[0x1000..0x1000 + map.len()].copy_from_slice(&map);
    bytes[core as usize..core as usize + 0x6000].copy_from_slice(&plain[0x1_0000..0x1_6000]);
    bytes[0x2000] = seed as u8;
    bytes
}

#[test]
fn an_area_that_the_donors_map_has_elsewhere_is_no_such_area() {
    let own = mapped(1, 0x8000);
    let board = Board::from_layout("mapped", parse_any(&own, None).unwrap()).unwrap();
    let stops = |donor: &[u8], sets: &[&str]| -> Vec<&'static str> {
        let mut choice = Choice { allow: Allow::new(["all"]), ..Choice::default() };
        sets.iter().for_each(|set| choice.set(set).unwrap());
        let made = splice(&Image::new(own.clone()), &[Donor::new("d", donor.to_vec())], &board, &choice);
        made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
    };
    let (alike, other) = (mapped(5, 0x8000), mapped(5, 0x1_0000));
    for (sets, refused) in [
        (&["NVRAM=d"][..], &[][..]),
        (&["COREBOOT=d"], &["other-map"]),
        (&["MISC=d"], &["other-map"]),
        // The map alone, or with one of the two areas that it moves.
        (&["FMAP=d"], &["other-map"]),
        (&["FMAP=d", "MISC=d"], &["other-map"]),
        (&["FMAP=d", "MISC=d", "COREBOOT=d"], &[]),
        // Nobody is left who would look for the map.
        (&["FMAP=blank", "MISC=blank", "COREBOOT=blank", "NVRAM=blank"], &[]),
    ] {
        assert_eq!(stops(&alike, sets), [""; 0], "{sets:?}");
        let mut names = stops(&other, sets);
        names.dedup();
        assert_eq!(names, refused, "{sets:?}");
    }
}

#[test]
fn a_result_that_has_lost_its_map_is_asked_about() {
    let own = mapped(1, 0x8000);
    let board = Board::from_layout("mapped", parse_any(&own, None).unwrap()).unwrap();
    let mut unmapped = mapped(5, 0x8000);
    unmapped[0x1000..0x2000].copy_from_slice(&synthetic::noise(6, 0x1000));
    let asks = |sets: &[&str]| -> Vec<(&'static str, Severity)> {
        let mut choice = Choice::default();
        sets.iter().for_each(|set| choice.set(set).unwrap());
        let donors = [Donor::new("d", unmapped.clone())];
        let made = splice(&Image::new(own.clone()), &donors, &board, &choice);
        made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| (f.name, f.severity)).collect())
    };
    let asked = [("other-map", Severity::Ask)];
    assert_eq!(asks(&["NVRAM=blank"]), []);
    assert_eq!(asks(&["FMAP=blank"]), asked);
    assert_eq!(asks(&["FMAP=d"]), asked);
    // The map's place is blank, and a donor's area is found by no map.
    assert_eq!(asks(&["FMAP=blank", "MISC=blank", "NVRAM=blank", "COREBOOT=d"]), asked);
    // All of another firmware, which has no map.
    assert_eq!(asks(&["FMAP=d", "MISC=d", "COREBOOT=d", "NVRAM=d"]), []);
}
