//! `write`, `erase`, `backup`, `restore`: a backup first, then only what differs, and what is said when it is refused.

use super::images::{CHIP, noise, sparse};
use crate::bench::Bench;
use norsplice::image::{Board, UnitKind, synthetic};
use serde_json::Value;

const EMU: &str = "image=image.bin,state=chip";

/// A bench with a chip of these contents, and a store.
fn bench() -> (Bench, Vec<u8>) {
    let bench = Bench::new();
    let image = sparse(1);
    std::fs::write(bench.path("image.bin"), &image).unwrap();
    (bench, image)
}

fn run(bench: &Bench, emu: &str, words: &[&str], code: i32) -> (Value, Value) {
    let (ran, counts) = bench.emu(emu, [&["--json", "--store", "store"], words].concat());
    (ran.code(code).result(), counts)
}

fn on_chip(bench: &Bench) -> Vec<u8> {
    std::fs::read(bench.path("chip/flash.bin")).unwrap()
}

fn backups(bench: &Bench) -> Vec<Value> {
    let list = bench.run(["--json", "--store", "store", "backups", "list"]).code(0).result();
    list["backups"].as_array().unwrap().clone()
}

#[test]
fn only_what_differs_is_written_after_a_backup_and_can_be_put_back() {
    let (bench, image) = bench();
    let mut wanted = image.clone();
    wanted[0x10_0000..0x10_3000].copy_from_slice(&noise(9, 0x3000));
    std::fs::write(bench.path("wanted.bin"), &wanted).unwrap();

    let (result, counts) = run(&bench, EMU, &["write", "wanted.bin", "--dry-run"], 0);
    assert_eq!((&result["chip"], &result["dry_run"]), (&"untouched".into(), &true.into()));
    assert_eq!(result["planned"]["bytes_erased"], 0x3000);
    assert_eq!((&counts["opcodes"]["06"], &counts["opcodes"]["50"]), (&().into(), &().into()), "{counts}");
    assert_eq!((on_chip(&bench), backups(&bench).len()), (image.clone(), 1), "a dry run stores the backup");

    // No one there to ask.
    let (ran, _) = bench.emu(EMU, ["--store", "store", "write", "wanted.bin"]);
    ran.code(2).says(&["Plan", "no terminal", "--yes"]);
    assert_eq!(on_chip(&bench), image);

    let (_, alone) = bench.emu(EMU, ["protect", "show"]);
    let (result, counts) = run(&bench, EMU, &["write", "wanted.bin", "--yes"], 0);
    assert_eq!(on_chip(&bench), wanted);
    assert_eq!(result["chip"], "written");
    let erased = result["bytes_erased"].as_u64().unwrap();
    assert!((0x3000..=0x8000).contains(&erased), "{result}");
    assert_eq!(counts["bytes_erased"], erased);
    assert_eq!((&result["backup_bytes_read"], &counts["volatile_writes"]), (&CHIP.into(), &0.into()));
    let number = |name: &str| result[name].as_u64().unwrap();
    let contact = number("contact_bytes_read") + number("neighbour_bytes_read");
    assert!(contact <= 0x1_0000, "{result}");
    // The dry run has made the chip known: one pass.
    let read = CHIP as u64 + contact + number("bytes_verified");
    // Connecting looks for the address mode.
    let looks = alone["array_bytes_read"].as_u64().unwrap();
    // The forward pass ends 11 bytes after its span.
    assert_eq!(counts["array_bytes_read"], read + looks + 11, "{result}");
    let id = result["backup"].as_str().unwrap().to_owned();
    assert_eq!(std::fs::read(bench.path("store").join(&id).join("flash.bin")).unwrap(), image);

    let (result, counts) = run(&bench, EMU, &["write", "wanted.bin", "--yes"], 0);
    assert_eq!((&result["bytes_erased"], &result["bytes_programmed"]), (&0.into(), &0.into()));
    assert_eq!((&counts["bytes_erased"], &counts["pages"]), (&0.into(), &0.into()));

    // A chip with another unique id is another chip.
    let other = "state=other,seed=7";
    let (result, _) = run(&bench, other, &["restore", &id, "--yes"], 2);
    assert!(result["message"].as_str().unwrap().contains("--other-chip"), "{result}");
    let (result, _) = run(&bench, EMU, &["restore", &id[..id.len() - 2], "--yes"], 0);
    assert_eq!((&result["chip"], on_chip(&bench) == image), (&"written".into(), true), "{result}");
    run(&bench, other, &["restore", &id, "--yes", "--other-chip"], 0);
    assert_eq!(std::fs::read(bench.path("other/flash.bin")).unwrap(), image);
    run(&bench, EMU, &["restore", "nonsense", "--yes"], 2);
}

