//! Donors of every other board and of every other container, by the tables of boards and formats: each is refused or asked
//! about, none passes in silence.

use crate::image::container::bytes::Endianness;
use crate::image::container::item::ItemKind;
use crate::image::container::seama::KIND as SEAMA;
use crate::image::container::tplink::KINDS;
use crate::image::container::{big_trx, cybertan, squashfs, ubi};
use crate::image::donor::{Anatomy, plain};
use crate::image::few_cases::is_long_form;
use crate::image::formats::FORMATS;
use crate::image::splice::tests::*;
use crate::span::Span;
use md5::{Digest, Md5};
use std::collections::BTreeMap;

const UIMAGE: &[u8] = include_bytes!("../../../../tests/data/small/uimage_lzma.bin");
const TRX: &[u8] = include_bytes!("../../../../tests/data/small/image.trx");
const SAFELOADER: &[u8] = include_bytes!("../../../../tests/data/small/safeloader_c2v3_factory.bin");
const FIT: &[u8] = include_bytes!("../../../../tests/data/made/fit_inside.itb");
const LZMA: &[u8] = include_bytes!("../../../../tests/data/made/kernel.lzma");
const TAR: &[u8] = include_bytes!("../../../../tests/data/made/sysupgrade.tar");

/// Ids that no board here has.
const UNKNOWN: (u32, u32, u32) = (0x0bad_0001, 1, 0);

/// Every kind of container that serves as firmware.
fn kinds() -> Vec<ItemKind> {
    let mut kinds: Vec<ItemKind> = Vec::new();
    let by_row = FORMATS.iter().filter_map(|row| Some(row.firmware.as_ref()?.kind));
    for kind in by_row.chain(KINDS).chain([cybertan::KIND]) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// A file of that kind. One that is added to the table of formats needs one here.
fn sample(kind: ItemKind) -> Vec<u8> {
    match kind.name() {
        "uimage" => UIMAGE.to_vec(),
        "trx" => TRX.to_vec(),
        "linksys-header" => cybertan::tests::with_header(b"NL16", TRX),
        "safeloader" => SAFELOADER.to_vec(),
        "fit" => FIT.to_vec(),
        "sysupgrade" => TAR.to_vec(),
        "lzma" => LZMA.to_vec(),
        "seama" => {
            const META: &[u8; 24] = b"dev=/dev/mtdblock/1\0\0\0\0\0";
            let len = (UIMAGE.len() as u32).to_be_bytes();
            [&b"\x5e\xa3\xa4\x17\0\0\0\x18"[..], &len, &Md5::digest(UIMAGE), META, UIMAGE].concat()
        }
        "tplink-v1" | "tplink-v2" | "tplink-v3" => {
            let version = kind.name().as_bytes()[8] - b'0';
            let mut image =
                synthetic::openwrt(&FirmwareSpec { hardware: UNKNOWN, fw_length: 0x8_0000, ..spec(5) });
            image[0] = version;
            // What seals a header of another version is another salt.
            let _ = tplink::seal(&mut image, 0);
            image
        }
        other => panic!("no sample of a {other}: add one"),
    }
}

/// A board of which a layout is all that is known; its firmware starts where the SafeLoader sample has its kernel.
fn any() -> Board {
    let rows = [("boot", 0, 0x3_0000), ("firmware", 0x3_0000, 0xf_0000), ("factory", 0xf_0000, 0x10_0000)];
    let regions = rows.iter().map(|(name, a, b)| Region::named(*name, Span::new(*a, *b))).collect();
    Board::from_layout("any", Layout { regions, ..Layout::default() }).unwrap()
}

fn over(base: &[u8], donor: &[u8], allow: &[&str]) -> Result<Spliced, ImageError> {
    let choice = Choice { allow: Allow::new(allow.iter().copied()), ..Choice::default() };
    splice(&Image::new(base.to_vec()), &[Donor::new("donor", donor.to_vec())], &any(), &choice)
}

#[test]
fn a_firmware_in_another_container_never_passes_in_silence() {
    let blank =
        [&synthetic::noise(5, 0x1000)[..], &[0x5a; 0x2_f000], &[0xff; 0xc_0000], &[0x5a; 0x1_0000]].concat();
    // Each file, the flash after it was written to a board that has nothing to compare with, and the kind that is there.
    let made = |kind| {
        let file = sample(kind);
        let flash =
            over(&blank, &file, &["all"]).unwrap_or_else(|e| panic!("{kind}: {e}")).image.into_bytes();
        let on_flash = plain::kind_of(&flash[0x3_0000..0xf_0000]).map(|(kind, _)| kind);
        (kind, file, flash, on_flash)
    };
    let all: Vec<_> = kinds().into_iter().map(made).collect();
    let mut compared = 0;
    for (own, file, base, there) in &all {
        let Some(kind) = *there else { continue };
        assert!(over(base, file, &[]).is_ok(), "{own} on itself: {}", over(base, file, &[]).unwrap_err());
        for (other, donor, _, there) in &all {
            if *there == Some(kind) {
                continue;
            }
            compared += 1;
            let Err(error) = over(base, donor, &[]) else { panic!("{other} on a board that runs {own}") };
            let names: Vec<&str> = error.findings().iter().map(|f| f.name).collect();
            // A header that has to be there, a processor or board that has to be the same, or else the container itself.
            let wanted = [
                "other-container",
                "hardware-differs",
                "architecture",
                "unproven-donor",
                "supported-devices",
            ];
            assert!(names.iter().any(|name| wanted.contains(name)), "{other} on {own}: {error}");
        }
    }
    assert!(compared >= 60, "{compared}");
}

/// A flash of a board of which a layout is all that is known, with this firmware.
fn running(firmware: &[u8]) -> Vec<u8> {
    let mut flash =
        [&synthetic::noise(5, 0x1000)[..], &[0x5a; 0x2_f000], &[0xff; 0xc_0000], &[0x5a; 0x1_0000]].concat();
    flash[0x3_0000..0x3_0000 + firmware.len()].copy_from_slice(firmware);
    flash
}

fn names(result: &Result<Spliced, ImageError>) -> Vec<&'static str> {
    result.as_ref().err().map_or(Vec::new(), |error| error.findings().iter().map(|f| f.name).collect())
}

