//! `contact`, its meter, `--wait`, `speed=auto`.

use super::images::sparse;
use crate::bench::Bench;

fn bench() -> Bench {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), sparse(1)).unwrap();
    bench
}

#[test]
fn a_good_contact_passes_and_a_bad_one_says_why() {
    let bench = bench();
    for programmer in ["ch341a", "ft2232h", "ch347t", "ch347f", "serprog-pico-any", "serprog-esp32", "spidev"]
    {
        let (ran, counts) =
            bench.emu(&format!("image=image.bin,programmer={programmer}"), ["--json", "contact"]);
        let result = ran.code(0).result();
        assert_eq!(result["contact"]["good"], true, "{result}");
        assert!(counts["array_bytes_read"].as_u64().unwrap() <= 0x1_0000, "{counts}");
    }
    bench.emu("image=image.bin", ["contact"]).0.code(0).says(&["the contact is good", "the self-test"]);
    for fault in ["stuck:ff", "stuck:00", "flips:1e-3"] {
        let (ran, counts) = bench.emu(&format!("image=image.bin,fault={fault}"), ["contact"]);
        ran.code(1).says(&["likely", "next:"]);
        assert_eq!(counts["pages"], 0);
    }
}

#[test]
fn the_meter_shows_each_look() {
    let bench = bench();
    let (ran, _) =
        bench.emu("image=image.bin,fault=off:0-1", ["--json", "contact", "--watch", "--looks", "20"]);
    let ran = ran.code(0);
    let percent: Vec<u64> = ran
        .events()
        .iter()
        .filter(|e| e["event"] == "meter")
        .map(|e| e["percent"].as_u64().unwrap())
        .collect();
    assert!(percent.len() == 20 && percent[0] == 0 && percent[19] == 100, "{percent:?}");
    assert_eq!(ran.result()["steady"], true);
}

#[test]
fn no_look_at_all_is_no_meter() {
    let bench = bench();
    let (ran, _) = bench.emu("image=image.bin", ["contact", "--watch", "--looks", "0"]);
    ran.code(2).says(&["--looks", "0 is not in 1.."]);
}

#[test]
fn a_chip_is_waited_for() {
    let bench = bench();
    for programmer in ["ch341a", "ch347t", "ch347f", "serprog-pico-any", "serprog-esp32", "spidev"] {
        let emu = format!("image=image.bin,programmer={programmer},fault=off:0-3");
        bench.emu(&emu, ["probe"]).0.code(5);
        bench.emu(&emu, ["--wait", "probe"]).0.code(0).says(&["waiting", "W25Q64FV"]);
    }
}

#[test]
fn the_clock_is_found_where_it_is_not_fixed() {
    let bench = bench();
    for programmer in ["ft2232h", "ch347t"] {
        let emu = format!("programmer={programmer},speed=auto,image=image.bin");
        bench.emu(&emu, ["probe"]).0.code(0).says(&["SPI clock"]);
    }
    bench.emu("speed=auto,image=image.bin", ["probe"]).0.code(2).says(&["fixed"]);
}
