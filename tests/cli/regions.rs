//! Regions are found the same way by every command, and what can be known without the chip is refused without it.

use super::images::sparse;
use crate::bench::Bench;

/// A PC's flash of 2 MiB: descriptor, ME, BIOS.
const PC: &str = "chip=GD25Q16C,image=pc.bin";
const BIOS: std::ops::Range<usize> = 0x4_0000..0x20_0000;

fn with_descriptor() -> Vec<u8> {
    let mut flash = sparse(1);
    flash.truncate(BIOS.end);
    flash[..0x1000].fill(0xff);
    let mut put = |at: usize, word: u32| flash[at..at + 4].copy_from_slice(&word.to_le_bytes());
    put(0x10, 0x0ff0_a55a);
    put(0x14, 0x0004_0003);
    put(0x18, 0x0000_0006);
    put(0x1c, 0);
    put(0x30, 2);
    (0..8).for_each(|n| put(0x40 + 4 * n, 0x7fff));
    for (n, start, end) in [(0, 0, 0x1000), (1, BIOS.start, BIOS.end), (2, 0x1000, BIOS.start)] {
        put(0x40 + 4 * n, (((end >> 12) - 1) << 16 | start >> 12) as u32);
    }
    flash
}

#[test]
fn the_chips_own_descriptor_maps_its_regions_for_every_command() {
    let bench = Bench::new();
    let pc = with_descriptor();
    bench.write("pc.bin", &pc);
    for way in [&[][..], &["--layout", "chip"], &["--layout", "pc.bin"]] {
        let words = [&["--force", "read", "part.bin", "--passes", "1", "--region", "bios"], way].concat();
        bench.emu(PC, words).0.code(0);
        assert_eq!(bench.read("part.bin"), pc[BIOS], "{way:?}");
    }
    let run = |words: &[&str]| {
        bench.emu(PC, [&["--json", "--store", "store"], words, &["--region", "bios"]].concat()).0
    };
    run(&["verify", "part.bin"]).code(0);
    // Of a file of the chip's size, the region's own part.
    run(&["verify", "pc.bin"]).code(0);
    for what in ["chip", "pc.bin"] {
        let shown = run(&["hexdump", what, "--len", "16"]).code(0).result();
        assert_eq!((&shown["offset"], &shown["size"]), (&BIOS.start.into(), &16.into()), "{what}");
    }
    let mut other = pc.clone();
    other[BIOS.start..BIOS.start + 8].fill(0x11);
    other[0x3000] ^= 0xff;
    bench.write("other.bin", &other);
    let result = run(&["--dry-run", "write", "other.bin"]).code(0).result();
    assert_eq!((&result["offset"], &result["size"]), (&BIOS.start.into(), &BIOS.len().into()));
    let planned = run(&["--dry-run", "erase", "--len", "4K"]).code(0).result();
    assert_eq!((&planned["offset"], &planned["size"]), (&BIOS.start.into(), &0x1000.into()));
    let differing = run(&["diff", "other.bin", "pc.bin"]).code(4).result();
    assert_eq!(differing["differing_bytes"], 8, "{differing}");
    // Several regions in one job: the map on the chip names them for a rewrite too.
    let words = ["--dry-run", "rewrite", "--layout", "chip", "--donor", "other.bin", "--set", "bios=donor"];
    let result = bench.emu(PC, [&["--json", "--store", "store"], &words[..]].concat()).0.code(0).result();
    assert_eq!(result["planned"]["bytes_programmed"], 8, "{result}");
    let same = bench.emu(PC, ["--dry-run", "--store", "store", "write", "bios=pc.bin"]).0.code(0);
    same.says(&["already matches"]);
}

#[test]
fn the_board_that_the_chip_holds_maps_its_regions() {
    let bench = Bench::new();
    let board = norsplice::image::synthetic::demo().board;
    bench.write("board.bin", &board);
    let words = ["read", "rom.bin", "--passes", "1", "--board", "auto", "--region", "rom"];
    bench.emu("image=board.bin", words).0.code(0).says(&["board archer-mr200-v1"]);
    assert_eq!(bench.read("rom.bin"), board[0x7d_0000..0x7e_0000]);
    let words = ["--json", "diff", "board.bin", "board.bin", "--region", "rom", "--board", "auto"];
    bench.run(words).code(0);
}

