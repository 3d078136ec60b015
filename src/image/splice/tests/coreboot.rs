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
    // The first header is spoilt: the files behind it are another CBFS, which names no mainboard either.
    let mut spoilt = flash(5, None);
    spoilt[0x1_0000] = b'X';
    assert_eq!(stops(&own, &spoilt), [vec!["other-container"], vec![]]);
}
