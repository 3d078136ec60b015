//! `protect show | set | clear`: volatile unless asked otherwise, to exactly a range, with every other bit as it was.

use crate::bench::Bench;
use serde_json::{Value, json};

/// A bench whose emulated chip has these status registers.
fn bench(emu: &str, registers: &[u8]) -> Bench {
    let bench = Bench::new();
    bench.emu(emu, ["probe"]).0.code(0);
    let path = bench.path("chip/chip.json");
    let mut chip: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (i, value) in registers.iter().enumerate() {
        chip["registers"][i] = (*value).into();
    }
    std::fs::write(&path, chip.to_string()).unwrap();
    bench
}

/// Runs `protect`; nothing that cannot be undone may have been set. Gives the result and the counts.
#[track_caller]
fn protect(bench: &Bench, emu: &str, words: &[&str], code: i32) -> (Value, Value) {
    let (ran, counts) = bench.emu(emu, [&["--json", "protect"], words].concat());
    assert_eq!(counts["lock_bits_set"], 0, "{counts}");
    (ran.code(code).result(), counts)
}

/// The registers that the chip keeps without its supply.
fn kept(bench: &Bench) -> Vec<u64> {
    let chip: Value = serde_json::from_slice(&std::fs::read(bench.path("chip/chip.json")).unwrap()).unwrap();
    chip["registers"].as_array().unwrap().iter().map(|r| r.as_u64().unwrap()).collect()
}

fn message(result: &Value) -> &str {
    result["message"].as_str().unwrap()
}

#[test]
fn a_range_is_set_until_power_off_or_for_good_and_every_other_bit_stays() {
    let emu = "state=chip";
    // QE, LB1.
    let bench = bench(emu, &[0x00, 0x0a]);
    let (shown, _) = protect(&bench, emu, &["show"], 0);
    assert_eq!((&shown["protected_ranges"], &shown["volatile_possible"]), (&json!([]), &true.into()));
    assert!(shown["protectable_ranges"][0].is_array(), "{shown}");
    assert!(shown["protectable"].as_array().unwrap().contains(&"0x000000..0x020000".into()), "{shown}");

    let (_, counts) = protect(&bench, emu, &["set", "0+128K", "--dry-run"], 0);
    assert_eq!((&counts["volatile_writes"], &counts["nonvolatile_writes"]), (&0.into(), &0.into()));
    let (set, counts) = protect(&bench, emu, &["set", "0+128K"], 0);
    assert_eq!(set["protected_ranges"][0]["len"], 0x2_0000, "{set}");
    assert_eq!((&set["chip"], &set["quad_enable"]), (&"written".into(), &true.into()));
    assert_eq!((&counts["volatile_writes"], &counts["nonvolatile_writes"]), (&1.into(), &0.into()));
    assert_eq!(kept(&bench), [0x00, 0x0a], "power-off takes it back");

    let permanent = ["set", "0..0x20000", "--permanent"];
    let (refused, counts) = protect(&bench, emu, &permanent, 2);
    assert_eq!((&refused["chip"], &counts["nonvolatile_writes"]), (&"untouched".into(), &0.into()));
    let (_, counts) = protect(&bench, emu, &[&permanent[..], &["--yes"]].concat(), 0);
    assert_eq!((&counts["volatile_writes"], &counts["nonvolatile_writes"]), (&0.into(), &1.into()));
    assert_eq!(kept(&bench), [0x24, 0x0a], "TB and BP0; QE and LB1 stay");
    assert_eq!(protect(&bench, emu, &["show"], 0).0["bp"]["top_bottom"], true);

    // All but the first 128 KiB: the complement.
    let (set, _) = protect(&bench, emu, &["set", "0x20000..0x800000"], 0);
    assert_eq!(set["bp"]["complement"], true, "{set}");
    let (refused, _) = protect(&bench, emu, &["set", "0x1000+0x1000"], 2);
    assert!(refused["hint"].as_str().unwrap().contains("more: 0x000000..0x002000"), "{refused}");
    protect(&bench, emu, &["set", "0x700000+2M"], 2);

    let (_, counts) = protect(&bench, emu, &["clear"], 0);
    assert_eq!((&counts["nonvolatile_writes"], kept(&bench)), (&0.into(), vec![0x24, 0x0a]));
    protect(&bench, emu, &["clear", "--permanent", "--yes"], 0);
    assert_eq!(kept(&bench), [0x20, 0x0a], "TB means nothing without BP and stays");
    let (same, counts) = protect(&bench, emu, &["clear"], 0);
    assert_eq!((&same["chip"], &counts["volatile_writes"]), (&"untouched".into(), &0.into()));
}

