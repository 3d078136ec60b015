//! Donors that are all of a flash of another size or map: nothing of them is taken by the places in the board's map.

use crate::image::splice::tests::*;

const BOARD: usize = 0x8_0000;
const MAP: &str = "mtdparts=x:64k(u-boot),384k(firmware),64k(art)";
const UIMAGE: &[u8] = include_bytes!("../../../../tests/data/small/uimage_lzma.bin");
const TRX: &[u8] = include_bytes!("../../../../tests/data/small/image.trx");
const TPLINK: &[u8] = include_bytes!("../../../../tests/data/small/v1_mr3020_EU.bin");
/// Where the boards here have their firmware.
const FIRMWARE: usize = 0x1_0000;

const VERSION: &[u8] = b"\0U-Boot 1.1.3 (Mar 10 2016 - 09:12:44)\0";

/// A loader, firmware at the board's place for it, and calibration in the last erase block.
fn flash(seed: u64, len: usize, firmware: &[u8]) -> Vec<u8> {
    let mut flash = vec![0xff; len];
    flash[..FIRMWARE].copy_from_slice(&synthetic::loader(seed, "")[..FIRMWARE]);
    flash[0x8000..0x8000 + VERSION.len()].copy_from_slice(VERSION);
    flash[FIRMWARE..FIRMWARE + firmware.len()].copy_from_slice(firmware);
    flash[len - 0x1_0000..len - 0xfc00].copy_from_slice(&calibration(seed));
    flash
}

fn calibration(seed: u64) -> Vec<u8> {
    let mut block = synthetic::noise(seed, 0x400);
    block[..10].copy_from_slice(&[0x28, 0x76, 2, 0, 0x30, 0xb5, 0xc2, 1, 2, seed as u8]);
    block
}

/// The findings that stop a splice over a flash with `own` as firmware; none where it passes.
fn stops(map: &str, own: &[u8], donor: Vec<u8>, set: &str, allow: &[&str]) -> Vec<(&'static str, Severity)> {
    let board = Board::from_layout("any", parse_any(map.as_bytes(), None).unwrap()).unwrap();
    let mut choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
    choice.set("firmware=own").unwrap();
    choice.set(set).unwrap();
    let base = Image::new(flash(1, BOARD, own));
    let made = splice(&base, &[Donor::new("d", donor)], &board, &choice);
    made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| (f.name, f.severity)).collect())
}

const REFUSED: [(&str, Severity); 1] = [("chip-size", Severity::Refuse)];

#[test]
fn a_flash_of_another_size_is_no_firmware_and_no_loader() {
    for firmware in [UIMAGE, TRX, TPLINK] {
        for len in [BOARD / 2, 2 * BOARD] {
            let whole = flash(2, len, firmware);
            let blank_end = whole[..len - 0x1_0000].iter().copied().chain([0xff; 0x1_0000]).collect();
            let erased_loader = [&[0xff; FIRMWARE], &whole[FIRMWARE..]].concat();
            let other_loader = [&synthetic::noise(9, FIRMWARE), &whole[FIRMWARE..]].concat();
            for (n, donor) in [whole, blank_end, erased_loader, other_loader].into_iter().enumerate() {
                for (own, set) in [(firmware, "firmware=d"), (&[], "firmware=d"), (firmware, "u-boot=d")] {
                    let found = stops(MAP, own, donor.clone(), set, &["all"]);
                    assert_eq!(found, REFUSED, "{len:#x}, {n}, {set}");
                }
            }
        }
    }
    // The part that the user cuts out is firmware.
    for firmware in [UIMAGE, TRX] {
        let cut = flash(2, BOARD / 2, firmware)[FIRMWARE..0x3_0000].to_vec();
        assert_eq!(stops(MAP, firmware, cut, "firmware=d", &[]), []);
    }
}