#[test]
fn a_file_goes_where_it_is_said() {
    let (bench, mut image) = bench();
    let part = noise(3, 0x1234);
    std::fs::write(bench.path("part.bin"), &part).unwrap();
    std::fs::write(bench.path("long.bin"), noise(4, 0x1_0001)).unwrap();
    let region = ["--region", "rom", "--board", "archer-mr200-v1"];
    for (words, said) in [
        (&["write", "part.bin"][..], "--at or --region"),
        (&["write", "part.bin", "--at", "0x7fff00"], "past the end"),
        (&["write", "part.bin", "--at", "0", "--len", "16"], "0x1234"),
        (&[&["write", "long.bin"], &region[..]].concat(), "rom has 0x10000"),
        (&["write", "missing.bin"], "missing.bin"),
        (&["erase"], "--all"),
        (&["erase", "--at", "0"], "--len"),
        (&["erase", "--all", "--at", "0", "--len", "1"], "--all"),
        (&["restore", "none"], "no backup"),
        (&["resume", "none"], "no job"),
    ] {
        let (ran, counts) = bench.emu(EMU, [&["--store", "store", "--yes"], words].concat());
        ran.code(2).says(&[said]);
        assert!(counts.is_null() || counts["opcodes"]["06"].is_null(), "{counts}");
    }
    assert!(backups(&bench).is_empty());
    run(&bench, EMU, &["write", "part.bin", "--at", "0x20010", "--yes"], 0);
    image[0x2_0010..0x2_1244].copy_from_slice(&part);
    assert_eq!(on_chip(&bench), image);
    run(&bench, EMU, &[&["write", "part.bin", "--yes"], &region[..]].concat(), 0);
    image[0x7d_0000..0x7d_1234].copy_from_slice(&part);
    assert_eq!(on_chip(&bench), image);
    run(&bench, EMU, &[&["erase", "--yes"], &region[..]].concat(), 0);
    image[0x7d_0000..0x7e_0000].fill(0xff);
    assert_eq!(on_chip(&bench), image);
    let (result, counts) = run(&bench, EMU, &["erase", "--all", "--yes"], 0);
    assert_eq!(result["bytes_erased"], counts["bytes_erased"]);
    assert!(on_chip(&bench).iter().all(|b| *b == 0xff));
    // A blank chip has nothing to lose.
    run(&bench, EMU, &["write", "part.bin", "--at", "0", "--yes"], 0);
    assert!(on_chip(&bench).starts_with(&part));
}

#[test]
fn a_protected_range_is_lifted_for_the_while_and_put_back() {
    let (bench, mut image) = bench();
    std::fs::write(bench.path("part.bin"), noise(3, 256)).unwrap();
    bench.emu(EMU, ["probe"]).0.code(0);
    // BP2..0 = 111: everything.
    let path = bench.path("chip/chip.json");
    let mut chip: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    chip["registers"][0] = 0x1c.into();
    std::fs::write(&path, chip.to_string()).unwrap();
    let (result, _) = run(&bench, EMU, &["probe"], 0);
    assert_eq!(result["protected_ranges"][0]["len"], CHIP);
    let (result, counts) = run(&bench, EMU, &["write", "part.bin", "--at", "0x1000", "--yes"], 0);
    assert!(!result["unlocked"].as_array().unwrap().is_empty(), "{result}");
    assert_eq!(counts["nonvolatile_writes"], 0, "{counts}");
    image[0x1000..0x1100].copy_from_slice(&noise(3, 256));
    assert_eq!(on_chip(&bench), image);
    let (result, _) = run(&bench, EMU, &["probe"], 0);
    assert_eq!(result["status_registers"][0]["value"], 0x1c);
}