#[test]
fn a_chip_that_ignores_the_write_is_explained_and_nothing_lasting_is_tried() {
    for (registers, emu, why) in
        [([0x9c, 0x00], "state=chip,wp-pin=low", "WP# pin is low"), ([0x9c, 0x01], "state=chip", "SRL")]
    {
        let bench = bench(emu, &registers);
        let (result, counts) = protect(&bench, emu, &["clear"], 1);
        assert!(message(&result).contains(why), "{result}");
        assert_eq!(counts["opcodes"]["06"], Value::Null, "no lasting write was tried: {counts}");
        protect(&bench, emu, &["clear", "--permanent", "--yes"], 1);
        assert_eq!(kept(&bench), registers.map(u64::from));
    }
}

#[test]
fn a_part_without_volatile_writes_says_so_and_its_one_time_bits_stay_out_of_it() {
    let emu = "chip=MX25L6433F,state=chip";
    let bench = bench(emu, &[0x40]);
    let (refused, counts) = protect(&bench, emu, &["set", "all"], 2);
    assert!(message(&refused).contains("--permanent"), "{refused}");
    assert_eq!(counts["opcodes"]["06"], Value::Null);
    let (set, _) = protect(&bench, emu, &["set", "0x7f0000+64K", "--permanent", "--yes"], 0);
    assert_eq!((&set["quad_enable"], kept(&bench)[0]), (&true.into(), 0x44));
    // The bottom needs TB, which can never be taken back.
    let (refused, _) = protect(&bench, emu, &["set", "0+64K", "--permanent", "--yes"], 2);
    assert!(message(&refused).contains("cannot protect exactly"), "{refused}");
    protect(&bench, emu, &["clear", "--permanent", "--yes"], 0);
    assert_eq!(kept(&bench)[0], 0x40);
}

#[test]
fn single_block_locks_are_set_and_lifted_and_switched_off_for_good() {
    let emu = "chip=W25Q64JV,state=chip";
    // WPS, and the driver strength the factory set.
    let bench = bench(emu, &[0x00, 0x02, 0x64]);
    let (shown, _) = protect(&bench, emu, &["show"], 0);
    assert_eq!(
        (&shown["block_locks"], &shown["protected_ranges"][0]["len"]),
        (&true.into(), &0x80_0000.into())
    );
    let (set, counts) = protect(&bench, emu, &["set", "0+4K", "0x100000+64K", "0x7ff000+4K"], 0);
    let lengths: Vec<&Value> =
        set["protected_ranges"].as_array().unwrap().iter().map(|r| &r["len"]).collect();
    assert_eq!(lengths, [0x1000, 0x1_0000, 0x1000]);
    assert_eq!((&counts["volatile_writes"], &counts["nonvolatile_writes"]), (&0.into(), &0.into()));
    let (refused, _) = protect(&bench, emu, &["set", "0x100000+4K"], 2);
    assert!(message(&refused).contains("cannot be locked in part"), "{refused}");
    assert_eq!(protect(&bench, emu, &["clear"], 0).0["protected_ranges"], json!([]));
    assert_eq!(kept(&bench), [0x00, 0x02, 0x64]);
    protect(&bench, emu, &["clear", "--permanent", "--yes"], 0);
    assert_eq!(kept(&bench), [0x00, 0x02, 0x60], "WPS off, the rest as it was");
}

#[test]
fn locks_that_come_back_with_the_power_are_set_and_lifted() {
    for (chip, unit) in [("AT25DF321A", 0x1_0000), ("SST26VF032B", 0x2000)] {
        let emu = format!("chip={chip},state=chip");
        let bench = bench(&emu, &[]);
        let (shown, _) = protect(&bench, &emu, &["show"], 0);
        assert_eq!(shown["protected_ranges"][0]["len"], 0x40_0000, "{chip}: {shown}");
        let (set, _) = protect(&bench, &emu, &["set", &format!("0+{unit}")], 0);
        assert_eq!(set["protected_ranges"], json!([{ "start": 0, "end": unit, "len": unit }]), "{chip}");
        protect(&bench, &emu, &["set", "0x100+0x100"], 2);
        assert_eq!(protect(&bench, &emu, &["clear"], 0).0["protected_ranges"], json!([]), "{chip}");
        let (refused, _) = protect(&bench, &emu, &["clear", "--permanent", "--yes"], 2);
        assert!(message(&refused).contains("power-up"), "{refused}");
    }
    let emu = "chip=SST25VF016B,state=chip";
    let bench = bench(emu, &[]);
    assert_eq!(protect(&bench, emu, &["clear"], 0).0["protected_ranges"], json!([]));
    assert_eq!(kept(&bench), [0x3c]);
    protect(&bench, emu, &["clear", "--permanent", "--yes"], 2);
}
