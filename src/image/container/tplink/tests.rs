//! Tests of the TP-Link headers on images made here.

use proptest::prelude::*;

use super::header::{Part, Structure};
use super::md5::compute;
use super::*;
use crate::image::container::bytes::Endianness;
use crate::image::container::envelope::{Change, Md5Verdict};
use crate::image::container::overlay::FORMAT_MARK;

/// A firmware of `fw_length` bytes in the second structure, its kernel at 200h and its root file system after it.
pub(crate) fn firmware(fw_length: usize, rootfs: Part) -> Vec<u8> {
    let mut file: Vec<u8> = (0..fw_length).map(|i| ((i * 7) >> 3) as u8).collect();
    file[..0x200].fill(0xff);
    file[..14].copy_from_slice(b"\x03\0\0\0ver. 2.0\0\xff");
    file[0x50..0x54].fill(0);
    file[0x68..0x70].copy_from_slice(&[0, 0, 0, 0x80, 0, 0, 0, 0x80]);
    file[0x8c..0x94].copy_from_slice(&[0x55, 0xaa, 1, 2, 0xa5, 0, 9, 1]);
    let mut raw = |at: usize, value: u32| file[at..at + 4].copy_from_slice(&value.to_be_bytes());
    for (at, value) in [(0x34, 0xd750_0001), (0x38, 0x4a), (0x3c, 1), (0x70, fw_length as u32), (0x74, 0x200)]
    {
        raw(at, value);
    }
    for (at, value) in [(0x78, 0x800), (0x7c, rootfs.offset), (0x80, rootfs.len), (0x84, 0), (0x88, 0)] {
        raw(at, value);
    }
    seal(&mut file, 0).unwrap();
    file
}

/// What is known of the MD5 of the header at the start of `file`; `None` where there is no header.
fn check_md5(file: &[u8]) -> Option<Md5Verdict> {
    Some(parse(file, 0)?.check_md5(file))
}

const ROOTFS: Part = Part { offset: 0x1000, len: 0x2800 };

/// A header of the first structure with its file.
pub(crate) fn first_structure(version: u8) -> Vec<u8> {
    let mut file = vec![0; 0x3000];
    file[0] = version;
    file[4..24].copy_from_slice(b"TP-LINK Technologies");
    file[0x1c..0x24].copy_from_slice(b"ver. 1.0");
    let mut put = |at: usize, value: u32| file[at..at + 4].copy_from_slice(&value.to_be_bytes());
    for (at, value) in [(0x40, 0x3020_0001), (0x44, 1), (0x48, 0), (0x74, 0x8006_0000), (0x78, 0x8006_0000)] {
        put(at, value);
    }
    for (at, value) in [(0x7c, 0x3000), (0x80, 0x200), (0x84, 0xc00), (0x88, 0x1000), (0x8c, 0x1000)] {
        put(at, value);
    }
    file[0x120..0x132].copy_from_slice(b"00000000;45550000;");
    file[0x98..0x9e].copy_from_slice(&[0, 3, 0, 0x11, 0, 1]);
    seal(&mut file, 0).unwrap();
    file
}

#[test]
fn fields_of_the_second_structure() {
    let file = firmware(0x8000, ROOTFS);
    let header = parse(&file, 0).unwrap();
    assert_eq!((header.kind().name(), header.structure), ("tplink-v3", Structure::V2));
    assert_eq!(header.hardware(), "D7500001/4A/1");
    assert_eq!(header.endianness, Endianness::Big);
    assert!(header.kernel_address_swapped);
    assert_eq!(header.kernel_la, 0x8000_0000);
    assert_eq!((header.rootfs, header.software, header.fw_version.as_str()), (ROOTFS, [0, 9, 1], "ver. 2.0"));
    assert_eq!(header.check_md5(&file), Md5Verdict::Holds { len: 0x8000 });
}

