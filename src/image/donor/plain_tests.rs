//! Donors in containers of their own, on boards of which only a layout is known: what goes to flash of each, and that
//! a damaged one of each kind is refused by the name of its check.

use crate::image::container::cybertan::tests::with_header;
use crate::image::container::seama::tests::made as seama;
use crate::image::container::sysupgrade;
use crate::image::container::wrapper::samples::{
    capsule, chk, dap, dni, shrs, with_chdr, with_trailer, xiaomi,
};
use crate::image::donor::plain;
use crate::image::*;
use crate::span::Span;

const UIMAGE: &[u8] = include_bytes!("../../../tests/data/small/uimage_lzma.bin");
const SQUASHFS: &[u8] = include_bytes!("../../../tests/data/small/rootfs_xz.sqfs");
const TRX: &[u8] = include_bytes!("../../../tests/data/small/image.trx");
const SAFELOADER: &[u8] = include_bytes!("../../../tests/data/small/safeloader_c2v3_factory.bin");
const FIT: &[u8] = include_bytes!("../../../tests/data/made/fit_inside.itb");
const TAR: &[u8] = include_bytes!("../../../tests/data/made/sysupgrade.tar");

const CHIP: usize = 0x10_0000;
const START: usize = 0x3_0000;
const END: usize = 0xf_0000;

/// A board of which a layout is all that is known.
fn board() -> Board {
    let rows = [("boot", 0, START), ("firmware", START, END), ("factory", END, CHIP)];
    let regions =
        rows.iter().map(|(name, a, b)| Region::named(*name, Span::new(*a as u64, *b as u64))).collect();
    Board::from_layout("plain", Layout { regions, ..Layout::default() }).unwrap()
}

/// The board's own dump.
fn base() -> Vec<u8> {
    of_size(CHIP as u64)
}

fn of_size(len: u64) -> Vec<u8> {
    let mut bytes = vec![0x5a; len as usize];
    bytes[..0x1000].copy_from_slice(&synthetic::noise(5, 0x1000));
    bytes
}

fn run(donor: &[u8], board: &Board) -> Result<Spliced, ImageError> {
    let donors = [Donor::new("donor", donor.to_vec())];
    splice(&Image::new(of_size(board.chip_size)), &donors, board, &Choice::default())
}

/// What the firmware region becomes, without the erased bytes at its end; nothing else changes.
fn firmware(donor: &[u8]) -> Vec<u8> {
    let made = run(donor, &board()).unwrap_or_else(|e| panic!("{e}")).image.into_bytes();
    assert!(made[..START] == base()[..START] && made[END..] == base()[END..]);
    let region = &made[START..END];
    let end = region.iter().rposition(|b| *b != 0xff).map_or(0, |at| at + 1);
    region[..end].to_vec()
}

/// The checks that refuse it, whatever is allowed.
fn refused(donor: &[u8], board: &Board) -> Vec<&'static str> {
    let choice = Choice { allow: Allow::new(["all"]), ..Choice::default() };
    let donors = [Donor::new("donor", donor.to_vec())];
    match splice(&Image::new(of_size(board.chip_size)), &donors, board, &choice) {
        Ok(_) => Vec::new(),
        Err(e) => {
            let mut names: Vec<_> = e.findings().iter().map(|f| f.name).collect();
            names.dedup();
            names
        }
    }
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 0x10;
    bytes
}

/// A sysupgrade image of a uImage, padded, and a root file system.
fn kernel_and_root() -> Vec<u8> {
    let mut file = UIMAGE.to_vec();
    file.resize(0x1_0000, 0xff);
    [&file, SQUASHFS].concat()
}

#[test]
fn images_go_to_flash_as_they_are() {
    for image in [UIMAGE.to_vec(), kernel_and_root(), TRX.to_vec(), FIT.to_vec(), seama(UIMAGE, false)] {
        let end = image.iter().rposition(|b| *b != 0xff).map_or(0, |at| at + 1);
        assert!(firmware(&image) == image[..end]);
    }
    // Of a factory file of D-Link's, the seal is left out.
    assert!(firmware(&seama(UIMAGE, true)) == seama(UIMAGE, false));
}

