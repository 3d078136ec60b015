//! Intel HEX and S-records: every command that reads an image reads them, and two write them; a fault is refused by its line.

use super::images::sparse;
use crate::bench::{Bench, Ran};

const EMU: &str = "chip=P25D40SH,image=image.bin,state=chip";

/// A bench with a chip of 512 KiB.
fn bench() -> (Bench, Vec<u8>) {
    let bench = Bench::new();
    let mut image = sparse(4);
    image.truncate(0x8_0000);
    bench.write("image.bin", &image);
    (bench, image)
}

fn run(bench: &Bench, words: &[&str]) -> Ran {
    bench.emu(EMU, [&["--store", "store"], words].concat()).0
}

#[test]
fn what_is_read_into_records_is_the_chip_for_every_command() {
    let (bench, image) = bench();
    for (file, first, format) in [
        ("dump.hex", ":10000000", &[][..]),
        ("dump.s19", "S0", &[]),
        ("dump.dat", ":10000000", &["--format", "ihex"]),
        ("dump.txt", "S0", &["--format", "srec"]),
    ] {
        run(&bench, &[&["read", file, "--passes", "1"], format].concat()).code(0);
        let text = String::from_utf8(bench.read(file)).expect("text");
        assert!(text.starts_with(first), "{file}: {}", &text[..20]);
        run(&bench, &["verify", file]).code(0).says(&["equal: 512 KiB"]);
        bench.run(["diff", file, "image.bin"]).code(0);
        let inspected = bench.run(["--json", "inspect", file]).code(0).result();
        assert_eq!(inspected["size"], image.len() as u64, "{file}");
    }
    // The bytes as they are, whatever the name says.
    run(&bench, &["--force", "read", "dump.hex", "--passes", "1", "--format", "bin"]).code(0);
    assert!(bench.read("dump.hex") == image);
    run(&bench, &["verify", "dump.hex"]).code(0);
    // Written, spliced over, reported, imported.
    let other = sparse(5)[..0x8_0000].to_vec();
    bench.write("other.bin", &other);
    bench.emu("chip=P25D40SH,image=other.bin", ["read", "other.hex", "--passes", "1"]).0.code(0);
    run(&bench, &["--yes", "write", "other.hex"]).code(0).says(&["Intel HEX, 512 KiB from 0x0"]);
    assert!(bench.read("chip/flash.bin") == other);
    bench.run(["--store", "store", "report", "other.hex"]).code(0);
    let imported = bench.run(["--json", "--store", "s2", "backups", "import", "other.hex"]).code(0).result();
    assert!(bench.read(&format!("s2/{}/flash.bin", imported["id"].as_str().unwrap())) == other);
}

#[test]
fn a_splice_takes_and_makes_records() {
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    bench.write("vendor.bin", &demo.vendor);
    bench.emu("image=board.bin", ["read", "board.srec", "--passes", "1"]).0.code(0);
    let splice = |base: &str, out: &str| {
        let words =
            ["splice", "--board", "archer-mr200-v1", "--donor", "vendor.bin", "--base", base, "-o", out];
        bench.run(words).code(0);
    };
    splice("board.bin", "plain.bin");
    splice("board.srec", "made.hex");
    assert!(bench.read("made.hex").starts_with(b":"));
    bench.run(["diff", "plain.bin", "made.hex"]).code(0);
    let words = ["splice", "--board", "archer-mr200-v1", "--donor", "vendor.bin", "--base", "board.bin"];
    let tftp = ["--for", "tftp", "--format", "ihex", "-o", "x.bin"];
    bench.run(words.iter().chain(&tftp)).code(2).says(&["a loader takes bytes only"]);
}

#[test]
fn records_go_where_they_say_and_faults_are_named() {
    let (bench, image) = bench();
    run(&bench, &["read", "part.hex", "--at", "0x20000", "--len", "4K", "--passes", "1"]).code(0);
    run(&bench, &["verify", "part.hex", "--at", "0x20000"]).code(0);
    let elsewhere = ["belongs at address 0x20000", "--at 0x20000"];
    for place in [&[][..], &["--at", "0x30000"]] {
        run(&bench, &[&["--yes", "write", "part.hex"], place].concat()).code(2).says(&elsewhere);
        run(&bench, &[&["verify", "part.hex"], place].concat()).code(2).says(&elsewhere);
    }
    bench.run(["diff", "part.hex", "image.bin"]).code(2).says(&elsewhere);
    run(&bench, &["--yes", "write", "part.hex", "--at", "0x20000"]).code(0);
    assert!(!std::fs::exists(bench.path("chip/flash.bin")).unwrap() || bench.read("chip/flash.bin") == image);
    for (name, text, said) in [
        ("sum.hex", ":0100000055AB\n:00000001FF\n", "line 1: the checksum is AB"),
        ("cut.hex", ":0100000055AA\n", "end record is missing"),
        ("gap.hex", ":0100000055AA\n:01001000559A\n:00000001FF\n", "srec_cat"),
        ("twice.s19", "S1040000AA51\nS1040000AA51\nS9030000FC\n", "given twice"),
        ("text.hex", "this is no record\n", "line 1: it is no record"),
        // By what is in it, not by its name.
        ("sum.bin", ":0100000055AA\n:0100010055AB\n:00000001FF\n", "line 2: the checksum"),
    ] {
        bench.write(name, text.as_bytes());
        run(&bench, &["--yes", "write", name, "--at", "0"]).code(2).says(&[said, name]);
        bench.run(["inspect", name]).code(2).says(&[said]);
    }
    // A dump whose beginning looks like records is a dump.
    let mut looks = image;
    looks[..28].copy_from_slice(b":0100000055AA\n:00000001FF\n\n\n");
    bench.write("looks.bin", &looks);
    run(&bench, &["--yes", "write", "looks.bin"]).code(0);
    assert!(bench.read("chip/flash.bin") == looks);
}
