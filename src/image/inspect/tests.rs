//! Tests of the inspection on files of other tools' making (`tests/data/small`) and on changed ones.

use std::cell::Cell;
use std::io::Write;

use md5::Digest;
use proptest::prelude::*;

use crate::image::container::intel::tests::flash;
use crate::image::container::item::Outcome;
use crate::image::container::packed::COUNT;
use crate::image::container::sysupgrade::tests::append;
use crate::image::container::wrapper::samples;
use crate::image::{Recognised, inspect::Inspection, inspect::inspect, parse_any, recognise};
use crate::image::{made_tree, synthetic};

/// Files made by the tools of the formats, by name.
const SMALL: [(&str, &[u8]); 16] = [
    ("uboot-env", include_bytes!("../../../tests/data/small/uboot_env_le.bin")),
    ("uboot-env-bad", include_bytes!("../../../tests/data/small/bad_uboot_env_crc.bin")),
    ("uimage", include_bytes!("../../../tests/data/small/uimage_lzma.bin")),
    ("uimage-bad", include_bytes!("../../../tests/data/small/bad_uimage_dcrc.bin")),
    ("trx", include_bytes!("../../../tests/data/small/image.trx")),
    ("fmap", include_bytes!("../../../tests/data/small/mr200.fmap")),
    ("radio", include_bytes!("../../../tests/data/small/radio_mt7620_mt7610.bin")),
    ("squashfs", include_bytes!("../../../tests/data/small/rootfs_xz.sqfs")),
    ("safeloader", include_bytes!("../../../tests/data/small/safeloader_c2v3_factory.bin")),
    ("tplink-v1", include_bytes!("../../../tests/data/small/v1_mr3020_EU.bin")),
    ("dtb", include_bytes!("../../../tests/data/dts/nested.dtb")),
    ("fit", include_bytes!("../../../tests/data/made/fit_inside.itb")),
    ("fit-outside", include_bytes!("../../../tests/data/made/fit_outside.itb")),
    ("jffs2", include_bytes!("../../../tests/data/made/big_endian.jffs2")),
    ("env-redundant", include_bytes!("../../../tests/data/made/env_big_redundant.bin")),
    ("tar", include_bytes!("../../../tests/data/made/sysupgrade.tar")),
];

fn small(name: &str) -> &'static [u8] {
    SMALL.iter().find(|(n, _)| *n == name).unwrap().1
}

/// Kinds with offset and size.
fn places(found: &Inspection) -> Vec<(&'static str, u64, u64)> {
    found.items.iter().map(|item| (item.kind.name(), item.offset, item.size)).collect()
}

#[test]
fn every_small_file_is_what_it_is() {
    for (name, what, expected) in [
        ("uboot-env", "uboot-env", vec![("uboot-env", 0, 0x1000)]),
        ("uimage", "uimage", vec![("uimage", 0, 0xc5f), ("lzma", 0x40, 0xc1f)]),
        ("trx", "trx", vec![("trx", 0, 0x2000), ("lzma", 0x1c, 0xc1f), ("squashfs", 0x1000, 0xd25)]),
        ("fmap", "fmap", vec![("fmap", 0, 0x10a)]),
        ("radio", "flash-image", vec![("mtk-eeprom", 0, 0x200), ("mtk-eeprom", 0x8000, 0x200)]),
        ("squashfs", "squashfs", vec![("squashfs", 0, 0xd25)]),
        (
            "safeloader",
            "safeloader",
            vec![("safeloader", 0, 0x3d27), ("lzma", 0x20fd, 0xc1f), ("squashfs", 0x2d1c, 0xd25)],
        ),
        (
            "tplink-v1",
            "tplink-v1",
            vec![("tplink-v1", 0, 0x1e20), ("lzma", 0x200, 0xc1f), ("squashfs", 0xe20, 0xd25)],
        ),
        ("dtb", "dtb", vec![("dtb", 0, 1156)]),
    ] {
        let found = inspect(small(name));
        assert_eq!((found.what, places(&found)), (what, expected), "{name}");
        assert!(found.is_sound(), "{name}: {found:?}");
    }
}

