//! flashrom on an emulated serprog device at a TCP port: it reads what norsplice wrote, and the reverse.

use crate::bench::{Bench, noise};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const CHIP: &str = "W25Q64BV/W25Q64CV/W25Q64FV";

/// A served device; ended when it goes, and its chip saved.
pub struct Served {
    child: Child,
    pub address: String,
}

impl Served {
    /// The device as behind `-p emu:`, at a TCP address or `pty`.
    pub fn new(bench: &Bench, device: &str, place: &str) -> Self {
        let mut child = bench
            .command()
            .args(["--json", "emulate", "--serprog", place, device])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, address: listening["address"].as_str().unwrap().to_owned() }
    }
}

fn device(firmware: &str) -> String {
    format!("programmer={firmware},image=before.bin,state={firmware}")
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn flashrom_reads_what_norsplice_wrote_and_the_reverse() {
    let Some(bench) = Bench::with(&["flashrom"]) else { return };
    // This machine's, and the newer ones that `.ci/judges` names.
    let newer =
        ["NORSPLICE_FLASHROM", "NORSPLICE_FLASHPROG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let judges: Vec<String> = std::iter::once("flashrom".to_owned()).chain(newer).collect();
    let before = noise(8 << 20, 1);
    let mut wanted = before.clone();
    wanted[0x12_3000..0x12_8000].copy_from_slice(&noise(0x5000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let few = ["serprog-pico-any", "serprog-short", "serprog-esp32"];
    let all = [&few[..], &["serprog-pico", "serprog-stm32", "serprog-frser"]].concat();
    for firmware in if crate::bench::all() { all.as_slice() } else { &few } {
        let served = Served::new(&bench, &device(firmware), "127.0.0.1:0");
        let ours = format!("serprog:tcp={}", served.address);
        for (n, judge) in judges.iter().enumerate() {
            let judge = format!("{judge} -p serprog:ip={} -c {CHIP}", served.address);
            let store = format!("store-{firmware}-{n}");
            bench.run(["-p", &ours, "--store", &store, "--yes", "write", "wanted.bin"]).code(0);
            let said = bench.tool(&format!("{judge} -v wanted.bin"));
            assert!(said.contains("VERIFIED"), "{firmware}: {said}");
            // Their pages do not fit a firmware that takes 256 bytes with command and address.
            if *firmware == "serprog-short" {
                continue;
            }
            bench.tool(&format!("{judge} -w before.bin"));
            let name = format!("{firmware}-{n}.bin");
            bench.run(["-p", &ours, "read", &name]).code(0);
            assert!(bench.read(&name) == before, "{judge}");
        }
    }
}

/// The serial port's own code on both sides: a pseudo-terminal is one.
#[test]
fn a_pseudo_terminal_is_a_serial_port_for_norsplice_and_for_flashrom() {
    let bench = Bench::new();
    let before = noise(8 << 20, 1);
    let mut wanted = before.clone();
    wanted[0x1000..0x3000].copy_from_slice(&noise(0x2000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let served = Served::new(&bench, &device("serprog-pico-any"), "pty");
    assert!(served.address.starts_with("/dev/"), "{}", served.address);
    let ours = format!("serprog:dev={},baud=115200", served.address);
    bench.run(["-p", &ours, "--store", "store", "--yes", "write", "wanted.bin"]).code(0);
    bench.run(["-p", &ours, "selftest", "--chip"]).code(0).says(&["the sync, 100 times"]);
    bench.run(["-p", &ours, "verify", "wanted.bin"]).code(0);
    let Some(bench) = Bench::with(&["flashrom"]).map(|_| &bench) else { return };
    let flashrom = format!("flashrom -p serprog:dev={}:115200 -c {CHIP}", served.address);
    let said = bench.tool(&format!("{flashrom} -v wanted.bin"));
    assert!(said.contains("VERIFIED"), "{said}");
}
