//! `read` and `verify`: files that are whole, right, or not there.

use super::images::{CHIP, sparse};
use crate::bench::{Bench, Ran};
use serde_json::json;

/// A bench with a chip image in `image.bin`.
fn bench() -> (Bench, Vec<u8>) {
    let bench = Bench::new();
    let image = sparse(1);
    std::fs::write(bench.path("image.bin"), &image).unwrap();
    (bench, image)
}

#[test]
fn a_dump_is_what_is_on_the_chip() {
    let (bench, image) = bench();
    // What the proof of the addresses reads, and after a second pass the look at the chip's end.
    for (emu, reads, proof) in
        [("image=image.bin", 2, 15_857), ("image=image.bin,programmer=ft2232h", 1, 7_617)]
    {
        let passes = reads.to_string();
        let (ran, counts) = bench.emu(emu, ["--json", "--force", "read", "out.bin", "--passes", &passes]);
        let result = ran.code(0).result();
        assert_eq!(std::fs::read(bench.path("out.bin")).unwrap(), image);
        assert_eq!((&result["size"], &result["bytes_read"]), (&CHIP.into(), &(reads * CHIP).into()));
        assert_eq!(counts["array_bytes_read"], reads * CHIP + proof, "{emu}");
        assert_eq!((&counts["opcodes"]["06"], &counts["opcodes"]["50"]), (&().into(), &().into()));
    }
    bench.emu("image=image.bin", ["read", "part.bin", "--at", "0x20000", "--len", "1K"]).0.code(0);
    assert_eq!(std::fs::read(bench.path("part.bin")).unwrap(), image[0x2_0000..0x2_0400]);
    let words = ["read", "rom.bin", "--region", "rom", "--board", "archer-mr200-v1"];
    bench.emu("image=image.bin", words).0.code(0);
    assert_eq!(std::fs::read(bench.path("rom.bin")).unwrap(), image[0x7d_0000..0x7e_0000]);
}

#[test]
fn places_that_are_not_on_the_chip_are_refused() {
    let (bench, _) = bench();
    for (words, said) in [
        (&["--at", "8M", "--len", "1"][..], "past the end"),
        (&["--at", "0x7fffff", "--len", "2"], "past the end"),
        // Nothing on this chip maps its regions.
        (&["--region", "rom"], "--board"),
        (&["--region", "room", "--board", "archer-mr200-v1"], "did you mean 'rom'"),
        (&["--region", "rom", "--board", "archer-mr200-v9"], "archer-mr200-v1"),
        (&["--at", "0x1000", "--len", "0"], "length is 0"),
        (&["--at", "12Q"], "0x20000"),
    ] {
        bench.emu("image=image.bin", [&["read", "out.bin"], words].concat()).0.code(2).says(&[said]);
    }
    assert_eq!(bench.names("."), ["image.bin"]);
}

#[test]
fn passes_that_disagree_give_no_file() {
    let (bench, _) = bench();
    let (ran, _) = bench
        .emu("image=image.bin,fault=flips:1e-4", ["--json", "read", "out.bin", "--at", "0", "--len", "64K"]);
    let result = ran.code(1).result();
    assert!(!result["unsure_ranges"].as_array().unwrap().is_empty(), "{result}");
    assert_eq!(bench.names("."), ["image.bin"]);
    // Ten times the noise ends in the proof of the addresses already, before a pass is read: there are no ranges to name then,
    // and the message must name noise and not an address.
    let (ran, _) =
        bench.emu("image=image.bin,fault=flips:1e-3", ["read", "out.bin", "--at", "0", "--len", "64K"]);
    assert!(!ran.stderr.contains("address bytes"), "{}", ran.stderr);
    ran.code(1).says(&["differ"]);
    assert_eq!(bench.names("."), ["image.bin"]);
    // A clip that comes off in the middle reads FF from there on.
    let (ran, _) =
        bench.emu("image=image.bin,fault=off:10-100000", ["--json", "read", "out.bin", "--passes", "1"]);
    assert_ne!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.names("."), ["image.bin"]);
}

#[test]
fn files_that_cannot_be_written_are_told_before_the_chip_is_asked() {
    let (bench, _) = bench();
    std::fs::create_dir(bench.path("folder")).unwrap();
    for (file, said) in [("missing/out.bin", "missing/out.bin"), ("folder", "folder")] {
        let (ran, counts) = bench.emu("image=image.bin", ["read", file]);
        ran.code(1).says(&[said]);
        assert!(counts.is_null(), "the programmer was opened: {counts}");
    }
    bench
        .emu("image=image.bin", ["read", "/dev/full", "--at", "0", "--len", "4K"])
        .0
        .code(1)
        .says(&["/dev/full"]);
    // A quota in place of a full disk: 100 blocks of 512 bytes or 1 KiB, by the shell.
    let script = format!(
        "ulimit -f 100; exec {} -p emu:image=image.bin read out.bin --passes 1",
        env!("CARGO_BIN_EXE_norsplice")
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script]).current_dir(bench.path("."));
    Ran::of(&mut shell).code(1).says(&["cannot write"]);
    assert_eq!(bench.names("."), ["folder", "image.bin"]);
}