#[test]
fn made_files_are_what_they_are() {
    for (name, kinds) in [
        ("fit", &["fit", "lzma", "dtb"][..]),
        ("fit-outside", &["fit", "lzma", "dtb"]),
        ("jffs2", &["jffs2"]),
        ("env-redundant", &["uboot-env"]),
        ("tar", &["sysupgrade", "lzma"]),
    ] {
        let found = inspect(small(name));
        assert_eq!(found.items.iter().map(|i| i.kind).collect::<Vec<_>>(), kinds, "{name}");
        assert_eq!(found.what, kinds[0], "{name}");
        assert!(found.is_sound(), "{name}: {found:?}");
    }
    let found = inspect(small("env-redundant"));
    let attributes = &found.items[0].attributes;
    assert_eq!((&attributes["endianness"], &attributes["redundant"]), (&"big".into(), &true.into()));
    let found = inspect(small("jffs2"));
    assert_eq!(found.items[0].attributes["endianness"], "big");
}

#[test]
fn metadata_after_a_tar_make_one_item() {
    let mut file = small("tar").to_vec();
    let tar_len = file.len() as u64;
    append(&mut file, 1, br#"{"supported_devices":["example,board"]}"#);
    let found = inspect(&file);
    let items: Vec<_> = found.of_kind("sysupgrade").collect();
    assert_eq!(items.len(), 1);
    assert_eq!((items[0].offset, items[0].end()), (0, file.len() as u64));
    assert_eq!(items[0].attributes["format"], "tar");
    assert_eq!(items[0].attributes["supported_devices"][0], "example,board");
    assert_eq!(items[0].attributes["metadata_offset"], tar_len);
    assert_eq!(items[0].result("metadata-crc"), Some(Outcome::Ok));
    file[0x300] ^= 1;
    assert_eq!(
        inspect(&file).of_kind("sysupgrade").next().unwrap().result("metadata-crc"),
        Some(Outcome::Bad)
    );
}

#[test]
fn metadata_hold_after_a_loader_that_was_put_before() {
    let mut image = small("uimage").to_vec();
    append(&mut image, 1, b"{}");
    let file = [vec![0x10; 0x20000], image].concat();
    let found = inspect(&file);
    let item = found.of_kind("sysupgrade").next().unwrap();
    assert_eq!((item.offset, item.end()), (0x20000, file.len() as u64));
    assert_eq!(item.result("metadata-crc"), Some(Outcome::Ok));
}

#[test]
fn metadata_make_an_item_of_unknown_bytes_too() {
    let mut file = vec![0x10; 0x1234];
    append(&mut file, 1, b"{}");
    let found = inspect(&file);
    assert_eq!(places(&found), [("sysupgrade", 0, file.len() as u64)]);
    assert!(found.is_sound());
}

#[test]
fn uimages_under_other_magic_numbers() {
    for magic in [*b"OKLI", [0x12, 0x34, 0x56, 0x78]] {
        let mut bytes = small("uimage").to_vec();
        bytes[..4].copy_from_slice(&magic);
        bytes[4..8].fill(0);
        let crc = crc32fast::hash(&bytes[..0x40]);
        bytes[4..8].copy_from_slice(&crc.to_be_bytes());
        let file = [vec![0xff; 0x3000], bytes].concat();
        let found = inspect(&file);
        let item = found.of_kind("uimage").next().unwrap();
        assert_eq!(item.offset, 0x3000);
        assert!(item.is_sound());
        assert!(item.attributes.contains_key("magic"));
    }
}

#[test]
fn seama_entities_and_the_header_that_wraps_them() {
    let meta = b"dev=/dev/mtdblock/1\0";
    let image = small("uimage");
    let mut entity =
        [&[0x5e, 0xa3, 0xa4, 0x17, 0, 0, 0, 20][..], &(image.len() as u32).to_be_bytes()].concat();
    entity.extend(md5::Md5::digest(image));
    entity.extend(meta);
    entity.extend(image);
    let mut file = vec![0x5e, 0xa3, 0xa4, 0x17, 0, 0, 0, 20, 0, 0, 0, 0];
    file.extend(meta);
    file.extend(&entity);
    let found = inspect(&file);
    assert_eq!(
        places(&found)[..3],
        [("seama", 0, file.len() as u64), ("seama", 32, entity.len() as u64), ("uimage", 80, 0xc5f)]
    );
    assert_eq!((found.what, found.is_sound()), ("seama", true));
    let last = file.len() - 1;
    file[last] ^= 1;
    assert_eq!(inspect(&file).items[1].result("md5"), Some(Outcome::Bad));
}

#[test]
fn a_pcs_flash_starts_with_its_descriptor() {
    let found = inspect(&flash());
    assert_eq!(places(&found), [("ifd", 0, 0x1000)]);
    assert_eq!(found.items[0].attributes["regions"][1]["name"], "bios");
}

#[test]
fn attributes_say_what_tells_boards_and_files_apart() {
    let attribute = |file: &str, kind: &str, name: &str| {
        let found = inspect(small(file));
        let item = found.of_kind(kind).next().unwrap();
        item.attributes[name].clone()
    };
    assert_eq!(attribute("uboot-env", "uboot-env", "endianness"), "little");
    assert_eq!(attribute("uboot-env", "uboot-env", "redundant"), false);
    assert_eq!(attribute("uimage", "uimage", "compression"), "lzma");
    assert_eq!(attribute("squashfs", "squashfs", "compression"), "xz");
    assert_eq!(attribute("tplink-v1", "tplink-v1", "hardware_id"), "30200001");
    assert_eq!(attribute("tplink-v1", "tplink-v1", "region"), "EU");
    assert_eq!(attribute("safeloader", "safeloader", "region"), "any,US,EU");
    assert_eq!(attribute("safeloader", "safeloader", "version"), "soft_ver:3.0.1");
    assert_eq!(attribute("radio", "mtk-eeprom", "chip"), "MT7620");
    assert_eq!(attribute("trx", "trx", "version"), 1);
}

#[test]
fn damage_is_named_by_its_check() {
    for (name, kind, check) in [("uboot-env-bad", "uboot-env", "crc"), ("uimage-bad", "uimage", "data-crc")] {
        let found = inspect(small(name));
        assert_eq!(found.of_kind(kind).next().unwrap().result(check), Some(Outcome::Bad), "{name}");
    }
    for (name, kind, check, at) in [
        ("trx", "trx", "crc", 0x1800),
        ("safeloader", "safeloader", "md5", 0x3000),
        ("tplink-v1", "tplink-v1", "md5", 0x1d00),
        ("squashfs", "squashfs", "superblock", 0x16),
        ("squashfs", "squashfs", "superblock", 0x41),
        ("fit", "fit", "hash", 0x800),
        ("fit-outside", "fit", "hash", 0x800),
        ("fmap", "fmap", "areas", 0x3f),
    ] {
        let mut bytes = small(name).to_vec();
        bytes[at] ^= 0x10;
        let found = inspect(&bytes);
        assert_eq!(found.of_kind(kind).next().unwrap().result(check), Some(Outcome::Bad), "{name}");
        assert!(!found.is_sound());
    }
    // A write that was cut short leaves a node like this too: it is reported, and does not prove damage.
    for at in [0x34, 0x60] {
        let mut bytes = small("jffs2").to_vec();
        bytes[at] ^= 1;
        let found = inspect(&bytes);
        assert_eq!(found.items[0].result("node-data"), Some(Outcome::CannotTell), "{at:#x}");
    }
}

/// A dump with an environment, nested images and calibration among blank bytes.
fn dump() -> Vec<u8> {
    let mut dump = vec![0xff; 0x80000];
    dump[..0x5000].fill(0x10);
    dump[0x4000..0x4015].copy_from_slice(b"U-Boot 1.1.3 (Mar 10 ");
    for (at, name) in [(0x20000, "uboot-env"), (0x30000, "uimage"), (0x40000, "trx"), (0x70000, "radio")] {
        dump[at..at + small(name).len()].copy_from_slice(small(name));
    }
    dump
}

#[test]
fn a_dump_is_mapped_with_its_gaps() {
    let found = inspect(&dump());
    assert_eq!(found.what, "dump");
    let kinds: Vec<_> = found.items.iter().map(|i| (i.kind.name(), i.offset, i.depth)).collect();
    assert_eq!(
        kinds,
        [
            ("u-boot", 0, 0),
            ("uboot-env", 0x20000, 0),
            ("uimage", 0x30000, 0),
            ("lzma", 0x30040, 1),
            ("trx", 0x40000, 0),
            ("lzma", 0x4001c, 1),
            ("squashfs", 0x41000, 1),
            ("mtk-eeprom", 0x70000, 0),
            ("mtk-eeprom", 0x78000, 0),
        ]
    );
    assert!(found.gaps.iter().any(|g| (g.offset, g.size, g.kind) == (0x5000, 0x1b000, "blank")));
    assert!(found.is_sound(), "{found:?}");
}

#[test]
fn a_smaller_chip_read_twice_over_and_a_blank_one() {
    let twice = [dump(), dump()].concat();
    let found = inspect(&twice);
    assert!(found.checks.iter().any(|c| c.name == "halves-differ" && c.result == Outcome::Bad));
    for (byte, what) in [(0xff, "blank"), (0, "blank")] {
        let found = inspect(&vec![byte; 0x10000]);
        assert_eq!((found.what, found.is_sound()), (what, false));
    }
    assert_eq!(inspect(&[]).what, "unknown");
    assert_eq!(inspect(b"a text").what, "unknown");
}

#[test]
fn json_has_the_items_with_their_checks() {
    let json = serde_json::to_value(inspect(small("uimage"))).unwrap();
    assert_eq!(json["items"][0]["kind"], "uimage");
    assert_eq!(json["items"][0]["checks"][0]["name"], "header-crc");
    assert_eq!(json["items"][0]["checks"][0]["result"], "ok");
    assert_eq!(json["items"][1]["offset"], 0x40);
}

/// What holds of every inspection.
fn assert_lawful(found: &Inspection, len: usize) -> Result<(), TestCaseError> {
    let len = len as u64;
    for pair in found.items.windows(2) {
        prop_assert!(pair[0].offset <= pair[1].offset);
    }
    for item in &found.items {
        prop_assert!(item.end() <= len, "{item:?} ends past {len:#x}");
    }
    for pair in found.gaps.windows(2) {
        prop_assert!(pair[0].offset + pair[0].size <= pair[1].offset);
    }
    prop_assert!(found.gaps.iter().all(|gap| gap.offset + gap.size <= len));
    Ok(())
}

proptest! {
    #![proptest_config(crate::image::few_cases::few(200))]

    /// Any change of any file, at any place of a larger one, is taken.
    #[test]
    fn changed_files(
        which in 0..SMALL.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..10),
        before in 0usize..0x1200,
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = vec![0xff; before & !0x1ff];
        bytes.extend(SMALL[which].1);
        let from = before & !0x1ff;
        for (at, value) in &edits {
            // Headers are where a change matters most.
            let span = if *value % 2 == 0 { 0x200.min(bytes.len() - from) } else { bytes.len() - from };
            let at = from + at.index(span);
            bytes[at] = *value;
        }
        if edits.len() % 3 == 1 {
            bytes.truncate(cut.index(bytes.len()));
        }
        assert_lawful(&inspect(&bytes), bytes.len())?;
    }

    /// Magic numbers strewn over other bytes are taken.
    #[test]
    fn strewn_magics(pieces in prop::collection::vec((0usize..16, any::<[u8; 12]>()), 0..200)) {
        const MAGICS: [&[u8]; 16] = [
            &[1, 0, 0, 0], &[3, 0, 0, 0], &[0x27, 5, 0x19, 0x56], b"HDR0", &[0x5e, 0xa3, 0xa4, 0x17], b"hsqs",
            &[0x85, 0x19], &[0xd0, 0x0d, 0xfe, 0xed], b"__FMAP__", &[0x5a, 0xa5, 0xf0, 0x0f], b"fwup-ptn ", b"ustar",
            b"<?xml ", &[0x5d, 0, 0, 0x80, 0], b"FWx0", &[0xa5, 0x5a],
        ];
        let bytes: Vec<u8> = pieces.iter().flat_map(|(magic, rest)| [MAGICS[*magic], rest.as_slice()].concat()).collect();
        assert_lawful(&inspect(&bytes), bytes.len())?;
    }
}

