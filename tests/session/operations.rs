//! Every operation of a session, carried out.

use super::client::{PROGRAMMER, Session, board, on_chip};
use crate::bench::Bench;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_backup_is_looked_at_as_picture_and_bytes() {
    let bench = Bench::new();
    board(&bench);
    let contents = bench.read("board.bin");
    let mut session = Session::start(&bench, &PROGRAMMER);
    session.send(json!({ "id": 1, "do": "backup", "options": { "name": "before" } }));
    let backup = session.until("result")["backup"].clone();
    session.send(json!({ "id": 2, "do": "picture", "options": { "what": backup, "against": "board.bin" } }));
    let picture = session.until("result");
    let cells = contents.len() as u64 / picture["cell_size"].as_u64().unwrap();
    assert_eq!(picture["kinds"].as_str().map(str::len), Some(cells as usize));
    assert_eq!(picture["entropy"].as_array().map(Vec::len), Some(cells as usize));
    assert_eq!(picture["changed"], json!([]));
    assert!(
        picture["regions"]
            .as_array()
            .is_some_and(|regions| regions.iter().any(|one| one["name"] == "firmware"))
    );
    session
        .send(json!({ "id": 3, "do": "bytes", "options": { "what": backup, "at": 0x2_0000, "length": 4 } }));
    let four: String = contents[0x2_0000..0x2_0004].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(session.until("result")["data"], json!(four));
    for (at, length) in [(contents.len() as u64, 1), (u64::MAX, 2), (0, 65_537), (0, 0)] {
        session.send(
            json!({ "id": 4, "do": "bytes", "options": { "what": backup, "at": at, "length": length } }),
        );
        assert_eq!(session.until("error")["final"], true, "{at} {length}");
    }
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn files_are_looked_at_compared_and_searched() {
    let bench = Bench::new();
    let wanted = board(&bench);
    let mut session = Session::start(&bench, &PROGRAMMER);
    let found = session.result("inspect", json!({ "what": "board.bin", "board": "archer-mr200-v1" }));
    assert!(
        found["verdict"].as_str().is_some_and(|text| text.starts_with("a dump of a whole flash")),
        "{found}"
    );
    assert_eq!(found["as"], "dump");
    assert!(session.refused("inspect", json!({ "what": "vendor.bin", "as": "tftp" })).contains("needs"));
    let other = json!({ "what": "board.bin", "board": "archer-mr200-v1", "as": "tftp" });
    assert!(!session.refused("inspect", other).is_empty());
    // Any two of file, backup and chip.
    let backup = session.result("backup", json!({}))["backup"].clone();
    assert_eq!(session.result("diff", json!({ "a": "chip", "b": backup }))["same"], true);
    let differing = session.result("diff", json!({ "a": backup, "b": "wanted.bin" }));
    let regions = differing["regions"].as_array().expect("the board's map");
    let sum: u64 = regions
        .iter()
        .filter(|one| one["depth"] == 0)
        .filter_map(|one| one["differing_bytes"].as_u64())
        .sum();
    assert!(sum > 0 && sum == differing["differing_bytes"].as_u64().unwrap(), "{differing}");
    let part = session.result("diff", json!({ "a": backup, "b": "wanted.bin", "at": 0, "len": 16 }));
    assert_eq!(part["same"], true, "the loader's first bytes are kept: {part}");
    // Of other lengths: it is said.
    assert_eq!((&differing["a_bytes"], &differing["b_bytes"]), (&json!(8 << 20), &json!(8 << 20)));
    bench.write("short.bin", &wanted[..0x1_0001]);
    session.send(json!({ "id": 9, "do": "diff", "options": { "a": "short.bin", "b": "wanted.bin" } }));
    let warning = session.until("warning");
    let said = warning["message"].as_str().unwrap_or_default();
    assert!(said.starts_with("short.bin has 65537 bytes, wanted.bin has 8388608;"), "{said}");
    let uneven = session.until("result");
    assert_eq!((&uneven["a_bytes"], &uneven["b_bytes"]), (&json!(0x1_0001), &json!(8 << 20)));
    assert_eq!(uneven["differing_bytes"], (8 << 20) - 0x1_0001);
    let at = wanted.len() - 0x1000;
    let text: String = wanted[at..at + 16].iter().map(|byte| format!("{byte:02x}")).collect();
    let places = session.result("search", json!({ "what": "wanted.bin", "bytes": text, "most": 3 }));
    assert!(places["places"].as_array().is_some_and(|all| !all.is_empty()), "{places}");
    for (options, words) in [
        (json!({ "what": "wanted.bin", "bytes": "0" }), "nothing can be looked for"),
        (json!({ "what": "wanted.bin" }), "give one of"),
        (json!({ "what": "wanted.bin", "text": "a", "mac": "b" }), "give one of"),
        (json!({ "what": "wanted.bin", "text": "a", "most": 1001 }), "at most"),
        (json!({ "what": "nothing", "text": "a" }), "neither a file nor a backup"),
    ] {
        assert!(session.refused("search", options.clone()).contains(words), "{options}");
    }
    session.result("report", json!({ "what": backup, "out": "page.html" }));
    assert!(String::from_utf8_lossy(&bench.read("page.html")).contains("restore"), "the next request");
    assert!(
        session.refused("report", json!({ "what": backup, "out": "page.html" })).contains("there already")
    );
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn a_splice_is_shown_before_it_is_written_and_no_file_is_replaced() {
    let bench = Bench::new();
    let wanted = board(&bench);
    let mut session = Session::start(&bench, &PROGRAMMER);
    let order = json!({ "base": "board.bin", "board": "archer-mr200-v1", "donors": ["vendor.bin"] });
    let with = |more: Value| {
        let mut all = order.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        Value::from(all)
    };
    let shown = session.result("splice", order.clone());
    assert!(shown["picture"]["changed"].as_array().is_some_and(|cells| !cells.is_empty()), "{shown}");
    assert_eq!(shown["outputs"], json!([]));
    session.result("splice", with(json!({ "out": "new.bin", "save_recipe": "recipe.toml" })));
    assert!(bench.read("new.bin") == wanted);
    for (more, words) in [
        (json!({ "out": "new.bin" }), "there already"),
        (json!({ "out": "board.bin", "force": true }), "is read for this"),
        (json!({ "out": "x.bin", "save_recipe": "x.bin" }), "two outputs"),
        (json!({ "out": ["a", "b"] }), "two chips"),
        (json!({ "out": "x.bin", "for": "moon" }), "programmer, tftp or web"),
    ] {
        let message = session.refused("splice", with(more));
        assert!(message.contains(words), "{words}: {message}");
    }
    assert!(session.refused("splice", json!({ "donors": "vendor.bin" })).contains("\"base\" is needed"));
    // What would be taken no notice of is refused.
    assert!(session.refused("splice", with(json!({ "layout": "board.bin" }))).contains("in place of"));
    assert!(session.refused("splice", with(json!({ "chip_size": 4096 }))).contains("needs \"layout\""));
    // The recipe names board and donor.
    let again = json!({ "base": "board.bin", "recipe": "recipe.toml", "out": "new.bin", "force": true });
    assert_eq!(session.result("splice", again)["sha256"], shown["sha256"]);
    // The plan of the same on the chip, without a question; and for good, by the recipe.
    let dry = session.result("rewrite", json!({ "recipe": "recipe.toml", "dry_run": true }));
    assert_eq!(
        (&dry["chip"], &dry["picture"]["changed"]),
        (&json!("untouched"), &shown["picture"]["changed"])
    );
    let (done, questions) = session.run("rewrite", json!({ "recipe": "recipe.toml" }));
    assert_eq!((&done["chip"], questions.len()), (&json!("written"), 1), "{done}");
    assert_eq!(questions[0]["picture"]["changed"], shown["picture"]["changed"]);
    assert_eq!(session.end().0, Some(0));
    assert!(on_chip(&bench) == wanted);
}

#[test]
fn parts_of_the_chip_are_read_written_erased_and_protected() {
    let bench = Bench::new();
    let before = board(&bench).len();
    let contents = bench.read("board.bin");
    bench.write("piece.bin", &[0x5a; 0x1000]);
    let mut session = Session::start(&bench, &PROGRAMMER);
    let firmware =
        json!({ "file": "part.bin", "region": "firmware", "board": "archer-mr200-v1", "len": 0x100 });
    let read = session.result("read", firmware.clone());
    let at = read["offset"].as_u64().unwrap() as usize;
    assert!(bench.read("part.bin") == contents[at..at + 0x100]);
    assert!(session.refused("read", firmware).contains("there already"));
    session.result("read", json!({ "file": "part.hex", "at": 0x1000, "len": 16 }));
    assert!(String::from_utf8_lossy(&bench.read("part.hex")).starts_with(':'));
    let place = json!({ "file": "piece.bin", "at": 0x3_0000, "board": "archer-mr200-v1" });
    let (done, questions) = session.run("write", place.clone());
    assert_eq!((&done["chip"], questions.len()), (&json!("written"), 1), "{done}");
    assert_eq!(session.result("verify", place)["equal"], true);
    assert!(session.refused("write", json!({ "file": "piece.bin" })).contains("bytes"));
    assert!(session.refused("write", json!({ "file": "vendor.bin", "at": 0 })).contains("container"));
    for (options, words) in [
        (json!({}), "nothing is selected"),
        (json!({ "at": 0 }), "the length to erase is missing"),
        (json!({ "region": "moon", "board": "archer-mr200-v1" }), "no region"),
        (json!({ "region": "firmware", "at": 1 }), "not both"),
    ] {
        assert!(session.refused("erase", options).contains(words), "{words}");
    }
    let (done, _) = session.run("erase", json!({ "at": 0x3_0000, "len": 0x1000 }));
    assert_eq!(done["chip"], "written", "{done}");
    let set = session.result("protect", json!({ "set": "all" }));
    assert_eq!(set["protected_ranges"][0]["len"], before);
    assert_eq!(session.result("protect", json!({}))["volatile_possible"], true);
    session.result("protect", json!({ "clear": true }));
    let (lasting, questions) = session.run("protect", json!({ "set": "all", "permanent": true }));
    assert_eq!((&lasting["chip"], questions.len()), (&json!("written"), 1), "{lasting}");
    assert!(session.refused("protect", json!({ "set": "half" })).contains("is not a range"));
    assert_eq!(session.end().0, Some(0));
    assert!(on_chip(&bench)[0x3_0000..0x3_1000].iter().all(|byte| *byte == 0xff));
}

#[test]
fn security_registers_are_programmed_compared_and_locked_by_the_phrase_alone() {
    let bench = Bench::new();
    board(&bench);
    bench.write("serial.bin", b"SERIAL 4711");
    let mut session = Session::start(&bench, &PROGRAMMER);
    let before = session.result("backup", json!({}))["backup"].clone();
    let (done, questions) = session.run("otp-program", json!({ "register": 1, "file": "serial.bin" }));
    assert_eq!(
        (&done["chip"], &questions[0]["kind"]),
        (&json!("written"), &json!("security-registers")),
        "{done}"
    );
    let differing = session.result("otp-diff", json!({ "a": before, "b": "chip" }));
    assert_eq!((&differing["equal"], &differing["differing"][0]["index"]), (&json!(false), &json!(1)));
    std::fs::create_dir(bench.path("dump")).unwrap();
    session.result("otp-dump", json!({ "dir": "dump" }));
    assert_eq!(session.result("otp-diff", json!({ "a": "dump", "b": "chip" }))["equal"], true);
    assert!(session.refused("otp-diff", json!({ "a": "moon", "b": "chip" })).contains("nor a backup"));
    // A yes is no phrase.
    session.send(json!({ "id": 1, "do": "otp-lock", "options": { "register": 1 } }));
    let question = session.until("question");
    session.send(json!({ "id": 1, "answer": "yes", "digest": question["digest"] }));
    assert_eq!(session.next()["final"], false);
    session.send(json!({ "id": 1, "answer": "no" }));
    assert_eq!(session.until("error")["chip"], "untouched");
    let (locked, _) = session.run("otp-lock", json!({ "register": 1 }));
    assert_eq!(locked["security_registers"][0]["locked"], true, "{locked}");
    assert!(!session.refused("otp-erase", json!({ "register": 1 })).is_empty());
    assert!(session.refused("otp-lock", json!({ "register": 256 })).contains("0 to 255"));
    let (cloned, _) = session.run("otp-clone", json!({ "backup": before }));
    assert_eq!(cloned["event"], "error", "register 1 is locked: {cloned}");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn the_store_is_cared_for() {
    let bench = Bench::new();
    board(&bench);
    let mut session = Session::start(&bench, &PROGRAMMER);
    let id = session.result("backup-import", json!({ "file": "board.bin", "second": "board.bin" }))["backup"]
        .clone();
    assert_eq!(session.result("backup-name", json!({ "backup": id, "name": "kept" }))["name"], "kept");
    assert_eq!(session.result("backup-show", json!({ "backup": id }))["name"], "kept");
    assert_eq!(session.result("backup-verify", json!({}))["sound"], json!([id]));
    session.result("backup-export", json!({ "backup": id, "dir": "copy" }));
    assert!(
        session.refused("backup-export", json!({ "backup": id, "dir": "copy" })).contains("there already")
    );
    // As one file, which becomes a backup again; a changed one does not.
    session.result("backup-export", json!({ "backup": id, "out": "copy.tar" }));
    assert!(
        session
            .refused("backup-export", json!({ "backup": id, "out": "copy.tar" }))
            .contains("is there already")
    );
    assert!(session.refused("backup-export", json!({ "backup": id })).contains("give one of"));
    let packed = bench.read("copy.tar");
    bench.write("dump.bin", &packed);
    let back = session.result("backup-import", json!({ "file": "dump.bin", "second": "board.bin" }));
    assert_eq!(back["sha256"], session.result("backup-show", json!({ "backup": id }))["sha256"]);
    session.run("backup-remove", json!({ "backup": back["backup"] }));
    let mut changed = packed;
    changed[0x2000] ^= 1;
    bench.write("dump.bin", &changed);
    assert!(session.refused("backup-import", json!({ "file": "dump.bin" })).contains("is not what"));
    session.send(json!({ "id": 9, "do": "backup-remove", "options": { "backup": id } }));
    assert_eq!(session.until("question")["only_with_contents"], true);
    session.send(json!({ "id": 9, "answer": "no" }));
    session.until("error");
    assert_eq!(session.result("backups", json!({}))["backups"].as_array().map(Vec::len), Some(1));
    let again = session.result("backup-import", json!({ "file": "board.bin" }))["backup"].clone();
    assert!(again != id);
    assert_eq!(session.result("backup-prune", json!({ "dry_run": true }))["removed"], false);
    let flash = bench.path("store").join(id.as_str().unwrap()).join("flash.bin");
    let mut bytes = std::fs::read(&flash).unwrap();
    bytes[7] ^= 1;
    // In a file of its own: equal contents may share one.
    std::fs::remove_file(&flash).unwrap();
    std::fs::write(&flash, bytes).unwrap();
    let checked = session.result("backup-verify", json!({}));
    assert_eq!((checked["damaged"].as_array().map(Vec::len), &checked["sound"]), (Some(1), &json!([again])));
    let (gone, questions) = session.run("backup-remove", json!({ "backup": again }));
    assert_eq!(gone["event"], "result", "{gone} {questions:?}");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn a_board_to_try_things_on_is_laid_out_and_works() {
    let bench = Bench::new();
    let mut session = Session::start(&bench, &["--store", "store"]);
    let board = session.result("try", json!({ "dir": "demo" }));
    assert!(session.refused("try", json!({ "dir": "demo" })).contains("there already"));
    assert!(session.refused("try", json!({ "dir": "a,b" })).contains("comma"));
    let programmer = &board["programmer"];
    let order = json!({ "programmer": programmer, "board": board["board"], "donors": [board["donor"]] });
    let (done, _) = session.run("rewrite", order);
    assert_eq!(done["chip"], "written", "{done}");
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn a_session_takes_no_yes() {
    let ran = Bench::new().run(["session", "--yes", "-p", "emu"]);
    assert!(ran.code == 2 && ran.stderr.contains("no --yes"), "{ran:?}");
}

#[test]
fn the_client_in_python_rewrites_the_board_once_it_is_confirmed() {
    let Some(bench) = Bench::with(&["python3"]) else { return };
    let wanted = board(&bench);
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/session.py");
    let run = |answer: &str| {
        let mut command = std::process::Command::new("python3");
        command
            .arg(client)
            .args(PROGRAMMER)
            .args(["archer-mr200-v1", "vendor.bin"])
            .current_dir(bench.path("."));
        command.env("NORSPLICE", env!("CARGO_BIN_EXE_norsplice"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 runs");
        writeln!(child.stdin.take().expect("its input"), "{answer}").expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run("n");
    assert!(code == Some(1) && said.contains("the chip is untouched"), "{said}");
    let (code, said) = run("y");
    assert!(code == Some(0) && said.contains("the chip is written"), "{said}");
    assert!(on_chip(&bench) == wanted);
}
