//! What a donor says of its board where the board is known by the tree in its own firmware alone: lists, the tree's flash map;
//! and a file of the chip's size that says nothing.

use crate::image::container::bytes::jamcrc;
use crate::image::made_tree;
use crate::image::splice::tests::*;

const CHIP: usize = 0x4_0000;
const MAP: &str = "mtdparts=x:64k(boot),128k(firmware),64k(radio)ro";

fn map(text: &str) -> Layout {
    parse_any(text.as_bytes(), None).unwrap()
}

/// A kernel in a uImage of MIPS, with a tree after it.
fn firmware(tree: &[u8]) -> Vec<u8> {
    let data = [&synthetic::noise(7, 0x1000)[..], tree].concat();
    let mut head = [0; 0x40];
    head[..4].copy_from_slice(&[0x27, 0x05, 0x19, 0x56]);
    head[0xc..0x10].copy_from_slice(&(data.len() as u32).to_be_bytes());
    head[0x18..0x1c].copy_from_slice(&crc32fast::hash(&data).to_be_bytes());
    head[0x1c..0x20].copy_from_slice(&[5, 5, 2, 0]);
    let crc = crc32fast::hash(&head);
    head[4..8].copy_from_slice(&crc.to_be_bytes());
    [&head[..], &data].concat()
}

/// Metadata with these devices after an image.
fn listed(image: &[u8], devices: &[&str]) -> Vec<u8> {
    let json = serde_json::json!({ "supported_devices": devices }).to_string();
    let mut file = [image, &[0; 8], json.as_bytes()].concat();
    let crc = jamcrc(&file);
    file.extend(b"FWx0");
    file.extend(crc.to_be_bytes());
    file.extend([1, 0, 0, 0]);
    file.extend((json.len() as u32 + 24).to_be_bytes());
    file
}

fn dump(firmware: &[u8]) -> Vec<u8> {
    let mut own = synthetic::noise(1, CHIP);
    own[..8].copy_from_slice(&[0x10, 0, 0, 0xff, 0, 0, 0, 0]);
    own[0x1_0000..0x3_0000].fill(0xff);
    own[0x1_0000..0x1_0000 + firmware.len()].copy_from_slice(firmware);
    own
}

/// What stops a donor on a board of which only a layout is given, and its severity.
fn stops(own: &[u8], donor: &[u8]) -> Vec<(&'static str, Severity)> {
    let board = Board::from_layout("any", map(MAP)).unwrap();
    let mut choice = Choice::default();
    choice.set("radio=own").unwrap();
    let donors = [Donor::new("d", donor.to_vec())];
    let made = splice(&Image::new(dump(own)), &donors, &board, &choice);
    made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| (f.name, f.severity)).collect())
}

/// A file of the tar kind for this board, without metadata.
fn tarred(board: &str, kernel: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in [("CONTROL", format!("BOARD={board}\n").as_bytes()), ("kernel", kernel)] {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, format!("sysupgrade-{board}/{name}"), bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

#[test]
fn the_board_in_the_paths_of_a_tar_is_held_against_the_tree_in_the_boards_own_firmware() {
    let own = firmware(&made_tree::root(&["acme,quick5"]).file());
    let image = |board| tarred(board, &firmware(&[]));
    assert_eq!(stops(&own, &image("acme_quick5")), []);
    assert_eq!(stops(&own, &image("quick5")), []);
    assert_eq!(stops(&own, &image("acme_quick6")), [("supported-devices", Severity::Ask)]);
}

#[test]
fn a_list_with_the_name_of_the_tree_and_the_boards_is_of_one_board() {
    let tree = |name| firmware(&made_tree::root(&[name]).file());
    let own = tree("acme,quick5");
    assert_eq!(stops(&own, &listed(&tree("acme,quick5-v1"), &["acme,quick5-v1", "acme,quick5"])), []);
    let other = listed(&tree("acme,quick5-v1"), &["acme,quick5-v1", "acme,quick6"]);
    assert_eq!(stops(&own, &other), [("compatible", Severity::Ask)]);
}

#[test]
fn a_list_is_held_against_the_tree_in_the_boards_own_firmware() {
    let tree = |name| firmware(&made_tree::root(&[name, "acme,soc"]).file());
    let own = tree("acme,kite7");
    let bare = firmware(&[]);
    for (donor, devices, wanted) in [
        (&bare, "acme,kite7", None),
        (&bare, "kite7", None),
        (&bare, "acme,kite8", Some("supported-devices")),
        (&bare, "other,kite7", Some("supported-devices")),
        (&own, "acme,kite7", None),
        (&own, "acme,kite8", Some("supported-devices")),
        (&tree("acme,kite8"), "acme,kite7", Some("compatible")),
    ] {
        let wanted: Vec<_> = wanted.into_iter().map(|name| (name, Severity::Ask)).collect();
        assert_eq!(stops(&own, &listed(donor, &[devices])), wanted, "{devices}");
    }
    // Nothing in the board's own firmware names it.
    assert_eq!(stops(&bare, &listed(&bare, &["acme,kite8"])), []);
}

#[test]
fn a_firmware_whose_own_tree_maps_the_flash_otherwise_is_asked_about() {
    let of = |text: &str| firmware(&made_tree::of_layout(&["acme,kite7", "acme,soc"], &map(text)));
    let own = of(MAP);
    let asked = [("other-map", Severity::Ask)];
    for (text, wanted) in [
        (MAP, &[][..]),
        // Its firmware starts elsewhere, its calibration is elsewhere, its flash is longer.
        ("mtdparts=x:32k(boot),160k(firmware),64k(radio)ro", &asked),
        ("mtdparts=x:64k(boot),64k(firmware),64k(radio)ro,64k(more)", &asked),
        ("mtdparts=x:64k(boot),384k(firmware),64k(radio)ro", &asked),
        // What lies between is its own affair.
        ("mtdparts=x:64k(boot),64k(firmware),64k(more),64k(radio)ro", &[]),
    ] {
        assert_eq!(stops(&own, &of(text)), wanted, "{text}");
        // What runs there already has that map, too; and where nothing names the board there is nothing to compare.
        assert_eq!(stops(&of(text), &of(text)), [], "{text}");
        assert_eq!(stops(&firmware(&[]), &of(text)), [], "{text}");
    }
}

#[test]
fn noise_of_the_chips_size_is_no_dump_of_a_board_that_shows_something() {
    let noise = synthetic::noise(9, CHIP);
    let board = Board::from_layout("any", map(MAP)).unwrap();
    let run = |own: &[u8]| {
        let mut choice = Choice::default();
        choice.set("radio=own").unwrap();
        let made = splice(&Image::new(own.to_vec()), &[Donor::new("d", noise.clone())], &board, &choice);
        made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| (f.name, f.severity)).collect())
    };
    // Erased firmware shows nothing to compare, the rest of the dump does.
    let mut erased = dump(&[]);
    let text = b"U-Boot 1.1.4 (Jan  2 2024 - 03:04:05)\0";
    erased[0x8000..0x8000 + text.len()].copy_from_slice(text);
    assert_eq!(run(&erased), [("unproven-donor", Severity::Ask)]);
    assert_eq!(run(&synthetic::noise(3, CHIP)), [], "neither shows anything");
}
