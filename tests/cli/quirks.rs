//! Adapters that differ from the model, through the binary: right where other programs read right, else the link is named.

use crate::bench::Bench;

#[test]
fn an_adapter_that_stops_in_long_reads_is_driven_plainly_and_it_is_said_once() {
    let bench = Bench::new();
    let image: Vec<u8> = (0..8u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(bench.path("image.bin"), &image).unwrap();
    std::fs::write(bench.path("new.bin"), [0x5A; 0x1000]).unwrap();
    let emu = "programmer=ft232h,quirk=stops,image=image.bin,state=chip";
    let (ran, _) = bench.emu(emu, ["--store", "store", "--yes", "write", "new.bin", "--at", "0x20000"]);
    let ran = ran.code(0);
    let said = ran.stderr.matches("for the rest of this run").count();
    assert_eq!(said, 1, "{}", ran.stderr);
    let written = std::fs::read(bench.path("chip/flash.bin")).unwrap();
    assert!(written[0x2_0000..0x2_1000].iter().all(|byte| *byte == 0x5A));
    assert!(written[..0x2_0000] == image[..0x2_0000] && written[0x2_1000..] == image[0x2_1000..]);
    // Reads of 4 KiB are too long for this one too: begun plainly, it is said once that they are shorter.
    let (ran, _) =
        bench.emu(&format!("{emu},plain"), ["read", "again.bin", "--at", "0x20000", "--len", "8K"]);
    assert_eq!(ran.code(0).stderr.matches("for the rest of this run").count(), 1);
    assert_eq!(std::fs::read(bench.path("again.bin")).unwrap(), written[0x2_0000..0x2_2000]);
}

#[test]
fn an_adapter_that_loses_answers_gives_no_backup_and_is_named_instead_of_the_clip() {
    // An answer that is late is waited for the third time that it is asked for.
    for quirk in ["loses", "doubles", "overruns"] {
        let bench = Bench::new();
        let (ran, counts) =
            bench.emu(&format!("quirk={quirk},state=chip"), ["--store", "store", "--json", "backup"]);
        let result = ran.code(1).result();
        let message = result["message"].as_str().unwrap();
        assert!(
            message.contains("not the clip") && message.contains("another programmer"),
            "{quirk}: {message}"
        );
        assert_eq!((&counts["pages"], &counts["bytes_erased"]), (&0.into(), &0.into()), "{quirk}");
        let (ran, _) = bench.emu("state=other", ["--store", "store", "--json", "backups", "list"]);
        assert_eq!(ran.code(0).result()["backups"].as_array().map(Vec::len), Some(0), "{quirk}");
    }
}

#[test]
fn probe_works_on_every_adapter_that_others_read_right() {
    let bench = Bench::new();
    let ch = ["cs-early", "merge", "hold", "version-20", "dual-mode"].map(|quirk| ("ch341a", quirk));
    // Without `no-8f`: its proof sends a command that the engine does not know, on purpose.
    let ft = ["stops", "bcd-0500", "stranger"].map(|quirk| ("ft2232h", quirk));
    for (programmer, quirk) in ch.into_iter().chain(ft) {
        for plain in ["", ",plain"] {
            let emu = format!("programmer={programmer},quirk={quirk},state=chip{plain}");
            let (ran, _) = bench.emu(&emu, ["--json", "probe"]);
            assert_eq!(ran.code(0).result()["part"], "W25Q64FV", "{emu}");
        }
    }
}

#[test]
fn what_the_emulated_programmer_cannot_have_is_refused_with_what_it_can() {
    let bench = Bench::new();
    for (emu, words) in [
        (
            "programmer=serprog-pico,quirk=cs-early",
            &["cannot have the quirk 'cs-early'", "it can have loses,"][..],
        ),
        ("programmer=ch341a,quirk=stops", &["cannot have the quirk 'stops'", "it can have cs-early,"]),
        ("programmer=ch341a,quirk=merge+stops-600", &["cannot have the quirk 'stops-600'"]),
        ("programmer=ch347f,quirk=old-firmware", &["cannot have the quirk 'old-firmware'", "no-flags"]),
        ("programmer=spidev,quirk=one-byte", &["cannot have the quirk 'one-byte'; it can have stalls"]),
        ("programmer=serprog-esp32,quirk=empty-first", &["cannot have the quirk 'empty-first'"]),
        ("programmer=ch341a,quirk=nonsense", &["unknown quirk 'nonsense'"]),
        ("programmer=ch341a,path=1-2", &["path= is for a real ch341a; an emulated one has no such place"]),
        ("programmer=ft2232h,vid=15ba,pid=002b", &["vid= is for a real ft2232h"]),
        ("programmer=serprog-pico,dev=/dev/ttyACM0", &["dev= is for a real serprog"]),
        ("programmer=serprog-pico,tcp=localhost:1", &["tcp= is for a real serprog"]),
        (
            "programmer=spidev,reset=gpiochip0/17",
            &["reset= is for a real spidev; an emulated one has no GPIO lines"],
        ),
        ("programmer=serprog-pico,path=1-2", &["unknown option of an emulated serprog 'path'"]),
    ] {
        bench.run(["-p", &format!("emu:{emu}"), "probe"]).code(2).says(words);
    }
    // On the chip select that is asked for there is a chip.
    let emu = "emu:programmer=serprog-libreboot,chip=GD25Q16C,cs=2";
    bench.run(["-p", emu, "probe"]).code(0).says(&["GD25Q16C"]);
}
