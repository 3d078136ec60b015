//! One part of every maker and of every one-time memory, through every command that reaches a chip: no opcode that means
//! harm there is ever sent, and `otp` reads, programs, erases and locks what the emulated chip then holds.

use crate::bench::{Bench, Ran, SIZE, all};
use norsplice::emulator::chip::find;
use norsplice::image::synthetic;
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

/// What a part is to show.
struct Case {
    chip: &'static str,
    /// Opcodes that destroy, lock or change modes on it, by its maker's instruction tables.
    never: &'static [u8],
    /// What `otp program` ends with; `None` where there are no registers.
    program: Option<i32>,
    /// What `otp erase` ends with afterwards.
    erase: i32,
    /// What `otp lock` ends with, its phrase typed.
    lock: i32,
    /// What is said on every command line; a write asks where no table has the part's supply.
    allow: &'static [&'static str],
    /// Tried in every run, and not with `NORSPLICE_TEST=all` alone.
    daily: bool,
}

const fn case(chip: &'static str, never: &'static [u8]) -> Case {
    Case { chip, never, program: Some(0), erase: 0, lock: 0, allow: &[], daily: false }
}

impl Case {
    /// Nothing erases its registers.
    const fn once(self) -> Self {
        Case { erase: 2, ..self }
    }

    /// Its lock is not known well enough.
    const fn unlockable(self) -> Self {
        Case { lock: 2, ..self }
    }

    const fn of_unknown_supply(self) -> Self {
        Case { allow: &["--allow", "supply-unknown"], ..self }
    }

    const fn no_otp(self) -> Self {
        Case { program: None, ..self }
    }

    const fn daily(self) -> Self {
        Case { daily: true, ..self }
    }
}

/// QPI, other makers' one-time memory and locks, page erases that are something else.
const WINBOND: &[u8] = &[0x38, 0x3A, 0x2F, 0x62, 0x64, 0x68, 0x77, 0x81, 0x85, 0x88, 0x9B, 0xA5, 0xB1];
const MACRONIX: &[u8] = &[
    0x11, 0x31, 0x35, 0x38, 0x3A, 0x42, 0x44, 0x48, 0x50, 0x62, 0x64, 0x68, 0x77, 0x81, 0x85, 0x88, 0x98,
    0x9B,
];
const MICRON: &[u8] =
    &[0x11, 0x31, 0x35, 0x38, 0x3A, 0x44, 0x48, 0x61, 0x62, 0x64, 0x68, 0x77, 0x81, 0x88, 0x98, 0xB1];
const SPANSION: &[u8] = &[
    0x11, 0x2F, 0x31, 0x38, 0x3A, 0x44, 0x48, 0x50, 0x62, 0x64, 0x68, 0x81, 0x85, 0x88, 0xA5, 0xA6, 0xB1,
    0xE3,
];
const ISSI: &[u8] = &[0x11, 0x2F, 0x31, 0x35, 0x38, 0x3A, 0x44, 0x77, 0x81, 0x85, 0x88, 0x98, 0xA5, 0xB1];
const PMC: &[u8] =
    &[0x11, 0x2F, 0x31, 0x35, 0x38, 0x3A, 0x42, 0x44, 0x62, 0x64, 0x68, 0x77, 0x81, 0x85, 0x88, 0x98];
const EON: &[u8] =
    &[0x11, 0x2F, 0x31, 0x35, 0x38, 0x42, 0x44, 0x48, 0x62, 0x68, 0x77, 0x81, 0x85, 0x88, 0x98, 0xB1];
const SST25: &[u8] =
    &[0x11, 0x2F, 0x31, 0x38, 0x3A, 0x42, 0x44, 0x48, 0x62, 0x68, 0x81, 0x85, 0x8D, 0xB1, 0xE8];