#[test]
fn a_store_that_cannot_be_used_leaves_the_chip_alone() {
    let (bench, image) = bench();
    std::fs::write(bench.path("part.bin"), b"new").unwrap();
    bench.emu(EMU, ["probe"]).0.code(0);
    std::fs::write(bench.path("store"), b"a file").unwrap();
    let (_, counts) = run(&bench, EMU, &["write", "part.bin", "--at", "0", "--yes"], 1);
    assert!(counts.is_null(), "{counts}");
    run(&bench, EMU, &["backup"], 1);
    std::fs::remove_file(bench.path("store")).unwrap();

    // A quota in place of a full disk.
    let script = format!(
        "ulimit -f 1000; exec {} -p emu:{EMU} --store store --yes --json write part.bin --at 0",
        env!("CARGO_BIN_EXE_norsplice")
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(bench.path("."));
    let result = crate::bench::Ran::of(&mut shell).code(1).result();
    assert!(result["message"].as_str().unwrap().contains("cannot write"), "{result}");
    assert_eq!(std::fs::read(bench.path("chip/flash.bin")).unwrap(), image);
    let left = bench.names("store");
    assert!(left.iter().all(|name| name == "jobs" || name == "lock"), "{left:?}");
}

#[test]
fn a_dead_or_noisy_bus_gives_no_backup() {
    let (bench, _) = bench();
    for (fault, code) in
        [("stuck:ff", 5), ("stuck:00", 5), ("stuck:ff@20", 5), ("stuck:00@60", 5), ("flips:1e-3", 1)]
    {
        let emu = format!("image=image.bin,fault={fault}");
        let (ran, counts) = bench.emu(&emu, ["--store", "store", "--json", "--yes", "write", "image.bin"]);
        assert!(
            ran.code == code || (fault.contains('@') && ran.code == 1),
            "{fault}: {} {}",
            ran.code,
            ran.stderr
        );
        assert!(!ran.stderr.is_empty());
        assert_eq!((&counts["pages"], &counts["bytes_erased"]), (&0.into(), &0.into()), "{fault}");
    }
    assert!(backups(&bench).is_empty());
}

#[test]
fn a_file_that_holds_nothing_is_asked_about_before_any_chip_is_touched() {
    let (bench, image) = bench();
    for filler in [0xff, 0] {
        std::fs::write(bench.path("blank.bin"), vec![filler; CHIP]).unwrap();
        let (ran, counts) = bench.emu(EMU, ["--store", "store", "write", "blank.bin", "--yes"]);
        ran.code(2).says(&["blank-file", "norsplice erase", "--allow blank-file"]);
        assert_eq!(counts, Value::Null, "no programmer was opened");
    }
    // A piece for a place of its own may be blank.
    std::fs::write(bench.path("blank.bin"), [0xff; 0x1000]).unwrap();
    run(&bench, EMU, &["write", "blank.bin", "--at", "0x1000", "--yes"], 0);
    let mut wanted = image;
    wanted[0x1000..0x2000].fill(0xff);
    assert_eq!(on_chip(&bench), wanted);
    std::fs::write(bench.path("blank.bin"), vec![0; CHIP]).unwrap();
    run(&bench, EMU, &["write", "blank.bin", "--yes", "--allow", "blank-file"], 0);
    assert_eq!(on_chip(&bench), vec![0; CHIP]);
}

#[test]
fn a_dump_in_another_form_is_asked_about_before_any_chip_is_touched() {
    let (bench, _) = bench();
    let mut plain = noise(5, CHIP);
    plain[0x100..0x107].copy_from_slice(b"U-Boot ");
    let swapped: Vec<u8> = plain.chunks(2).flat_map(|word| [word[1], word[0]]).collect();
    for bytes in [&swapped[..], b":10000000FF0000100000000000000000000000000000\n"] {
        std::fs::write(bench.path("other.bin"), bytes).unwrap();
        let (ran, counts) = bench.emu(EMU, ["--store", "store", "write", "other.bin", "--yes"]);
        ran.code(2).says(&["other-form", "--allow other-form"]);
        assert_eq!(counts, Value::Null, "no programmer was opened");
    }
    std::fs::write(bench.path("other.bin"), &swapped).unwrap();
    run(&bench, EMU, &["write", "other.bin", "--yes", "--allow", "other-form"], 0);
    assert_eq!(on_chip(&bench), swapped);
}

/// A bench with the demo's board on the chip, its vendor's download next to it, and the whole dump of another unit.
fn board_bench() -> (Bench, Vec<u8>) {
    let (bench, demo) = (Bench::new(), synthetic::demo());
    let own = demo.board.bytes().to_vec();
    std::fs::write(bench.path("image.bin"), &own).unwrap();
    std::fs::write(bench.path("vendor.bin"), &demo.vendor).unwrap();
    (bench, own)
}

#[test]
fn a_vendors_download_is_not_written_byte_for_byte() {
    let (bench, _) = board_bench();
    for words in [&["write", "vendor.bin"][..], &["write", "vendor.bin", "--at", "0"]] {
        let (ran, counts) = bench.emu(EMU, [&["--store", "store", "--yes"], words].concat());
        ran.code(2).says(&["container", "norsplice rewrite --board BOARD --donor FILE", "--allow container"]);
        assert_eq!(counts, Value::Null, "no programmer was opened");
    }
    run(&bench, EMU, &["write", "vendor.bin", "--at", "0", "--yes", "--allow", "container,foreign-mac"], 0);
}

#[test]
fn another_units_dump_is_written_only_where_that_is_said() {
    let (bench, own) = board_bench();
    let board = Board::named("archer-mr200-v1").unwrap();
    let (_, mac) = board.layout.per_unit().find(|(_, unit)| unit.kind == UnitKind::Mac).unwrap();
    let mut other = own.clone();
    other[mac.span.range().end - 1] ^= 1;
    std::fs::write(bench.path("other.bin"), &other).unwrap();
    for more in [&[][..], &["--board", "archer-mr200-v1"]] {
        let words = [&["write", "other.bin", "--yes"], more].concat();
        let (result, counts) = run(&bench, EMU, &words, 2);
        assert_eq!(result["findings"][0]["name"], "foreign-mac", "{result}");
        assert_eq!((&result["chip"], &counts["bytes_erased"]), (&"untouched".into(), &0.into()));
        assert!(result["backup"].is_string(), "{result}");
    }
    assert_eq!(on_chip(&bench), own);
    run(&bench, EMU, &["write", "other.bin", "--yes", "--allow", "other-board", "--allow", "foreign-mac"], 0);
    assert_eq!(on_chip(&bench), other);
    // Its own dump goes back after the same question, as the chip is now the other unit's.
    run(&bench, EMU, &["write", "image.bin", "--yes"], 2);
    // And bytes without per-unit data are written without one.
    std::fs::write(bench.path("part.bin"), noise(3, 16)).unwrap();
    run(&bench, EMU, &["write", "part.bin", "--at", "0x30000", "--yes"], 0);
}
