//! `selftest`: every assumption on every programmer, nothing that writes, a report without contents of the chip.

use crate::bench::{Bench, noise};
use serde_json::Value;

fn results(result: &Value) -> Vec<(String, String)> {
    let text = |check: &Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let checks = result["checks"].as_array().expect("checks");
    checks.iter().map(|check| (text(check, "assumption"), text(check, "result"))).collect()
}

/// Opcodes that the chip has seen.
fn opcodes(counts: &Value) -> Vec<&str> {
    counts["opcodes"].as_object().expect("opcodes").keys().map(String::as_str).collect()
}

#[test]
fn everything_is_proven_on_every_programmer_and_nothing_is_written() {
    let bench = Bench::new();
    for programmer in ["ch341a", "ft2232h", "ft232h", "ft4232h", "ch347t", "ch347f", "ft4232ha", "kt-link"] {
        for chip in [false, true] {
            let emu = format!("programmer={programmer},state=chip");
            let words: &[&str] =
                if chip { &["--json", "selftest", "--chip"] } else { &["--json", "selftest"] };
            let (ran, counts) = bench.emu(&emu, words);
            let ran = ran.code(0);
            let all = results(&ran.result());
            assert!(all.len() >= 4 && all.iter().all(|(_, result)| result == "proven"), "{emu}: {all:?}");
            assert_eq!(all.iter().any(|(name, _)| name == "write-enable"), chip, "{emu}");
            // What only asks, and with the chip write enable and disable.
            let allowed: &[&str] = if chip { &["03", "04", "05", "06", "9f"] } else { &["05", "9f"] };
            let seen = opcodes(&counts);
            assert!(seen.iter().all(|opcode| allowed.contains(opcode)), "{emu}: {seen:?}");
            assert_eq!(counts["opcodes"]["06"], if chip { Value::from(8) } else { Value::Null }, "{emu}");
            // Eight in the burst, and one that is confirmed.
            assert_eq!(counts["opcodes"]["04"], if chip { Value::from(9) } else { Value::Null }, "{emu}");
            for count in ["pages", "bytes_erased", "volatile_writes", "nonvolatile_writes", "lock_bits_set"] {
                assert_eq!(counts[count], 0, "{emu}: {count}");
            }
        }
    }
}

/// Each in its own shape: what carries no window of 64 KiB reads them by many.
#[test]
fn every_programmer_of_the_model_passes_with_its_chip() {
    let bench = Bench::new();
    let all = "ch347t ch347f ft232h ft4232h serprog-pico serprog-libreboot serprog-stm32 serprog-esp32 serprog-frser \
               serprog-cramped spidev spidev-64k";
    for programmer in all.split_whitespace() {
        let (ran, counts) = bench.emu(&format!("programmer={programmer}"), ["--json", "selftest", "--chip"]);
        let result = ran.code(0).result();
        let all = results(&result);
        assert!(all.iter().all(|(_, result)| result == "proven"), "{programmer}: {all:?}");
        assert_eq!(counts["opcodes"]["06"], 8, "{programmer}");
    }
}

/// What is asked for is what is said, and the assumptions of the fast mode are tested all the same.
#[test]
fn it_says_the_mode_in_which_the_programmer_is_driven() {
    let bench = Bench::new();
    for programmer in ["ch341a", "ft2232h", "ch347t", "serprog-pico", "spidev"] {
        for (word, mode) in [("", "fast mode"), (",plain", "plain mode")] {
            let (ran, _) = bench.emu(&format!("programmer={programmer}{word}"), ["selftest"]);
            let ran = ran.code(0);
            assert!(
                ran.stdout.contains(&format!("; driven in {mode}\n")),
                "{programmer}{word}: {}",
                ran.stdout
            );
            assert!(!ran.stdout.contains("not proven"), "{programmer}{word}: {}", ran.stdout);
        }
    }
}

