//! Images made by other people's tools, inspected: u-boot-tools, squashfs-tools, mtd-utils, device-tree-compiler,
//! xz-utils, tar and util-linux-extra.

use std::path::Path;

use norsplice::image::container::item::{Item, Outcome};
use norsplice::image::container::{tplink, uboot_env};
use norsplice::image::devicetree;
use norsplice::image::inspect::{Inspection, inspect};

use super::{kernel, rootfs, tree};
use crate::bench::Bench;

fn only<'a>(found: &'a Inspection, kind: &str) -> &'a Item {
    let items: Vec<_> = found.of_kind(kind).collect();
    assert_eq!(items.len(), 1, "{kind} in {found:#?}");
    items[0]
}

#[test]
fn uimages_of_mkimage() {
    let Some(bench) = Bench::with(&["mkimage", "xz"]) else { return };
    bench.write("kernel", &[kernel(200_000), tree()].concat());
    bench.tool("xz --format=lzma --keep kernel");
    bench.tool(
        "mkimage -A mips -O linux -T kernel -C lzma -a 0x80000000 -e 0x80000000 -n name -d kernel.lzma out",
    );
    let mut file = vec![0xff; 0x20000];
    file.extend(bench.read("out"));
    file.resize(0x80000, 0xff);
    let found = inspect(&file);
    let image = only(&found, "uimage");
    assert_eq!((image.offset, image.size), (0x20000, bench.read("out").len() as u64));
    assert_eq!(
        (&image.attributes["architecture"], &image.attributes["compression"]),
        (&"mips".into(), &"lzma".into())
    );
    assert_eq!(only(&found, "dtb").attributes["model"], "TP-Link Archer MR200");
    assert!(found.is_sound(), "{found:#?}");

    let boards = devicetree::find(&file);
    assert_eq!(boards.len(), 1);
    assert_eq!((boards[0].offset, boards[0].packed), (0x20040, true));
    assert_eq!(boards[0].board.compatible[0], "tplink,archer-mr200");
    assert_eq!(boards[0].board.map().expect("it has a map").partitions.len(), 5);

    file[0x20100] ^= 1;
    let found = inspect(&file);
    assert_eq!(only(&found, "uimage").result("data-crc"), Some(Outcome::Bad));
}

