//! What is under the clip: `list`, `probe`, `otp`, and what is said when nothing answers.

use crate::bench::Bench;

#[test]
fn probe_names_the_chip_on_every_programmer() {
    let bench = Bench::new();
    let image: Vec<u8> = (0..8 << 20).map(|i: u32| (i >> 8) as u8 ^ i as u8).collect();
    std::fs::write(bench.path("image.bin"), image).unwrap();
    for programmer in ["ch341a", "ft2232h", "ft232h", "ft4232h,port=B,speed=6MHz", "ch347t,cs=1", "ch347f"] {
        let (ran, counts) =
            bench.emu(&format!("programmer={programmer},image=image.bin"), ["--json", "probe"]);
        let result = ran.code(0).result();
        assert_eq!((&result["jedec_id"], &result["part"]), (&"ef4017".into(), &"W25Q64FV".into()));
        assert_eq!(result["size"], 8 << 20);
        let unique = result["unique_id"].as_str().unwrap();
        assert!(unique.len() == 16 && unique.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()));
        assert_eq!(result["protected_ranges"], serde_json::json!([]));
        let registers = result["security_registers"].as_array().unwrap();
        assert_eq!(registers.len(), 3);
        for (register, index) in registers.iter().zip(1..) {
            assert_eq!((&register["index"], &register["size"]), (&index.into(), &256.into()));
            assert_eq!((&register["locked"], &register["blank"]), (&false.into(), &true.into()));
        }
        assert!(result["sfdp"]["raw"].as_str().unwrap().starts_with("53464450"));
        assert!(!result["status_registers"].as_array().unwrap().is_empty());
        // Neither write enable nor volatile write enable.
        assert_eq!(
            (&counts["opcodes"]["06"], &counts["opcodes"]["50"]),
            (&().into(), &().into()),
            "{counts}"
        );
    }
    assert!(bench.names(".").iter().all(|name| !name.contains("tmp")), "{:?}", bench.names("."));
}

#[test]
fn members_of_a_family_are_told_apart() {
    let bench = Bench::new();
    for chip in ["W25Q64BV", "W25Q64CV", "W25Q64FV", "W25Q64JV"] {
        let (ran, _) = bench.emu(&format!("chip={chip}"), ["--json", "probe"]);
        assert_eq!(ran.code(0).result()["part"], chip);
    }
}

#[test]
fn otp_is_shown_and_dumped_to_the_byte() {
    let bench = Bench::new();
    let data = format!("{}{}", "4142".repeat(4), "ff".repeat(248));
    bench.emu("state=chip", ["probe"]).0.code(0);
    // Operator data in register 2, put there behind the program's back.
    let path = bench.path("chip/chip.json");
    let mut chip: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for (i, byte) in b"ABABABAB".iter().enumerate() {
        chip["security"][1][i] = (*byte).into();
    }
    std::fs::write(&path, chip.to_string()).unwrap();

    let (ran, _) = bench.emu("state=chip", ["--json", "otp", "show"]);
    let result = ran.code(0).result();
    assert_eq!(result["security_registers"][1]["data"], data.as_str());
    assert_eq!(result["security_registers"][1]["blank"], false);
    bench.emu("state=chip", ["otp", "show"]).0.code(0).says(&["register 2", "ABABABAB", "there is data"]);
    bench.emu("state=chip", ["otp", "dump", "out"]).0.code(0);
    let names: Vec<String> = (1..=3).map(|n| format!("security-register-{n}.bin")).collect();
    assert_eq!(bench.names("out"), names);
    let dumped = std::fs::read(bench.path("out/security-register-2.bin")).unwrap();
    assert!(dumped.len() == 256 && dumped.starts_with(b"ABABABAB") && dumped[8..].iter().all(|b| *b == 0xff));
}

#[test]
fn a_part_without_registers_is_told_and_no_failure() {
    let bench = Bench::new();
    bench.emu("chip=W25Q64BV", ["otp", "show"]).0.code(0).says(&["no security registers"]);
    bench.emu("chip=W25Q64BV", ["otp", "dump", "out"]).0.code(1).says(&["no security registers"]);
}

#[test]
fn another_clock_than_asked_for_is_told() {
    let bench = Bench::new();
    let told = |speed: &str| {
        bench
            .emu(&format!("programmer=ft2232h,speed={speed}"), ["probe"])
            .0
            .code(0)
            .stderr
            .contains("clock is")
    };
    assert_eq!([told("30MHz"), told("15MHz"), told("100MHz"), told("20MHz")], [false, false, true, true]);
}

#[test]
fn a_dead_bus_is_no_chip() {
    let bench = Bench::new();
    for level in ["ff", "00"] {
        for words in [&["probe"][..], &["otp", "show"]] {
            let (ran, counts) =
                bench.emu(&format!("fault=stuck:{level},state=chip"), [&["--json"], words].concat());
            let result = ran.code(5).says(&["pin 1"]).result();
            assert!(result["message"].as_str().unwrap().contains("no chip answers"), "{result}");
            assert_eq!((&counts["pages"], &counts["bytes_erased"]), (&0.into(), &0.into()));
        }
    }
}

#[test]
fn a_bus_that_looks_busy_is_no_chip_and_is_not_waited_for() {
    let bench = Bench::new();
    for level in ["0f", "7f", "03"] {
        let (ran, _) = bench.emu(&format!("fault=stuck:{level},state=chip"), ["--json", "probe"]);
        let result = ran.code(5).says(&["no chip drives the data line", level]).result();
        assert!(!result["message"].as_str().unwrap().contains("defect"), "{result}");
    }
}

#[test]
fn no_programmer_is_told() {
    let bench = Bench::new();
    bench.run(["list"]).code(0);
    let result = bench.run(["-p", "ch341a:path=250-9", "--json", "probe"]).code(5).result();
    assert!(result["message"].as_str().unwrap().contains("no ch341a"), "{result}");
}

#[test]
fn a_programmer_spelled_wrong_is_told() {
    let bench = Bench::new();
    for (spec, word) in [
        ("ch341b", "did you mean 'ch341a'"),
        ("ch341a_spi", "-p ch341a"),
        ("ch341a:speed=2MHz", "fixed at about 1.5 MHz"),
        ("ft2232h:port=C", "has no port 'C'"),
        ("emu:chip=W25Q64XX", "W25Q64FV"),
        ("emu:imge=x", "image"),
        ("emu:image=missing.bin", "missing.bin"),
        ("emu:fault=stuk:ff", "did you mean 'stuck'"),
        ("emu:image", "KEY=VALUE"),
    ] {
        bench.run(["-p", spec, "probe"]).code(2).says(&[word]);
    }
    std::fs::write(bench.path("small.bin"), vec![1; 1 << 20]).unwrap();
    bench.run(["-p", "emu:image=small.bin", "probe"]).code(2).says(&["1048576", "8388608"]);
    // From the environment too; what is given on the command line goes first.
    let mut command = bench.command();
    assert_eq!(
        command.env("NORSPLICE_PROGRAMMER", "nonsense").arg("probe").output().unwrap().status.code(),
        Some(2)
    );
    assert_eq!(command.args(["-p", "emu"]).output().unwrap().status.code(), Some(0));
}