const SST26: &[u8] = &[0x11, 0x2F, 0x31, 0x38, 0x3A, 0x44, 0x48, 0x62, 0x68, 0x81, 0x8D, 0xB1, 0xE8];
const AT25DF: &[u8] =
    &[0x11, 0x33, 0x34, 0x35, 0x38, 0x3A, 0x42, 0x44, 0x48, 0x50, 0x62, 0x68, 0x81, 0x85, 0x88, 0xB1];
/// Many Puya parts erase a page of 256 bytes by 81.
const PUYA: &[u8] = WINBOND;
const OTHER: &[u8] = &[0x2F, 0x38, 0x3A, 0x62, 0x81, 0x85, 0xB1];

const WITH_MODE: &[Case] = &[
    case("MX25L6405D", MACRONIX).once().daily(),
    case("F25L32QA", MACRONIX).once().of_unknown_supply(),
    case("EN25QH64", EON).once(),
];
const WITH_REGISTERS: &[Case] = &[
    case("W25Q64JV", WINBOND),
    case("GD25Q16C", WINBOND).daily(),
    case("PY25Q128HA", PUYA),
    case("ZD25Q128C", WINBOND).unlockable(),
    case("AT25SF161", OTHER),
    case("AT25SF161B", OTHER),
    case("IS25LP064", ISSI),
];
const WITH_COMMANDS: &[Case] = &[
    case("SST26VF032B", SST26).once().daily(),
    case("AT25DF321A", AT25DF).once(),
    case("Pm25LQ016", PMC).once().unlockable(),
    case("N25Q128A", MICRON).once(),
];
const LARGE: &[Case] = &[case("S25FL128S", SPANSION).once().daily()];
const WITHOUT: &[Case] = &[
    case("M25P40", MICRON).no_otp().daily(),
    case("SST25VF016B", SST25).no_otp(),
    case("SST25VF010A", SST25).no_otp(),
    case("AT25F1024", OTHER).no_otp().daily(),
    case("Pm25LV512", PMC).no_otp(),
    case("EN25P16", EON).no_otp(),
    case("EN25B16T", EON).no_otp().daily(),
];

/// One part on its bench.
struct Part<'c> {
    case: &'c Case,
    bench: Bench,
    size: u64,
}

impl Part<'_> {
    fn emu(&self) -> String {
        format!("programmer=ft2232h,chip={},image=image.bin,state=chip", self.case.chip)
    }

    /// Runs a command; what it sent is held against the list.
    fn run(&self, words: &[&str]) -> (Ran, Value) {
        self.run_with("", words)
    }

    /// The same with a fault.
    fn run_with(&self, fault: &str, words: &[&str]) -> (Ran, Value) {
        let emu = self.emu() + fault;
        let (ran, counts) =
            self.bench.emu(&emu, [&["--json", "--store", "store", "--yes"], self.case.allow, words].concat());
        for opcode in self.case.never {
            let sent = &counts["opcodes"][format!("{opcode:02x}")];
            let own = self.case.chip == "Pm25LQ016" && *opcode == 0xB1;
            assert!(own || sent.is_null(), "{} {words:?}: {opcode:02X} was sent", self.case.chip);
        }
        assert!(counts.is_null() || counts["lock_bits_set"] == 0, "{} {words:?}", self.case.chip);
        let result = ran.result();
        (ran, result)
    }

    #[track_caller]
    fn ends(&self, code: i32, words: &[&str]) -> Value {
        let (ran, result) = self.run(words);
        assert_eq!(ran.code, code, "{} {words:?}: {}", self.case.chip, ran.stderr);
        result
    }

    /// What the emulated chip keeps of register `index`, from its state.
    fn registers(&self) -> Value {
        let text = std::fs::read(self.bench.path("chip/chip.json")).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["security"].clone()
    }
}

