//! `emulate`: the server starts, is found, ends on a signal, and saves its chips.

use crate::bench::Bench;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn a_server_is_found_and_saves_its_chips_when_told_to_end() {
    let bench = Bench::new();
    let mut server = bench
        .command()
        .args(["--json", "emulate", "--usbip", "127.0.0.1:0"])
        .args(["state=one", "programmer=ft2232h,serial=CLIP2,state=two"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let listening: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(listening["event"], "listening");
    assert_eq!(listening["devices"], serde_json::json!(["1-1", "1-2"]));

    let mut client = TcpStream::connect(listening["address"].as_str().unwrap()).unwrap();
    // OP_REQ_DEVLIST.
    client.write_all(&[0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0]).unwrap();
    // Header, count, a device with one interface, one with two.
    let mut list = vec![0; 12 + 316 + 320];
    client.read_exact(&mut list).unwrap();
    assert_eq!((list[11], &list[12 + 300..12 + 304]), (2, &[0x1a, 0x86, 0x55, 0x12][..]));
    assert_eq!(list[12 + 316 + 300..12 + 316 + 304], [0x04, 0x03, 0x60, 0x10]);

    let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let last: Value = serde_json::from_str(&lines.last().unwrap().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["status"]), (&"result".into(), &"ok".into()));
    for folder in ["one", "two"] {
        assert_eq!(std::fs::read(bench.path(folder).join("flash.bin")).unwrap().len(), 8 << 20);
    }
}

#[test]
fn other_machines_are_kept_out_unless_said_otherwise() {
    let ran = Bench::new().run(["emulate", "--usbip", "0.0.0.0:0"]);
    let ran = ran.code(2);
    assert!(ran.stderr.contains("other machines") && ran.stderr.contains("--anywhere"), "{}", ran.stderr);
}

#[test]
fn a_killed_run_leaves_the_chip_as_far_as_it_had_come() {
    let bench = Bench::new();
    // A small chip: the whole of its file is looked at again and again.
    let image: Vec<u8> = (0..2u32 << 20).map(|i| (i.wrapping_mul(0x9E37_79B1) >> 24) as u8).collect();
    std::fs::write(bench.path("image.bin"), &image).unwrap();
    let flash = bench.path("chip/flash.bin");
    let mut run = bench
        .command()
        .args([
            "-p",
            "emu:chip=GD25Q16C,state=chip",
            "--store",
            "store",
            "--yes",
            "--quiet",
            "write",
            "image.bin",
        ])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let written = || std::fs::read(&flash).unwrap_or_default().iter().any(|byte| *byte != 0xff);
    while !written() {
        assert!(run.try_wait().unwrap().is_none(), "nothing was seen of the write before its end");
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let left = std::fs::read(&flash).unwrap();
    assert_eq!(left.len(), image.len());
    let programmed = left.iter().zip(&image).filter(|(a, b)| a == b && **b != 0xff).count();
    let blank = left.iter().filter(|b| **b == 0xff).count();
    assert!(programmed > 0 && blank > 0 && left != image, "{programmed} {blank}");
    bench.run(["-p", "emu:chip=GD25Q16C,state=chip", "--store", "store", "--yes", "resume"]).code(0);
    assert!(std::fs::read(&flash).unwrap() == image);
}
