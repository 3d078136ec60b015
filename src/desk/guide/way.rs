//! What the user has come for: a known board, a board with a map of its own, a file for a place, or a backup only.

use super::super::order::AUTO;
use crate::image::Board;

/// What is to be done with the chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A board by its name, or [`AUTO`].
    Board(String),
    /// A board whose flash carries its map: an Intel descriptor, an FMAP.
    Carried,
    /// A board whose map is in a file.
    Layout,
    /// A file for the whole chip.
    Image,
    /// A file for a region or an address.
    Place,
    /// A backup, and nothing else.
    Backup,
}

/// The ways that are no board, with the word that keeps each; no board has a name with a colon.
const NAMED: [(Way, &str); 5] = [
    (Way::Carried, ":carried"),
    (Way::Layout, ":layout"),
    (Way::Image, ":image"),
    (Way::Place, ":place"),
    (Way::Backup, ":backup"),
];

impl Way {
    /// Every way: first what fits any chip, then the boards that the program knows.
    pub fn all() -> Vec<Way> {
        let auto = std::iter::once(Way::Board(AUTO.to_owned()));
        let named = NAMED.into_iter().map(|(way, _)| way);
        let boards = Board::all().iter().map(|board| Way::Board(board.name.clone()));
        auto.chain(named).chain(boards).collect()
    }

    /// The word that keeps it.
    pub fn word(&self) -> String {
        match self {
            Way::Board(name) => name.clone(),
            other => {
                NAMED.iter().find(|(way, _)| way == other).map_or_else(String::new, |(_, w)| (*w).to_owned())
            }
        }
    }

    /// What has to be typed for it, in order.
    pub fn fields(&self) -> &'static [Field] {
        match self {
            Way::Board(_) | Way::Carried | Way::Image => &[Field::File],
            Way::Layout => &[Field::Layout, Field::File],
            Way::Place => &[Field::File, Field::Place],
            Way::Backup => &[],
        }
    }

    /// True where regions are put together, each from a source of its own.
    pub fn has_sources(&self) -> bool {
        matches!(self, Way::Board(_) | Way::Carried | Way::Layout)
    }
}

/// Something to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The file to write, or to take regions from.
    File,
    /// The file that holds the map.
    Layout,
    /// A region by name, or an address.
    Place,
}

impl Field {
    /// True for the name of a file.
    pub fn is_file(self) -> bool {
        self != Field::Place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_has_a_word_of_its_own() {
        let mut words: Vec<String> = Way::all().iter().map(Way::word).collect();
        let all = words.len();
        words.sort();
        words.dedup();
        assert_eq!(words.len(), all);
        assert!(words.iter().all(|word| !word.is_empty()));
        assert!(Board::all().iter().all(|board| !board.name.contains(':')));
    }
}
