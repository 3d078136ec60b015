//! Every command that writes a file: one that is there already stays, unless the user says so.

use super::images::sparse;
use crate::bench::Bench;

/// What the file held before.
const MINE: &[u8] = b"the only dump of this board";

/// A bench with a demo board, a vendor's file and a backup; the id of the backup.
fn bench() -> (Bench, String) {
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    bench.write("vendor.bin", &demo.vendor);
    bench.write("image.bin", &sparse(1));
    let ran = bench.run(["--json", "--store", "store", "backups", "import", "board.bin"]).code(0);
    let id = ran.result()["id"].as_str().unwrap().to_owned();
    (bench, id)
}

/// The commands, `FILE` being the output, `DIR` its folder and `ID` the backup. Below the folder they write this name.
const WRITERS: [(&str, &str); 12] = [
    ("out.bin", "read FILE --at 0 --len 4K"),
    ("out.bin", "read FILE --at 0 --len 4K --passes 1"),
    ("out.bin", "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin -o FILE"),
    (
        "out.bin",
        "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin -o other.bin --save-recipe FILE",
    ),
    ("out.bin", "rewrite --board archer-mr200-v1 --donor vendor.bin --dry-run --save-recipe FILE"),
    (
        "ArcherC2V1_tp_recovery.bin",
        "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin --for tftp -o DIR",
    ),
    ("out.html", "report ID -o FILE"),
    ("out.svg", "map board.bin -o FILE"),
    ("out.png", "map board.bin --against vendor.bin -o FILE"),
    ("out.txt", "selftest --report FILE"),
    ("security-register-2.bin", "otp dump DIR"),
    ("norsplice-probe.1", "man DIR"),
];

#[test]
fn no_command_replaces_a_file_unless_it_is_told_to() {
    let (bench, id) = bench();
    for (name, line) in WRITERS {
        let folder = tempfile::tempdir_in(bench.path(".")).unwrap();
        let (dir, file) = (folder.path(), folder.path().join(name));
        let image = if line.starts_with("rewrite") { "image=board.bin" } else { "image=image.bin" };
        let run = |more: &[&str]| {
            let words = line.split(' ').map(|word| match word {
                "FILE" => file.display().to_string(),
                "DIR" => dir.display().to_string(),
                "ID" => id.clone(),
                word => word.to_owned(),
            });
            let more = more.iter().map(|word| (*word).to_owned());
            let _ = std::fs::remove_file(bench.path("other.bin"));
            bench.emu(image, ["--store", "store"].map(str::to_owned).into_iter().chain(words).chain(more)).0
        };
        std::fs::write(&file, MINE).unwrap();
        let count = || std::fs::read_dir(dir).unwrap().count();
        run(&[]).code(2).says(&[name, "there already", "--force"]);
        assert_eq!(std::fs::read(&file).unwrap(), MINE, "{line}");
        assert_eq!(count(), 1, "{line} left something behind");
        // Neither is it replaced by the answer to another question.
        run(&["--yes"]).code(2);
        assert_eq!(std::fs::read(&file).unwrap(), MINE, "{line}");
        run(&["--force"]).code(0);
        assert_ne!(std::fs::read(&file).unwrap(), MINE, "{line}");
        std::fs::remove_file(&file).unwrap();
        if !line.starts_with("rewrite") && name != "norsplice-probe.1" && name != "security-register-2.bin" {
            run(&[]).code(0);
            assert!(file.is_file(), "{line}");
        }
    }
    // A folder to be made is never one that is there.
    std::fs::create_dir(bench.path("mine")).unwrap();
    for line in [vec!["--store", "store", "backups", "export", &id, "mine"], vec!["demo", "mine"]] {
        bench.run(line).code(2).says(&["mine", "there already"]);
    }
    assert!(bench.names("mine").is_empty());
}

#[test]
fn an_output_to_standard_output_leaves_it_to_the_data() {
    let (bench, id) = bench();
    for (line, begins) in [
        ("map board.bin -o -", "<svg"),
        ("report ID -o -", "<!DOCTYPE html>"),
        ("selftest --report -", "norsplice "),
    ] {
        let words = line.split(' ').map(|word| if word == "ID" { id.as_str() } else { word });
        let ran = bench.emu("image=image.bin", ["--store", "store"].into_iter().chain(words)).0.code(0);
        assert!(ran.stdout.starts_with(begins), "{line}: {}", &ran.stdout[..ran.stdout.len().min(80)]);
    }
}

#[test]
fn no_output_takes_the_place_of_an_input_even_on_request() {
    let (bench, _) = bench();
    bench.write("map.txt", b"00000000:007fffff all\n");
    std::os::unix::fs::symlink("board.bin", bench.path("link.bin")).unwrap();
    for line in [
        "report board.bin -o board.bin",
        "report board.bin -o link.bin",
        "map board.svg -o board.svg",
        "map vendor.bin --against board.svg -o ./board.svg",
        "read --region all --layout map.txt map.txt",
        "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin -o vendor.bin",
        "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin@0+0x7c0200 -o vendor.bin",
        "splice --board archer-mr200-v1 --base board.bin --donor x=vendor.bin -o link.bin",
        "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin -o new.bin --save-recipe board.bin",
        "rewrite --board archer-mr200-v1 --base board.bin --donor vendor.bin --dry-run --save-recipe board.bin",
    ] {
        std::fs::copy(bench.path("board.bin"), bench.path("board.svg")).unwrap();
        let files = ["board.bin", "board.svg", "vendor.bin", "map.txt"];
        let contents = || files.map(|name| std::fs::read(bench.path(name)).unwrap());
        let before = contents();
        let words = ["--store", "store", "--force", "--yes"].into_iter().chain(line.split(' '));
        bench.emu("image=image.bin", words).0.code(2).says(&["would be overwritten"]);
        assert!(contents() == before, "{line}");
        assert!(!bench.path("new.bin").exists(), "{line}");
    }
}

#[test]
fn two_outputs_never_go_to_one_file() {
    let (bench, _) = bench();
    let splice = "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin --force";
    for outputs in ["-o x --save-recipe x", "-o x --save-recipe ./x", "-o - --save-recipe -"] {
        let words = splice.split(' ').chain(outputs.split(' '));
        bench.run(words).code(2).says(&["two outputs"]);
        assert!(!bench.path("x").exists(), "{outputs}");
    }
}
