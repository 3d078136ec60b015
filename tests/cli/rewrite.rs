//! `rewrite`, `splice` and `demo`: the one pass on a synthetic board, and everything that is refused before the chip is
//! touched.

use crate::bench::Bench;
use norsplice::image::synthetic::{self, FirmwareSpec};
use norsplice::image::{Board, Choice, Donor, splice};
use serde_json::{Value, json};

const BOARD: [&str; 2] = ["--board", "archer-mr200-v1"];

/// A bench with the demo's board and vendor file.
fn bench() -> (Bench, Vec<u8>) {
    let bench = Bench::new();
    let demo = synthetic::demo();
    std::fs::write(bench.path("board.bin"), &*demo.board).unwrap();
    std::fs::write(bench.path("vendor.bin"), &demo.vendor).unwrap();
    (bench, wanted())
}

/// What the recommended splice of the demo's files is.
fn wanted() -> Vec<u8> {
    let demo = synthetic::demo();
    let board = Board::named("archer-mr200-v1").unwrap();
    let donors = [Donor::new("donor", demo.vendor)];
    splice(&demo.board, &donors, board, &Choice::default()).unwrap().image.into_bytes()
}

fn rewrite(bench: &Bench, emu: &str, more: &[&str], code: i32) -> (Value, Value) {
    let words = [&["--json", "--store", "store", "rewrite"], &BOARD[..], more].concat();
    let (ran, counts) = bench.emu(emu, words);
    (ran.code(code).result(), counts)
}

#[test]
fn the_one_pass_leaves_the_splice_on_the_chip_and_the_old_contents_in_the_store() {
    for programmer in ["ch341a", "ft2232h", "ch347t", "ch347f", "serprog-pico-any", "serprog-esp32", "spidev"]
    {
        let (bench, wanted) = bench();
        let emu = format!("programmer={programmer},image=board.bin,state=chip");
        let (_, alone) = bench.emu(&emu, ["protect", "show"]);
        let (result, counts) = rewrite(&bench, &emu, &["--donor", "vendor.bin", "--yes"], 0);
        assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == wanted, "{programmer}");
        let backup = bench.path("store").join(result["backup"].as_str().unwrap());
        let board = std::fs::read(bench.path("board.bin")).unwrap();
        assert!(std::fs::read(backup.join("flash.bin")).unwrap() == board, "{programmer}");
        assert!(backup.join("security-register-1.bin").exists() && backup.join("sfdp.bin").exists());

        // Twice the chip for the backup, and nothing but the planned blocks again.
        let number = |name: &str| result[name].as_u64().unwrap();
        let contact = number("contact_bytes_read") + number("neighbour_bytes_read");
        assert!(number("backup_bytes_read") == 2 * (8 << 20) && contact <= 0x1_0000, "{result}");
        let read = 2 * (8 << 20) + contact + number("bytes_verified");
        // Connecting looks for the address mode. An erase type is looked at once, in 256 bytes, where another can do its work.
        // After the second pass, 8 KiB and the lead of our engine are read once more. Both of its reads end 11 bytes after
        // their span.
        // At slower clocks, where there are any, blocks that are not all alike: 128 of them at most, and 16.
        let telling = board.chunks(256).filter(|block| block.iter().any(|byte| *byte != block[0])).count();
        let spread = |most: usize| 256 * telling.div_ceil(telling.div_ceil(most).max(1)) as u64;
        let slower = if programmer == "ch341a" { 0 } else { spread(128) + spread(16) };
        let looks = alone["array_bytes_read"].as_u64().unwrap() + 256 + 8192 + 37 + 2 * 11 + slower;
        assert_eq!(counts["array_bytes_read"], read + looks, "{result}");
        assert_eq!(result["bytes_verified"], result["planned"]["bytes_verified"]);
        assert_eq!((&result["chip"], &result["board"]), (&"written".into(), &"archer-mr200-v1".into()));
        let regions: Vec<(&str, &str)> = result["regions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["name"].as_str().unwrap(), r["source"].as_str().unwrap()))
            .collect();
        let sources = ["own", "donor", "blank", "own", "donor", "own"];
        let names = ["u-boot", "firmware", "config", "rom", "romfile", "radio"];
        assert_eq!(regions, names.into_iter().zip(sources).collect::<Vec<_>>());
        assert!(result["per_unit"].as_array().unwrap().iter().all(|unit| unit["same"] == true), "{result}");

        let (result, counts) = rewrite(&bench, &emu, &["--donor", "vendor.bin", "--yes"], 0);
        assert_eq!((&result["bytes_erased"], &result["bytes_programmed"]), (&0.into(), &0.into()));
        assert_eq!((&counts["bytes_erased"], &counts["pages"]), (&0.into(), &0.into()));
    }
}

