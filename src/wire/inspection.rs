//! What a file contains.

use super::{Fields, findings, layout::recognised};
use crate::image::fitness::Use;
use crate::image::inspect::Inspection;
use crate::image::{Board, Finding, Recognised};
use serde_json::{Value, json};

/// What a file of this name contains, the boards that its contents look like, and what it is in a sentence.
pub fn inspection(
    file: &str,
    sha256: &str,
    found: &Inspection,
    boards: &[Recognised],
    verdict: &str,
) -> Fields {
    let boards: Vec<Value> = boards.iter().map(recognised).collect();
    Fields::new()
        .with("file", file)
        .with("what", found.what)
        .with("size", found.size)
        .with("sha256", sha256)
        .with("sound", found.is_sound())
        .with("checks", json!(found.checks))
        .with("items", json!(found.items))
        .with("gaps", json!(found.gaps))
        .with("boards", boards)
        .with("verdict", verdict)
}

/// Whether a file is fit for a use on a board: what the checks found.
pub(crate) fn fitness(board: &Board, meant: Use, found: &[Finding]) -> Fields {
    Fields::new()
        .with("board", board.name.as_str())
        .with("as", meant.name())
        .with("findings", findings(found))
}
