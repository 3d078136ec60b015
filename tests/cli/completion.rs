//! What a shell offers: the binary answers as bash asks it, through the lines that `completions bash` prints.

use crate::bench::{Bench, Ran};
use std::process::Command;

/// What bash offers after these words, the last of which is being typed.
fn offered(bench: &Bench, words: &[&str]) -> Vec<String> {
    let script = bench.run(["completions", "bash"]).code(0).stdout;
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_norsplice")).parent().unwrap();
    let asked = format!(
        "{script}\nCOMP_WORDS=(norsplice {}); COMP_CWORD={}; COMP_TYPE=9\n_clap_complete_norsplice norsplice '{}' ''\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len(),
        words.last().unwrap()
    );
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    let ran = Ran::of(bash.args(["-c", &asked]).current_dir(bench.path(".")).env("PATH", path)).code(0);
    ran.stdout.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn boards_regions_and_ids_are_offered() {
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    let imported =
        bench.run(["--json", "--store", "store", "backups", "import", "board.bin"]).code(0).result();
    let id = imported["id"].as_str().unwrap();
    let has = |words: &[&str], wanted: &[&str]| {
        let offered = offered(&bench, words);
        for one in wanted {
            assert!(offered.iter().any(|word| word == one), "{words:?}: {one} is not in {offered:?}");
        }
        offered
    };
    has(&["rewrite", "--board", "archer-mr2"], &["archer-mr200-v1"]);
    has(&["read", "x.bin", "--board", ""], &["archer-mr200-v1", "auto"]);
    let regions =
        has(&["read", "x.bin", "--board", "archer-mr200-v1", "--region", "r"], &["rom", "romfile", "radio"]);
    assert_eq!(regions.len(), 3, "{regions:?}");
    // Of the file on the line.
    has(&["hexdump", "board.bin", "--region", "u"], &["u-boot"]);
    has(&["rewrite", "--board", "archer-mr200-v1", "--set", "rad"], &["radio=own", "radio=blank"]);
    has(&["--store", "store", "restore", ""], &[id]);
    has(&["--store", "store", "backups", "show", &id[..4]], &[id]);
    has(&["--store", "store", "diff", ""], &[id, "chip", "board.bin"]);
    has(&["write", "x.bin", "--allow", "foreign"], &["foreign-mac", "foreign-calibration"]);
    has(&["-p", "ch34"], &["ch341a", "ch347"]);
    has(&["sta"], &["status"]);
    // No store and no board: nothing to offer, and no fault.
    for words in [&["--store", "none", "restore", ""][..], &["read", "x.bin", "--board", "nonesuch"]] {
        let options = offered(&bench, words);
        assert!(options.iter().all(|word| word.starts_with('-')), "{words:?}: {options:?}");
    }
}