#[test]
fn a_dry_run_backs_up_and_shows_the_plan_and_sends_no_write_enable() {
    let (bench, _) = bench();
    let words =
        ["--dry-run", "--store", "store", "rewrite", "--board", "archer-mr200-v1", "--donor", "vendor.bin"];
    let (ran, counts) = bench.emu("image=board.bin,state=chip", words);
    ran.code(0).says(&["Plan", "firmware", "kept", "02:6e:6f:72:73:70", "untouched", "backup"]);
    assert_eq!((&counts["opcodes"]["06"], &counts["opcodes"]["50"]), (&().into(), &().into()), "{counts}");
    let board = std::fs::read(bench.path("board.bin")).unwrap();
    assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == board);
}

#[test]
fn inputs_are_refused_before_the_programmer_is_opened() {
    let (bench, _) = bench();
    let mut other = FirmwareSpec::default();
    other.hardware = (0xc750_0001, 0x32, 0);
    let loader = synthetic::loader(1, "Jan 01 2016 - 00:00:00");
    std::fs::write(bench.path("other.bin"), synthetic::vendor_file(&loader, &synthetic::firmware(&other)))
        .unwrap();
    let mut damaged = std::fs::read(bench.path("vendor.bin")).unwrap();
    damaged[0x3_0000] ^= 1;
    std::fs::write(bench.path("damaged.bin"), &damaged).unwrap();
    std::fs::write(bench.path("cut.bin"), &damaged[..damaged.len() / 2]).unwrap();
    std::fs::write(bench.path("empty.bin"), b"").unwrap();
    std::fs::write(bench.path("text.bin"), b"hello").unwrap();
    std::fs::write(bench.path("blank.bin"), vec![0xff; 8 << 20]).unwrap();
    for (words, said) in [
        (&["--donor", "other.bin"][..], "hardware-id"),
        (&["--donor", "damaged.bin"], "md5"),
        (&["--donor", "damaged.bin", "--allow", "all"], "md5"),
        (&["--donor", "cut.bin"], "truncated"),
        (&["--donor", "empty.bin"], "is empty"),
        (&["--donor", "text.bin"], "donor-unknown"),
        (&["--donor", "blank.bin"], "blank-dump"),
        (&["--donor", "missing.bin"], "missing.bin"),
        (&["--donor", "vendor.bin", "--base", "blank.bin"], "blank-dump"),
        (&["--donor", "vendor.bin", "--base", "vendor.bin"], "chip-size"),
        (&["--donor", "vendor.bin", "--base", "none"], "neither a file nor a backup"),
        (&["--donor", "vendor.bin", "--set", "roms=own"], "rom"),
        (&["--donor", "vendor.bin", "--set", "rom"], "REGION=SOURCE"),
        (&["--donor", "vendor.bin", "--allow", "forein-mac"], "did you mean 'foreign-mac'"),
        (&["--donor", "vendor.bin", "--allow", "md5"], "cannot be allowed"),
        (&["--donor", "vendor.bin", "--donor", "vendor.bin"], "need names"),
        (&["--donor", "a=vendor.bin", "--donor", "a=vendor.bin"], "two donors"),
        (&["--donor", "own=vendor.bin"], "other sources"),
    ] {
        let words = [&["--yes", "--store", "store", "rewrite"], &BOARD[..], words].concat();
        let (ran, counts) = bench.emu("image=board.bin", words);
        ran.code(2).says(&[said]);
        assert!(counts.is_null(), "{said}: the programmer was opened");
    }
    let (ran, _) =
        bench.emu("image=board.bin", ["rewrite", "--board", "archer-mr20-v1", "--donor", "vendor.bin"]);
    ran.code(2).says(&["archer-mr200-v1"]);
    assert!(!bench.path("store").exists());
}

#[test]
fn what_only_the_board_s_own_contents_show_is_refused_with_the_chip_untouched() {
    let (bench, _) = bench();
    // Somebody has wiped the calibration already.
    let mut board = std::fs::read(bench.path("board.bin")).unwrap();
    board[0x7f_0000..].fill(0xff);
    std::fs::write(bench.path("wiped.bin"), &board).unwrap();
    let emu = "image=wiped.bin,state=chip";
    let (result, counts) = rewrite(&bench, emu, &["--donor", "vendor.bin", "--yes"], 2);
    assert!(result["message"].as_str().unwrap().contains("--allow own-calibration-blank"), "{result}");
    let names: Vec<&Value> = result["findings"].as_array().unwrap().iter().map(|f| &f["name"]).collect();
    assert!(names.contains(&&json!("own-calibration-blank")), "{result}");
    assert_eq!((&result["chip"], &counts["bytes_erased"]), (&"untouched".into(), &0.into()));
    // They have it in an older dump: that is what `own` means then.
    let (result, _) = rewrite(&bench, emu, &["--donor", "vendor.bin", "--base", "board.bin", "--yes"], 0);
    assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == wanted(), "{result}");
    let backup = bench.path("store").join(result["backup"].as_str().unwrap());
    assert!(
        std::fs::read(backup.join("flash.bin")).unwrap() == board,
        "today's contents are backed up all the same"
    );
}

