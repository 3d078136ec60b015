//! What was chosen, kept in the store so that the guide can be left and taken up again.

use crate::workflow::files;
use serde::{Deserialize, Serialize};
use std::path::Path;

const NAME: &str = "guide.json";
/// More than any list of choices.
const MOST: u64 = 1 << 20;

/// The choices so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The programmer.
    pub spec: Option<String>,
    /// The board.
    pub board: Option<String>,
    /// The donor file.
    pub donor: String,
    /// Sources that differ from the board's default.
    pub sets: Vec<String>,
}

impl Saved {
    /// The choices kept in the store; none where there are none that can be read.
    pub fn load(root: &Path) -> Self {
        let bytes = files::read(&root.join(NAME), MOST).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps them. A store that cannot be written to is told when a backup is taken, not here.
    pub fn keep(&self, root: &Path) {
        if let Ok(bytes) = serde_json::to_vec_pretty(self) {
            let _ = std::fs::create_dir_all(root);
            let _ = files::write(&root.join(NAME), &bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_found_again_and_damage_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let saved =
            Saved { board: Some("archer-mr200-v1".into()), donor: "web.bin".into(), ..Saved::default() };
        saved.keep(dir.path());
        assert_eq!(Saved::load(dir.path()), saved);
        std::fs::write(dir.path().join(NAME), b"{").unwrap();
        assert_eq!(Saved::load(dir.path()), Saved::default());
    }
}