#[test]
fn a_flash_as_long_as_a_region_is_not_that_region() {
    let map = "mtdparts=x:64k(u-boot),256k(firmware),128k(data),64k(art)";
    let at_zero = "mtdparts=x:256k(firmware),192k(data),64k(art)";
    let elsewhere = [&flash(2, BOARD, &[])[..FIRMWARE], &[0xff; 0x8000], UIMAGE].concat();
    let elsewhere = [&elsewhere[..], &vec![0xff; BOARD / 2 - elsewhere.len()]].concat();
    for (map, donor) in
        [(map, flash(2, BOARD / 2, UIMAGE)), (map, elsewhere), (at_zero, flash(2, BOARD / 2, UIMAGE))]
    {
        assert_eq!(stops(map, &[], donor, "firmware=d", &["all"]), REFUSED, "{map}");
    }
    // A map of its own says so, too: a descriptor, or an FMAP for as many bytes.
    let mut described = synthetic::noise(3, BOARD / 2);
    described[..0x1000].fill(0xff);
    for (at, word) in
        [(0x10, 0x0ff0_a55a_u32), (0x14, 0x0004_0003), (0x18, 6), (0x40, 0), (0x44, 0x003f_0001)]
    {
        described[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let fmap = |size: u32| {
        let head = [b"__FMAP__\x01\x01" as &[u8], &[0; 8], &size.to_le_bytes(), &[0; 32], &[0, 0]].concat();
        let mut flash = synthetic::noise(4, BOARD / 2);
        flash[0x1000..0x1000 + head.len()].copy_from_slice(&head);
        flash
    };
    let map = "mtdparts=x:64k(u-boot),128k(firmware),256k(data),64k(art)";
    for donor in [described, fmap(BOARD as u32 / 2)] {
        assert_eq!(stops(map, &[], donor, "data=d", &["all"]), REFUSED);
    }
    for part in [fmap(BOARD as u32), synthetic::noise(4, BOARD / 2)] {
        let found = stops(map, &[], part, "data=d", &["all"]);
        assert_eq!(found, []);
    }
}

/// A rescue file may be padded to the length of a chip, or past the firmware's room: the padding is none of it, whichever byte.
#[test]
fn padding_around_a_rescue_file_s_firmware_is_left_out() {
    const ROOT: &[u8] = include_bytes!("../../../../tests/data/small/rootfs_xz.sqfs");
    let firmware = [UIMAGE, ROOT].concat();
    let padded = |front: u8, back: u8, len: usize| {
        let mut file = vec![back; len];
        file[..FIRMWARE].fill(front);
        file[FIRMWARE..FIRMWARE + firmware.len()].copy_from_slice(&firmware);
        file
    };
    for (front, back) in [(0xff, 0xff), (0, 0xff), (0, 0), (0xff, 0)] {
        for len in [BOARD / 4, BOARD / 2, BOARD - 0x8000, BOARD, 2 * BOARD] {
            let found = stops(MAP, UIMAGE, padded(front, back, len), "firmware=d", &[]);
            assert_eq!(found, [], "{front:02x} {back:02x} {len:#x}");
        }
        // Without padding in front it is firmware alone.
        let bare = padded(front, back, 2 * BOARD)[FIRMWARE..].to_vec();
        assert_eq!(stops(MAP, UIMAGE, bare, "firmware=d", &[]), [], "{back:02x}");
    }
    // What a container says that it has is never cut off, be it blank; and what is not blank is of something else.
    let mut long = TRX.to_vec();
    long.resize(0x7_0000, 0xff);
    long[4..8].copy_from_slice(&0x7_0000_u32.to_le_bytes());
    assert!(stops(MAP, TRX, long, "firmware=d", &["all"]).contains(&("too-long", Severity::Refuse)));
    let mut more = padded(0, 0xff, 2 * BOARD);
    more[BOARD + 0x5000] = 0x11;
    assert_eq!(stops(MAP, UIMAGE, more, "firmware=d", &["all"]), [("too-long", Severity::Refuse)]);
    // Made for a board whose firmware starts elsewhere, and as long as the chip.
    let elsewhere = [&[0; FIRMWARE / 2], &firmware[..], &vec![0xff; BOARD]].concat()[..BOARD].to_vec();
    let map = "mtdparts=x:128k(u-boot),320k(firmware),64k(art)";
    let found = stops(map, UIMAGE, elsewhere, "firmware=d", &["all"]);
    assert!(found.contains(&("other-map", Severity::Refuse)), "{found:?}");
}

/// A board's name makes firmware of an unknown start count, and never a whole flash.
#[test]
fn a_flash_with_the_boards_tree_and_an_unknown_kernel_is_no_firmware() {
    let map = parse_any(MAP.as_bytes(), None).unwrap();
    let tree = crate::image::made_tree::of_layout(&["acme,quick5"], &map);
    let firmware = [&synthetic::noise(5, 0x100)[..], &tree, &synthetic::noise(6, 0x1000)].concat();
    let board = Board { compatible: vec!["acme,quick5".to_owned()], ..Board::from_layout("b", map).unwrap() };
    let run = |donor: Vec<u8>| {
        let mut choice = Choice { allow: Allow::new(["all"]), ..Choice::default() };
        choice.set("firmware=d").unwrap();
        splice(&Image::new(flash(1, BOARD, &firmware)), &[Donor::new("d", donor)], &board, &choice)
    };
    let mut small = flash(2, BOARD / 2, &firmware);
    small[..FIRMWARE].copy_from_slice(&synthetic::noise(9, FIRMWARE));
    assert!(run(small).unwrap_err().to_string().contains("donor-unknown"));
    assert!(run(firmware.clone()).is_ok());
}

/// Calibration that would come to lie in the firmware is of another map: asked about, whatever kind of file has it.
#[test]
fn calibration_of_another_unit_in_a_firmware_is_asked_about() {
    let asked = [("foreign-calibration", Severity::Ask)];
    let own = UIMAGE;
    let small = flash(2, BOARD / 2, UIMAGE);
    let same_size = [&small[..], &[0xff; BOARD / 2]].concat();
    let recovery = [&[0; FIRMWARE], &small[FIRMWARE..]].concat();
    let cut_short = small[..small.len() - 0x8000].to_vec();
    let partition = small[FIRMWARE..].to_vec();
    let in_a_sector = {
        let mut partition = partition.clone();
        partition[0x2_0000..0x2_0400].fill(0xff);
        partition[0x1_d000..0x1_d400].copy_from_slice(&calibration(2));
        partition
    };
    let art = {
        let mut partition = partition.clone();
        let block = &mut partition[0x2_0000..];
        block.fill(0xff);
        block[0x1000..0x1400].copy_from_slice(&synthetic::noise(3, 0x400));
        block[0x1000..0x1008].copy_from_slice(&[2, 2, 0x14, 0xcc, 0x20, 1, 2, 3]);
        partition
    };
    for (n, donor) in [same_size, recovery, cut_short, partition, in_a_sector, art].into_iter().enumerate() {
        assert_eq!(stops(MAP, own, donor.clone(), "firmware=d", &[]), asked, "{n}");
        assert_eq!(stops(MAP, own, donor, "firmware=d", &["foreign-calibration"]), [], "{n}");
    }
    // Firmware alone, and calibration that the board has there itself.
    assert_eq!(stops(MAP, own, small[FIRMWARE..0x3_0000].to_vec(), "firmware=d", &[]), []);
    let mut base = flash(1, BOARD, UIMAGE);
    base[0x3_0000..0x4_0000].copy_from_slice(&small[0x3_0000..]);
    let board = Board::from_layout("any", parse_any(MAP.as_bytes(), None).unwrap()).unwrap();
    let mut choice = Choice::default();
    choice.set("firmware=d").unwrap();
    let donor = small[FIRMWARE..].to_vec();
    assert!(splice(&Image::new(base), &[Donor::new("d", donor)], &board, &choice).is_ok());
}

/// Of the board's size, with nothing in the board's own firmware to compare with: the donor itself shows its map.
#[test]
fn a_dump_of_the_boards_size_with_its_firmware_elsewhere_is_no_firmware() {
    const ROOT: &[u8] = include_bytes!("../../../../tests/data/small/rootfs_xz.sqfs");
    // The firmware ends at 30000h.
    let map = "mtdparts=x:64k(u-boot),128k(firmware),256k(data),64k(art)";
    let dump = |at: usize, pieces: &[&[u8]]| {
        let (mut flash, firmware) = (flash(2, BOARD, &[]), pieces.concat());
        flash[at..at + firmware.len()].copy_from_slice(&firmware);
        flash
    };
    let far = vec![0x5a; 0x2_0000 - UIMAGE.len() - 0x800];
    let cut_trx = {
        let long = [TRX, &vec![0x5a; 0x2_0000]].concat();
        let mut long = long[..0x2_1000].to_vec();
        long[4..8].copy_from_slice(&0x2_1000_u32.to_le_bytes());
        long
    };
    let (asked, refused) = (("other-map", Severity::Ask), |name| (name, Severity::Refuse));
    for (n, donor, wanted) in [
        (0, dump(FIRMWARE, &[UIMAGE, ROOT]), None),
        (1, dump(FIRMWARE + 0x8000, &[UIMAGE, ROOT]), Some(asked)),
        (2, dump(FIRMWARE, &[&[0x11; 0x1_0000], UIMAGE, ROOT]), Some(asked)),
        (3, dump(0x8000, &[UIMAGE, &vec![0xff; 0x7800 - UIMAGE.len()], ROOT]), Some(refused("other-map"))),
        (4, dump(FIRMWARE, &[UIMAGE, &far, ROOT]), Some(refused("truncated"))),
        (5, dump(FIRMWARE, &[&cut_trx]), Some(refused("truncated"))),
    ] {
        assert_eq!(stops(map, &[], donor, "firmware=d", &[]), Vec::from_iter(wanted), "{n}");
    }
    // The board's own has it there, too.
    let own = [&[0xff; 0x8000], UIMAGE, ROOT].concat();
    assert_eq!(stops(map, &own, dump(FIRMWARE + 0x8000, &[UIMAGE, ROOT]), "firmware=d", &[]), []);
}
