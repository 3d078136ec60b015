//! `otp program | erase | clone | lock | diff`: only with a backup that holds the registers, and the lock only by its
//! phrase.

use super::images::sparse;
use crate::bench::{Bench, Ran};
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

const EMU: &str = "image=image.bin,state=chip";

fn bench() -> Bench {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), sparse(1)).unwrap();
    std::fs::write(bench.path("data.bin"), b"OPERATOR 1234 30:b5:c2:a1:b2:c3").unwrap();
    bench
}

fn run(bench: &Bench, emu: &str, words: &[&str], code: i32) -> Value {
    let (ran, counts) = bench.emu(emu, [&["--json", "--store", "store"], words].concat());
    assert!(counts.is_null() || counts["lock_bits_set"] == 0, "{counts}");
    ran.code(code).result()
}

#[test]
fn registers_are_written_only_with_a_backup_of_them() {
    let bench = bench();
    let program = ["otp", "program", "2", "data.bin", "--yes"];
    let backups = || run(&bench, EMU, &["backups"], 0)["backups"].as_array().unwrap().len();
    // Not confirmed: the backup is there all the same.
    run(&bench, EMU, &program[..4], 2);
    assert_eq!(backups(), 1);
    run(&bench, EMU, &["otp", "program", "2", "data.bin", "--dry-run"], 0);
    assert_eq!(run(&bench, EMU, &program, 0)["chip"], "written");
    let shown = run(&bench, EMU, &["otp", "show"], 0);
    let register = &shown["security_registers"][1];
    assert_eq!(
        (&register["texts"][0], &register["macs"][0]),
        (&"OPERATOR 1234 30:b5:c2:a1:b2:c3".into(), &"30:b5:c2:a1:b2:c3".into())
    );
    assert_eq!(run(&bench, EMU, &program, 0)["chip"], "untouched", "nothing is left to do");
    assert_eq!(backups(), 1);
    run(&bench, EMU, &["backup"], 0);

    let backups = run(&bench, EMU, &["backups", "list"], 0);
    let id = |n: usize| backups["backups"][n]["id"].as_str().unwrap().to_owned();
    let diff = run(&bench, EMU, &["otp", "diff", &id(0), &id(1)], 4);
    assert_eq!(diff["differing"][0]["index"], 2, "{diff}");
    run(&bench, EMU, &["otp", "dump", "dumped"], 0);
    run(&bench, EMU, &["otp", "diff", "dumped", "chip"], 0);
    run(&bench, EMU, &["otp", "diff", "dumped", "nothing"], 2);

    // Onto a new chip in place of the old one.
    let other = "image=image.bin,state=other,seed=9";
    run(&bench, other, &["backup"], 0);
    run(&bench, other, &["otp", "clone", &id(0), "--yes"], 0);
    run(&bench, other, &["otp", "diff", "chip", "dumped"], 0);

    assert_eq!(run(&bench, EMU, &["otp", "erase", "2", "--yes"], 0)["chip"], "written");
    assert_eq!(run(&bench, EMU, &["otp", "show"], 0)["security_registers"][1]["blank"], true);
    run(&bench, EMU, &["otp", "program", "4", "data.bin", "--yes"], 2);
    std::fs::write(bench.path("long.bin"), [0; 257]).unwrap();
    run(&bench, EMU, &["backup"], 0);
    run(&bench, EMU, &["otp", "program", "1", "long.bin", "--yes"], 2);
}

/// The board's chip goes, its one-time memory moves to a new one, which is blank all over.
#[test]
fn registers_are_cloned_onto_a_blank_chip() {
    let bench = bench();
    let (old, new) = ("chip=GD25Q64C,image=image.bin,state=old", "chip=GD25Q64C,state=new,seed=9");
    run(&bench, old, &["backup"], 0);
    run(&bench, old, &["otp", "program", "1", "data.bin", "--yes"], 0);
    run(&bench, old, &["otp", "dump", "dumped"], 0);
    run(&bench, old, &["backup"], 0);
    let id = run(&bench, old, &["backups", "list"], 0)["backups"][0]["id"].as_str().unwrap().to_owned();
    // A chip that is blank all over may be one without contact: it is backed up when said so.
    let refused = run(&bench, new, &["backup"], 1);
    assert!(refused["message"].as_str().unwrap().contains("backup --blank"), "{refused}");
    run(&bench, new, &["backup", "--blank"], 0);
    assert_eq!(run(&bench, new, &["otp", "clone", &id, "--yes"], 0)["chip"], "written");
    run(&bench, new, &["otp", "diff", "chip", "dumped"], 0);
}

#[test]
fn what_cannot_be_is_said_before_a_backup_is_asked_for() {
    let bench = bench();
    let message = |emu: &str, words: &[&str], code| {
        let result = run(&bench, emu, words, code);
        assert_eq!(result["chip"], "untouched", "{result}");
        result["message"].as_str().unwrap().to_owned()
    };
    assert!(message(EMU, &["otp", "erase", "9", "--yes"], 2).contains("it has 1, 2, 3"));
    let long = message(EMU, &["otp", "program", "1", "image.bin", "--yes"], 2);
    assert!(long.contains("holds 256 bytes, not the 8388608"), "{long}");
    assert!(message("chip=M25P40", &["otp", "lock", "0"], 1).contains("not known"));
    assert!(message("chip=SST25VF016B", &["otp", "erase", "0"], 2).contains("it has none"));
}

/// Runs `otp lock 3` with these words typed.
fn lock(bench: &Bench, typed: &str) -> Ran {
    let mut command = bench.command();
    command.args(["-p", &format!("emu:{EMU}"), "--store", "store", "--yes", "otp", "lock", "3"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_lock_takes_the_phrase_and_nothing_else() {
    let bench = bench();
    run(&bench, EMU, &["backup"], 0);
    for typed in ["", "y\n", "yes\n", "lock register 2 of W25Q64FV forever\n"] {
        lock(&bench, typed).code(2).says(&["lock register 3 of W25Q64FV forever", "nothing was locked"]);
    }
    assert_eq!(run(&bench, EMU, &["probe"], 0)["security_registers"][2]["locked"], false);
    lock(&bench, "lock register 3 of W25Q64FV forever\n").code(0).says(&["stay forever", "locked forever"]);
    let probed = run(&bench, EMU, &["probe"], 0);
    let locked: Vec<&Value> =
        probed["security_registers"].as_array().unwrap().iter().map(|r| &r["locked"]).collect();
    assert_eq!(locked, [false, false, true]);
    run(&bench, EMU, &["otp", "program", "3", "data.bin", "--yes"], 2);
}