#[test]
fn version_2_is_met_with_either_structure() {
    let header = parse(&first_structure(2), 0).unwrap();
    assert_eq!((header.kind().name(), header.structure), ("tplink-v2", Structure::V1));
    assert_eq!(header.vendor.as_deref(), Some("TP-LINK Technologies"));
    assert_eq!((header.region, header.hw_ver_add), (Some(0), None));
    assert_eq!(header.region_texts, ["00000000;45550000;"]);
    assert_eq!(header.software, [3, 0x11, 1]);
    let file = first_structure(1);
    assert_eq!(parse(&file, 0).unwrap().kind(), "tplink-v1");
    assert_eq!(check_md5(&file), Some(Md5Verdict::Holds { len: 0x3000 }));
}

#[test]
fn little_endian_headers() {
    let mut file = firmware(0x8000, ROOTFS);
    for at in [0x34, 0x38, 0x3c, 0x70, 0x74, 0x78, 0x7c, 0x80, 0x84, 0x88] {
        file[at..at + 4].reverse();
    }
    let header = parse(&file, 0).unwrap();
    assert_eq!((header.endianness, header.kernel_address_swapped), (Endianness::Little, false));
    assert_eq!((header.hardware().as_str(), header.rootfs), ("D7500001/4A/1", ROOTFS));
    assert_eq!(header.check_md5(&file), Md5Verdict::Fails { short: false });
    seal(&mut file, 0).unwrap();
    assert_eq!(check_md5(&file), Some(Md5Verdict::Holds { len: 0x8000 }));
}

#[test]
fn a_composed_file_has_both_headers_and_both_sums() {
    let inner = firmware(0x8000, ROOTFS);
    let mut loader = vec![0x11; 0x1234];
    loader.resize(0x20000, 0xff);
    let file = with_boot(&loader, &inner).unwrap();
    assert_eq!(file.len(), 0x28200);
    let outer = parse(&file, 0).unwrap();
    assert_eq!((outer.fw_length, outer.kernel.offset, outer.boot.len), (0x28200, 0x20400, 0x1234));
    assert_eq!((outer.rootfs, outer.boot_offset()), (ROOTFS, Some(0x200)));
    assert_eq!(outer.check_md5(&file), Md5Verdict::Holds { len: 0x28200 });
    let header = outer.inner(&file).unwrap();
    assert_eq!(header.offset, 0x20200);
    assert_eq!(header.check_md5(&file), Md5Verdict::Holds { len: 0x8000 });
    assert_eq!(file[0x200..0x20200], loader);
    assert_eq!(file[0x20200..], inner);

    assert_eq!(with_boot(&loader, &file), Err(ComposeError::HasBoot { len: 0x1234 }));
    assert_eq!(
        with_boot(&[0; 0x20001], &inner),
        Err(ComposeError::BootTooLong { found: 0x20001, room: 0x20000 })
    );
    assert_eq!(with_boot(&loader, &inner[1..]), Err(ComposeError::NoHeader));
    assert_eq!(with_boot(&loader, &first_structure(1)), Err(ComposeError::FirstStructure));
}

#[test]
fn damage_and_a_short_file_fail() {
    let mut file = firmware(0x8000, ROOTFS);
    assert_eq!(check_md5(&file[..0x7000]), Some(Md5Verdict::Fails { short: true }));
    file[0x7fff] ^= 1;
    assert_eq!(check_md5(&file), Some(Md5Verdict::Fails { short: false }));
}

#[test]
fn the_loaders_salt_is_another() {
    let file = firmware(0x8000, ROOTFS);
    let header = parse(&file, 0).unwrap();
    let with_loader = TplinkHeader { boot: Part { offset: 0, len: 1 }, ..header.clone() };
    assert_ne!(compute(&file, &header), compute(&file, &with_loader));
}

/// An OpenWrt image, shorter than its layout, with marks at 4 KiB and 64 KiB.
fn openwrt() -> Vec<u8> {
    let mut file = firmware(0x40000, ROOTFS);
    file.truncate(0x4004);
    file[0x3800..].fill(0xff);
    file[0x4000..0x4004].copy_from_slice(&FORMAT_MARK);
    file.resize(0x10000, 0xff);
    file.extend(FORMAT_MARK);
    seal(&mut file, 0).unwrap();
    file
}

/// A dump with `firmware` at 20000h.
fn dump(firmware: &[u8]) -> Vec<u8> {
    let mut dump = vec![0; 0x20000];
    dump.extend_from_slice(firmware);
    dump.resize(0x80000, 0xff);
    dump
}

