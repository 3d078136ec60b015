//! `inspect`, `layout`, `boards`, `chips`: what files hold and what is known.

use crate::bench::Bench;
use norsplice::image::synthetic::{self, FirmwareSpec};
use serde_json::Value;

fn kinds(result: &Value) -> Vec<&str> {
    result["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_file_is_mapped_with_every_check() {
    let bench = Bench::new();
    let demo = synthetic::demo();
    std::fs::write(bench.path("vendor.bin"), &demo.vendor).unwrap();
    std::fs::write(bench.path("board.bin"), &*demo.board).unwrap();
    let result = bench.run(["--json", "inspect", "vendor.bin"]).code(0).result();
    assert!(kinds(&result).starts_with(&["tplink-v3", "u-boot", "tplink-v3"]), "{result}");
    let outer = &result["items"][0];
    assert_eq!((&outer["offset"], &outer["size"]), (&0.into(), &demo.vendor.len().into()));
    assert!(outer["attributes"].is_object(), "{outer}");
    let md5 = outer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "md5").unwrap();
    assert_eq!(md5["result"], "ok");
    // It holds no map, and names its board all the same.
    bench.run(["layout", "board.bin"]).code(0).says(&["board archer-mr200-v1, by hardware", "radio"]);
    let result = bench.run(["--json", "inspect", "board.bin"]).code(0).result();
    assert_eq!(result["what"], "dump");
    assert_eq!(kinds(&result).iter().filter(|kind| **kind == "mtk-eeprom").count(), 2, "{result}");
    bench.run(["inspect", "board.bin"]).code(0).says(&["mtk-eeprom", "02:6e:6f:72:73:70", "md5 ok"]);

    // Damage is found, and no failure of the inspection.
    let mut damaged = demo.vendor;
    damaged[0x3_0000] ^= 1;
    std::fs::write(bench.path("damaged.bin"), &damaged).unwrap();
    let result = bench.run(["--json", "inspect", "damaged.bin"]).code(0).result();
    assert_eq!(result["sound"], false);
    bench.run(["inspect", "missing.bin"]).code(2).says(&["missing.bin"]);
}

#[test]
fn a_file_is_judged_for_what_it_is_meant_for() {
    let bench = Bench::new();
    let demo = synthetic::demo();
    let sysupgrade = synthetic::sysupgrade(&FirmwareSpec::default(), &["tplink,archer-mr200"]);
    std::fs::write(bench.path("rescue.bin"), &demo.board[..0x7d_0000]).unwrap();
    std::fs::write(bench.path("sysupgrade.bin"), sysupgrade).unwrap();
    let judged = |file, meant| ["--json", "inspect", file, "--board", "archer-mr200-v1", "--as", meant];
    bench.run(judged("rescue.bin", "tftp")).code(0);
    bench.run(judged("sysupgrade.bin", "donor")).code(0);
    let result = bench.run(judged("sysupgrade.bin", "tftp")).code(2).result();
    assert!(result["message"].as_str().unwrap().contains("loader"), "{result}");
    assert!(result["findings"].as_array().unwrap().iter().any(|f| f["severity"] == "refuse"), "{result}");
    assert!(!result["items"].as_array().unwrap().is_empty());
    bench.run(["inspect", "rescue.bin", "--as", "tftp"]).code(2).says(&["--board"]);
}

#[test]
fn boards_their_maps_and_chips_are_listed() {
    let bench = Bench::new();
    let boards = bench.run(["--json", "boards"]).code(0).result();
    assert!(boards["boards"].as_array().unwrap().iter().any(|board| board["name"] == "archer-mr200-v1"));
    bench.run(["boards", "archer-mr200-v1"]).code(0).says(&[
        "ArcherC2V1_tp_recovery.bin",
        "D7500001",
        "radio",
    ]);
    let layout = bench.run(["--json", "layout", "--board", "archer-mr200-v1"]).code(0).result();
    let rom = layout["regions"].as_array().unwrap().iter().find(|region| region["name"] == "rom").unwrap();
    assert_eq!(
        (&rom["offset"], &rom["size"], &rom["read_only"]),
        (&0x7d_0000.into(), &0x1_0000.into(), &true.into())
    );
    let mac = &rom["per_unit"][0];
    assert_eq!((&mac["offset"], &mac["size"], &mac["kind"]), (&0x7d_f100.into(), &6.into(), &"mac".into()));
    // Through each written form and back.
    for form in ["toml", "mtdparts", "flashrom"] {
        let text = bench.run(["layout", "--board", "archer-mr200-v1", "--to", form]).code(0).stdout;
        std::fs::write(bench.path("map"), text).unwrap();
        let again = bench.run(["--json", "layout", "map"]).code(0).result();
        for (a, b) in layout["regions"].as_array().unwrap().iter().zip(again["regions"].as_array().unwrap()) {
            assert_eq!(
                (&a["name"], &a["offset"], &a["size"]),
                (&b["name"], &b["offset"], &b["size"]),
                "{form}"
            );
        }
    }
    std::fs::write(bench.path("text"), "nothing of the kind").unwrap();
    bench.run(["layout", "text"]).code(2).says(&["mtdparts", "text"]);
    bench.run(["layout"]).code(2).says(&["--board"]);
    let chips = bench.run(["--json", "chips", "w25q64fv"]).code(0).result();
    assert!(chips["chips"].as_array().unwrap().iter().any(|chip| chip["part"] == "W25Q64FV"), "{chips}");
    bench.run(["chips", "no-such-part"]).code(0).says(&["no part"]);
}

/// Any text may name a version of a loader.
#[test]
fn a_text_that_names_a_loader_is_none() {
    let bench = Bench::new();
    let banner = b"U-Boot 1.1.3 (Aug 31 2015 - 16:32:16)";
    let text = [&b"The board starts with "[..], banner, b" from 0.\n"].concat();
    bench.write("README.md", &text.repeat(40));
    let result = bench.run(["--json", "inspect", "README.md"]).code(0).result();
    assert_eq!((&result["what"], kinds(&result)), (&"unknown".into(), vec![]));
    // In a loader it is one.
    let loader = synthetic::demo().board[..0x2_0000].to_vec();
    bench.write("loader.bin", &loader);
    let result = bench.run(["--json", "inspect", "loader.bin"]).code(0).result();
    assert!(kinds(&result).contains(&"u-boot"), "{result}");
}

/// File names need not be text.
#[cfg(target_os = "linux")]
#[test]
fn files_of_any_name_are_shown() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::new();
    let name = std::ffi::OsStr::from_bytes(b"dump\xff.bin");
    std::fs::write(bench.path("").join(name), [0xff; 8192]).unwrap();
    for words in [&["diff"][..], &["map"], &["hexdump", "--len", "16"], &["inspect"]] {
        let mut words: Vec<_> = words.iter().map(std::ffi::OsStr::new).collect();
        words.push(name);
        words.extend((words[0] == "diff").then_some(name));
        bench.run(words).code(0);
    }
}