#[test]
fn a_damaged_image_of_each_kind_is_refused_by_name() {
    let mut late = kernel_and_root();
    late.truncate(0x1_0800);
    let md5 = seama(UIMAGE, false);
    for (what, bytes, check) in [
        ("uImage header", flipped(UIMAGE, 0x22), "sum"),
        ("uImage data", flipped(UIMAGE, 0x200), "sum"),
        ("uImage after a root", flipped(&kernel_and_root(), 0x300), "sum"),
        ("uImage cut", UIMAGE[..0x800].to_vec(), "truncated"),
        ("root cut", late, "truncated"),
        ("TRX", flipped(TRX, 0x1800), "sum"),
        ("TRX cut", TRX[..0x1800].to_vec(), "truncated"),
        ("FIT kernel", flipped(FIT, 0x200), "hash"),
        ("FIT tree", flipped(FIT, 0xb00), "hash"),
        ("Seama", flipped(&md5, md5.len() - 5), "md5"),
        ("Seama cut", md5[..0x500].to_vec(), "truncated"),
        ("sealed Seama", flipped(&seama(UIMAGE, true), 0x400), "md5"),
        ("SafeLoader", flipped(SAFELOADER, 0x2200), "md5"),
        ("SafeLoader cut", SAFELOADER[..0x3000].to_vec(), "truncated"),
        ("tar cut", TAR[..0x900].to_vec(), "truncated"),
    ] {
        assert_eq!(refused(&bytes, &board()), [check], "{what}");
    }
    // Damage to a magic number leaves nothing that is known.
    assert_eq!(refused(&flipped(TRX, 0), &board()), ["donor-unknown"]);
}

#[test]
fn kernel_and_root_of_a_safeloader_file_stand_where_its_map_has_them() {
    let made = firmware(SAFELOADER);
    // os-image at 0x30000 of the flash, file-system at 0x40000.
    assert!(made[..0xc1f] == SAFELOADER[0x20fd..0x20fd + 0xc1f]);
    assert!(made[0xc1f..0x1_0000].iter().all(|b| *b == 0xff));
    assert!(made[0x1_0000..] == SAFELOADER[0x2d1c..0x2d1c + made.len() - 0x1_0000]);
    // A board whose firmware starts elsewhere is another one.
    let mut other = board();
    other.layout.regions[1].span = Span::new(0x4_0000, END as u64);
    assert_eq!(refused(SAFELOADER, &other), ["other-map"]);
}

#[test]
fn a_layout_of_the_vendors_own_takes_the_parts_by_name() {
    let mut layout = parse_any(SAFELOADER, Some(0x80_0000)).unwrap();
    let spliced = run(SAFELOADER, &Board::from_layout("safeloader", layout.clone()).unwrap()).unwrap();
    let made = spliced.image.bytes();
    assert!(made[0x3_0000..0x3_0c1f] == SAFELOADER[0x20fd..0x20fd + 0xc1f]);
    assert!(made[0x4_0000..0x4_1000] == SAFELOADER[0x2d1c..0x3d1c]);
    let base = of_size(0x80_0000);
    assert!(made[0x7a_0000..] == base[0x7a_0000..] && made[..0x3_0000] == base[..0x3_0000]);
    // A region too small for its part.
    let kernel = layout.regions.iter_mut().find(|r| r.name == "os-image").unwrap();
    kernel.span = Span::new(0x3_0000, 0x3_0800);
    assert_eq!(refused(SAFELOADER, &Board::from_layout("small", layout).unwrap()), ["too-long"]);
}

