//! A 1.8 V part on a 3.3 V programmer: named before anything else, never written without an adapter, written with one.

use crate::bench::Bench;
use norsplice::image::synthetic;
use serde_json::Value;

const EMU: &str = "chip=W25Q64FW,image=board.bin,state=chip";
const NAME: &str = "W25Q64FW is a 1.8 V part";

fn bench() -> Bench {
    let bench = Bench::new();
    let demo = synthetic::demo();
    std::fs::write(bench.path("board.bin"), &*demo.board).unwrap();
    std::fs::write(bench.path("vendor.bin"), &demo.vendor).unwrap();
    std::fs::write(bench.path("data.bin"), [0x5A; 100]).unwrap();
    bench
}

/// Everything that changes a chip.
const WRITES: &[&[&str]] = &[
    &["erase", "--at", "0x100000", "--len", "4K"],
    &["write", "data.bin", "--at", "0x100000"],
    &["rewrite", "--board", "archer-mr200-v1", "--donor", "vendor.bin"],
    &["protect", "set", "all"],
    &["protect", "clear", "--permanent"],
    &["otp", "program", "1", "data.bin"],
    &["otp", "erase", "1"],
];

#[test]
fn it_is_named_first_and_never_written_without_an_adapter() {
    let bench = bench();
    let (ran, _) = bench.emu(EMU, ["--store", "store", "probe"]);
    let ran = ran.code(0);
    assert!(ran.stderr.starts_with(&format!("warning: {NAME}")), "{}", ran.stderr);
    bench.emu(EMU, ["--store", "store", "backup"]).0.code(0).says(&[NAME]);
    for words in WRITES {
        let (ran, counts) = bench.emu(EMU, [&["--store", "store", "--yes"], *words].concat());
        ran.code(2).says(&[NAME, "--voltage-adapter"]);
        for opcode in ["06", "50"] {
            assert_eq!(counts["opcodes"][opcode], Value::Null, "{words:?}: {counts}");
        }
    }
    let board = std::fs::read(bench.path("board.bin")).unwrap();
    assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == board);
}

#[test]
fn with_an_adapter_it_is_written_like_any_other() {
    let bench = bench();
    for words in [&["backup"][..], WRITES[5], WRITES[0], WRITES[1], WRITES[3]] {
        let all = [&["--store", "store", "--yes", "--voltage-adapter"], words].concat();
        bench.emu(EMU, all).0.code(0);
    }
    let flash = std::fs::read(bench.path("chip/flash.bin")).unwrap();
    assert_eq!(flash[0x10_0000..0x10_0064], [0x5A; 100]);
}
