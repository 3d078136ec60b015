//! What a file contains.

use super::{Fields, layout::recognised};
use crate::image::Recognised;
use crate::image::inspect::Inspection;
use serde_json::{Value, json};

/// What a file of this name contains, and the boards that its contents look like.
pub fn inspection(file: &str, sha256: &str, found: &Inspection, boards: &[Recognised]) -> Fields {
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
}