#[test]
fn a_tar_gives_kernel_and_root_at_erase_blocks_with_marks() {
    let made = firmware(TAR);
    let files = sysupgrade::tar_files(TAR).unwrap();
    let of = |name: &str| {
        let f = files.iter().find(|f| f.path.ends_with(name)).unwrap();
        &TAR[f.offset as usize..(f.offset + f.len) as usize]
    };
    let (kernel, root) = (of("/kernel"), of("/root"));
    assert!(made.starts_with(kernel) && made[0x1_0000..].starts_with(root));
    assert!(made[kernel.len()..0x1_0000].iter().all(|b| *b == 0xff));
    let marks: Vec<usize> = memchr::memmem::find_iter(&made, b"\xde\xad\xc0\xde").collect();
    assert_eq!(marks, [0x1_1000 + root.len() / 0x1000 * 0x1000, 0x2_0000]);
    // Into regions of their own, by name.
    let rows = [("boot", 0, 0x3_0000), ("kernel", 0x3_0000, 0x8_0000), ("rootfs", 0x8_0000, 0x10_0000)];
    let regions = rows.iter().map(|(n, a, b)| Region::named(*n, Span::new(*a, *b))).collect();
    let board = Board::from_layout("two", Layout { regions, ..Layout::default() }).unwrap();
    let mut choice = Choice::default();
    choice.set("kernel=donor").unwrap();
    choice.set("rootfs=donor").unwrap();
    let donors = [Donor::new("donor", TAR.to_vec())];
    let made = splice(&Image::new(base()), &donors, &board, &choice).unwrap().image.into_bytes();
    assert!(made[0x3_0000..].starts_with(kernel) && made[0x8_0000..].starts_with(root));
}

#[test]
fn a_dump_as_donor_gives_a_firmware_whose_sums_hold() {
    let dump = |firmware: &[u8]| {
        let mut chip = base();
        chip[0] ^= 1;
        chip[START..END].fill(0xff);
        chip[START..START + firmware.len()].copy_from_slice(firmware);
        chip
    };
    for image in [kernel_and_root(), TRX.to_vec(), FIT.to_vec(), seama(UIMAGE, false)] {
        let end = image.iter().rposition(|b| *b != 0xff).map_or(0, |at| at + 1);
        assert!(firmware(&dump(&image)) == image[..end]);
    }
    assert_eq!(refused(&dump(&flipped(UIMAGE, 0x200)), &board()), ["sum"]);
    assert_eq!(refused(&dump(&flipped(FIT, 0x200)), &board()), ["hash"]);
    assert_eq!(refused(&dump(&[]), &board()), ["donor-lacks"]);
    // OpenWrt writes its overlay inside what these cover.
    let reported = run(&dump(&flipped(TRX, 0x1800)), &board()).unwrap();
    assert!(reported.findings.iter().any(|f| f.name == "sum-unknown"), "{:?}", reported.findings);
}

#[test]
fn firmware_too_long_for_its_room_is_refused() {
    let mut long = UIMAGE.to_vec();
    long.resize(END - START + 1, 0x77);
    assert_eq!(refused(&long, &board()), ["too-long"]);
}

const TREE: &[u8] = include_bytes!("../../../tests/data/dts/fixed-layout.dtb");

#[test]
fn a_donor_whose_tree_names_another_board_is_refused() {
    let named = |name: &str| Board { compatible: vec![name.into()], ..board() };
    let donor = [kernel_and_root(), TREE.to_vec()].concat();
    assert_eq!(refused(&donor, &named("invented,other-board")), ["compatible"]);
    assert_eq!(refused(&donor, &named("tplink,archer-mr200")), [""; 0]);
}

#[test]
fn padding_of_another_length_is_named_where_a_firmware_is_after_it() {
    for (filler, len) in [(0, 0x2_0000), (0xff, 0x1_0000), (0, 0x5_0000)] {
        let file = [&vec![filler; len][..], UIMAGE].concat();
        let error = run(&file, &board()).unwrap_err().to_string();
        assert!(error.contains(&format!("a uImage is at {len:#x} after padding")), "{error}");
        assert!(error.contains("starts at 0x30000"), "{error}");
    }
    let error = run(&[&[0; 0x2_0000][..], &synthetic::noise(1, 0x3000)].concat(), &board()).unwrap_err();
    assert!(!error.to_string().contains("padding"), "{error}");
}

