//! The store from the command line: import, list, show, verify, export, remove; what is damaged or refused.

use crate::bench::{Bench, names};
use serde_json::Value;

/// A dump that no dead bus gives.
fn dump(bench: &Bench, name: &str, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(65536)
    .collect();
    std::fs::write(bench.path(name), &bytes).expect("a dump");
    bytes
}

fn import(bench: &Bench, name: &str) -> String {
    let ran = bench.run(["--json", "--store", "store", "backups", "import", name]).code(0);
    ran.result()["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_dump_is_taken_over_listed_checked_and_copied() {
    let bench = Bench::new();
    let bytes = dump(&bench, "a.bin", 1);
    bench.run(["backups", "list", "--store", "store"]).code(0).says(&["no backups"]);
    let first = import(&bench, "a.bin");
    dump(&bench, "b.bin", 2);
    let second = import(&bench, "b.bin");

    let list = bench.run(["--json", "--store", "store", "backups", "list"]).code(0).result();
    let ids: Vec<&str> =
        list["backups"].as_array().unwrap().iter().map(|b| b["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [second.as_str(), first.as_str()], "newest first");
    let backup = &list["backups"][1];
    assert_eq!((&backup["size"], &backup["jedec_id"]), (&65536.into(), &Value::Null));
    assert_eq!(backup["sha256"].as_str().map(str::len), Some(64));
    assert!(backup["taken"].as_str().is_some_and(|t| t.ends_with('Z')), "{backup}");
    assert_eq!(std::fs::read(bench.path("store").join(&first).join("flash.bin")).unwrap(), bytes);

    bench.run(["--store", "store", "backups", "show", &first]).code(0).says(&[
        "flash.bin",
        "64 KiB",
        "nothing proves",
    ]);
    bench.run(["--store", "store", "backups", "verify"]).code(0).says(&["intact"]);
    bench.run(["--store", "store", "backups", "export", &first, "copy"]).code(0);
    assert_eq!(std::fs::read(bench.path("copy/flash.bin")).unwrap(), bytes);
    // Looking needs no right to write: the environment names the store as well.
    let ran = bench.command().env("NORSPLICE_STORE", "store").args(["backups", "list"]).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stdout).contains(&first));
}

#[test]
fn a_second_read_that_differs_is_refused_and_nothing_is_stored() {
    let bench = Bench::new();
    let mut bytes = dump(&bench, "a.bin", 1);
    bytes[0x1234] ^= 0x10;
    bytes[0x8000] ^= 1;
    std::fs::write(bench.path("b.bin"), &bytes).unwrap();
    let words = ["--json", "--store", "store", "backups", "import", "a.bin", "--second", "b.bin"];
    let result = bench.run(words).code(2).result();
    assert!(result["message"].as_str().unwrap().contains("2 bytes"), "{result}");
    assert_eq!(result["differing_ranges"][0]["start"], 0x1234, "{result}");
    assert_eq!(bench.run(["--store", "store", "backups", "list"]).code(0).stdout.lines().count(), 1);
    assert!(names(&bench.path("store")).iter().all(|n| !n.starts_with(".new")));
    std::fs::copy(bench.path("a.bin"), bench.path("b.bin")).unwrap();
    assert_eq!(bench.run(words).code(0).result()["origin"], "import-twice");
}

#[test]
fn files_that_are_no_dump_are_refused() {
    let bench = Bench::new();
    std::fs::write(bench.path("empty.bin"), b"").unwrap();
    std::fs::write(bench.path("blank.bin"), vec![0xff; 65536]).unwrap();
    std::fs::write(bench.path("odd.bin"), vec![0x5a; 70000]).unwrap();
    std::fs::create_dir(bench.path("folder.bin")).unwrap();
    for (file, word) in [
        ("missing.bin", "missing.bin"),
        ("empty.bin", "is empty"),
        ("blank.bin", "ff"),
        ("odd.bin", "power of two"),
        ("folder.bin", "folder"),
    ] {
        bench.run(["--store", "store", "backups", "import", file]).code(2).says(&[word]);
    }
}

#[test]
fn a_dump_that_looks_misread_is_kept_with_a_word_about_it() {
    let bench = Bench::new();
    let quarter = dump(&bench, "a.bin", 1);
    let rest: Vec<u8> = quarter.iter().map(|byte| !byte).collect();
    let quarters = [quarter.clone(), quarter, rest.clone(), rest].concat();
    std::fs::write(bench.path("mirrored.bin"), &quarters).unwrap();
    let words = ["--store", "store", "backups", "import", "mirrored.bin"];
    bench.run(words).code(0).says(&["halves-differ", "every 0x10000 bytes"]);
    let board = ["--board", "archer-mr200-v1"];
    bench.run([&words[..], &board].concat()).code(0).says(&["chip-size", "0x800000"]);
    let unknown = ["--board", "none"];
    bench.run([&words[..], &unknown].concat()).code(2).says(&["no board is named 'none'"]);
}

#[test]
fn an_edited_backup_is_noticed() {
    let bench = Bench::new();
    let mut bytes = dump(&bench, "a.bin", 1);
    let id = import(&bench, "a.bin");
    bytes[7] ^= 1;
    std::fs::write(bench.path("store").join(&id).join("flash.bin"), &bytes).unwrap();
    let result = bench.run(["--json", "--store", "store", "backups", "verify"]).code(1).result();
    assert_eq!(result["damaged"][0]["id"], id.as_str());
    bench
        .run(["--store", "store", "backups", "export", &id, "copy"])
        .code(1)
        .says(&["damaged or was edited"]);
    assert!(!bench.path("copy").exists());
}

#[test]
fn the_only_backup_of_a_chip_goes_only_when_said_so() {
    let bench = Bench::new();
    dump(&bench, "a.bin", 1);
    let id = import(&bench, "a.bin");
    // --yes answers the question before a write, and nothing else.
    let ran = bench.run(["--store", "store", "--yes", "backups", "remove", &id]).code(2);
    ran.says(&["not confirmed", "--even-the-only-one"]);
    bench.run(["--store", "store", "backups", "remove", &id[..20], "--even-the-only-one"]).code(0);
    bench.run(["--store", "store", "backups", "show", &id]).code(2).says(&["there is no backup"]);
}

/// Another backup of the same chip is no replacement where its contents are other ones, or where a job's report needs it.
#[test]
fn a_backup_that_nothing_replaces_is_asked_about() {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), super::images::sparse(1)).unwrap();
    std::fs::write(bench.path("part.bin"), b"new").unwrap();
    let emu = |words: &[&str]| {
        bench
            .emu("image=image.bin,state=chip", [&["--json", "--store", "store"], words].concat())
            .0
            .code(0)
            .result()
    };
    let written = emu(&["write", "part.bin", "--at", "0x1000", "--yes"]);
    let (before, job) = (written["backup"].as_str().unwrap(), written["job"].as_str().unwrap());
    let after = emu(&["backup"]);
    let (after, again) = (after["id"].as_str().unwrap(), emu(&["backup"]));
    let remove = |id: &str, code| bench.run(["--store", "store", "backups", "remove", id]).code(code);
    remove(before, 2).says(&["not confirmed", "--even-the-only-one"]);
    bench.run(["--store", "store", "report", job, "-o", "page.html"]).code(0);
    // Of two with the same contents, one is enough.
    remove(again["id"].as_str().unwrap(), 0);
    remove(after, 2);
}

