//! PCs through the program, judged by other people's readers: UEFIExtract, and OVMF as a firmware that is not made here.

mod coreboot;
mod judges;
pub mod made;
mod stores;
mod updates;

use crate::bench::Bench;
use made::{Hashes, Part, Spec, build, expected};
use std::path::Path;

/// Where Debian's package puts OVMF.
const OVMF: &str = "/usr/share/OVMF";

fn ovmf(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(OVMF).join(name);
    let read = std::fs::read(&path).ok();
    if read.is_none() {
        assert!(std::env::var_os("NORSPLICE_NEED_TOOLS").is_none(), "{} is not there", path.display());
        println!("left out: {} is not there", path.display());
    }
    read
}

#[track_caller]
fn done(bench: &Bench, words: &[&str]) {
    let ran = bench.run(words);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// The messages of UEFIExtract, and its list of items with base, size and CRC-32.
fn extracted(bench: &Bench, file: &str) -> (Vec<String>, Vec<String>) {
    let shown = bench.tool(&format!("UEFIExtract {file} report"));
    let report = String::from_utf8_lossy(&bench.read(&format!("{file}.report.txt"))).into_owned();
    let words = ["invalid", "mismatch", "unknown", "damaged", "overlap", "non-UEFI"];
    let messages = shown.lines().filter(|line| words.iter().any(|word| line.contains(word)));
    (messages.map(str::to_owned).collect(), report.lines().map(str::to_owned).collect())
}

#[test]
fn uefiextract_has_no_complaint_of_a_splice_that_the_update_does_not_give() {
    let Some(bench) = Bench::with(&["UEFIExtract"]) else { return };
    let parts = [(Part::Vss2, 16), (Part::Identity, 2), (Part::Code, 8), (Part::Block, 1), (Part::Nvar, 4)];
    let spec = Spec::new(&parts);
    let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
    bench.write("own.bin", &own.bytes);
    bench.write("update.bin", &new.bytes);
    done(
        &bench,
        &["splice", "--board", "auto", "--base", "own.bin", "--donor", "update.bin", "-o", "new.bin"],
    );
    assert!(bench.read("new.bin") == expected(&own, &new));
    let (of_update, items_of_update) = extracted(&bench, "update.bin");
    let (of_result, items) = extracted(&bench, "new.bin");
    assert_eq!(of_result, of_update);
    let count = |items: &[String]| items.iter().filter(|line| line.contains("Volume")).count();
    assert!(count(&items) >= 5 && count(&items) == count(&items_of_update), "{items:#?}");
}

/// What the tests are made of is judged too: each volume is where its maker says, whoever hashes it. The table of Intel's
/// interface is where the address 40h before the end leads (Intel's FIT BIOS specification).
#[test]
fn uefiextract_finds_each_volume_of_a_made_board_where_it_was_put() {
    let Some(bench) = Bench::with(&["UEFIExtract"]) else { return };
    let parts = [(Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 8), (Part::Blank, 2), (Part::Vss, 16)];
    for hashes in [Hashes::Ami1, Hashes::Ami2, Hashes::Ami3, Hashes::Phoenix, Hashes::BootGuard] {
        let made = build(&Spec { hashes, ..Spec::new(&parts) }, 1, Some(1));
        bench.write("made.bin", &made.bytes);
        // A place in the file, or an address below 4 GiB where the flash ends.
        let start = (1usize << 32) - made.bytes.len();
        let base = |line: &String| {
            let base = usize::from_str_radix(line.split('|').nth(2)?.trim(), 16).ok()?;
            Some(base.checked_sub(start).unwrap_or(base))
        };
        let (_, items) = extracted(&bench, "made.bin");
        let volumes = items.iter().filter(|line| line.starts_with(" Volume"));
        let wanted = made.parts.iter().filter(|(part, ..)| *part != Part::Blank).map(|(_, at, _)| *at);
        assert_eq!(volumes.filter_map(base).collect::<Vec<_>>(), wanted.collect::<Vec<_>>(), "{hashes:?}");
        let end = made.bytes.len() - 0x40;
        let table = u32::from_le_bytes(made.bytes[end..end + 4].try_into().unwrap()) as usize - start;
        assert!(table == made.fit && made.bytes[table..].starts_with(b"_FIT_   "), "{hashes:?}: {table:#x}");
    }
}

/// A new serial number and UUID: the reader finds no sum that is wrong.
#[test]
fn uefiextract_reads_a_new_identity_without_a_complaint() {
    let Some(bench) = Bench::with(&["UEFIExtract"]) else { return };
    for part in [Part::Nvar, Part::Vss2] {
        let spec = Spec::new(&[(part, 8), (Part::Identity, 2), (Part::Code, 4)]);
        let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
        bench.write("own.bin", &own.bytes);
        bench.write("update.bin", &new.bytes);
        let line =
            ["splice", "--board", "auto", "--base", "own.bin", "--donor", "update.bin", "-o", "new.bin"];
        let identity =
            ["--force", "--serial", "NEW1234567X", "--uuid", "4c4c4544-0051-3510-8052-b4c04f4a3232"];
        done(&bench, &[&line[..], &identity].concat());
        let made = bench.read("new.bin");
        assert!(made != expected(&own, &new) && made.windows(11).any(|text| text == b"NEW1234567X"));
        assert_eq!(extracted(&bench, "new.bin").0, extracted(&bench, "update.bin").0);
        let shown = bench.run(["inspect", "new.bin"]);
        assert!(
            shown.stdout.contains("NEW1234567X") && shown.stdout.contains("4c4c4544-0051"),
            "{}",
            shown.stdout
        );
    }
}

/// A firmware that nobody made for this: the own variables before the code of another build.
#[test]
fn ovmf_keeps_its_own_variables_across_a_swap_of_its_code() {
    let names = ["OVMF_CODE_4M.fd", "OVMF_CODE_4M.secboot.fd", "OVMF_VARS_4M.fd", "OVMF_VARS_4M.ms.fd"];
    let [Some(old), Some(new), Some(empty), Some(used)] = names.map(ovmf) else { return };
    let bench = Bench::new();
    bench.write("own.bin", &[&used[..], &old].concat());
    bench.write("update.bin", &[&empty[..], &new].concat());
    let line = ["splice", "--board", "auto", "--base", "own.bin", "--donor", "update.bin", "-o"];
    done(&bench, &[&line[..], &["new.bin"]].concat());
    assert!(bench.read("new.bin") == [&used[..], &new].concat());
    done(&bench, &[&line[..], &["blank.bin", "--set", "nvram=blank"]].concat());
    assert!(bench.read("blank.bin") == [&empty[..], &new].concat());
    if let Some(bench) = Bench::with(&["UEFIExtract"]) {
        bench.write("update.bin", &[&empty[..], &new].concat());
        bench.write("new.bin", &[&used[..], &new].concat());
        let (of_update, _) = extracted(&bench, "update.bin");
        assert_eq!(extracted(&bench, "new.bin").0, of_update);
    }
}

#[test]
fn a_wrong_donor_is_refused_and_no_file_is_left() {
    let bench = Bench::new();
    let spec = Spec::new(&[(Part::Nvar, 4), (Part::Identity, 2), (Part::Code, 4)]);
    let (own, other) = (build(&spec, 1, Some(1)), build(&Spec { model: "MADE Z990", ..spec }, 2, None));
    bench.write("own.bin", &own.bytes);
    bench.write("other.bin", &other.bytes);
    let line = [
        "splice",
        "--board",
        "auto",
        "--base",
        "own.bin",
        "--donor",
        "other.bin",
        "-o",
        "new.bin",
        "--allow",
        "all",
    ];
    let ran = bench.run(line);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("Z990") && !bench.path("new.bin").exists(), "{}", ran.stderr);
}

