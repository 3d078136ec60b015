//! What commands print fits the terminal: no line is longer than it, so no word is broken by it.

use crate::bench::Bench;
use crate::bench::tmux::{Terminal, quoted, tmux_is_here};
use std::path::Path;

/// Commands that print tables, lists, pictures, long sentences and refusals.
const LINES: [&str; 14] = [
    "boards",
    "boards archer-mr200-v1",
    "chips w25q128",
    "status",
    "probe",
    "map board.bin",
    "hexdump board.bin --at 0x7df100 --len 64",
    "inspect vendor.bin",
    "diff board.bin chip --board archer-mr200-v1",
    "layout --board archer-mr200-v1",
    "write vendor.bin",
    "rewrite --board archer-mr200-v1 --donor vendor.bin --set firmware=dunor",
    "read --at 0 --len 0 part.bin",
    "setup",
];

#[test]
fn every_line_fits_terminals_of_40_to_200_columns() {
    if !tmux_is_here() {
        return;
    }
    let bench = Bench::new();
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", &demo.board);
    bench.write("vendor.bin", &demo.vendor);
    let program = quoted(Path::new(env!("CARGO_BIN_EXE_norsplice")));
    for columns in [40, 80, 200] {
        for (n, line) in LINES.into_iter().enumerate() {
            // The screen stays until it was read.
            let command = format!(
                "cd {}; {program} -p emu:image=board.bin --store store {line}; echo; echo exit=$?; sleep 600",
                quoted(&bench.path(""))
            );
            let terminal = Terminal::start(&format!("width-{columns}-{n}"), (columns, 600), &command);
            let screen = terminal.wait_for("exit=");
            // With -J tmux joins the lines that the terminal has broken.
            let joined = terminal.tmux(&["capture-pane", "-p", "-J"]);
            let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
            let (seen, meant) = (lines(&screen), lines(&joined));
            let broken = meant.iter().find(|line| !seen.contains(line) && breakable(line, columns));
            assert_eq!(broken, None, "{line} at {columns} columns:\n{screen}");
        }
    }
}

/// False for a line whose longest word alone fills the terminal: a sum, a path.
fn breakable(line: &str, columns: u16) -> bool {
    let indent = line.len() - line.trim_start().len();
    line.split_whitespace().all(|word| indent + word.chars().count() <= usize::from(columns))
}