#[test]
fn a_stripped_image_in_flash_ends_at_its_last_mark() {
    let image = openwrt();
    assert_eq!(check_md5(&image), Some(Md5Verdict::Holds { len: 0x10004 }));
    let dump = dump(&image);
    assert_eq!(parse(&dump, 0x20000).unwrap().check_md5(&dump), Md5Verdict::Holds { len: 0x10004 });
}

#[test]
fn marks_stand_at_4_kib_where_the_chip_has_small_blocks() {
    let mut image = openwrt();
    image.truncate(0x4004);
    seal(&mut image, 0).unwrap();
    let mut dump = dump(&image);
    let verdict = |dump: &[u8]| parse(dump, 0x20000).unwrap().check_md5(dump);
    assert_eq!(verdict(&dump), Md5Verdict::Holds { len: 0x4004 });
    dump[0x24000..0x24004].copy_from_slice(&[0x19, 0x85, 0x20, 3]);
    assert_eq!(verdict(&dump), Md5Verdict::Stale { len: 0x4004, change: Change::Overlay { offset: 0x4000 } });
}

#[test]
fn what_fwtool_appended_is_not_covered() {
    let mut image = openwrt();
    crate::image::container::sysupgrade::tests::append(&mut image, 1, b"{}");
    assert_eq!(check_md5(&image), Some(Md5Verdict::Holds { len: 0x10004 }));
}

#[test]
fn an_overlay_over_the_mark_is_lawful_and_damage_is_not() {
    let mut dump = dump(&openwrt());
    dump[0x30000..0x30200].fill(0x77);
    dump[0x30000..0x30004].copy_from_slice(&[0x85, 0x19, 3, 0x20]);
    let verdict = |dump: &[u8]| parse(dump, 0x20000).unwrap().check_md5(dump);
    assert_eq!(
        verdict(&dump),
        Md5Verdict::Stale { len: 0x10004, change: Change::Overlay { offset: 0x10000 } }
    );
    assert!(matches!(verdict(&dump), Md5Verdict::Holds { .. } | Md5Verdict::Stale { .. }));
    dump[0x20300] ^= 1;
    assert!(matches!(verdict(&dump), Md5Verdict::CannotTell { .. }));
}

#[test]
fn the_vendors_page_changes_hw_ver_add_in_flash() {
    let mut dump = dump(&firmware(0x8000, ROOTFS));
    dump[0x2003f] = 0;
    let header = parse(&dump, 0x20000).unwrap();
    assert_eq!(header.hw_ver_add, Some(0));
    assert_eq!(
        header.check_md5(&dump),
        Md5Verdict::Stale { len: 0x8000, change: Change::HwVerAdd { was: 1 } }
    );
    // In a file nobody changed it: there it is damage.
    assert_eq!(check_md5(&dump[0x20000..]), Some(Md5Verdict::Fails { short: false }));
}

#[test]
fn a_header_without_a_sum_cannot_be_told() {
    let mut file = firmware(0x8000, ROOTFS);
    file[0x40..0x50].fill(0);
    assert!(matches!(check_md5(&file), Some(Md5Verdict::CannotTell { .. })));
}

proptest! {
    #![proptest_config(crate::image::few_cases::few(64))]

    #[test]
    fn any_change_of_a_header_is_taken(edits in prop::collection::vec((0usize..0x200, any::<u8>()), 0..12), cut in 0usize..0x8001) {
        let mut file = firmware(0x8000, ROOTFS);
        for (at, value) in edits {
            file[at] = value;
        }
        file.truncate(cut);
        if let Some(header) = parse(&file, 0) {
            let _ = (header.check_md5(&file), header.inner(&file), header.boot_offset());
            let mut copy = file.clone();
            header.write(&mut copy).unwrap();
            let again = parse(&copy, 0).unwrap();
            prop_assert_eq!((again.kernel, again.rootfs, again.boot), (header.kernel, header.rootfs, header.boot));
        }
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..0x400), offset in any::<u64>()) {
        let _ = (parse(&bytes, offset), parse(&bytes, offset % 0x400), check_md5(&bytes));
    }
}