/// A header may name a table or a part that lies past the end of a file that is cut short.
#[test]
fn files_cut_at_any_place() {
    let firmware = small("trx");
    let wrapped = [
        ("dni", samples::dni(firmware)),
        ("chk", samples::chk(firmware, &[1; 40])),
        ("chdr", samples::with_chdr(firmware)),
        ("trailer", samples::with_trailer(firmware)),
        ("capsule", samples::capsule(0, 0x800, 0x900, 0x2000)),
        ("dap", samples::dap(true, firmware)),
        ("shrs", samples::shrs()),
        ("xiaomi", samples::xiaomi(&[(1, "fw", firmware), (2, "other", firmware)])),
        ("stored cabinet", samples::cabinet(&[("fw.bin", firmware), ("a.txt", b"text")], false)),
        ("cabinet", samples::cabinet(&[("fw.bin", firmware), ("a.txt", b"text")], true)),
        ("toshiba", samples::toshiba(&[&[&[0x5a; 0x200][..], &[0xff; 0xe00]].concat()])),
        ("pfat", samples::pfat(&[("a", vec![(0, &firmware[..0x800])])], "MADE")),
        ("insyde", samples::insyde(&[("BIOSIMG", &firmware[..0x800]), ("EC_IMG", &[3; 64])])),
        ("ucp", samples::ucp(&[("@R00", &firmware[..0x800])])),
        ("dell", samples::dell(&firmware[..0x800], 3)),
        ("phoenix", samples::phoenix(&[("BIOS.ROM", &firmware[..0x800], false)])),
        ("fmp", samples::fmp(&[(7, 1, &firmware[..0x800])], true)),
    ];
    let files = SMALL.into_iter().chain(wrapped.iter().map(|(name, file)| (*name, file.as_slice())));
    for (name, file) in files {
        // An odd step, so that no boundary of a format is stepped over each time.
        for len in (0..file.len()).step_by(127) {
            assert_lawful(&inspect(&file[..len]), len)
                .unwrap_or_else(|why| panic!("{name} cut at {len:#x}: {why}"));
        }
    }
}

