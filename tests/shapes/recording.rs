//! What flashrom sends: recorded between flashrom and libusb, on the emulated programmers.
//!
//! `cargo test --test all shapes::recording -- --ignored` makes the files in `tests/data` anew; it needs flashrom (Debian's
//! 1.3.0 here). flashrom runs over the stand-in for libusb, reads a block of 4 KiB, erases it, writes and verifies it; of
//! every kind of burst the first one is kept.

/// One burst: its OUT transfer, and how many IN transfers of which length were asked for after it.
pub struct Burst {
    pub out: Vec<u8>,
    pub asked: Vec<usize>,
}

/// The bursts of a file: a line `out HEX`, then for the answers a line `in COUNTxLENGTH ...`.
pub fn bursts(text: &str) -> Vec<Burst> {
    let mut all: Vec<Burst> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(' ').expect("a word and the rest") {
            ("out", hex) => all.push(Burst { out: unhex(hex), asked: Vec::new() }),
            ("in", counts) => {
                let lengths = counts.split(' ').flat_map(|part| {
                    let (count, len) = part.split_once('x').expect("COUNTxLENGTH");
                    std::iter::repeat_n(
                        len.parse::<usize>().expect("a length"),
                        count.parse().expect("a count"),
                    )
                });
                all.last_mut().expect("out comes first").asked.extend(lengths);
            }
            (other, _) => panic!("{other}"),
        }
    }
    all
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex digits")).collect()
}

#[cfg(all(target_os = "linux", not(libusb_built_in)))]
mod again {
    use super::super::{flashrom, mpsse_shape};
    use super::{Burst, unhex};
    use crate::bench::Bench;
    use crate::usb::stand_in;
    use std::process::Command;

    /// The bursts of the stand-in's trace: `out HEX` and `in LENGTH` for each transfer.
    fn traced(text: &str) -> Vec<Burst> {
        let mut all: Vec<Burst> = Vec::new();
        for line in text.lines() {
            match line.split_once(' ').expect("a word and the rest") {
                ("out", hex) => all.push(Burst { out: unhex(hex), asked: Vec::new() }),
                (_, len) => {
                    if let Some(last) = all.last_mut() {
                        last.asked.push(len.parse().expect("a length"));
                    }
                }
            }
        }
        all
    }

    fn text(burst: &Burst) -> String {
        let hex: String = burst.out.iter().map(|byte| format!("{byte:02x}")).collect();
        let runs = burst.asked.chunk_by(|a, b| a == b).map(|run| format!("{}x{}", run.len(), run[0]));
        let counts = runs.collect::<Vec<_>>().join(" ");
        let answers = if counts.is_empty() { String::new() } else { format!("in {counts}\n") };
        format!("out {hex}\n{answers}")
    }

    fn record(device: &str, programmer: &str, file: &str, opcodes: fn(&Burst) -> Vec<u8>) {
        let bench = Bench::new();
        let old = vec![0x55; 8 << 20];
        let mut new = old.clone();
        new[0x1000..0x1008].copy_from_slice(b"recorded");
        bench.write("old.bin", &old);
        bench.write("new.bin", &new);
        bench.write("layout", b"00001000:00001fff block\n");
        let mut command = Command::new("flashrom");
        command.current_dir(bench.path(".")).env("LD_PRELOAD", stand_in());
        command.env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin");
        command.env("NORSPLICE_DROPIN", format!("{device} image=old.bin"));
        command.env("NORSPLICE_DROPIN_TRACE", "trace");
        let chip = "W25Q64BV/W25Q64CV/W25Q64FV";
        command.args(["-p", programmer, "-c", chip, "-l", "layout", "-i", "block", "-N", "-w", "new.bin"]);
        let output = command.output().expect("flashrom is installed");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("VERIFIED"), "{said}");
        let trace = String::from_utf8(bench.read("trace")).unwrap();
        let mut kinds = Vec::new();
        let mut kept = format!(
            "# flashrom 1.3.0 with -p {programmer}, on the emulated programmer with a W25Q64FV: the first burst of each kind.\n\
             # Made by: cargo test --test all shapes::recording -- --ignored\n\
             # out: an OUT transfer in hex. in: the lengths that were asked for after it, as count x length.\n"
        );
        for burst in traced(&trace) {
            let kind = opcodes(&burst);
            if !kind.is_empty() && !kinds.contains(&kind) {
                kept += &text(&burst);
                kinds.push(kind);
            }
        }
        let path = format!("{}/tests/data/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, kept).unwrap();
    }

    #[test]
    #[ignore = "makes the recording anew, with flashrom"]
    fn flashrom_is_recorded_anew() {
        record("ch341a", "ch341a_spi", "flashrom-ch341a.txt", flashrom::opcodes);
        record("ft2232h", "ft2232_spi:type=2232H,divisor=2", "flashrom-ft2232h.txt", mpsse_shape::opcodes);
    }
}
