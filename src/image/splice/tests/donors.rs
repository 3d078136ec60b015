//! Donors that are damaged, of other boards or countries, or of no use.

use crate::image::container::cybertan::tests::with_header;
use crate::image::splice::tests::*;

#[test]
fn vendor_files_that_are_damaged_or_of_others() {
    let mut damaged = web();
    damaged[0x30_0000] ^= 0x10;
    Case::new(damaged).refused("md5");
    let mut inner_only = web();
    inner_only[0x2_0300] ^= 1;
    tplink::seal(&mut inner_only, 0).unwrap();
    Case::new(inner_only).refused("md5");
    Case::new(web()[..0x40_0000].to_vec()).refused("truncated");
    Case::new(web()[..0x10_0000].to_vec()).refused("truncated");
    Case::new(web()[..0x2_0300].to_vec()).refused("truncated");
    Case::new(vendor_firmware()[..0x20_0000].to_vec()).refused("truncated");
    for hardware in [(0xc750_0001, 0x32, 0), (0xd750_0001, 0x4b, 1), (0xd750_0002, 0x4a, 1)] {
        let firmware = synthetic::firmware(&FirmwareSpec { hardware, ..spec(2) });
        Case::new(firmware.clone()).refused("hardware-id");
        Case::new(synthetic::vendor_file(&their_loader(), &firmware)).refused("hardware-id");
        let mut chip = other_unit();
        chip[LOADER..CONFIG].copy_from_slice(&firmware);
        Case::new(chip.clone()).refused("hardware-id");
        Case::new(web()).base(chip).asked("base-hardware");
    }
    for long in [
        FirmwareSpec { fw_length: 0x7c_0000, ..spec(2) },
        FirmwareSpec { fw_length: 0xe9_0000, rootfs: 0x68_0000, ..spec(2) },
    ] {
        Case::new(synthetic::firmware(&long)).refused("too-long");
        Case::new(synthetic::openwrt(&long)).refused("too-long");
    }
    // The loader was written over the inner header when the file was made.
    let mut no_inner = web();
    no_inner[0x2_0200..0x2_0400].fill(0x5a);
    tplink::seal(&mut no_inner, 0).unwrap();
    Case::new(no_inner).refused("inner-header");
}

#[test]
fn sysupgrade_files_that_are_damaged_or_of_others() {
    let mut damaged = sysupgrade();
    damaged[0x2000] ^= 1;
    Case::new(damaged).refused("metadata-crc");
    let mut text = sysupgrade();
    let at = text.len() - 60;
    text[at] ^= 1;
    Case::new(text).refused("metadata-crc");
    Case::new(synthetic::sysupgrade(&openwrt_spec(), &["tplink,archer-c2-v1"])).refused("supported-devices");
    // Cut before its end, metadata and all.
    Case::new(sysupgrade()[..0x1_8000].to_vec()).refused("truncated");
    // Moved by a header's length, its marks miss the edges.
    let mut moved = openwrt_spec();
    moved.kernel += 0x10;
    let mut shifted = synthetic::openwrt(&moved);
    shifted.splice(0x200..0x200, [0; 0x10]);
    tplink::seal(&mut shifted, 0).unwrap();
    let mut header = tplink::parse(&shifted, 0).unwrap();
    header.kernel.len += 0x10;
    header.rootfs.offset += 0x10;
    header.write(&mut shifted).unwrap();
    tplink::seal(&mut shifted, 0).unwrap();
    assert_eq!(Case::new(shifted).stops(), ["format-mark"]);
}

#[test]
fn another_country_is_asked_for_vendor_firmware_only() {
    let of = |add| synthetic::firmware(&FirmwareSpec { hardware: (0xd750_0001, 0x4a, add), ..spec(2) });
    for add in [0, 2] {
        let result = Case::new(synthetic::vendor_file(&their_loader(), &of(add))).asked("region");
        assert!(result == clean(&of(add), &[]));
    }
    assert!(Case::new(sysupgrade()).run().is_ok(), "OpenWrt's header says nothing about the country");
    // Not used, not asked.
    let unused = Case::new(synthetic::vendor_file(&their_loader(), &of(0)));
    assert!(unused.set("firmware=own").set("u-boot=donor").run().is_ok());
    // A base that runs OpenWrt does not tell its own.
    let node = [0x85, 0x19, 3, 0x20];
    Case::new(web()).base(openwrt_dump(node)).reported("region-unknown");
    Case::new(of(0)).base(openwrt_dump(node)).reported("region-unknown");
    assert_eq!(Case::new(of(7)).base(openwrt_dump(node)).stops(), ["region-unknown"]);
}

