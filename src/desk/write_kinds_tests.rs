//! Every kind of file that an inspection knows, written whole, at 0 and to the firmware's region: as it is only where that may
//! be right.

use super::Place;
use super::write_checks::{BEHIND_LOADER, FIRMWARE_HEADERS, WRAPPERS, of_file};
use crate::image::container::bytes::Endianness;
use crate::image::container::intel::gbe::tests::{MAC, bank};
use crate::image::container::intel::tests::{Made, PC};
use crate::image::container::wrapper::samples::{
    self, capsule, chk, dap, dni, shrs, with_chdr, with_trailer, xiaomi,
};
use crate::image::container::{
    ambarella, art, bcm_tag, big_trx, cbfs, cfe_nvram, cramfs, cybertan, esp, flsh_nvram, mtk_boot,
    rb_hardconfig, realtek, seama, tplink, ubi, xikestor,
};
use crate::image::formats::FORMATS;
use crate::image::inspect::inspect;
use crate::image::pc::made;
use crate::image::synthetic;
use crate::span::Span;
use std::collections::BTreeSet;
use std::io::Write;

/// What may be right at every place: parts of a flash that stand there as they are. A first loader, a descriptor and a map are
/// at the start, data of a unit or settings wherever the board has them; an Espressif chip starts its image at 0.
const FREE: &[&str] = &[
    "art",
    "bcm47xx-nvram",
    "cbfs",
    "cfe-nvram",
    "deadc0de",
    "dtb",
    "esp-image",
    "esp-partitions",
    "fmap",
    "gbe-nvm",
    "ifd",
    "mikrotik-hard-config",
    "mtk-eeprom",
    "mtk-loader",
    "uboot-env",
    "uefi-volume",
    "xml",
];

#[test]
fn every_kind_of_the_table_of_formats_has_been_thought_of() {
    let known: BTreeSet<&str> = FORMATS.iter().flat_map(|row| row.kinds).map(|kind| kind.name()).collect();
    let lists = [FREE, WRAPPERS, FIRMWARE_HEADERS, BEHIND_LOADER];
    for kind in &known {
        let times = lists.iter().filter(|list| list.contains(kind)).count();
        assert_eq!(times, 1, "{kind}: where may a file of this kind be written as it is?");
    }
    // No list names a kind that does not exist; the wrappers are not in the table of formats.
    let unknown = [FREE, FIRMWARE_HEADERS, BEHIND_LOADER].concat();
    assert!(unknown.iter().all(|kind| known.contains(kind)), "{unknown:?} against {known:?}");
}

fn file(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn zipped() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("firmware.bin", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&synthetic::noise(3, 0x1000)).unwrap();
    zip.finish().unwrap().into_inner()
}

fn tarred() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(0x1000);
    tar.append_data(&mut header, "firmware.bin", &synthetic::noise(3, 0x1000)[..]).unwrap();
    tar.into_inner().unwrap()
}

