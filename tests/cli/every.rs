//! `--every-programmer`: jobs side by side, each with its own lines, journal and result.

use super::images::noise;
use crate::bench::{Bench, Ran};
use serde_json::Value;
use std::collections::BTreeSet;

/// A chip of 2 MiB, for speed, of which much is blank.
fn contents(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0xff; 2 << 20];
    bytes[..0x8000].copy_from_slice(&noise(seed, 0x8000));
    bytes[0x2_0000..0x2_8000].copy_from_slice(&noise(seed + 1, 0x8000));
    bytes
}

const USB: [&str; 3] = ["ch341a", "ft2232h", "ch347f"];
/// A CH347 between two that are not on USB.
const MIXED: [&str; 3] = ["serprog-esp32", "ch347t", "spidev"];

/// Three chips on three programmers; `faults` of each.
struct Three {
    bench: Bench,
    specs: Vec<String>,
}

impl Three {
    fn new(kinds: [&str; 3], faults: [&str; 3]) -> Self {
        let bench = Bench::new();
        let specs = (0..3).map(|n| {
            std::fs::write(bench.path(&format!("{n}.bin")), contents(10 * n as u64)).unwrap();
            let fault = if faults[n].is_empty() { String::new() } else { format!(",fault={}", faults[n]) };
            format!(
                "emu:programmer={},chip=AT25SF161,seed={n},image={n}.bin,state=chip{n},counts=counts{n}{fault}",
                kinds[n]
            )
        });
        Self { specs: specs.collect(), bench }
    }

    fn run(&self, words: &[&str]) -> Ran {
        let named = self.specs.iter().flat_map(|spec| ["-p", spec]);
        let ran = self.bench.run(named.chain(["--store", "store"]).chain(words.iter().copied()));
        for n in 0..3 {
            let counts = std::fs::read(self.bench.path(&format!("counts{n}"))).unwrap_or_default();
            let counts: Value = serde_json::from_slice(&counts).unwrap_or_default();
            assert!(counts.is_null() || counts["misdeeds"] == 0, "{counts}\n{}", ran.stderr);
        }
        ran
    }

    fn on_chip(&self, n: usize) -> Vec<u8> {
        std::fs::read(self.bench.path(&format!("chip{n}/flash.bin"))).unwrap()
    }

    /// The three results, each having the exit code of `codes`.
    fn results(&self, ran: &Ran, codes: [u8; 3]) -> Vec<Value> {
        let events = ran.events();
        let result = ran.result();
        let results = result["programmers"].as_array().unwrap_or_else(|| panic!("{result}")).clone();
        for (n, spec) in self.specs.iter().enumerate() {
            assert_eq!(results[n]["programmer"], spec.as_str());
            assert_eq!(results[n]["exit_code"], codes[n], "{}", results[n]);
            // The same as its own last line, and what it printed before names it too.
            let own: Vec<&Value> = events.iter().filter(|e| e["programmer"] == spec.as_str()).collect();
            assert!(!own.is_empty(), "{}", ran.stdout);
            assert_eq!(own.iter().filter(|e| e["event"] == "done").count(), 1);
            assert_eq!(
                (&own[own.len() - 1]["event"], &own[own.len() - 1]["exit_code"]),
                (&"done".into(), &codes[n].into())
            );
        }
        let nameless: Vec<&Value> = events.iter().filter(|e| e["programmer"].is_null()).collect();
        assert_eq!(nameless.len(), 1, "every line but the result says which programmer: {nameless:?}");
        results
    }
}

#[test]
fn each_is_backed_up_and_one_that_fails_stops_no_other() {
    let three = Three::new(MIXED, ["", "stuck:ff", ""]);
    let ran = three.run(&["--json", "backup", "--every-programmer"]).code(5);
    let results = three.results(&ran, [0, 5, 0]);
    for n in [0, 2] {
        let folder = results[n]["path"].as_str().unwrap();
        assert!(
            std::fs::read(three.bench.path(folder).join("flash.bin")).unwrap() == contents(10 * n as u64)
        );
    }
    // For people: every line says whose it is.
    let ran = three.run(&["backup", "--every-programmer"]).code(5).says(&["1 of 3 programmers failed"]);
    for n in 1..=3 {
        assert!(ran.stderr.contains(&format!("[emu #{n}] ")), "{}", ran.stderr);
    }
    assert!(ran.stderr.contains("[emu #2] error:"), "{}", ran.stderr);
}

#[test]
fn each_is_written_with_a_journal_of_its_own_and_verified() {
    for kinds in [USB, MIXED] {
        written_and_verified(kinds);
    }
}

fn written_and_verified(kinds: [&str; 3]) {
    let three = Three::new(kinds, ["", "cut-in-operation:20@0.5", ""]);
    // The part has no unique id: the contents outside of the patch distinguish the three.
    let patch = noise(5, 0x4000);
    std::fs::write(three.bench.path("patch.bin"), &patch).unwrap();
    let wanted = |n: usize| {
        let mut wanted = contents(10 * n as u64);
        wanted[0x2_0000..0x2_4000].copy_from_slice(&patch);
        wanted
    };
    let write = ["--json", "--yes", "write", "patch.bin", "--at", "0x20000", "--every-programmer"];
    let verify = ["--json", "verify", "patch.bin", "--at", "0x20000", "--every-programmer"];
    let results = three.results(&three.run(&write).code(3), [0, 3, 0]);
    assert!([0, 2].into_iter().all(|n| three.on_chip(n) == wanted(n)));
    let jobs: BTreeSet<&str> = results.iter().map(|r| r["job"].as_str().unwrap()).collect();
    assert_eq!(jobs.len(), 3, "a journal each");
    let ends = three.results(&three.run(&verify).code(4), [0, 4, 0]);
    assert_eq!(ends[0]["equal"], true);
    // The command that continues names the programmer it is for.
    let resume = results[1]["resume"].as_str().unwrap();
    assert!(resume.contains(&format!("programmer={}", kinds[1])) && !resume.contains(kinds[0]), "{resume}");
    let whole = three.specs[1].split(",fault").next().unwrap();
    three.bench.run(["-p", whole, "--store", "store", "resume"]).code(0);
    three.results(&three.run(&verify).code(0), [0; 3]);
    assert!(three.on_chip(1) == wanted(1));
}

#[test]
fn what_is_not_meant_so_is_refused() {
    let three = Three::new(USB, [""; 3]);
    three.run(&["backup"]).code(2).says(&["several programmers", "--every-programmer"]);
    let twice = ["-p", "emu", "-p", "emu", "--store", "store", "backup", "--every-programmer"];
    three.bench.run(twice).code(2).says(&["emu is named twice"]);
    let wrong =
        ["-p", "emu", "-p", "emu:programmer=ch341", "--store", "store", "backup", "--every-programmer"];
    three.bench.run(wrong).code(2).says(&["did you mean"]);
    // No one was asked, so no one said yes.
    std::fs::write(three.bench.path("wanted.bin"), contents(7)).unwrap();
    let ran = three.run(&["--json", "write", "wanted.bin", "--every-programmer"]).code(2);
    three.results(&ran, [2; 3]);
    assert!((0..3).all(|n| three.on_chip(n) == contents(10 * n as u64)));
}