/// In one pass on the clip, like any board.
#[test]
fn a_pc_is_rewritten_on_the_clip() {
    let bench = Bench::new();
    // 8 MiB: what is after the descriptor's regions and before the boot volume.
    let parts =
        [(Part::Nvar, 16), (Part::Identity, 2), (Part::Code, 40), (Part::Block, 1), (Part::Blank, 1965)];
    let (own, new) = (build(&Spec::new(&parts), 1, Some(1)), build(&Spec::new(&parts), 2, None));
    assert_eq!(own.bytes.len(), 0x80_0000);
    bench.write("own.bin", &own.bytes);
    bench.write("update.bin", &new.bytes);
    let chip = "chip=W25Q64FV,image=own.bin,state=chip";
    let (ran, _) = bench.emu(chip, ["rewrite", "--board", "auto", "--donor", "update.bin", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (ran, _) = bench.emu("chip=W25Q64FV,state=chip", ["read", "after.bin"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(bench.read("after.bin") == expected(&own, &new));
}

/// The descriptor's table of chips that the ME knows, held against the chip on the clip.
#[test]
fn a_chip_that_the_descriptor_does_not_know_is_reported_at_the_rewrite() {
    let bench = Bench::new();
    let parts = [(Part::Nvar, 16), (Part::Identity, 2), (Part::Code, 40), (Part::Blank, 1966)];
    let (mut own, new) = (build(&Spec::new(&parts), 1, Some(1)), build(&Spec::new(&parts), 2, None));
    // The table is at DF0h, of two words, and has another maker's chip of the size.
    own.bytes[0xefc..0xefe].copy_from_slice(&[0xdf, 2]);
    own.bytes[0xdf0..0xdf8].copy_from_slice(&[0xc2, 0x20, 0x17, 0, 5, 0x20, 5, 0x20]);
    bench.write("own.bin", &own.bytes);
    bench.write("update.bin", &new.bytes);
    let chip = "chip=W25Q64FV,image=own.bin,state=chip";
    let (ran, _) = bench.emu(chip, ["rewrite", "--board", "auto", "--donor", "update.bin", "--yes"]);
    let told = ran.stderr.contains("vscc") && ran.stderr.contains("ef4017") && ran.stderr.contains("c22017");
    assert!(ran.code == 0 && told, "{}", ran.stderr);
    assert!(bench.read("chip/flash.bin") == expected(&own, &new));
    // The table holds the chip.
    own.bytes[0xdf0..0xdf2].copy_from_slice(&[0xef, 0x40]);
    bench.write("own.bin", &own.bytes);
    let chip = "chip=W25Q64FV,image=own.bin";
    let (ran, _) = bench.emu(chip, ["rewrite", "--board", "auto", "--donor", "update.bin", "--dry-run"]);
    assert!(ran.code == 0 && !ran.stderr.contains("vscc"), "{}", ran.stderr);
}