/// Two downloads in one file, by whatever made them one: the second one would lie in the room of the first one's overlay.
#[test]
fn a_second_firmware_after_the_first_one_asks() {
    let root = squashfs::tests::version_4(Endianness::Little, &[7; 0x300]);
    let with_root = |kernel: &[u8]| [kernel, &root].concat();
    for (name, one) in [
        ("uimage", with_root(UIMAGE)),
        ("fit", with_root(FIT)),
        ("trx", TRX.to_vec()),
        ("seama", sample(SEAMA)),
    ] {
        let flash = running(&one);
        let two = [&one[..], &[0xff; 0x123], &one].concat();
        assert!(over(&flash, &one, &[]).is_ok(), "{name}");
        let asked = over(&flash, &two, &[]);
        assert_eq!(names(&asked), ["donor-unclear"], "{name}");
        assert!(asked.unwrap_err().to_string().contains("a second "), "{name}");
        assert!(over(&flash, &two, &["donor-unclear"]).is_ok(), "{name}");
        // A board that runs two has a map with both.
        assert!(over(&running(&two), &two, &[]).is_ok(), "{name}");
    }
}

/// What is named and not opened as a donor may be what the board runs: a firmware in a container is another one.
#[test]
fn a_firmware_for_a_board_that_runs_what_is_not_opened_asks() {
    let econet = big_trx::tests::econet(Endianness::Big);
    for (name, own) in [("ubi", ubi::tests::made()), ("econet", econet)] {
        let flash = running(&own);
        assert_eq!(names(&over(&flash, UIMAGE, &[])), ["other-container"], "{name}");
        let room = [&own[..], &vec![0xff; 0xc_0000 - own.len()]].concat();
        assert!(!names(&over(&flash, &room, &[])).contains(&"other-container"), "{name} on itself");
    }
}

/// The type in a uImage: a kernel for a kernel, however it is called.
#[test]
fn a_uimage_of_another_use_than_the_boards_own_asks() {
    let of_type = |id: u8| {
        let mut image = UIMAGE.to_vec();
        image[0x1e] = id;
        image[4..8].fill(0);
        let crc = crc32fast::hash(&image[..0x40]).to_be_bytes();
        image[4..8].copy_from_slice(&crc);
        image
    };
    let (kernel, multi, noload, standalone, firmware) = (2, 4, 14, 1, 5);
    for (own, donor, asks) in [
        (kernel, kernel, false),
        (kernel, multi, false),
        (noload, kernel, false),
        (kernel, standalone, true),
        (kernel, firmware, true),
        (firmware, firmware, false),
        (firmware, kernel, true),
    ] {
        let wanted: &[&str] = if asks { &["other-container"] } else { &[] };
        assert_eq!(names(&over(&running(&of_type(own)), &of_type(donor), &[])), wanted, "{donor} on {own}");
    }
}