#[test]
fn verify_lists_every_range_that_differs() {
    let (bench, mut image) = bench();
    bench.emu("image=image.bin", ["verify", "image.bin"]).0.code(0).says(&["equal"]);
    for (at, len) in [(0, 1), (0x1234, 16), (CHIP - 1, 1)] {
        image[at..at + len].iter_mut().for_each(|b| *b ^= 0x55);
    }
    std::fs::write(bench.path("other.bin"), &image).unwrap();
    let (ran, _) = bench.emu("image=image.bin", ["--json", "verify", "other.bin"]);
    let result = ran.code(4).result();
    let wanted = json!([
        { "start": 0, "end": 1, "len": 1 },
        { "start": 0x1234, "end": 0x1244, "len": 16 },
        { "start": CHIP - 1, "end": CHIP, "len": 1 },
    ]);
    assert_eq!((&result["differing_ranges"], &result["differing_bytes"]), (&wanted, &18.into()));
    let words = ["verify", "other.bin", "--board", "archer-mr200-v1"];
    bench.emu("image=image.bin", words).0.code(4).says(&["u-boot", "radio", "0x7fffff"]);

    std::fs::write(bench.path("part.bin"), &image[0x7d_0000..0x7e_0000]).unwrap();
    bench.emu("image=image.bin", ["verify", "part.bin"]).0.code(2).says(&["--at or --region", "64 KiB"]);
    bench.emu("image=image.bin", ["verify", "part.bin", "--at", "0x7d0000"]).0.code(0);
    let words = ["verify", "part.bin", "--region", "rom", "--board", "archer-mr200-v1"];
    bench.emu("image=image.bin", words).0.code(0);
    bench.emu("image=image.bin", ["verify", "missing.bin"]).0.code(2).says(&["missing.bin"]);
}

#[test]
fn a_dash_is_standard_output_and_standard_input() {
    use std::io::Write;
    let (bench, image) = bench();
    let read = |more: &[&str]| {
        let words = ["-p", "emu:image=image.bin,state=chip", "--store", "store"];
        bench.command().args(words).args(more).output().unwrap()
    };
    let out = read(&["read", "-", "--at", "0x20000", "--len", "4K"]);
    assert!(out.status.success() && out.stdout == image[0x2_0000..0x2_1000], "data and nothing else");
    assert!(String::from_utf8_lossy(&out.stderr).contains("sha256"), "the summary is on standard error");
    assert!(!bench.path("-").exists());
    let out = read(&["--json", "read", "-", "--at", "0", "--len", "16"]);
    assert_eq!(out.status.code(), Some(2), "{}", String::from_utf8_lossy(&out.stderr));

    let words =
        ["-p", "emu:image=image.bin,state=chip", "--store", "store", "--yes", "write", "-", "--at", "0x1000"];
    let mut write = bench.command();
    let write = write.args(words).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let mut child = write.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"through a pipe").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(&std::fs::read(bench.path("chip/flash.bin")).unwrap()[0x1000..0x100e], b"through a pipe");
    // No bytes are no file.
    let mut empty = bench.command();
    let empty = empty.args(words).stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(empty.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&empty.stderr).contains("standard input is empty"));
}

/// Standard input is read once: the second of two that name it is told so, whichever options they are.
#[test]
fn standard_input_named_twice_is_refused_as_that() {
    use std::io::Write;
    let (bench, image) = bench();
    let map = "mtdparts=x:128k(u-boot),64k(firmware)";
    bench.write("map", map.as_bytes());
    let splice = ["splice", "--set", "firmware=d", "-o", "out.bin", "--donor", "d=-"];
    for (more, bytes) in [
        (&[&splice[..], &["--layout", "map", "--base", "-"]].concat()[..], &image[..]),
        (&[&splice[..], &["--base", "image.bin", "--layout", "-"]].concat()[..], map.as_bytes()),
        (&["diff", "-", "-"], b"some bytes"),
    ] {
        let mut command = bench.command();
        let piped = std::process::Stdio::piped;
        let mut child = command.args(more).stdin(piped()).stderr(piped()).spawn().unwrap();
        // A program that has refused before it has read everything is right as well.
        let _ = child.stdin.take().unwrap().write_all(bytes);
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.contains("'-' is named twice") && !said.contains("empty"), "{more:?}: {said}");
        assert!(!bench.path("out.bin").exists());
    }
}
