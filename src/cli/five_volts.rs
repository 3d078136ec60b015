//! The black CH341A's 5 V data lines: told once for each place that a CH341A is plugged in at, nowhere once acknowledged.
//!
//! A black board cannot be told from a green or a mended one over USB: all have the same ids and no serial number. What was
//! told is an empty file in the store; a store that cannot be written to is in nobody's way, it is told again.

use super::exit::Failure;
use super::session::Session;
use super::store;
use std::fs;
use std::path::{Path, PathBuf};

/// What is told, and what to do about it.
const NOTICE: &str = "many CH341A boards (black ones) drive their data lines at 5 V, too much for a 3.3 V chip; next: measure pin 5 \
     of the socket against pin 4 with nothing clipped on (hw-notes/power-and-reset.md), then \
     \"norsplice setup --acknowledge-5v\"";

/// Folder of the store in which it is kept where this was told.
const FOLDER: &str = "told";
/// For all places, those to come as well.
const EVERYWHERE: &str = "5v-acknowledged";

/// Tells it of the CH341A at this USB path, where it was not told before.
pub fn tell(session: &Session, path: &str) {
    // Without a home directory there is no place to remember it in.
    let root = store::root(session).ok();
    if is_told(root.as_deref(), path) {
        return;
    }
    session.out.warn(NOTICE);
    // The guide's voice is its screen, which tells it there.
    if let Some(root) = root.filter(|_| !session.out.is_silent()) {
        // Not remembered: it is told again, which is all that this can cost.
        let _ = remember(&root, &marker(path));
    }
}

/// True where nothing is left to be told of the CH341A at this USB path.
pub fn is_told(root: Option<&Path>, path: &str) -> bool {
    let there = |name: &str| root.is_some_and(|root| root.join(FOLDER).join(name).exists());
    there(EVERYWHERE) || there(&marker(path))
}

/// The user knows: it is told no more.
///
/// # Errors
/// Exit code 2 without a home directory; 1 where the store cannot be written to.
pub fn acknowledge(session: &Session) -> Result<PathBuf, Failure> {
    let root = store::root(session)?;
    remember(&root, EVERYWHERE).map_err(|error| {
        Failure::failed(format!("cannot write to {}: {error}", root.join(FOLDER).display()))
            .hint("choose a store that you may write to: --store DIR")
    })?;
    Ok(root)
}

fn remember(root: &Path, name: &str) -> std::io::Result<()> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), [])
}

/// The name of a place's file.
fn marker(path: &str) -> String {
    let plain = |c: char| if c.is_ascii_digit() || c == '.' { c } else { '-' };
    format!("5v-at-{}", path.chars().map(plain).collect::<String>())
}