#[test]
fn a_store_that_is_a_file_is_told() {
    let bench = Bench::new();
    std::fs::write(bench.path("store"), b"x").unwrap();
    dump(&bench, "a.bin", 1);
    for words in [&["backups", "list"][..], &["jobs"], &["backups", "import", "a.bin"]] {
        bench.run(["--store", "store"].iter().chain(words)).code(1).says(&["store"]);
    }
}

/// Copies the store that the version before typed records wrote. The contents, which are one letter and a block of another,
/// are made here.
fn old_store(bench: &Bench) {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/small/old-store");
    let (backup, job) = ("20261128-195658-9d7b-156c3844", "jobs/20261128-195658-write");
    let files = [(backup, "backup.json"), (backup, "status.json"), (job, "job.json"), (job, "journal.log")];
    for (folder, name) in files.into_iter().chain([(job, "about.json")]) {
        let to = bench.path("old").join(folder);
        std::fs::create_dir_all(&to).expect("a folder");
        std::fs::copy(from.join(folder).join(name), to.join(name)).expect("a copy");
    }
    let mut flash = vec![b'A'; 65536];
    std::fs::write(bench.path("old").join(backup).join("flash.bin"), &flash).expect("the backup");
    flash[0x1000..0x2000].fill(b'U');
    std::fs::write(bench.path("old").join(job).join("result.bin"), &flash).expect("the result");
}

#[test]
fn a_store_of_the_version_before_still_opens() {
    let bench = Bench::new();
    old_store(&bench);
    bench.run(["--store", "old", "backups", "verify"]).code(0).says(&["intact"]);
    bench.run(["--store", "old", "jobs", "list"]).code(0).says(&["20261128-195658-write", "written"]);
    bench.run(["--store", "old", "report", "20261128-195658-write", "-o", "old.html"]).code(0);
    let page = std::fs::read_to_string(bench.path("old.html")).expect("the page");
    for shown in ["Written and verified.", "Pm25LV512", "SR1 00", "Read for the backup", "128 KiB"] {
        assert!(page.contains(shown), "{shown}");
    }
    // A record that cannot be read is reported on the page, and not left out in silence.
    let about = bench.path("old/jobs/20261128-195658-write/about.json");
    std::fs::write(about, b"{").expect("damage");
    bench.run(["--store", "old", "report", "20261128-195658-write", "-o", "damaged.html"]).code(0);
    let page = std::fs::read_to_string(bench.path("damaged.html")).expect("the page");
    assert!(page.contains("cannot be read") && page.contains("Written and verified."));
}
