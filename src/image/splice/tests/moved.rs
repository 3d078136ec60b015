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