#[test]
fn a_firmware_that_starts_before_the_boards_is_not_cut_through() {
    let start = START as u64;
    let loader = synthetic::loader(3, "Mar 10 2016 - 09:12:44");
    let image = kernel_and_root();
    for short in [0x40, 0x1000] {
        for front in
            [vec![0; START], vec![0xff; START], [&loader[..], &vec![0xff; START - loader.len()]].concat()]
        {
            let file = [&front[..START - short], &image].concat();
            assert_eq!(refused(&file, &board()), ["donor-unknown"], "{short:#x} {:#x}", front[0]);
            // With metadata at its end it is no sysupgrade file that starts with a loader.
            let named =
                [&file[..], &synthetic::sysupgrade(&synthetic::FirmwareSpec::default(), &["x"])].concat();
            assert_ne!(refused(&named, &board()), [""; 0], "{short:#x}");
        }
    }
    let early = [&vec![0; START - 0x40][..], &image].concat();
    assert_eq!(plain::across(&early, start).unwrap().0, start - 0x40);
    assert!(firmware(&[&vec![0; START][..], &image].concat()).starts_with(UIMAGE));
    // A file as long as the region that starts with padding is not the region.
    let mut file = [&vec![0; 0x1_0000][..], &image].concat();
    file.resize(END - START, 0xff);
    assert_eq!(refused(&file, &board()), ["donor-unknown"]);
    // A dump of a map in which the firmware starts earlier.
    let mut dump = base();
    dump[START - 0x40..START - 0x40 + image.len()].copy_from_slice(&image);
    assert_eq!(refused(&dump, &board()), ["other-map"]);
}

/// Every wrapper that has a sum, around `inside`.
fn wrapped(inside: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let middle = inside.len() / 2;
    vec![
        ("DNI", dni(inside)),
        ("CHK", chk(inside, &[])),
        ("CHK of two parts", chk(&inside[..middle], &inside[middle..])),
        ("CHDR", with_chdr(inside)),
        ("trailer", with_trailer(inside)),
        ("DAP", dap(true, inside)),
        ("DAP, second form", dap(false, inside)),
        ("HDR1", xiaomi(&[(0xffff, "version", b"1.0"), (4, "firmware.bin", inside)])),
    ]
}

#[test]
fn a_wrapper_leaves_nothing_of_itself_alone_or_in_another_one() {
    let plain = kernel_and_root();
    let wanted = firmware(&plain);
    for (inner, file) in wrapped(&plain) {
        assert!(firmware(&file) == wanted, "{inner}");
        // The sums of these two are over all bytes to the end of the file.
        let to_the_end = ["DNI", "HDR1"].contains(&inner);
        for (outer, file) in
            wrapped(&file).into_iter().filter(|(outer, _)| !(to_the_end && *outer == "trailer"))
        {
            assert!(firmware(&file) == wanted, "{inner} in {outer}");
        }
    }
    // A header before a TRX, which has the sum.
    assert!(firmware(&with_header(b"W54G", TRX)) == firmware(TRX));
    assert_eq!(refused(&with_header(b"W54G", &flipped(TRX, 0x1800)), &board()), ["sum"]);
}

#[test]
fn a_damaged_and_a_cut_wrapper_is_refused_and_so_is_an_encrypted_one() {
    let plain = kernel_and_root();
    for (name, file) in wrapped(&plain) {
        // Where the firmware's own sums do not reach: after its kernel.
        let damaged = flipped(&file, file.len() - 0x300);
        assert_eq!(refused(&damaged, &board()), ["sum"], "{name}");
        // Without its end a trailer is none, and its text is filler after the root file system.
        if name != "trailer" {
            assert!(!refused(&file[..file.len() - 0x100], &board()).is_empty(), "{name} cut");
        }
    }
    assert_eq!(refused(&shrs(), &board()), ["donor-unknown"]);
    // A capsule holds the image of a PC's flash: this board has no place for one.
    assert!(!refused(&capsule(0, 0x800, 0x800, 0x4000), &board()).is_empty());
}