#[test]
fn what_does_not_hold_is_named_with_what_was_seen() {
    let bench = Bench::new();
    let cases = [
        ("ch341a", "cs-early", "pins-in-turn"),
        ("ch341a", "merge", "short-answers"),
        ("ch341a", "version-20", "version"),
        ("ch341a", "loses", "thousand"),
        ("ft2232h", "stops", "held-back"),
        ("ft2232h", "overruns", "thousand"),
        ("ft2232h", "bcd-0500", "version"),
        ("ch347t", "old-firmware", "version"),
        ("ch347t", "loses", "thousand"),
    ];
    for (programmer, quirk, wrong) in cases {
        // Not counted: some of these adapters take what they are asked for a misdeed.
        let emu = format!("emu:programmer={programmer},quirk={quirk},state=chip");
        let ran = bench.run(["-p", &emu, "--json", "selftest"]);
        let result = ran.code(1).says(&["not proven", wrong]).result();
        let all = results(&result);
        assert!(all.contains(&(wrong.to_owned(), "not-proven".to_owned())), "{emu}: {all:?}");
        let check = result["checks"].as_array().unwrap().iter().find(|c| c["assumption"] == wrong).unwrap();
        assert!(check["seen"].as_str().is_some_and(|seen| !seen.is_empty()), "{emu}: {check}");
    }
    // A chip that was asked for and does not answer is not tested: that is no success, and no fault of the programmer.
    for level in ["00", "0f", "ff"] {
        let (ran, _) =
            bench.emu(&format!("fault=stuck:{level},state=chip"), ["--json", "selftest", "--chip"]);
        let result = ran.code(5).says(&["no chip answers"]).result();
        assert!(
            results(&result).contains(&("chip-id".to_owned(), "not-done".to_owned())),
            "{level}: {result}"
        );
    }
}

#[test]
fn the_report_has_the_traffic_and_no_contents_of_the_chip() {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), [0xC0, 0xFF, 0xEE, 0x5A].repeat(2 << 20)).unwrap();
    for programmer in ["ch341a", "ft2232h"] {
        let emu = format!("programmer={programmer},image=image.bin");
        let (ran, _) = bench.emu(&emu, ["selftest", "--chip", "--report", "report.txt", "--force"]);
        assert!(ran.code(0).stdout.contains("report.txt"));
        let report = String::from_utf8(bench.read("report.txt")).unwrap();
        for word in ["proven", "USB traffic", "out [", "in ["] {
            assert!(report.contains(word), "{programmer}: {word}");
        }
        // As they are, and with the bits of each byte reversed as a CH341A has them.
        for contents in ["c0 ff ee", "c0ffee", "03 ff 77", "03ff77"] {
            assert!(!report.to_lowercase().contains(contents), "{programmer}: contents of the chip");
        }
        assert!(report.len() < 400_000, "{programmer}: {} bytes", report.len());
    }
}

#[test]
fn wrong_input_is_refused_before_a_programmer_is_opened_or_said_by_name() {
    let bench = Bench::new();
    bench.run(["selftest", "--chips"]).code(2).says(&["--chip"]);
    let (ran, _) = bench.emu("state=chip", ["selftest", "--report", "missing/report.txt"]);
    let ran = ran.code(1).says(&["there is no folder missing"]);
    assert!(!ran.stdout.contains("proven"), "refused after the test: {}", ran.stdout);
}

#[test]
fn what_only_reads_never_sends_write_enable() {
    let bench = Bench::new();
    std::fs::write(bench.path("new.bin"), [0x5A; 0x1000]).unwrap();
    let lines: [&[&str]; 10] = [
        &["probe"],
        &["contact"],
        &["read", "out.bin", "--force", "--at", "0", "--len", "64K"],
        &["--store", "store", "backup"],
        &["verify", "new.bin", "--at", "0"],
        &["otp", "show"],
        &["protect", "show"],
        &["--store", "store", "--dry-run", "write", "new.bin", "--at", "0"],
        &["--store", "store", "--dry-run", "erase", "--at", "0", "--len", "4K"],
        &["selftest"],
    ];
    // 512 KiB, with security registers.
    bench.write("image.bin", &noise(512 << 10, 11));
    for programmer in ["ch341a", "ft2232h"] {
        let emu = format!("chip=P25D40SH,programmer={programmer},image=image.bin,state=chip-{programmer}");
        for line in lines {
            let (ran, counts) = bench.emu(&emu, line);
            assert!(ran.code == 0 || ran.code == 4, "{line:?}: {}", ran.stderr);
            for opcode in ["06", "50"] {
                assert_eq!(
                    counts["opcodes"][opcode],
                    Value::Null,
                    "{programmer} {line:?}: {opcode}h was sent"
                );
            }
        }
        // The same write without the dry run does send it: the count is not blind.
        let line = ["--store", "store", "--yes", "write", "new.bin", "--at", "0"];
        let (ran, counts) = bench.emu(&emu, line);
        ran.code(0);
        assert!(counts["opcodes"]["06"].as_u64().is_some_and(|sent| sent >= 8), "{counts}");
    }
}
