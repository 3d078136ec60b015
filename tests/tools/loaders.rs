//! Loaders and switch images made by mkimage, and a scrambled Arcadyan image that binwalk names: inspected, and refused
//! as donors by their names.

use norsplice::image::container::item::{Item, Outcome};
use norsplice::image::inspect::{Inspection, inspect};
use norsplice::image::synthetic;

use super::kernel;
use crate::bench::Bench;

const ARCADYAN: &[u8] = include_bytes!("../data/small/arcadyan_lzma.bin");
const ESP: &[u8] = include_bytes!("../data/small/esp32c3_app.bin");

fn only<'a>(found: &'a Inspection, kind: &str) -> &'a Item {
    let items: Vec<_> = found.of_kind(kind).collect();
    assert_eq!(items.len(), 1, "{kind} in {found:#?}");
    items[0]
}

/// A file after `before` blank bytes.
fn at(before: usize, file: &[u8]) -> Vec<u8> {
    let mut image = vec![0xff; before];
    image.extend(file);
    image.resize(image.len().next_multiple_of(0x1_0000), 0xff);
    image
}

#[test]
fn mediateks_loaders_of_mkimage() {
    let Some(bench) = Bench::with(&["mkimage"]) else { return };
    bench.write("spl", &kernel(30_000));
    for (medium, name) in [
        ("nor", "SF_BOOT"),
        ("emmc", "EMMC_BOOT"),
        ("sdmmc", "SDMMC_BOOT"),
        ("snand;nandinfo=2k+64", "BOOTLOADER!"),
        ("snand;nandinfo=4k+256", "BOOTLOADER!"),
        ("snand;nandinfo=spim:2k+64", "SPINAND!"),
        ("snand;nandinfo=hsm20:2k+64", "NANDCFG!"),
    ] {
        bench.tool(&format!("mkimage -T mtk_image -a 0x201000 -n media={medium} -d spl out"));
        let made = bench.read("out");
        let found = inspect(&at(0x1_0000, &made));
        let loader = only(&found, "mtk-loader");
        assert_eq!((loader.offset, loader.size), (0x1_0000, made.len() as u64), "{medium}");
        assert_eq!((&loader.attributes["medium"], loader.result("hash")), (&name.into(), Some(Outcome::Ok)));
        assert_eq!(loader.attributes["entry"], "0x201000", "{medium}");
        let mut bad = made;
        bad[0x2800] ^= 1;
        assert_eq!(only(&inspect(&bad), "mtk-loader").result("hash"), Some(Outcome::Bad), "{medium}");
    }
    bench.tool("mkimage -T mtk_image -a 0x41e00000 -n lk=1;lkname=U-Boot -d spl out");
    let made = bench.read("out");
    let found = inspect(&at(0x2_0000, &made));
    let lk = only(&found, "mtk-lk");
    assert_eq!((lk.offset, lk.size), (0x2_0000, made.len() as u64));
    assert_eq!((&lk.attributes["name"], &lk.attributes["load"]), (&"U-Boot".into(), &"0x41e00000".into()));
}

/// The loader of an MT7621 is in a uImage of the type "standalone".
#[test]
fn an_mt7621s_loader_of_mkimage() {
    let Some(bench) = Bench::with(&["mkimage"]) else { return };
    bench.write("spl", &kernel(30_000));
    bench.tool("mkimage -T mtk_image -a 0xa0200000 -n mt7621=1 -d spl out");
    let found = inspect(&at(0, &bench.read("out")));
    let loader = only(&found, "uimage");
    assert_eq!((loader.size, loader.result("data-crc")), (30_064, Some(Outcome::Ok)));
    assert_eq!(
        (&loader.attributes["os"], &loader.attributes["type"]),
        (&"u-boot".into(), &"standalone".into())
    );
}

/// Realtek's switches have uImages under magic numbers of their own (OpenWrt target/linux/realtek/image).
#[test]
fn switch_images_of_mkimage_under_their_makers_magic_numbers() {
    let Some(bench) = Bench::with(&["mkimage", "gzip"]) else { return };
    bench.write("kernel", &kernel(60_000));
    bench.tool("gzip kernel");
    bench.tool(
        "mkimage -A mips -O linux -T kernel -C gzip -a 0x80000000 -e 0x80000400 -n name -d kernel.gz out",
    );
    let made = bench.read("out");
    for magic in [0x8380_0000_u32, 0x4e47_4520, 0x0000_0006] {
        let mut file = made.clone();
        file[..4].copy_from_slice(&magic.to_be_bytes());
        file[4..8].fill(0);
        let crc = crc32fast::hash(&file[..0x40]).to_be_bytes();
        file[4..8].copy_from_slice(&crc);
        let found = inspect(&at(0x26_0000, &file));
        let image = only(&found, "uimage");
        assert_eq!((image.offset, image.size), (0x26_0000, made.len() as u64), "{magic:08x}");
        assert_eq!(image.attributes["magic"], format!("{magic:08x}"));
        assert!(found.is_sound(), "{found:#?}");
    }
}

#[test]
fn binwalk_names_the_scrambled_arcadyan_image_too() {
    let Some(bench) = Bench::with(&["binwalk"]) else { return };
    bench.write("image", &at(0x2_0000, ARCADYAN));
    let listing = bench.tool("binwalk image");
    // Its offset is in decimal digits at the start of the line.
    let line = listing.lines().find(|line| line.contains("Obfuscated Arcadyan firmware"));
    let offset = line.and_then(|line| line.split_whitespace().next()).and_then(|text| text.parse().ok());
    let found = inspect(&bench.read("image"));
    assert_eq!((offset, only(&found, "arcadyan-lzma").size), (Some(0x2_0000), ARCADYAN.len() as u64));
    assert_eq!(only(&found, "arcadyan-lzma").offset, 0x2_0000, "{listing}");
}

#[test]
fn files_that_are_named_and_not_opened_are_refused_by_their_names() {
    let Some(bench) = Bench::with(&["mkimage", "ubinize"]) else { return };
    bench.write("base.bin", &synthetic::demo().board);
    bench.write("spl", &kernel(30_000));
    bench.tool("mkimage -T mtk_image -a 0x201000 -n media=nor -d spl loader");
    bench.tool("mkimage -T mtk_image -a 0x41e00000 -n lk=1;lkname=U-Boot -d spl lk");
    bench.write(
        "ubi.ini",
        b"[v]\nmode=ubi\nimage=spl\nvol_id=0\nvol_type=static\nvol_name=v\nvol_size=65536\n",
    );
    bench.tool("ubinize -o ubi -p 64KiB -m 1 ubi.ini");
    bench.write("arcadyan", ARCADYAN);
    bench.write("esp", ESP);
    for (file, name) in [
        ("loader", "MediaTek first loader"),
        ("lk", "MediaTek LK image"),
        ("ubi", "UBI image"),
        ("arcadyan", "scrambled Arcadyan image"),
        ("esp", "Espressif image"),
    ] {
        let words =
            ["splice", "--board", "archer-mr200-v1", "--base", "base.bin", "--donor", file, "-o", "out.bin"];
        bench.run(words).code(2).says(&["donor-unknown", name, "NAME=FILE@OFFSET+LENGTH"]);
        assert!(!bench.path("out.bin").exists(), "{file}");
    }
}