#[test]
fn a_kernel_without_a_root_file_system_asks_where_the_board_has_one() {
    let mut own = base();
    own[START..END].fill(0xff);
    let whole = kernel_and_root();
    own[START..START + whole.len()].copy_from_slice(&whole);
    let asked = |donor: &[u8], own: &[u8]| -> Vec<&'static str> {
        let made = splice(
            &Image::new(own.to_vec()),
            &[Donor::new("d", donor.to_vec())],
            &board(),
            &Choice::default(),
        );
        made.err().map_or(Vec::new(), |e| e.findings().iter().map(|f| f.name).collect())
    };
    let kernel = &whole[..0x1_0000];
    // The kernel alone, and a download that ends before the root file system does: its sum is the kernel's.
    for donor in [UIMAGE, kernel, &whole[..0x1_0010]] {
        assert_eq!(asked(donor, &own), ["no-root"], "{:#x}", donor.len());
    }
    let jffs2 = include_bytes!("../../../tests/data/made/big_endian.jffs2");
    for donor in [whole.clone(), [kernel, &jffs2[..]].concat()] {
        assert_eq!(asked(&donor, &own), [""; 0]);
    }
    // A board that has none, or whose firmware is erased.
    for rest in [UIMAGE, &[]] {
        own[START..END].fill(0xff);
        own[START..START + rest.len()].copy_from_slice(rest);
        assert_eq!(asked(UIMAGE, &own), [""; 0]);
    }
}

#[test]
fn a_dump_tells_of_its_overlay_where_one_was_written() {
    let jffs2 = include_bytes!("../../../tests/data/made/big_endian.jffs2");
    let reported = |after: &[u8]| {
        let mut chip = base();
        chip[0] ^= 1;
        chip[START..END].fill(0xff);
        let whole = kernel_and_root();
        chip[START..START + whole.len()].copy_from_slice(&whole);
        let at = START + whole.len().next_multiple_of(0x1000);
        chip[at..at + after.len()].copy_from_slice(after);
        let made = run(&chip, &board()).unwrap();
        made.findings.iter().any(|finding| finding.name == "foreign-overlay")
    };
    // Nothing after the root file system, or only the mark that makes OpenWrt format it.
    assert!(!reported(&[]) && !reported(b"\xde\xad\xc0\xde"));
    assert!(reported(jffs2) && reported(&[&b"\xde\xad\xc0\xde"[..], &[0xff; 0xffc], jffs2].concat()));
    // Where no root file system is known there may be an overlay.
    let mut chip = base();
    chip[0] ^= 1;
    assert!(run(&chip, &board()).unwrap().findings.iter().any(|f| f.name == "foreign-overlay"));
}

/// What follows firmware and root file system and is nothing known goes to flash, and that is said; filler and marks are not.
#[test]
fn bytes_after_a_firmware_that_nobody_knows_are_said() {
    let filler = vec![0xff; UIMAGE.len().next_multiple_of(0x1000) - UIMAGE.len()];
    let firmware = [UIMAGE, &filler, SQUASHFS].concat();
    let said = |rest: &[u8]| {
        let file = [&firmware[..], rest].concat();
        let opened = plain::open(&file, "donor", &board()).unwrap();
        assert_eq!(opened.firmware.as_ref().map(|bytes| bytes.len()), Some(file.len()));
        opened.findings.into_iter().map(|found| (found.name, found.message)).collect::<Vec<_>>()
    };
    const MARK: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];
    for rest in [&[][..], &[0xff; 0x3000], &[0; 0x100], &[&[0xff; 0x80][..], &MARK, &[0xff; 0x80]].concat()] {
        assert_eq!(said(rest), []);
    }
    let found = said(&[&[0xff; 0x40][..], &synthetic::noise(3, 0x123)].concat());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].0 == "not-judged" && found[0].1.contains("0x123 bytes"), "{found:?}");
}
