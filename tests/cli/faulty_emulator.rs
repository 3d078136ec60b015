//! `left=` and `fault=` of the emulated programmer: what they do, and what they refuse.

use crate::bench::{Bench, noise};

#[test]
fn a_state_that_the_board_left_is_put_on_the_chip_and_reported() {
    let bench = Bench::new();
    let run = |emu: &str| bench.run(["-p", &format!("emu:{emu}"), "--store", "store", "probe"]);
    run("chip=S25FL064L,left=four-byte").code(0).says(&["found in 4-byte address mode"]);
    run("left=qpi").code(5).says(&["no chip answers", "four-line (QPI)"]);
    run("left=qpii").code(2).says(&["unknown state 'qpii'", "did you mean 'qpi'"]);
    run("left=").code(2).says(&["is not KEY=VALUE"]);
    run("left=die").code(2).says(&["a W25Q64FV cannot be left in the state 'die'", "it has "]);
}

#[test]
fn faults_are_named_and_their_values_checked() {
    let bench = Bench::new();
    std::fs::write(bench.path("chip.bin"), noise(2 << 20, 1)).unwrap();
    let run = |fault: &str, words: &[&str]| {
        let emu = format!("emu:chip=GD25Q16C,image=chip.bin,fault={fault}");
        bench.run([&["-p", &emu, "--store", "store"], words].concat())
    };
    run("dead-after:2048", &["read", "out.bin"]).code(1).says(&["2048"]);
    assert!(!bench.path("out.bin").exists(), "a file of a read that failed");
    // An adapter that drops bytes is named, and every command ends so or right.
    run("missing:4096", &["read", "out.bin"]).code(1).says(&["CH341A"]);
    assert!(!bench.path("out.bin").exists(), "a file of a read that failed");
    // Bits that are late at 30 MHz are read right at a slower clock, by every command.
    let fast = "late-above:20000000,programmer=ft2232h,speed=30MHz";
    run(fast, &["read", "out.bin"]).code(0).says(&["reads disagree at 30 MHz; trying again at 15 MHz"]);
    assert_eq!(bench.read("out.bin"), noise(2 << 20, 1));
    run(fast, &["verify", "out.bin"]).code(0);
    run(fast, &["backup"]).code(0);
    run(fast, &["otp", "dump", "otp"]).code(0);
    run("dead-aftr:2048", &["probe"])
        .code(2)
        .says(&["unknown fault 'dead-aftr'", "did you mean 'dead-after'"]);
    for fault in [
        "dead-after:x",
        "dead-after:",
        "first-bit:2",
        "wrap:3",
        "wrap:0",
        "address-bit:24@0",
        "address-bit:3@2",
        "address-bit:3",
        "repeat:0",
        "other-master:zz@1",
        "other-master:10@0",
        "first-bit:1+wrap:7",
        "late-above:x",
        "missing:0",
    ] {
        run(fault, &["probe"]).code(2).says(&["' is not "]);
    }
}