/// What unpacking costs is the most of an inspection; the trees in a kernel serve its items and the board's name.
#[test]
fn a_kernel_is_unpacked_once() {
    let map = parse_any(b"mtdparts=x:64k(boot),1920k(firmware),64k(art)", None).unwrap();
    let tree = made_tree::of_layout(&["acme,quick5"], &map);
    let kernel = [synthetic::noise(1, 0x10_0000), tree].concat();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&kernel).unwrap();
    let packed = packed.finish().unwrap();
    let mut dump = synthetic::noise(2, 0x20_0000);
    dump[0x1_0000..0x1_0000 + packed.len()].copy_from_slice(&packed);

    let before = COUNT.with(Cell::get);
    let found = inspect(&dump);
    let boards = found.recognise(&dump);
    let unpacked = COUNT.with(Cell::get) - before;
    assert_eq!(boards[0].board.compatible, ["acme,quick5"]);
    // A look at its first bytes comes before the whole of it, and at what only looks like a stream.
    assert!(
        (kernel.len()..kernel.len() + 0x4_0000).contains(&unpacked),
        "{unpacked:#x} of {:#x}",
        kernel.len()
    );
    let names = |boards: &[Recognised]| -> Vec<_> {
        boards.iter().map(|one| (one.board.name.clone(), one.by.clone())).collect()
    };
    assert_eq!(names(&recognise(&dump)), names(&boards));
}