#[test]
fn a_region_of_a_file_that_has_it_elsewhere_is_asked_about() {
    let bench = Bench::new();
    let pc = with_descriptor();
    let mut moved = pc.clone();
    // The BIOS begins 64 KiB later there.
    moved[0x44..0x48].copy_from_slice(&0x01ff_0050_u32.to_le_bytes());
    bench.write("pc.bin", &pc);
    bench.write("moved.bin", &moved);
    let run = |more: &[&str]| {
        let words = ["--store", "store", "--dry-run", "write", "moved.bin", "--region", "bios"];
        bench.emu(PC, [&words[..], more].concat()).0
    };
    run(&[]).code(2).says(&["descriptor-differs", "0x050000"]);
    run(&["--allow", "descriptor-differs"]).code(0);
}

#[test]
fn verify_and_diff_count_alike() {
    let bench = Bench::new();
    let image = with_descriptor();
    let mut other = image.clone();
    // 18 single bytes near to each other, and one far away.
    (0..18).for_each(|i| other[0x1000 + 7 * i] ^= 1);
    other[0xf_0000] ^= 1;
    bench.write("pc.bin", &image);
    bench.write("other.bin", &other);
    let verified = bench.emu(PC, ["verify", "other.bin"]).0.code(4);
    let differing = bench.run(["diff", "other.bin", "pc.bin"]).code(4);
    for ran in [&verified, &differing] {
        assert!(ran.stdout.contains("19 bytes differ, in 19 ranges"), "{}", ran.stdout);
        assert!(ran.stdout.contains("18 bytes") && ran.stdout.contains("1 byte"), "{}", ran.stdout);
    }
    let verified = bench.emu(PC, ["--json", "verify", "other.bin"]).0.code(4).result();
    let differing = bench.run(["--json", "diff", "other.bin", "pc.bin"]).code(4).result();
    assert_eq!(verified["differing_ranges"], differing["ranges"]);
    assert_eq!(verified["differing_bytes"], differing["differing_bytes"]);
}

#[test]
fn a_hexdump_shows_all_that_was_asked_for() {
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    // The address at 0x7df100 is in the middle of 64 KiB.
    let shown = bench.run(["hexdump", "board.bin", "--region", "rom"]).code(0).stdout;
    assert!(shown.contains("7df100") && shown.contains("7dfff0") && shown.contains("\n*\n"), "{shown}");
    let shown = bench.run(["hexdump", "board.bin", "--len", "32"]).code(0).stdout;
    assert_eq!(shown.lines().filter(|line| line.contains('|')).count(), 2, "{shown}");
    let shown = bench.emu("image=board.bin", ["hexdump", "chip"]).0.code(0).stdout;
    assert!(shown.contains("more: --at"), "{shown}");
}

#[test]
fn what_is_wrong_without_the_chip_is_refused_without_it() {
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    bench.write("vendor.bin", &demo.vendor);
    let order = ["--store", "store", "rewrite", "--board", "archer-mr200-v1"];
    for (more, said) in [
        (&[][..], "--donor"),
        (&["--donor", "vendor.bin", "--set", "firmware=dunor"], "dunor"),
        (&["--donor", "vendor.bin", "--set", "radio=donor"], "has nothing for radio"),
        (&["--donor", "vendor.bin", "--set", "room=own"], "room"),
    ] {
        let (ran, counts) = bench.emu("image=board.bin", [&order[..], more].concat());
        ran.code(2).says(&[said]);
        assert!(counts.is_null(), "the programmer was opened for {more:?}");
    }
    let open = [
        "--store",
        "store",
        "rewrite",
        "--board",
        "auto",
        "--donor",
        "vendor.bin",
        "--set",
        "firmware=dunor",
    ];
    let (ran, counts) = bench.emu("image=board.bin", open);
    ran.code(2).says(&["dunor"]);
    assert!(counts.is_null());
}

/// A backup whose board no option names gets the one that its contents name; so does that of a write.
#[test]
fn the_board_of_a_backup_is_noted() {
    let bench = Bench::new();
    bench.write("board.bin", &norsplice::image::synthetic::demo().board);
    bench.emu("image=board.bin,state=chip", ["--store", "store", "backup"]).0.code(0);
    let words = ["--store", "store2", "--dry-run", "patch", "--at", "0x7e8000", "--hex", "00"];
    bench.emu("image=board.bin", words).0.code(0);
    for store in ["store", "store2"] {
        let listed = bench.run(["--json", "--store", store, "backups"]).code(0).result();
        assert_eq!(listed["backups"][0]["board"], "archer-mr200-v1", "{store}: {listed}");
    }
    bench.run(["--store", "store", "backups", "verify"]).code(0);
}
