//! What was chosen, kept in the store so that the guide can be left and continued later.

use crate::image::RegionSource;
use crate::workflow::files;
use serde::{Deserialize, Serialize};
use std::path::Path;

const NAME: &str = "guide.json";
/// More bytes than any list of choices has.
const MOST: u64 = 1 << 20;

/// The choices so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// The text that chooses the programmer.
    pub spec: Option<String>,
    /// What was to be done: the board, or the word of another way.
    pub board: Option<String>,
    /// The file to write or to take regions from.
    pub donor: String,
    /// The file with the map.
    pub layout: String,
    /// The region or address.
    pub place: String,
    /// Sources that differ from the board's default. In the file they are called `sets`.
    #[serde(rename = "sets")]
    pub sources: Vec<RegionSource>,
}

impl Saved {
    /// The choices kept in the store; none where there are none that can be read.
    pub fn load(root: &Path) -> Self {
        let bytes = files::read(&root.join(NAME), MOST).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Keeps them. A store that cannot be written to is reported when a backup is taken, not here.
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
        let saved = Saved {
            board: Some("archer-mr200-v1".into()),
            donor: "web.bin".into(),
            sources: vec!["firmware=donor".parse().unwrap()],
            ..Saved::default()
        };
        saved.keep(dir.path());
        assert_eq!(Saved::load(dir.path()), saved);
        std::fs::write(dir.path().join(NAME), b"{").unwrap();
        assert_eq!(Saved::load(dir.path()), Saved::default());
    }

    /// As the version before this type wrote it.
    #[test]
    fn choices_of_an_older_version_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let old = r#"{"spec":"ch341a","board":"auto","donor":"web.bin","sets":["config=blank"]}"#;
        std::fs::write(dir.path().join(NAME), old).unwrap();
        assert_eq!(Saved::load(dir.path()).sources, ["config=blank".parse().unwrap()]);
    }
}