#[test]
fn a_splice_is_made_from_files_alone() {
    let (bench, wanted) = bench();
    let splice = [&["splice"], &BOARD[..], &["--base", "board.bin"]].concat();
    let made =
        bench.run([&splice[..], &["--donor", "vendor.bin", "-o", "out.bin", "--json"]].concat()).code(0);
    assert!(std::fs::read(bench.path("out.bin")).unwrap() == wanted);
    assert_eq!(made.result()["size"], 8 << 20);
    let words = [&splice[..], &["--donor", "vendor.bin", "--for", "tftp", "-o", "."]].concat();
    bench.run(words).code(0).says(&["192.168.0.66", "ArcherC2V1_tp_recovery.bin", "WPS"]);
    let file = std::fs::read(bench.path("ArcherC2V1_tp_recovery.bin")).unwrap();
    assert!(file.len() == 0x7d_0000 && file[..] == wanted[..0x7d_0000]);
    std::fs::remove_file(bench.path("ArcherC2V1_tp_recovery.bin")).unwrap();
    let words = [&["-q"], &splice[..], &["--donor", "vendor.bin", "-o", "q.bin"]].concat();
    let quiet = bench.run(words).code(0);
    assert_eq!((quiet.stdout.lines().count(), quiet.stdout.starts_with("q.bin: 8 MiB")), (1, true));
    std::fs::remove_file(bench.path("q.bin")).unwrap();

    // A backup is named by its id, too.
    let imported =
        bench.run(["--json", "--store", "store", "backups", "import", "board.bin"]).code(0).result();
    let id = imported["id"].as_str().unwrap();
    let words = [
        &["--store", "store", "splice"],
        &BOARD[..],
        &["--base", id, "--donor", "vendor.bin", "-o", "b.bin"],
    ];
    bench.run(words.concat()).code(0);
    assert!(std::fs::read(bench.path("b.bin")).unwrap() == wanted);

    // Refused, or with nowhere to write to: nothing is left.
    std::fs::remove_file(bench.path("b.bin")).unwrap();
    std::fs::remove_file(bench.path("out.bin")).unwrap();
    bench
        .run([&splice[..], &["--donor", "board.bin", "--set", "rom=donor", "-o", "out.bin"]].concat())
        .code(0);
    std::fs::remove_file(bench.path("out.bin")).unwrap();
    for (words, code, said) in [
        (&["--donor", "vendor.bin", "--set", "rom=blank", "-o", "out.bin"][..], 2, "unit-erased"),
        (&["--donor", "vendor.bin", "--set", "rom=donor", "-o", "out.bin"], 2, "donor-lacks"),
        (&["--donor", "vendor.bin", "--set", "rom=other", "-o", "out.bin"], 2, "'other'"),
        (&["--donor", "vendor.bin", "-o", "."], 2, "folder"),
        // What was read is never written over, by whatever name.
        (&["--donor", "vendor.bin", "-o", "./board.bin"], 2, "would be overwritten"),
        (&["--donor", "vendor.bin", "-o", "out.bin", "--save-recipe", "vendor.bin"], 2, "overwritten"),
        (&["--donor", "vendor.bin", "-o", "missing/out.bin"], 1, "missing/out.bin"),
        (&["--donor", "vendor.bin", "-o", "/dev/full"], 1, "/dev/full"),
        (&["--donor", "vendor.bin", "--for", "ftp", "-o", "out.bin"], 2, "tftp"),
    ] {
        bench.run([&splice[..], words].concat()).code(code).says(&[said]);
    }
    assert_eq!(bench.names("."), ["board.bin", "store", "vendor.bin"]);
}

