//! The boards that are built in.

use std::sync::OnceLock;

use super::board::Board;
use super::file::parse;
use crate::image::error::ImageError;

const FILES: [&str; 14] = [
    include_str!("archer-mr200-v1.toml"),
    include_str!("archer-mr200-v4.toml"),
    include_str!("archer-mr200-v5.toml"),
    include_str!("archer-c2-v1.toml"),
    include_str!("archer-c20-v1.toml"),
    include_str!("archer-c20-v4.toml"),
    include_str!("archer-c20-v5.toml"),
    include_str!("archer-c20i.toml"),
    include_str!("archer-c50-v1.toml"),
    include_str!("archer-c50-v3.toml"),
    include_str!("archer-c50-v4.toml"),
    include_str!("tl-mr6400-v1.toml"),
    include_str!("tl-mr6400-v4.toml"),
    include_str!("tl-mr6400-v5.toml"),
];

impl Board {
    /// The board of that name.
    ///
    /// # Errors
    /// [`ImageError::UnknownBoard`] with the names there are.
    pub fn named(name: &str) -> Result<&'static Board, ImageError> {
        Board::all().iter().find(|b| b.name == name).ok_or_else(|| ImageError::UnknownBoard {
            name: name.to_owned(),
            known: Board::all().iter().map(|b| b.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// All boards of the program, in the order they are listed to the user.
    pub fn all() -> &'static [Board] {
        static BOARDS: OnceLock<Vec<Board>> = OnceLock::new();
        // A built-in file that does not parse leaves its board out; the test below checks that all of them parse.
        BOARDS.get_or_init(|| FILES.iter().filter_map(|text| parse(text).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::image::layout::{Role, Source};

    #[test]
    fn every_built_in_file_is_a_board() {
        for text in FILES {
            parse(text).unwrap();
        }
        assert_eq!(Board::all().len(), FILES.len());
        let names: BTreeSet<_> = Board::all().iter().map(|b| &b.name).collect();
        assert_eq!(names.len(), FILES.len());
    }

    #[test]
    fn boards_hold_together() {
        for board in Board::all() {
            let grown = board.layout.regions.iter().filter_map(|r| Some((r, r.grows_into.as_ref()?)));
            for (region, into) in grown {
                assert_eq!(region.span.end, board.region(into).unwrap().span.start, "{}", board.name);
            }
            for region in &board.layout.regions {
                assert!(region.source.is_some() && region.inside.is_none(), "{} {}", board.name, region.name);
                let unit = region.role == Role::Unit;
                assert!(!unit || region.default == Source::Own, "{} {}", board.name, region.name);
            }
            let recovery_end = board.recovery.as_ref().map_or(0, |r| r.end);
            assert!(recovery_end <= board.chip_size, "{}", board.name);
        }
    }
}
