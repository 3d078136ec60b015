//! The programmer stays open from request to request: proven once, let go in between, opened again after a failure.

use super::client::Session;
use crate::bench::Bench;
use norsplice::image::synthetic;
use serde_json::{Value, json};

/// The emulator's counts after the last request.
fn counts(bench: &Bench) -> Value {
    serde_json::from_slice(&bench.read("counts.json")).expect("JSON")
}

/// A bench with a chip of 512 KiB, and the text that chooses a programmer on it.
fn bench(programmer: &str, more: &str) -> (Bench, String) {
    let bench = Bench::new();
    bench.write("small.bin", &synthetic::noise(3, 0x8_0000));
    let emu = format!(
        "emu:programmer={programmer},chip=P25D40SH,image=small.bin,state=chip,counts=counts.json{more}"
    );
    (bench, emu)
}

#[test]
fn a_programmer_is_opened_and_proven_once_for_all_requests() {
    for programmer in ["ch341a", "ch347t", "ft2232h", "serprog-pico", "spidev"] {
        let (bench, emu) = bench(programmer, "");
        let mut session = Session::start(&bench, &["-p", &emu, "--store", "store"]);
        let mut before = 0;
        let mut probe = |session: &mut Session| {
            let probe = session.result("probe", json!({}));
            assert_eq!(probe["size"], 0x8_0000, "{probe}");
            let counts = counts(&bench);
            assert_eq!(
                (&counts["misdeeds"], &counts["driven"]),
                (&json!(0), &json!(0)),
                "{programmer}: {counts}"
            );
            let all = counts["transfers"].as_u64().expect("a count");
            let these = all.checked_sub(before).expect("one emulator counts on");
            before = all;
            assert!(these > 0, "{programmer}: one emulator counts on, and its chip is asked each time");
            these
        };
        let [first, second, third] = [(); 3].map(|()| probe(&mut session));
        assert!(second < first, "{programmer}: {first}, then {second}: no proof and no opening");
        assert_eq!(second, third, "{programmer}");
        // Another text is another programmer, which is opened; and the first one anew after it.
        let other = json!({ "programmer": "emu:chip=W25Q64FV" });
        assert_eq!(session.result("probe", other)["part"], "W25Q64FV");
        assert_eq!(session.result("probe", json!({}))["size"], 0x8_0000);
        assert_eq!(counts(&bench)["transfers"], first, "{programmer}: counted from its opening");
        session.end();
    }
}

#[test]
fn after_a_failure_the_programmer_is_opened_again() {
    let (bench, emu) = bench("ch341a", "");
    let mut session = Session::start(&bench, &["-p", &emu, "--store", "store"]);
    session.result("probe", json!({}));
    session.end();
    // Unplugged in the backup that follows a probe.
    let transfers = counts(&bench)["transfers"].as_u64().expect("a count");
    let emu = format!("{emu},fault=unplug:{}", transfers + 50);
    let mut session = Session::start(&bench, &["-p", &emu, "--store", "store"]);
    session.result("probe", json!({}));
    let why = session.refused("backup", json!({}));
    assert!(why.contains("disappeared"), "{why}");
    session.result("probe", json!({}));
    assert_eq!(counts(&bench)["misdeeds"], 0);
    session.end();
}
