//! A real terminal: tmux runs a command, types, and gives the screen.
//!
//! Where tmux is missing a test says so and does nothing, unless `NORSPLICE_NEED_TMUX` is set.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest wait for a screen; each returns as soon as its text is there.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal of its own server; it ends with this.
pub struct Terminal {
    socket: String,
}

impl Terminal {
    /// One of so many columns and lines that runs a command of the shell; `name` is its own among the tests.
    pub fn start(name: &str, (columns, lines): (u16, u16), command: &str) -> Self {
        let terminal = Self { socket: format!("norsplice-{name}-{}", std::process::id()) };
        let (columns, lines) = (columns.to_string(), lines.to_string());
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &columns, "-y", &lines, command]);
        terminal
    }

    /// What a command of tmux answers.
    pub fn tmux(&self, words: &[&str]) -> String {
        let out = Command::new("tmux").args(["-L", &self.socket]).args(words).output().expect("tmux runs");
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    /// The screen, a line a line.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Types keys, as tmux names them.
    pub fn keys(&self, words: &[&str]) {
        let all: Vec<&str> = ["send-keys"].iter().chain(words).copied().collect();
        self.tmux(&all);
    }

    /// The screen once it shows a text.
    pub fn wait_for(&self, text: &str) -> String {
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

/// A path as a word of the shell.
pub fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// False, loudly, where there is no tmux.
pub fn tmux_is_here() -> bool {
    let here = Command::new("tmux").arg("-V").output().is_ok();
    if !here {
        assert!(std::env::var_os("NORSPLICE_NEED_TMUX").is_none(), "tmux is not installed");
        eprintln!("ATTENTION: nothing is tried in a terminal here: tmux is not installed");
    }
    here
}