/// What has to be put together first is not judged as it lies in the file: blocks of BIOS Guard have heads between them.
#[test]
fn a_firmware_that_is_in_pieces_is_not_called_damaged() {
    use crate::image::pc::made::{BIOS, Part, Spec, build};
    let spec = Spec::new(&[(Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 8)]);
    let made = build(&spec, 2, None).bytes;
    let region = &made[BIOS..];
    let blocks: Vec<(u32, &[u8])> =
        region.chunks(0x5800).enumerate().map(|(n, data)| (0x5800 * n as u32, data)).collect();
    let pfat = samples::pfat(&[("a.bin", blocks)], "MADE");
    let ucp = samples::ucp(&[("@EC0", &[3; 98]), ("@ROM", &pfat)]);
    for (file, kinds) in [(&pfat, &["ami-pfat"][..]), (&ucp, &["ami-ucp", "ami-pfat"])] {
        let found = inspect(file);
        assert!(found.is_sound(), "{found:#?}");
        assert_eq!(found.items.iter().map(|item| item.kind.name()).collect::<Vec<_>>(), kinds);
    }
    assert_eq!(inspect(&ucp).items[1].offset, memchr::memmem::find(&ucp, &pfat).unwrap() as u64);
    // One that lies there as it is on the chip is, through two wrappers.
    let capsule = samples::fmp(&[(7, 1, region)], true);
    let ucp = samples::ucp(&[("@EC0", &[3; 98]), ("@ROM", &capsule)]);
    let found = inspect(&ucp);
    assert!(found.is_sound(), "{found:#?}");
    let firmware = found.of_kind("pc-firmware").next().unwrap();
    assert_eq!(firmware.offset, memchr::memmem::find(&ucp, region).unwrap() as u64);
    assert_eq!(found.of_kind("uefi-volume").count(), 4);
}
