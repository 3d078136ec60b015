//! The small tools of the bench: one glance, blank check, patch, names of backups, a report of a file, verdicts.

use super::images::sparse;
use crate::bench::Bench;

const EMU: &str = "chip=P25D40SH,image=image.bin,state=chip";

/// A bench with a chip of 512 KiB that has no unique id.
fn bench() -> (Bench, Vec<u8>) {
    let bench = Bench::new();
    let mut image = sparse(1);
    image.truncate(0x8_0000);
    bench.write("image.bin", &image);
    (bench, image)
}

fn run(bench: &Bench, words: &[&str]) -> crate::bench::Ran {
    bench.emu(EMU, [&["--store", "store"], words].concat()).0
}

#[test]
fn one_glance_shows_the_last_backup_and_whether_it_is_still_on_the_chip() {
    let (bench, _) = bench();
    run(&bench, &["probe"]).code(0).says(&["contents", "none of this chip"]);
    let id = run(&bench, &["--json", "backup", "--name", "T480, Smith"]).code(0).result()["id"].clone();
    // A name without a letter is none.
    let named = run(&bench, &["--json", "backups", "name", id.as_str().unwrap(), "  "]).code(0).result();
    assert_eq!(named["name"], serde_json::Value::Null, "{named}");
    run(&bench, &["backups", "name", id.as_str().unwrap(), "T480, Smith"]).code(0);
    let status = run(&bench, &["--json", "status"]).code(0).result();
    assert_eq!((&status["last_backup"]["id"], &status["last_backup"]["same"]), (&id, &true.into()));
    assert_eq!((&status["last_backup"]["name"], &status["open_job"]), (&"T480, Smith".into(), &().into()));
    run(&bench, &["status"]).code(0).says(&["contact", "T480, Smith"]);
    // The next one has other contents: no backup of a chip without a unique id fits it.
    run(&bench, &["patch", "--at", "0x100", "--hex", "c0 ff ee", "--yes"]).code(0);
    let probed = run(&bench, &["--json", "probe"]).code(0).result();
    assert_eq!((&probed["last_backup"], probed["contents"].is_string()), (&().into(), true));
}

#[test]
fn a_status_sends_no_write_enable_and_an_open_job_is_in_it() {
    let (bench, _) = bench();
    bench.write("new.bin", &[0x3c; 0x8000]);
    let cut = format!("{EMU},fault=power-off-after:200000");
    let _ = bench.emu(&cut, ["--store", "store", "--yes", "write", "new.bin", "--at", "0x10000"]);
    let (ran, counts) = bench.emu(EMU, ["--json", "--store", "store", "status"]);
    assert_eq!((&counts["opcodes"]["06"], &counts["opcodes"]["50"]), (&().into(), &().into()));
    ran.code(0);
}

#[test]
fn a_patch_is_a_job_with_a_backup() {
    let (bench, image) = bench();
    let result =
        run(&bench, &["--json", "--yes", "patch", "--at", "0x20000", "--hex", "c0:ff:ee"]).code(0).result();
    assert!(result["backup"].is_string() && result["job"].is_string(), "{result}");
    let mut wanted = image;
    wanted[0x2_0000..0x2_0003].copy_from_slice(&[0xc0, 0xff, 0xee]);
    assert!(bench.read("chip/flash.bin") == wanted);
    for (words, said) in [
        (&["patch", "--at", "0", "--hex", "c0f"][..], "two digits"),
        (&["patch", "--at", "0", "--hex", ""], "no bytes"),
        (&["patch", "--at", "0", "--hex", "0x"], "two digits"),
        (&["patch", "--at", "512K", "--hex", "00"], "past the end"),
    ] {
        run(&bench, words).code(2).says(&[said]);
    }
}

#[test]
fn a_blank_check_names_what_is_written() {
    let (bench, _) = bench();
    bench.write("image.bin", &[vec![0xff; 0x1000], vec![7; 3], vec![0xff; 0x7_effd]].concat());
    run(&bench, &["blank-check", "--len", "4K"]).code(0).says(&["blank: 4 KiB"]);
    let found = run(&bench, &["--json", "blank-check"]).code(4).result();
    assert_eq!((&found["written_bytes"], &found["written_ranges"][0]["start"]), (&3.into(), &0x1000.into()));
}

