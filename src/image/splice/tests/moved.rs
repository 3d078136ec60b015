//! A dump put onto another map: regions go by their names, and what cannot is refused.

use crate::image::splice::tests::*;
use crate::image::{Moved, splice_moved};

const OLD: &str = "mtdparts=spi0.0:64k(u-boot),128k(firmware),64k(art)";
const NEW: &str = "mtdparts=spi0.0:64k(u-boot),384k(firmware),64k(art)";

fn map(text: &str) -> Layout {
    parse_any(text.as_bytes(), None).unwrap()
}

fn run(
    dump: &[u8],
    old: &str,
    new: &str,
    sets: &[&str],
    donor: Option<Vec<u8>>,
) -> Result<Spliced, ImageError> {
    let board = Board::from_layout("new", map(new)).unwrap();
    let moved = Moved::new(dump, &map(old), &board)?;
    let mut choice = Choice { allow: Allow::new(["loader-start", "own-loader"]), ..Choice::default() };
    sets.iter().for_each(|set| choice.set(set).unwrap());
    let donors: Vec<Donor> = donor.into_iter().map(|bytes| Donor::new("d", bytes)).collect();
    splice_moved(&moved, &donors, &board, &choice)
}

fn stops(result: Result<Spliced, ImageError>) -> Vec<&'static str> {
    result.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
}

#[test]
fn the_boards_own_regions_go_to_their_new_places() {
    let own = synthetic::noise(1, 0x4_0000);
    let firmware = synthetic::noise(2, 0x6_0000);
    let made = run(&own, OLD, NEW, &["firmware=d"], Some(firmware.clone())).unwrap();
    let wanted = [&own[..0x1_0000], &firmware, &own[0x3_0000..]].concat();
    assert!(made.image.bytes() == wanted);
    // The unit's data moved with its region: it is not another unit's.
    let names: Vec<_> = made.findings.iter().map(|f| f.name).collect();
    assert!(names.contains(&"moved") && !names.iter().any(|name| name.starts_with("foreign")), "{names:?}");
    // Back again, to the smaller chip.
    let back = run(&made.image, NEW, OLD, &["firmware=d"], Some(own[0x1_0000..0x3_0000].to_vec())).unwrap();
    assert!(back.image.bytes() == own);
}

#[test]
fn what_cannot_be_moved_is_refused_and_a_new_region_is_blank() {
    let own = synthetic::noise(1, 0x4_0000);
    assert_eq!(stops(run(&own, OLD, NEW, &["firmware=own"], None)), ["not-moved"]);
    let more = format!("{OLD},256k(more)");
    let made = run(&own, OLD, &more, &["firmware=own"], None).unwrap();
    assert!(made.image[..0x4_0000] == own && made.image[0x4_0000..].iter().all(|b| *b == 0xff));
    assert!(made.findings.iter().any(|f| f.name == "moved" && f.message.contains("more is left blank")));
    assert_eq!(stops(run(&own, OLD, &more, &["firmware=own", "more=own"], None)), ["not-moved"]);
    // A region the new map does not have is not asked for; one with another length has to be.
    let smaller = "mtdparts=spi0.0:64k(u-boot),128k(firmware),32k(art)";
    assert_eq!(stops(run(&own, OLD, smaller, &["firmware=own"], None)), ["not-moved"]);
    // Not a dump of the old map.
    assert_eq!(stops(run(&own[..0x3_0000], OLD, NEW, &[], None)), ["chip-size"]);
    assert_eq!(stops(run(&[0xff; 0x4_0000], OLD, NEW, &[], None)), ["blank-dump"]);
}

/// The old map is not that of the dump: calibration is found by its form, where the map has nothing of the unit's.
#[test]
fn calibration_that_the_old_map_does_not_have_is_not_lost_unasked() {
    let mut own = synthetic::noise(1, 0x4_0000);
    own[0x2_0000..].fill(0xff);
    own[0x3_0000..0x3_0200].copy_from_slice(&synthetic::noise(4, 0x200));
    own[0x3_0000..0x3_000a].copy_from_slice(&[0x12, 0x76, 0, 0, 0x30, 0xb5, 0xc2, 1, 2, 3]);
    let firmware = || Some(synthetic::noise(2, 0x6_0000));
    let wrong = "mtdparts=spi0.0:64k(u-boot),64k(firmware),64k(art),64k(log)";
    let asked = run(&own, wrong, NEW, &["firmware=d"], firmware());
    assert!(
        asked.as_ref().is_err_and(|e| e.to_string().contains("calibration of MT7612 at 0x30000")),
        "{asked:?}"
    );
    assert_eq!(stops(asked), ["not-moved"]);
    assert!(run(&own, OLD, NEW, &["firmware=d"], firmware()).is_ok());
    // Where its region goes along, whatever it is called.
    let with_log = NEW.replace("(art)", "(art),64k(log)");
    assert!(run(&own, wrong, &with_log, &["firmware=d"], firmware()).is_ok());
}

#[test]
fn a_region_that_the_new_map_does_not_have_is_told() {
    let own = synthetic::noise(1, 0x5_0000);
    let old = "mtdparts=spi0.0:64k(u-boot),64k(config),128k(firmware),64k(art)";
    let reported = |own: &[u8]| {
        let made = run(own, old, NEW, &["firmware=d"], Some(synthetic::noise(2, 0x6_0000))).unwrap();
        made.findings.iter().any(|f| f.name == "moved" && f.message.contains("config (0x010000..0x020000)"))
    };
    assert!(reported(&own));
    let mut erased = own;
    erased[0x1_0000..0x2_0000].fill(0xff);
    assert!(!reported(&erased));
}

#[test]
fn data_of_the_unit_is_not_lost_unasked_where_the_new_map_has_another_name_for_it() {
    let own = synthetic::noise(1, 0x4_0000);
    let firmware = || Some(synthetic::noise(2, 0x6_0000));
    let renamed = NEW.replace("art", "factory");
    assert_eq!(stops(run(&own, OLD, &renamed, &["firmware=d"], firmware())), ["not-moved"]);
    let without = "mtdparts=spi0.0:64k(u-boot),384k(firmware)";
    assert_eq!(stops(run(&own, OLD, without, &["firmware=d"], firmware())), ["not-moved"]);
    // Another length, with other bytes for it from a donor.
    let donor = [synthetic::noise(2, 0x6_0000), synthetic::noise(3, 0x1_0000)].concat();
    let shorter = "mtdparts=spi0.0:64k(u-boot),384k(firmware),32k(art)";
    let taken = run(&own, OLD, shorter, &["firmware=d", "art=d"], Some(donor));
    assert!(stops(taken).contains(&"not-moved"));
    // What is erased is nothing to lose.
    let mut erased = own.clone();
    erased[0x3_0000..].fill(0xff);
    assert!(run(&erased, OLD, &renamed, &["firmware=d"], firmware()).is_ok());
    // Another name around the same bytes: the region moved with the one around it.
    let old = format!("{OLD},32k@0x30000(radio)");
    assert!(run(&own, &old, NEW, &["firmware=d"], firmware()).is_ok());
}