#[test]
fn a_kernel_behind_a_tplink_header_names_its_board() {
    let Some(bench) = Bench::with(&["xz"]) else { return };
    bench.write("kernel", &[kernel(300_000), tree()].concat());
    bench.tool("xz --format=lzma --lzma1=lc=1,lp=2,pb=2,dict=8MiB kernel");
    let packed = bench.read("kernel.lzma");
    let mut file = vec![0xff; 0x200];
    file[..14].copy_from_slice(b"\x03\0\0\0ver. 2.0\0\xff");
    let words = [(0x34, 0xd750_0001_u32), (0x38, 0x4a), (0x3c, 0), (0x70, 0x7b_0000), (0x74, 0x200)];
    let parts = [(0x78, packed.len() as u32), (0x7c, 0), (0x80, 0), (0x84, 0), (0x88, 0)];
    for (at, value) in words.into_iter().chain(parts) {
        file[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    file[0x8c..0x94].copy_from_slice(&[0x55, 0xaa, 1, 2, 0xa5, 0, 0, 0]);
    file.extend(packed);
    tplink::seal(&mut file, 0).expect("it is a header");
    let found = inspect(&file);
    assert_eq!(found.what, "tplink-v3");
    assert_eq!(only(&found, "dtb").attributes["compatible"][0], "tplink,archer-mr200");
    assert!(found.is_sound(), "{found:#?}");
    let boards = devicetree::find(&file);
    assert_eq!(boards.iter().map(|b| b.offset).collect::<Vec<_>>(), [0x200]);
}

/// A FIT source with a packed kernel and a tree, each with hashes.
const FIT: &str = r#"/dts-v1/;
/ {
    description = "made by mkimage";
    #address-cells = <1>;
    images {
        kernel-1 {
            description = "kernel"; data = /incbin/("kernel.lzma"); type = "kernel"; arch = "mips"; os = "linux";
            compression = "lzma"; load = <0x80000000>; entry = <0x80000000>;
            hash-1 { algo = "crc32"; };
            hash-2 { algo = "sha1"; };
        };
        fdt-1 {
            description = "tree"; data = /incbin/("board.dtb"); type = "flat_dt"; arch = "mips"; compression = "none";
            hash-1 { algo = "sha256"; };
            hash-2 { algo = "md5"; };
        };
    };
    configurations {
        default = "config-1";
        config-1 { description = "board"; kernel = "kernel-1"; fdt = "fdt-1"; };
    };
};
"#;

#[test]
fn fit_images_of_mkimage_with_data_inside_and_outside() {
    let Some(bench) = Bench::with(&["mkimage", "dtc", "xz"]) else { return };
    bench.write("kernel", &kernel(100_000));
    bench.write("board.dtb", &tree());
    bench.write("fit.its", FIT.as_bytes());
    bench.tool("xz --format=lzma kernel");
    for (line, external) in [("mkimage -f fit.its out", false), ("mkimage -E -f fit.its out", true)] {
        bench.tool(line);
        let file = bench.read("out");
        let found = inspect(&file);
        let fit = only(&found, "fit");
        assert_eq!((fit.offset, found.what), (0, "fit"), "{external}");
        assert!(
            fit.size <= file.len() as u64 && file.len() as u64 - fit.size < 4,
            "{external} {:#x}",
            fit.size
        );
        assert_eq!(
            fit.checks.iter().filter(|c| c.name == "hash" && c.result == Outcome::Ok).count(),
            4,
            "{fit:#?}"
        );
        assert_eq!(only(&found, "dtb").attributes["model"], "TP-Link Archer MR200");
        assert_eq!(found.of_kind("lzma").count(), 1);
        assert!(found.is_sound(), "{found:#?}");
        assert_eq!(devicetree::find(&file).len(), 1);

        let mut damaged = file.clone();
        let kernel =
            found.of_kind("lzma").next().map(|item| item.offset + item.size / 2).expect("it is there");
        damaged[kernel as usize] ^= 4;
        let found = inspect(&damaged);
        let bad = only(&found, "fit").checks.iter().filter(|c| c.result == Outcome::Bad).count();
        assert_eq!(bad, 2, "{external}: both hashes of the kernel");
    }
}

#[test]
fn squashfs_of_mksquashfs_in_every_compression() {
    let Some(bench) = Bench::with(&["mksquashfs", "unsquashfs"]) else { return };
    rootfs(&bench);
    for compression in ["gzip", "xz", "lzo", "lz4", "zstd"] {
        bench.tool(&format!(
            "mksquashfs root out -comp {compression} -noappend -b 256K -no-progress -all-root"
        ));
        let mut file = vec![0xff; 0x60200];
        file.extend(bench.read("out"));
        let found = inspect(&file);
        let item = only(&found, "squashfs");
        assert_eq!(item.offset, 0x60200);
        assert_eq!(item.attributes["compression"], compression);
        assert_eq!(item.attributes["block_size"], 0x40000);
        assert_eq!(item.size.next_multiple_of(0x1000), bench.read("out").len() as u64);
        // The superblock by its maker's own reader, at the same place.
        bench.write("flash", &file);
        let theirs = bench.tool("unsquashfs -s -o 393728 flash");
        let field = |name: &str| {
            let line = theirs.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} in {theirs}")).trim().to_owned()
        };
        assert_eq!(field("Filesystem size ").split(' ').next(), Some(item.size.to_string().as_str()));
        assert_eq!(field("Compression "), compression);
        assert_eq!(field("Block size "), "262144");
        assert!(found.is_sound(), "{found:#?}");
        let cut = inspect(&file[..item.end() as usize - 1]);
        assert_eq!(only(&cut, "squashfs").result("size"), Some(Outcome::Bad), "{compression}");
    }
}

#[test]
fn jffs2_of_mkfs_in_both_byte_orders() {
    let Some(bench) = Bench::with(&["mkfs.jffs2"]) else { return };
    rootfs(&bench);
    for (option, order) in [("-l", "little"), ("-b", "big")] {
        bench.tool(&format!("mkfs.jffs2 {option} -e 0x10000 -r root -o out"));
        let image = bench.read("out");
        let mut file = vec![0xff; 0x30000];
        file.extend(&image);
        file.resize(file.len() + 0x10000, 0xff);
        let found = inspect(&file);
        let item = only(&found, "jffs2");
        assert_eq!((item.offset, &item.attributes["endianness"]), (0x30000, &order.into()));
        assert!(item.size.abs_diff(image.len() as u64) < 4, "{:#x} of {:#x}", item.size, image.len());
        assert!(found.is_sound(), "{found:#?}");
    }
}

#[test]
fn environments_of_mkenvimage() {
    let Some(bench) = Bench::with(&["mkenvimage"]) else { return };
    bench.write("env.txt", b"bootcmd=bootm 0x9f020000\nbootdelay=3\nethaddr=14:cc:20:01:02:03\n");
    for (options, order, redundant, size) in [
        ("-s 0x1000", "little", false, 0x1000),
        ("-b -s 0x10000 -p 0x00", "big", false, 0x10000),
        ("-r -s 0x4000", "little", true, 0x4000),
        ("-b -r -s 0x20000", "big", true, 0x20000),
    ] {
        bench.tool(&format!("mkenvimage {options} -o out env.txt"));
        let mut file = vec![0xff; 0x10000];
        file.extend(bench.read("out"));
        file.resize(0x40000, 0xff);
        let found = inspect(&file);
        let item = only(&found, "uboot-env");
        assert_eq!((item.offset, item.size), (0x10000, size), "{options}");
        assert_eq!(item.attributes["endianness"], order, "{options}");
        assert_eq!(item.attributes["redundant"], redundant, "{options}");
        assert_eq!(item.attributes["ethaddr"], "14:cc:20:01:02:03");
        assert!(found.is_sound());

        // What is set here, mkenvimage makes from the same texts.
        uboot_env::set(&mut file, 0x10000, &[("bootdelay", "9")]).expect("it is an environment");
        bench.write("again.txt", b"bootcmd=bootm 0x9f020000\nbootdelay=9\nethaddr=14:cc:20:01:02:03\n");
        bench.tool(&format!("mkenvimage {options} -o again again.txt"));
        assert!(file[0x10000..].starts_with(&bench.read("again")), "{options}");
    }
}

#[test]
fn sysupgrade_of_the_tar_kind() {
    let Some(bench) = Bench::with(&["tar", "mkimage", "dtc", "xz"]) else { return };
    bench.write("kernel", &kernel(50_000));
    bench.write("board.dtb", &tree());
    bench.write("fit.its", FIT.as_bytes());
    bench.tool("xz --format=lzma kernel");
    bench.tool("mkimage -f fit.its fit");
    bench.write("sysupgrade-example_board/CONTROL", b"BOARD=example_board\n");
    bench.write("sysupgrade-example_board/kernel", &bench.read("fit"));
    bench.write("sysupgrade-example_board/root", &kernel(5000));
    bench.tool("tar -cf out sysupgrade-example_board");
    let file = bench.read("out");
    let found = inspect(&file);
    let item = only(&found, "sysupgrade");
    assert_eq!((item.offset, &item.attributes["format"]), (0, &"tar".into()));
    assert_eq!(item.attributes["board"], "example_board");
    assert_eq!(only(&found, "fit").depth, 1);
    assert!(found.is_sound(), "{found:#?}");
    assert_eq!(devicetree::find(&file)[0].board.compatible[0], "tplink,archer-mr200");

    // The kernel's member of the archive is where the FIT image is.
    let fit = only(&found, "fit");
    assert_eq!(file[fit.offset as usize..(fit.offset + fit.size) as usize], bench.read("fit"));
}

#[test]
fn trees_of_dtc_are_the_ones_of_the_sources() {
    let Some(bench) = Bench::with(&["dtc"]) else { return };
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dts");
    for name in ["fixed-layout", "older", "nested", "addresses"] {
        let source = sources.join(name).with_extension("dts");
        bench.tool(&format!("dtc -q -I dts -O dtb -o out {}", source.display()));
        let kept =
            std::fs::read(sources.join(name).with_extension("dtb")).expect("the tree is part of the sources");
        let (ours, theirs) = (devicetree::find(&kept), devicetree::find(&bench.read("out")));
        assert_eq!(ours, theirs, "{name}: compile the source again");
    }
}

#[test]
fn a_cramfs_of_mkfs() {
    let Some(bench) = Bench::with(&["mkfs.cramfs"]) else { return };
    rootfs(&bench);
    for order in ["little", "big"] {
        bench.tool(&format!("mkfs.cramfs -N {order} root out"));
        let image = bench.read("out");
        let mut file = vec![0xff; 0x10000];
        file.extend(&image);
        file.resize(0x80000, 0xff);
        let found = inspect(&file);
        let cramfs = only(&found, "cramfs");
        assert_eq!((cramfs.offset, cramfs.size), (0x10000, image.len() as u64));
        assert_eq!(cramfs.attributes["endianness"], order);
        assert!(cramfs.is_sound(), "{cramfs:#?}");
        file[0x10100] ^= 1;
        assert_eq!(only(&inspect(&file), "cramfs").result("crc"), Some(Outcome::Bad));
    }
}

#[test]
fn a_ubi_image_of_ubinize() {
    let Some(bench) = Bench::with(&["ubinize"]) else { return };
    bench.write("volume", &kernel(150_000));
    bench.write(
        "ubi.ini",
        b"[v]\nmode=ubi\nimage=volume\nvol_id=0\nvol_type=static\nvol_name=kernel\nvol_size=262144\n",
    );
    bench.tool("ubinize -o out -p 64KiB -m 1 ubi.ini");
    let image = bench.read("out");
    let found = inspect(&image);
    let ubi = only(&found, "ubi");
    assert_eq!(
        (ubi.offset, ubi.size, ubi.attributes["block_size"].as_u64()),
        (0, image.len() as u64, Some(0x10000))
    );
}

#[test]
fn downloads_packed_by_gzip_and_zip_are_opened() {
    let Some(bench) = Bench::with(&["mkimage", "gzip", "zip"]) else { return };
    bench.write("kernel", &kernel(30_000));
    bench.tool("mkimage -A mips -O linux -T kernel -C none -n name -d kernel fw.bin");
    bench.write("readme.txt", b"how to\n");
    bench.tool("zip fw.zip readme.txt fw.bin");
    bench.tool("tar cf fw.tar readme.txt fw.bin");
    bench.tool("gzip --keep fw.tar");
    bench.tool("gzip --keep fw.bin");
    for name in ["fw.zip", "fw.tar", "fw.tar.gz", "fw.bin.gz"] {
        let donor = norsplice::image::Donor::new("donor", bench.read(name));
        assert!(donor.bytes == bench.read("fw.bin"), "{name}");
        assert!(donor.file() == bench.read(name));
    }
}