#[test]
fn donors_of_no_use() {
    Case::new(Vec::new()).refused("donor-unknown");
    Case::new(vec![7; 12345]).refused("donor-unknown");
    // The front of an archive: that it is one is known, and that its end is missing.
    Case::new(b"PK\x03\x04 and more".to_vec()).refused("truncated");
    // A whole chip without a firmware header gives everything but firmware.
    let mut no_header = other_unit();
    no_header[LOADER..LOADER + 0x200].fill(0xff);
    Case::new(no_header.clone()).refused("donor-lacks");
    assert!(Case::new(web()).donor("x", no_header).set("config=x").ok()[CONFIG..CONFIG + 5] == *b"<?xml");
}

#[test]
fn a_vendor_file_as_long_as_the_chip_is_still_one() {
    let mut file = web();
    file.resize(CHIP, 0xff);
    assert!(Case::new(file).ok() == clean(&vendor_firmware(), &[]));
}

/// A board of which a map is all that is known: then the ids in its own firmware's header are what there is.
#[test]
fn other_hardware_is_asked_about_where_the_boards_ids_are_not_known() {
    let text = "mtdparts=spi0.0:128k(u-boot)ro,7872k(firmware),64k(rom)ro,64k(romfile)ro,64k(radio)ro";
    let layout = parse_any(text.as_bytes(), Some(CHIP as u64)).unwrap();
    let board = Board::from_layout("plain", layout).unwrap();
    let asked = |donor: Vec<u8>| match splice(
        &Image::new(base()),
        &[Donor::new("donor", donor)],
        &board,
        &Choice::default(),
    ) {
        Ok(_) => Vec::new(),
        Err(ImageError::Refused { findings }) => findings.into_iter().map(|f| f.name).collect(),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(asked(vendor_firmware()), [""; 0]);
    let other = FirmwareSpec { hardware: (0xc750_0001, 0x32, 1), ..spec(2) };
    assert_eq!(asked(synthetic::firmware(&other)), ["hardware-differs"]);
    // One without such a header, where the board's own firmware has it.
    let uimage = include_bytes!("../../../../tests/data/small/uimage_lzma.bin");
    assert_eq!(asked(uimage.to_vec()), ["hardware-differs"]);
}

/// A vendor's header without a sum that stays in flash: its pattern is the hardware, the image after it has the sum.
#[test]
fn a_header_that_stays_in_flash_names_the_board_and_its_image_has_the_sum() {
    const START: usize = 0x4_0000;
    let trx = include_bytes!("../../../../tests/data/small/image.trx");
    let text = format!("mtdparts=spi0.0:256k(u-boot)ro,{}k(firmware),-(art)ro", 1024);
    let board = Board::from_layout("any", parse_any(text.as_bytes(), Some(0x20_0000)).unwrap()).unwrap();
    let image = |pattern: &[u8; 4]| with_header(pattern, trx);
    let mut base = synthetic::noise(1, 0x20_0000);
    base[START..START + 0x10_0000].fill(0xff);
    base[START..START + 32 + trx.len()].copy_from_slice(&image(b"NL16"));
    let run = |donor: Vec<u8>| {
        let made = splice(&Image::new(base.clone()), &[Donor::new("d", donor)], &board, &Choice::default());
        made.map_err(|e| e.findings().iter().map(|f| f.name).collect::<Vec<_>>())
    };
    let mut newer = image(b"NL16");
    newer[0x0b] = 9;
    assert!(run(newer.clone()).unwrap().image[START..START + newer.len()] == newer);
    let mut damaged = image(b"NL16");
    damaged[100] ^= 1;
    let long = [newer.clone(), vec![0; 0x10_0000]].concat();
    let mut other_dump = base.clone();
    other_dump[START..START + 4].copy_from_slice(b"NL1X");
    for (donor, found) in [
        (image(b"NL1X"), "hardware-differs"),
        (other_dump, "hardware-differs"),
        (trx.to_vec(), "hardware-differs"),
        (vendor_firmware(), "hardware-differs"),
        (damaged, "sum"),
        (newer[..newer.len() - 9].to_vec(), "truncated"),
        (long, "too-long"),
    ] {
        let stopped = run(donor).unwrap_err();
        assert!(stopped.contains(&found), "{stopped:?} and not {found}");
    }
    // A file after padding, as a rescue takes it; and a board without such a header.
    let padded = [vec![0; START], newer.clone()].concat();
    assert!(run(padded).unwrap().image[START..START + newer.len()] == newer);
}

/// A file of another kind of board is no board's unknown file: it says whose it is.
#[test]
fn a_container_that_is_none_of_this_boards_says_whose_it_is() {
    let tree = include_bytes!("../../../../tests/data/dts/addresses.dtb");
    let names = Case::new(tree.to_vec()).allow("all").stops();
    assert_eq!(names, ["compatible", "donor-unknown"]);
    // The same in a dump, whatever is taken of it.
    let mut dump = other_unit();
    dump[0x70_0000..0x70_0000 + tree.len()].copy_from_slice(tree);
    Case::new(dump).set("firmware=own").set("config=donor").refused("compatible");
}