#[test]
fn every_kind_of_file_goes_only_where_it_may_be_right() {
    let firmware = Place::Region { name: "firmware".into(), span: Span::new(0x2_0000, 0x7d_0000) };
    let places = [Place::Whole, Place::At(0, None), firmware];
    let (never, not_at_0, free) = ([true; 3], [true, true, false], [false; 3]);
    let small = |name: &str| file(&format!("small/{name}"));
    let made = |name: &str| file(&format!("made/{name}"));
    let trx = small("image.trx");
    let demo = synthetic::demo();
    let pc = made::build(&made::Spec::new(&[(made::Part::Code, 4)]), 1, None);
    let bios = pc.bytes[made::BIOS..].to_vec();
    let files: Vec<(&str, Vec<u8>, [bool; 3])> = vec![
        // What a vendor or a download page puts around a firmware.
        ("safeloader", small("safeloader_c2v3_factory.bin"), never),
        ("zip", zipped(), never),
        ("tar", tarred(), never),
        ("netgear-dni", dni(&[7; 4000]), never),
        ("netgear-chk", chk(&[7; 4000], &[8; 4000]), never),
        ("dlink-dap", dap(true, &[0x9d; 3000]), never),
        ("dlink-dap", dap(false, &[0x9d; 3000]), never),
        ("dlink-shrs", shrs(), never),
        ("linksys-chdr", with_chdr(&[0x3c; 4000]), never),
        ("linksys-trailer", with_trailer(&[0x3c; 4000]), never),
        ("uefi-capsule", capsule(0, 0x800, 0x800, 0x4000), never),
        ("cabinet", samples::cabinet(&[("fw.bin", &[7; 999])], true), never),
        ("toshiba-com", samples::toshiba(&[&[0xff; 0x400]]), never),
        ("ami-pfat", samples::pfat(&[("a", vec![(0, &[7; 0x400][..])])], "MADE"), never),
        ("ami-ucp", samples::ucp(&[("@R00", &[7; 0x400])]), never),
        ("insyde-update", samples::insyde(&[("BIOSIMG", &[7; 0x400])]), never),
        ("7z-program", samples::packer(*b"7z\xbc\xaf\x27"), never),
        ("dell-pfs", samples::dell(&[7; 0x400], 3), never),
        ("phoenix-update", samples::phoenix(&[("BIOS.ROM", &[7; 0x400], false)]), never),
        ("xiaomi-hdr", xiaomi(&[(4, "firmware.bin", &[5; 999])]), never),
        ("tplink-v3", demo.vendor.to_vec(), never),
        // Two headers, one after the other: it may be a download with the loader in between, so it is asked about.
        ("tplink-v2", tplink::tests::first_structure(2), not_at_0),
        ("linksys-header", cybertan::tests::with_header(b"NL16", &trx), never),
        // Headers that stay in flash where the firmware begins, and what a loader reads from after itself.
        ("trx", trx.clone(), not_at_0),
        ("tplink-v1", small("v1_mr3020_EU.bin"), not_at_0),
        ("seama", seama::tests::made(&[0x5a; 4000], false), not_at_0),
        // A seal stays behind: what is in flash begins with the entity.
        ("seama", seama::tests::made(&[0x5a; 4000], true), never),
        ("econet-trx", big_trx::tests::econet(Endianness::Big), not_at_0),
        ("econet-trx", big_trx::tests::econet(Endianness::Little), not_at_0),
        ("zyxel-trx", big_trx::tests::zyxel(), not_at_0),
        ("cramfs", cramfs::tests::image(Endianness::Little), not_at_0),
        ("cramfs", cramfs::tests::image(Endianness::Big), not_at_0),
        ("ubi", ubi::tests::made(), not_at_0),
        ("mtk-lk", mtk_boot::tests::lk(), not_at_0),
        ("sysupgrade", made("sysupgrade.tar"), not_at_0),
        ("uimage", small("uimage_lzma.bin"), not_at_0),
        ("uimage", small("bad_uimage_dcrc.bin"), not_at_0),
        ("fit", made("fit_inside.itb"), not_at_0),
        ("squashfs", small("rootfs_xz.sqfs"), not_at_0),
        ("jffs2", made("big_endian.jffs2"), not_at_0),
        ("lzma", made("kernel.lzma"), not_at_0),
        ("gzip", made("lines.gz"), not_at_0),
        ("xz", made("lines.xz"), not_at_0),
        ("zstd", made("lines.zst"), not_at_0),
        ("arcadyan-lzma", small("arcadyan_lzma.bin"), not_at_0),
        ("ambarella-partition", ambarella::tests::made(), not_at_0),
        ("bcm-tag", bcm_tag::tests::made(), not_at_0),
        ("realtek-image", realtek::tests::made(b"cs6c", 0x1_0000), not_at_0),
        ("xikestor-image", xikestor::tests::made(), not_at_0),
        // Parts of a flash, and whole ones.
        ("uboot-env", small("uboot_env_le.bin"), free),
        ("uboot-env", small("bad_uboot_env_crc.bin"), free),
        ("mtk-eeprom", small("radio_mt7620_mt7610.bin"), free),
        ("mtk-loader", mtk_boot::tests::made(), free),
        ("esp-image", small("esp32c3_app.bin"), free),
        ("esp-image", small("esp8266_app.bin"), free),
        ("cbfs", cbfs::tests::entry("fallback/romstage", 0x11, &[7; 0x1000], true), free),
        ("fmap", small("mr200.fmap"), free),
        ("ifd", Made::old(&PC).bytes(), free),
        ("gbe-nvm", [bank(MAC), bank(MAC)].concat(), free),
        ("uefi-volume", bios, free),
        ("art", art::tests::art(), free),
        ("cfe-nvram", cfe_nvram::tests::made(true), free),
        ("bcm47xx-nvram", flsh_nvram::tests::made(b"boardtype=0x0472\0et0phyaddr=30\0"), free),
        ("esp-partitions", esp::tests::table(&["nvs", "factory"]), free),
        (
            "mikrotik-hard-config",
            [&rb_hardconfig::tests::open_list(Endianness::Big)[..], &[0; 8]].concat(),
            free,
        ),
        ("dtb", file("dts/fixed-layout.dtb"), free),
        ("xml", b"<?xml version=\"1.0\"?>\n<Config></Config>\n".to_vec(), free),
        ("deadc0de", [&[0x5a; 0x1000][..], &[0xde, 0xad, 0xc0, 0xde], &[0xff; 0xffc]].concat(), free),
        ("dump", demo.board.to_vec(), free),
        ("unknown", synthetic::noise(9, 0x1_0000), free),
    ];
    let tried: BTreeSet<&str> = files.iter().map(|(kind, ..)| *kind).collect();
    let known = [WRAPPERS, FIRMWARE_HEADERS, BEHIND_LOADER, FREE].concat();
    let untried: Vec<_> = known.iter().filter(|kind| !tried.contains(*kind)).collect();
    assert!(untried.is_empty(), "kinds without a sample: {untried:?}");
    let mut faults = Vec::new();
    for (kind, bytes, asked) in &files {
        let found = places.each_ref().map(|place| {
            let names: Vec<&str> = of_file(bytes, kind, place).iter().map(|found| found.name).collect();
            // Packed forms have a check of their own where a whole chip's contents are meant.
            names == ["container"] || names == ["other-form"]
        });
        let inspected = inspect(bytes);
        let what = inspected.what;
        let is_named = inspected.of_kind(kind).next().is_some() || !known.contains(kind);
        if found != *asked || (what != *kind && *asked != free) || !is_named {
            faults.push(format!("{kind}, taken for {what}: asked {found:?}, not {asked:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Nothing but blank bytes, and a text that lists bytes, have checks of their own.
    let names =
        |bytes: &[u8], place: &Place| of_file(bytes, "f", place).iter().map(|f| f.name).collect::<Vec<_>>();
    assert_eq!(names(&[0xff; 0x1000], &Place::Whole), ["blank-file"]);
    assert!(names(&[0xff; 0x1000], &Place::At(0, None)).is_empty(), "a piece may be blank");
}
