//! `norsplice flashrom`: lines of flashrom as typed, translated, and run on an emulated chip. The table of lines from public
//! guides is with the translation, `cli::flashrom`.

use crate::bench::Bench;
use norsplice::image::synthetic::noise;

const LAYOUT: &str = "00000000:0003ffff first\n00040000:0007ffff data\n";
/// A chip of 512 KiB.
const EMU: &str = "programmer=ft2232h,chip=P25D40SH,image=image.bin,state=chip";

#[test]
fn a_line_is_printed_in_our_commands_and_nothing_is_run() {
    let bench = Bench::new();
    let line = [
        "--store",
        "s",
        "flashrom",
        "sudo",
        "flashrom",
        "-p",
        "ch341a_spi",
        "-c",
        "X",
        "-n",
        "-w",
        "a b.bin",
    ];
    let ran = bench.run(line).code(0);
    assert_eq!(ran.stdout, "norsplice -p ch341a --store s write 'a b.bin'\n");
    ran.says(&["-c X is left out", "-n is left out", "a backup is read first"]);
    let result = bench.run(["--json", "flashrom", "-p", "ch341a_spi", "-r", "f"]).code(0).result();
    assert_eq!(result["commands"][0], "norsplice -p ch341a read f");
    assert_eq!(bench.run(["flashrom", "-L"]).code(0).stdout, "norsplice chips\n");
    bench.run(["flashrom", "-p", "internal", "-w", "f"]).code(2).says(&[
        "internal",
        "not supported",
        "CH341A",
    ]);
    bench.run(["flashrom", "-f", "-w", "f"]).code(2).says(&["-f has no equivalent", "--allow NAME"]);
    bench.run(["flashrom", "--help"]).code(0).says(&["--run", "sudo flashrom"]);
}

#[test]
fn flashroms_names_after_p_are_answered_with_ours() {
    let bench = Bench::new();
    for (theirs, says) in [
        ("ch341a_spi", "-p ch341a"),
        ("ft2232_spi:type=2232H,port=A,divisor=4,gpiol0=L", "-p ft2232h:port=A,speed=15MHz,reset=gpiol0"),
        ("linux_spi:dev=/dev/spidev0.0", "-p spidev:dev=/dev/spidev0.0"),
    ] {
        bench.run(["-p", theirs, "probe"]).code(2).says(&[theirs, says]);
    }
}

#[test]
fn lines_run_on_a_chip_do_what_they_say() {
    let bench = Bench::new();
    let old = noise(1, 0x8_0000);
    let mut new = old.clone();
    new[0x1000..0x1100].fill(0);
    new[0x5_0000..0x5_0100].fill(0);
    bench.write("image.bin", &old);
    bench.write("new.bin", &new);
    bench.write("rom.layout", LAYOUT.as_bytes());
    let run = |words: &str, code: i32| {
        let ours = ["--store", "store", "flashrom", "--run", "--yes"];
        let (ran, _) = bench.emu(EMU, ours.into_iter().chain(words.split(' ')));
        ran.code(code)
    };
    run("-r out.bin", 0).says(&["read out.bin"]);
    assert_eq!(bench.read("out.bin"), old);
    run("-v new.bin", 4);
    // Of the two changes in the file, only the one in the region is written.
    run("-l rom.layout -i data -w new.bin", 0)
        .says(&["rewrite --layout rom.layout", "Written and verified."]);
    let chip = bench.read("chip/flash.bin");
    assert!(chip[..0x4_0000] == old[..0x4_0000] && chip[0x4_0000..] == new[0x4_0000..]);
    run("-l rom.layout -i data:data.bin -r", 0);
    assert_eq!(bench.read("data.bin"), &new[0x4_0000..]);
    bench.write("boot.bin", &new[..0x4_0000]);
    run("-l rom.layout -i first:boot.bin -w", 0);
    assert!(bench.read("chip/flash.bin") == new);
    run("-l rom.layout -i nowhere -w new.bin", 2).says(&["nowhere"]);
    assert_eq!(run("--wp-status", 0).stdout.matches("protected").count(), 1);
}
