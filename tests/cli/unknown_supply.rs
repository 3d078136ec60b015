//! A part whose supply is in no table, and one that is named by hand: asked about, or refused, before a write.

use crate::bench::Bench;
use serde_json::Value;

/// Its row has no supply.
const EMU: &str = "chip=F25L32QA,image=board.bin,state=chip";

fn bench() -> Bench {
    let bench = Bench::new();
    let board: Vec<u8> = (0..4u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    std::fs::write(bench.path("board.bin"), board).unwrap();
    std::fs::write(bench.path("data.bin"), [0x5A; 100]).unwrap();
    bench
}

const WRITE: [&str; 4] = ["write", "data.bin", "--at", "0x100000"];

#[test]
fn an_unknown_supply_is_asked_about_before_a_write() {
    let bench = bench();
    let run = |words: &[&str]| bench.emu(EMU, [&["--store", "store", "--yes"], words].concat());
    let (ran, _) = run(&["probe"]);
    ran.code(0).says(&["supply of F25L32QA is in no table"]);
    run(&["backup"]).0.code(0);
    for words in [&WRITE[..], &["erase", "--at", "0", "--len", "4K"], &["protect", "set", "all"]] {
        let (ran, counts) = run(words);
        ran.code(2).says(&["supply-unknown", "--allow supply-unknown", "3.3 V"]);
        assert_eq!(counts["opcodes"]["06"], Value::Null, "{words:?}: {counts}");
    }
    let board = std::fs::read(bench.path("board.bin")).unwrap();
    assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == board);
    // A dry run writes nothing, so there is nothing to ask.
    run(&[&["--dry-run"], &WRITE[..]].concat()).0.code(0);
    run(&[&["--allow", "supply-unknwon"], &WRITE[..]].concat())
        .0
        .code(2)
        .says(&["did you mean 'supply-unknown'"]);
    run(&[&["--allow", "supply-unknown"], &WRITE[..]].concat()).0.code(0);
    let flash = std::fs::read(bench.path("chip/flash.bin")).unwrap();
    assert_eq!(flash[0x10_0000..0x10_0064], [0x5A; 100]);
}

#[test]
fn a_part_or_size_by_hand_is_checked_and_never_written_with() {
    let bench = bench();
    let run = |words: &[&str]| {
        bench.emu("chip=W25Q64FV,state=other", [&["--store", "store", "--yes"], words].concat()).0
    };
    run(&["probe", "--part", "W25Q64FX"])
        .code(2)
        .says(&["there is no part 'W25Q64FX'", "did you mean 'W25Q64F"]);
    run(&["probe", "--part", ""]).code(2).says(&["there is no part ''"]);
    for size in ["1000", "0", "32M", "65K"] {
        run(&["read", "out.bin", "--size", size]).code(2).says(&["--size", "is no size of a chip"]);
    }
    run(&["probe", "--size", "many"]).code(2);
    run(&["probe", "--size", "1M", "--part", "W25Q64FV"]).code(2);
    run(&["backup", "--size", "1M"]).code(2).says(&["is known: ", "leave out --part and --size"]);
    run(&[&["--part", "W25Q64FV"], &WRITE[..]].concat())
        .code(2)
        .says(&["only read", "leave out --part and --size"]);
    run(&[&["--size", "8M", "--dry-run"], &WRITE[..]].concat()).code(2).says(&["only read"]);
}
