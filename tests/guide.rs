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

/// False, loudly, where there is no tmux.
fn tmux_is_here() -> bool {
    let here = Command::new("tmux").arg("-V").output().is_ok();
    if !here {
        assert!(std::env::var_os("NORSPLICE_NEED_TMUX").is_none(), "tmux is not installed");
        eprintln!("ATTENTION: the guide is not tried in a terminal here: tmux is not installed");
    }
    here
}

/// A window that is closed takes the guide with it: no one is left to see it, and it must not continue by itself.
#[test]
fn the_guide_ends_with_its_terminal() {
    if !tmux_is_here() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let pid = dir.path().join("pid");
    let terminal = Terminal { socket: format!("norsplice-closed-{}", std::process::id()) };
    let command = format!(
        "echo $$ >{}; export NORSPLICE_PROGRAMMER=emu NORSPLICE_STORE={}; exec {}",
        quoted(&pid),
        quoted(&dir.path().join("store")),
        quoted(Path::new(env!("CARGO_BIN_EXE_norsplice"))),
    );
    terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "36", &command]);
    terminal.wait_for("Which programmer?");
    let pid = std::fs::read_to_string(pid).expect("the process id").trim().to_owned();
    // A process that has ended and that no one has waited for is a zombie: it has no memory map any more.
    let running = || std::fs::read(format!("/proc/{pid}/maps")).is_ok_and(|maps| !maps.is_empty());
    assert!(running(), "the guide runs as process {pid}");
    terminal.tmux(&["kill-server"]);
    let end = Instant::now() + PATIENCE;
    while running() {
        assert!(Instant::now() < end, "the guide continues without its terminal");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_whole_way_on_an_emulated_board() {
    if !tmux_is_here() {
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
    terminal.wait_for("each byte proven by two readings");
    terminal.keys(&["-l", &web.display().to_string()]);
    terminal.wait_for("web.bin_");
    terminal.keys(&["Enter"]);
    let shown = terminal.wait_for("Enter: make the plan");
    assert!(shown.contains("kept"), "per-unit data is shown:\n{shown}");
    terminal.keys(&["Enter"]);
    terminal.wait_for("nothing has been touched yet");
    // Back to the choice and on again: the backup holds.
    terminal.keys(&["Escape"]);
    terminal.wait_for("each byte proven by two readings");
    terminal.keys(&["Enter"]);
    terminal.wait_for("nothing has been touched yet");
    terminal.keys(&["w"]);
    let shown = terminal.wait_for("Written and verified.");
    assert!(shown.contains("take the clip off"), "{shown}");
    terminal.keys(&["q"]);
    terminal.wait_for("exit=0");
    let reports = std::fs::read_dir(dir.path().join("store/reports")).expect("reports").count();
    assert_eq!(reports, 1, "the report page was written");
    let page = std::fs::read_dir(dir.path().join("store/reports")).expect("reports").next().expect("one");
    let page = std::fs::read_to_string(page.expect("an entry").path()).expect("readable");
    // What `rewrite` keeps with its job, the guide keeps too.
    assert!(
        page.contains("Recipe to repeat it") && page.contains("serial number"),
        "the report lacks details"
    );
}