/// A dump of the board: a loader, firmware for it, data of a unit at every place that the board has for it.
fn dump(board: &Board, seed: u64) -> Vec<u8> {
    let mut chip = vec![0xff; board.chip_size as usize];
    let mut put = |at: u64, bytes: &[u8]| chip[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    if let Some(region) = board.layout.of_role(Role::Loader) {
        let loader = synthetic::loader(seed, "Mar 10 2016 - 09:12:44");
        put(region.span.start, &loader[..loader.len().min(region.span.len() as usize)]);
    }
    put(board.firmware_start().unwrap(), &firmware(board, seed));
    for (_, unit) in board.layout.per_unit() {
        let mut bytes = synthetic::noise(seed, unit.span.len() as usize);
        let mac = [0x30, 0xb5, 0xc2, 1, 2, seed as u8];
        match unit.format {
            Format::MAC_BYTES => bytes[..6].copy_from_slice(&mac),
            Format::MTK_EEPROM => {
                bytes[..2].copy_from_slice(&unit.chips.first().unwrap_or(&0x7628).to_le_bytes());
                bytes[4..10].copy_from_slice(&mac);
            }
            Format::AR9300 => bytes[..8].copy_from_slice(&[2, 2, 0x30, 0xb5, 0xc2, 1, 2, seed as u8]),
            _ => {}
        }
        put(unit.span.start, &bytes);
    }
    chip
}

/// Firmware with a header for the board; where its ids are not known, with ids that no board here has.
fn firmware(board: &Board, seed: u64) -> Vec<u8> {
    synthetic::openwrt(&FirmwareSpec { hardware: ids(board), fw_length: 0x10_0000, ..spec(seed) })
}

fn ids(board: &Board) -> (u32, u32, u32) {
    board.hardware.first().map_or(UNKNOWN, |h| (h.id, h.rev, h.add.first().copied().unwrap_or(0)))
}

fn sysupgrade_of(board: &Board) -> Vec<u8> {
    let names: Vec<&str> = board.compatible.iter().map(String::as_str).collect();
    synthetic::sysupgrade(&FirmwareSpec { hardware: ids(board), fw_length: 0x10_0000, ..spec(6) }, &names)
}

/// What stops a donor on a board, whatever the board's own dump is.
fn stops_donor(board: &Board, donor: &[u8]) -> Vec<&'static str> {
    let donor = Donor::new("donor", donor.to_vec());
    let anatomy = Anatomy::of(&donor, board);
    let found = anatomy.findings.iter().chain(&anatomy.of_firmware);
    found.filter(|f| f.severity != Severity::Tell).map(|f| f.name).collect()
}

#[test]
fn files_for_another_board_of_the_table_never_pass_in_silence() {
    let same_ids = |a: &Board, b: &Board| {
        a.hardware.iter().any(|a| b.hardware.iter().any(|b| (a.id, a.rev) == (b.id, b.rev)))
    };
    let same_name = |a: &Board, b: &Board| a.compatible.iter().any(|name| b.compatible.contains(name));
    let mut own_passes: BTreeMap<&str, bool> = BTreeMap::new();
    let mut compared = 0;
    for board in Board::all() {
        own_passes.insert(&board.name, stops_donor(board, &sysupgrade_of(board)).is_empty());
        for other in Board::all().iter().filter(|other| other.name != board.name) {
            // The list of devices names the other board, its header the other's hardware.
            assert!(!same_name(board, other), "{} and {}", board.name, other.name);
            let stops = stops_donor(board, &sysupgrade_of(other));
            assert!(!stops.is_empty(), "a sysupgrade file of {} on {}", other.name, board.name);
            // Firmware without a list: by its ids, where both boards' are known.
            if !board.hardware.is_empty() && !same_ids(board, other) {
                let stops = stops_donor(board, &firmware(other, 7));
                assert!(
                    stops.contains(&"hardware-id"),
                    "firmware of {} on {}: {stops:?}",
                    other.name,
                    board.name
                );
            }
            compared += 1;
        }
        for kind in kinds() {
            if !board.hardware.is_empty() {
                let stops = stops_donor(board, &sample(kind));
                assert!(!stops.is_empty(), "a {kind} on {}", board.name);
            }
        }
    }
    assert_eq!(compared, Board::all().len() * (Board::all().len() - 1));
    // The table would prove nothing if a board's own file were stopped too.
    let stopped: Vec<_> = own_passes.iter().filter(|(_, passes)| !**passes).collect();
    assert_eq!(stopped, []);
}

/// The whole splice, by each board's dump and what the next boards of the table bring.
#[test]
fn dumps_and_firmware_of_another_board_never_pass_in_silence() {
    let boards = Board::all();
    for (n, board) in boards.iter().enumerate() {
        let base = Image::new(dump(board, 1));
        let run = |donor: Vec<u8>| {
            splice(&base, &[Donor::new("donor", donor)], board, &Choice::default()).map(|made| made.findings)
        };
        let own = run(firmware(board, 2));
        assert!(own.is_ok(), "its own firmware on {}: {}", board.name, own.unwrap_err());
        for other in boards.iter().cycle().skip(n + 1).take(1) {
            let same = !board.hardware.is_empty() && firmware(board, 3) == firmware(other, 3)
                || board.hardware.is_empty() && other.hardware.is_empty();
            // Dumps are of one size and cost most: those of each third board, and of all in the long form.
            let dumps = is_long_form() || n % 3 == 0;
            for donor in [Some(firmware(other, 3)), dumps.then(|| dump(other, 3))].into_iter().flatten() {
                let whole = donor.len() as u64 == board.chip_size;
                let stopped = run(donor);
                assert!(stopped.is_err() || same, "{} (whole chip: {whole}) on {}", other.name, board.name);
            }
        }
    }
}