/// Types the phrase of `otp lock`.
fn lock(part: &Part<'_>, index: &str, phrase: &str) -> i32 {
    let mut command = part.bench.command();
    command.args(["-p", &format!("emu:{}", part.emu()), "--store", "store"]);
    command.args(part.case.allow).args(["otp", "lock", index]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // One that is refused before the question reads nothing.
    let _ = writeln!(child.stdin.take().unwrap(), "{phrase}");
    child.wait().unwrap().code().unwrap()
}

fn array_commands(part: &Part<'_>) {
    let bench = &part.bench;
    let probed = part.ends(0, &["probe"]);
    let size = probed["size"].as_u64().unwrap();
    assert_eq!(size, part.size, "{}", part.case.chip);
    part.ends(0, &["contact"]);
    part.ends(0, &["backup"]);
    std::fs::write(bench.path("data.bin"), (0..0x1234).map(|i| (i * 7) as u8).collect::<Vec<u8>>()).unwrap();
    let at = (size / 2 + 0x123).to_string();
    part.ends(0, &["write", "data.bin", "--at", &at]);
    part.ends(0, &["verify", "data.bin", "--at", &at]);
    part.ends(0, &["erase", "--at", &(size / 2).to_string(), "--len", &(size / 2).min(0x1_0000).to_string()]);
    part.ends(0, &["read", "out.bin", "--at", "0", "--len", "4K"]);
    part.ends(0, &["protect", "show"]);
    for words in
        [&["protect", "set", "all"][..], &["protect", "set", "all", "--permanent"], &["protect", "clear"]]
    {
        let (ran, _) = part.run(words);
        // Refused where the part's bits are not known well enough: then nothing was sent.
        assert!([0, 1, 2].contains(&ran.code), "{} {words:?}: {}", part.case.chip, ran.stderr);
    }
    part.run(&["protect", "clear", "--permanent"]);
}

/// What a job leaves half done is undone, put back from its backup, and finished.
fn jobs(part: &Part<'_>) {
    let at = (part.size / 2 + 0x123).to_string();
    for (words, verified) in [(&["resume", "--undo"][..], 4), (&["restore"], 4), (&["resume"], 0)] {
        let (ran, _) = part.run_with(",fault=cut-in-operation:3@0.5", &["write", "data.bin", "--at", &at]);
        assert_eq!(ran.code, 3, "{}: {}", part.case.chip, ran.stderr);
        let listed = part.ends(0, &["backups", "list"]);
        let newest = listed["backups"][0]["id"].as_str().unwrap();
        part.ends(0, &if words == ["restore"] { vec!["restore", newest] } else { words.to_vec() });
        part.ends(verified, &["verify", "data.bin", "--at", &at]);
    }
}

/// The one pass, on parts as large as the demo's board.
fn one_pass(part: &Part<'_>) {
    let demo = synthetic::demo();
    if part.size != demo.board.len() as u64 {
        return;
    }
    std::fs::remove_dir_all(part.bench.path("chip")).unwrap();
    std::fs::write(part.bench.path("image.bin"), &*demo.board).unwrap();
    std::fs::write(part.bench.path("vendor.bin"), &demo.vendor).unwrap();
    part.ends(0, &["rewrite", "--board", "archer-mr200-v1", "--donor", "vendor.bin"]);
}

fn one_time_memory(part: &Part<'_>, program: i32) {
    let bench = &part.bench;
    let chip = part.case.chip;
    let shown = part.ends(0, &["otp", "show"]);
    let open = shown["security_registers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["locked"] != true && r["size"].as_u64() >= Some(64));
    let open = open.unwrap_or_else(|| panic!("{chip}: {shown}"));
    let (index, len) = (open["index"].to_string(), open["size"].as_u64().unwrap() as usize);
    part.ends(0, &["otp", "dump", "before"]);
    let file = format!("security-register-{index}.bin");
    let mut wanted = std::fs::read(bench.path("before").join(&file)).unwrap();
    assert_eq!(wanted.len(), len, "{chip}");
    // Behind what the factory wrote into some.
    let from = 40.min(len / 2);
    wanted[from..from + 17].copy_from_slice(b"30:b5:c2:a1:b2:c3");
    std::fs::write(bench.path("wanted.bin"), &wanted).unwrap();
    part.ends(0, &["backup"]);
    part.ends(program, &["otp", "program", &index, "wanted.bin"]);
    if program != 0 {
        return;
    }
    part.ends(0, &["otp", "dump", "after"]);
    assert_eq!(std::fs::read(bench.path("after").join(&file)).unwrap(), wanted, "{chip}");
    let kept = part.registers().to_string();
    let bytes: Vec<String> = b"30:b5:c2:a1:b2:c3".iter().map(u8::to_string).collect();
    assert!(kept.replace([' ', '\n'], "").contains(&bytes.join(",")), "{chip}: the chip does not hold it");
    let shown = part.ends(0, &["otp", "show"]);
    let registers = shown["security_registers"].as_array().unwrap();
    let register = registers.iter().find(|r| r["index"] == open["index"]).unwrap();
    assert_eq!(register["macs"][0], "30:b5:c2:a1:b2:c3", "{chip}");
    part.ends(4, &["otp", "diff", "before", "after"]);
    part.ends(0, &["otp", "diff", "chip", "after"]);
    part.ends(0, &["backup"]);
    let listed = part.ends(0, &["backups", "list"]);
    part.ends(part.case.erase, &["otp", "erase", &index]);
    let newest = listed["backups"][0]["id"].as_str().unwrap();
    part.ends(0, &["otp", "clone", newest]);
    part.ends(0, &["otp", "diff", "chip", "after"]);
    part.ends(0, &["backup"]);
    let phrase =
        format!("lock register {index} of {} forever", part.ends(0, &["probe"])["part"].as_str().unwrap());
    // AT25DF's user bytes take one program: they are locked by it.
    let locked = if chip == "AT25DF321A" { 0 } else { 2 };
    assert_eq!(lock(part, &index, &phrase.replace("ever", "a day")), locked, "{chip}");
    assert_eq!(lock(part, &index, &phrase), part.case.lock, "{chip}: the lock");
    if part.case.lock == 0 {
        part.ends(0, &["backup"]);
        wanted[from] = 0;
        std::fs::write(bench.path("wanted.bin"), &wanted).unwrap();
        // ESMT's lock cannot be read: there the write is tried, not taken, and refused by what is read back.
        part.ends(2, &["otp", "program", &index, "wanted.bin"]);
    }
}

/// The parts of every run, or each one with `NORSPLICE_TEST=all`; jobs on the large ones are in that long form alone.
fn through(cases: &[Case]) {
    for case in cases.iter().filter(|case| case.daily || all()) {
        let size = find(case.chip).unwrap().size as u64;
        let part = Part { case, bench: Bench::new(), size };
        // No place is like another of the same offset in any smaller chip.
        let byte = |i: u64| (i >> 8 ^ i >> 16) as u8 ^ (i as u8).wrapping_mul(37);
        std::fs::write(part.bench.path("image.bin"), (0..size).map(byte).collect::<Vec<u8>>()).unwrap();
        array_commands(&part);
        if size <= SIZE || all() {
            jobs(&part);
        }
        one_pass(&part);
        match case.program {
            Some(program) => one_time_memory(&part, program),
            None => assert_eq!(part.registers(), serde_json::json!([]), "{}", case.chip),
        }
    }
}

#[test]
fn parts_whose_one_time_memory_is_behind_a_mode() {
    through(WITH_MODE);
}

#[test]
fn parts_with_security_registers() {
    through(WITH_REGISTERS);
}

#[test]
fn parts_with_commands_of_their_own() {
    through(WITH_COMMANDS);
}

#[test]
fn a_large_part_with_lock_bytes() {
    through(LARGE);
}

#[test]
fn parts_without_one_time_memory() {
    through(WITHOUT);
}
