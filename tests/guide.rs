//! The guide in a real terminal: tmux runs it on the emulated chip, types, and reads the screen.
//!
//! Needs tmux; where it is missing the test says so and does nothing, unless `NORSPLICE_NEED_TMUX` is set.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest wait for a screen; each returns as soon as its text is there.
const PATIENCE: Duration = Duration::from_secs(120);

struct Terminal {
    socket: String,
}

impl Terminal {
    fn tmux(&self, words: &[&str]) -> String {
        let out = Command::new("tmux").args(["-L", &self.socket]).args(words).output().expect("tmux runs");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    fn keys(&self, words: &[&str]) {
        let all: Vec<&str> = ["send-keys"].iter().chain(words).copied().collect();
        self.tmux(&all);
    }

    fn wait_for(&self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            assert!(Instant::now() < end, "'{text}' never came; the screen shows:\n{screen}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}

#[test]
fn the_whole_way_on_an_emulated_board() {
    if Command::new("tmux").arg("-V").output().is_err() {
        assert!(std::env::var_os("NORSPLICE_NEED_TMUX").is_none(), "tmux is not installed");
        eprintln!("ATTENTION: the guide is not tried in a terminal here: tmux is not installed");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let board = norsplice::image::synthetic::demo();
    let (dump, web) = (dir.path().join("dump.bin"), dir.path().join("web.bin"));
    std::fs::write(&dump, board.board.bytes()).expect("written");
    std::fs::write(&web, board.vendor).expect("written");
    let terminal = Terminal { socket: format!("norsplice-{}", std::process::id()) };
    let command = format!(
        "NORSPLICE_PROGRAMMER=emu:programmer=ft2232h,image={},state={} NORSPLICE_STORE={} {}; echo exit=$?; sleep 600",
        quoted(&dump),
        quoted(&dir.path().join("state")),
        quoted(&dir.path().join("store")),
        quoted(Path::new(env!("CARGO_BIN_EXE_norsplice"))),
    );
    terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "36", &command]);

    terminal.wait_for("Which programmer?");
    terminal.keys(&["Enter"]);
    terminal.wait_for("Steady.");
    terminal.keys(&["Enter"]);
    terminal.wait_for("Which board is it?");
    // The list's order may change: go up to the first, then down to the one that is meant.
    for _ in 0..40 {
        if terminal.screen().contains("> archer-mr200-v1") {
            break;
        }
        terminal.keys(&["Down"]);
        std::thread::sleep(Duration::from_millis(60));
    }
    terminal.wait_for("> archer-mr200-v1");
    terminal.keys(&["Enter"]);
    terminal.wait_for("two reads that agree");
    terminal.keys(&["-l", &web.display().to_string()]);
    terminal.wait_for("web.bin_");
    terminal.keys(&["Enter"]);
    let shown = terminal.wait_for("Enter: make the plan");
    assert!(shown.contains("kept"), "per-unit data is shown:\n{shown}");
    terminal.keys(&["Enter"]);
    terminal.wait_for("nothing has been touched yet");
    terminal.keys(&["w"]);
    let shown = terminal.wait_for("Written and verified.");
    assert!(shown.contains("take the clip off"), "{shown}");
    terminal.keys(&["q"]);
    terminal.wait_for("exit=0");
    let reports = std::fs::read_dir(dir.path().join("store/reports")).expect("reports").count();
    assert_eq!(reports, 1, "the report page was written");
}
