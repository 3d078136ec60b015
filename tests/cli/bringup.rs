//! Every command of hw-notes/bringup.md, in order, on the emulator.

use crate::bench::{Bench, noise};

#[test]
fn every_command_of_the_bring_up_page_works_on_the_emulator() {
    let page = include_str!("../../hw-notes/bringup.md");
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("norsplice ")).collect();
    assert!(lines.len() > 12, "the commands were not found");
    // A CH341A takes seconds of the host's time for each read of the whole chip.
    for programmer in ["ft2232h", "ch341a", "ch347t"] {
        let bench = Bench::new();
        bench.write("pattern.bin", &noise(0x1_0000, 5));
        for line in &lines {
            let words = line.split_whitespace().skip(1).map(|word| match word {
                "ch341a" => format!("emu:programmer={programmer},state=chip"),
                "ch341a:plain" => format!("emu:programmer={programmer},state=chip,plain"),
                other => other.to_owned(),
            });
            let ran = bench.run(words);
            assert_eq!(ran.code, 0, "{programmer}: {line}\n{}", ran.stderr);
        }
        let chip = bench.read("chip/flash.bin");
        for at in [0x10_0000, 0x20_0000] {
            assert!(chip[at..at + 0x1_0000] == noise(0x1_0000, 5), "{programmer}: {at:#x}");
        }
        let report = String::from_utf8(bench.read("selftest-chip.txt")).unwrap();
        assert!(report.contains("write enable"), "{report}");
        // The everyday run is short.
        if !std::env::var("NORSPLICE_TEST").is_ok_and(|value| value == "all") {
            break;
        }
    }
}