#[test]
fn equal_contents_are_stored_once_found_by_name_and_pruned() {
    let (bench, _) = bench();
    let backup = || run(&bench, &["--json", "backup"]).code(0).result()["id"].as_str().unwrap().to_owned();
    let (first, second, third) = (backup(), backup(), backup());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let node = |id: &str| std::fs::metadata(bench.path(&format!("store/{id}/flash.bin"))).unwrap().ino();
        assert!(node(&first) == node(&second) && node(&second) == node(&third));
    }
    run(&bench, &["backups", "name", &first, "T480"]).code(0).says(&["T480"]);
    let listed = run(&bench, &["--json", "backups", "list", "t480"]).code(0).result();
    assert_eq!(
        (listed["backups"].as_array().unwrap().len(), &listed["backups"][0]["id"]),
        (1, &first.as_str().into())
    );
    // The oldest has a name and the newest replaces the one between.
    let planned = run(&bench, &["--json", "--dry-run", "backups", "prune"]).code(0).result();
    assert_eq!((&planned["ids"], &planned["removed"]), (&serde_json::json!([second]), &false.into()));
    run(&bench, &["backups", "prune"]).code(2).says(&["--for-good"]);
    run(&bench, &["backups", "prune", "--for-good"]).code(0).says(&["1 backup removed"]);
    run(&bench, &["backups", "verify"]).code(0).says(&[&first, &third]);
    let unknown = run(&bench, &["backups", "show", "nope"]).code(2);
    assert!(unknown.stderr.contains(&third), "{}", unknown.stderr);
}

#[test]
fn a_register_is_changed_after_a_backup_of_its_own() {
    let (bench, _) = bench();
    bench.write("six.bin", b"abcdef");
    run(&bench, &["--yes", "otp", "program", "1", "six.bin"]).code(0).says(&["backup"]);
    run(&bench, &["--yes", "otp", "erase", "1"]).code(0);
    assert_eq!(run(&bench, &["--json", "backups"]).code(0).result()["backups"].as_array().unwrap().len(), 2);
}

#[test]
fn a_dump_in_a_file_has_a_report_and_every_file_a_verdict() {
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    bench.write("vendor.bin", &demo.vendor);
    bench.run(["report", "board.bin"]).code(0).says(&["board.html"]);
    let page = String::from_utf8(bench.read("board.html")).unwrap();
    assert!(page.contains("firmware") && page.contains("write board.bin"), "its regions and the way back");
    assert_eq!(bench.names("."), ["board.bin", "board.html", "vendor.bin"]);
    for (file, said) in [
        ("vendor.bin", "vendor file with boot loader for TP-Link Archer MR200 v1"),
        ("board.bin", "a dump of a whole flash, TP-Link Archer MR200 v1"),
    ] {
        bench.run(["inspect", "--strict", file]).code(0).says(&[said]);
    }
    let mut bad = demo.vendor.to_vec();
    bad[0x18_0000] ^= 1;
    bench.write("bad.bin", &bad);
    bench.run(["inspect", "bad.bin"]).code(0).says(&["BAD: md5"]);
    bench.run(["inspect", "--strict", "bad.bin"]).code(4);
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let bench = Bench::new();
    bench.write("image.bin", b"hello, this is a text");
    let coloured = |words: &[&str]| {
        bench.run([words, &["inspect", "image.bin"]].concat()).code(0).stdout.contains('\x1b')
    };
    assert!(coloured(&["--color", "always"]) && !coloured(&["--color", "never"]) && !coloured(&[]));
    let forced = bench.command().env("CLICOLOR_FORCE", "1").args(["inspect", "image.bin"]).output().unwrap();
    assert!(forced.stdout.contains(&0x1b));
    bench.run(["--color", "blue", "list"]).code(2);
}