#[test]
fn the_demo_ends_in_its_report_and_its_commands_can_be_repeated() {
    let bench = Bench::new();
    let ran = bench.run(["demo"]).code(0).says(&["Written and verified", "02:6e:6f:72:73:70", "kept"]);
    let folder = bench.path("norsplice-demo");
    assert!(std::fs::read(folder.join("chip/flash.bin")).unwrap() == wanted());
    let commands: Vec<&str> = ran
        .stdout
        .lines()
        .filter_map(|line| line.trim_start_matches("$ ").trim_start().strip_prefix("norsplice "))
        .collect();
    assert!(commands.len() >= 6, "{}", ran.stdout);
    let dir = std::path::Path::new(env!("CARGO_BIN_EXE_norsplice")).parent().unwrap().to_owned();
    for command in commands {
        let mut shell = std::process::Command::new("sh");
        let path = std::env::join_paths(
            [dir.clone()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        shell.args(["-c", &format!("norsplice {command}")]).current_dir(&folder).env("PATH", path.unwrap());
        crate::bench::Ran::of(&mut shell).code(0);
    }
    // Another demo makes another folder.
    let result = bench.run(["--json", "demo", "--with", "ft2232h"]).code(0).result();
    assert_eq!((&result["command"], &result["chip"]), (&"demo".into(), &"written".into()));
    assert_eq!(bench.names("."), ["norsplice-demo", "norsplice-demo-2"]);
    bench.run(["demo", "norsplice-demo"]).code(2).says(&["is there already"]);
}

#[test]
fn a_recipe_repeats_a_splice_and_edits_are_part_of_it() {
    let (bench, wanted) = bench();
    let splice =
        [&["--json", "splice"], &BOARD[..], &["--base", "board.bin", "--donor", "vendor.bin"]].concat();
    let words = [&splice[..], &["--mac", "02:11:22:33:44:55", "-o", "a.bin", "--save-recipe", "recipe.toml"]]
        .concat();
    let result = bench.run(words).code(0).result();
    let a = std::fs::read(bench.path("a.bin")).unwrap();
    assert!(a != wanted && a[0x7d_f100..0x7d_f106] == [2, 0x11, 0x22, 0x33, 0x44, 0x55]);
    let recipe = std::fs::read_to_string(bench.path("recipe.toml")).unwrap();
    assert_eq!(result["recipe"], recipe.as_str());
    let again = ["splice", "--recipe", "recipe.toml", "--base", "board.bin", "-o", "b.bin"];
    bench.run(again).code(0);
    assert!(std::fs::read(bench.path("b.bin")).unwrap() == a);
    // Options go before what the recipe says.
    bench.run([&again[..6], &["c.bin", "--mac", "02:6e:6f:72:73:70"]].concat()).code(0);
    assert!(std::fs::read(bench.path("c.bin")).unwrap() == wanted);
    // Another file under the same name is not the recipe's.
    let mut vendor = std::fs::read(bench.path("vendor.bin")).unwrap();
    *vendor.last_mut().unwrap() ^= 1;
    std::fs::write(bench.path("vendor.bin"), vendor).unwrap();
    bench.run(again).code(2).says(&["SHA-256"]);
    for (words, said) in [
        (&["--mac", "02:11"][..], "30:b5:c2:a1:b2:c3"),
        (&["--serial", ""], "a serial number"),
        (&["--serial", "A1"], "no PC's firmware"),
        (&["--uuid", "1234"], "4c4c4544-0051-3510-8052-b4c04f4a3232"),
        (&["--env", "novalue"], "NAME=VALUE"),
        (&["--recipe", "board.bin"], "recipe"),
    ] {
        bench.run([&splice[..], words, &["-o", "d.bin"]].concat()).code(2).says(&[said]);
    }
    bench.run(["splice", "--base", "board.bin", "-o", "d.bin"]).code(2).says(&["--board"]);
}

#[test]
fn the_board_is_recognised() {
    let (bench, wanted) = bench();
    let words = ["splice", "--board", "auto", "--base", "board.bin", "--donor", "vendor.bin", "-o", "a.bin"];
    bench.run(words).code(0).says(&["board: archer-mr200-v1, by"]);
    assert!(std::fs::read(bench.path("a.bin")).unwrap() == wanted);
    let inspected = bench.run(["--json", "inspect", "board.bin"]).code(0).result();
    assert_eq!(inspected["boards"][0]["board"], "archer-mr200-v1", "{inspected}");
    let words =
        ["--json", "--store", "store", "--yes", "rewrite", "--board", "auto", "--donor", "vendor.bin"];
    let (ran, _) = bench.emu("image=board.bin,state=chip", words);
    assert_eq!(ran.code(0).result()["board"], "archer-mr200-v1");
    assert!(std::fs::read(bench.path("chip/flash.bin")).unwrap() == wanted);
    // Nothing names it.
    std::fs::write(bench.path("noise.bin"), super::images::sparse(1)).unwrap();
    let words = ["--store", "store", "--yes", "rewrite", "--board", "auto", "--donor", "vendor.bin"];
    let (ran, counts) = bench.emu("image=noise.bin", words);
    ran.code(2).says(&["--board"]);
    assert_eq!(counts["bytes_erased"], 0);
}
