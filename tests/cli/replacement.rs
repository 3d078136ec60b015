//! A new chip in place of the old one, from end to end: contents, QE and security registers of the old one on a fresh
//! part, and what has to be thought of reported.

use super::images::sparse;
use crate::bench::Bench;
use serde_json::Value;

const OLD: &str = "image=image.bin,state=old,seed=1";
const NEW: &str = "state=new,seed=2";
const OTHER_MAKER: &str = "chip=GD25Q64C,seed=3";

/// The emulated chip's registers in its folder.
fn registers(bench: &Bench, folder: &str) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path(folder).join("chip.json")).unwrap()).unwrap()
}

#[test]
fn a_fresh_chip_takes_the_place_of_the_old_one() {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), sparse(1)).unwrap();
    std::fs::write(bench.path("data.bin"), b"OPERATOR 1234").unwrap();
    let run = |emu: &str, words: &[&str], code: i32| {
        let ran = bench.emu(emu, [&["--json", "--store", "store"], words].concat()).0.code(code);
        (ran.result(), ran.stderr)
    };
    run(OLD, &["backup"], 0);
    run(OLD, &["otp", "program", "2", "data.bin", "--yes"], 0);
    // The board reads by four lines, and its lower half was protected: QE, TB and BP2 to BP0.
    let mut old = registers(&bench, "old");
    (old["registers"][0], old["registers"][1]) = (0x38.into(), 0x02.into());
    std::fs::write(bench.path("old/chip.json"), old.to_string()).unwrap();
    let backup = run(OLD, &["backup"], 0).0["id"].as_str().unwrap().to_owned();

    // Not by mistake: it is another chip.
    let (refused, _) = run(NEW, &["restore", &backup, "--yes"], 2);
    assert!(refused["message"].as_str().unwrap().contains("--other-chip"), "{refused}");
    let (restored, told) = run(NEW, &["restore", &backup, "--other-chip", "--yes"], 0);
    assert_eq!((&restored["chip"], &restored["bytes_erased"]), (&"written".into(), &0.into()), "{restored}");
    for word in ["otp clone", "registers 2 are not blank", "write-protected", "QE is now 1"] {
        assert!(told.contains(word), "'{word}' is missing: {told}");
    }
    // Every byte, the unit's own data with the rest.
    assert!(std::fs::read(bench.path("new/flash.bin")).unwrap() == sparse(1));
    assert_eq!(registers(&bench, "new")["registers"][1], 0x02, "QE for good");

    run(NEW, &["otp", "clone", &backup, "--yes"], 0);
    let (shown, _) = run(NEW, &["otp", "show"], 0);
    let two = shown["security_registers"].as_array().unwrap().iter().find(|r| r["index"] == 2).unwrap();
    assert_eq!((&two["texts"][0], &two["locked"]), (&"OPERATOR 1234".into(), &false.into()), "{shown}");
    // The store keeps the two apart: two backups of the old one, one of the new one from before.
    let (list, _) = run(NEW, &["backups", "list"], 0);
    let ids = list["backups"].as_array().unwrap().iter().map(|b| b["unique_id"].as_str().unwrap());
    let mut ids: Vec<&str> = ids.collect();
    ids.dedup();
    assert_eq!((ids.len(), list["backups"].as_array().unwrap().len()), (2, 3), "{list}");

    let (_, told) = run(OTHER_MAKER, &["restore", &backup, "--other-chip", "--dry-run"], 0);
    assert!(told.contains("chip tables may not know it"), "{told}");
}
