//! The contents of a dump, backup or chip: bytes, a map of cells, a comparison of two.

use super::{Fields, spans};
use crate::report::{Kind, Map};
use crate::span::Spans;
use crate::workflow::files::hex;
use serde_json::{Value, json};
use std::path::Path;

/// Bytes of contents, from address `at` on.
pub fn hexdump(what: &str, at: u64, bytes: &[u8]) -> Fields {
    Fields::new().with("what", what).with("offset", at).with("size", bytes.len()).with("data", hex(bytes))
}

/// A map of cells, and the file that it was drawn into.
pub fn map(what: &str, map: &Map, file: Option<&Path>) -> Fields {
    let count = |kind: &Kind| map.cells.iter().filter(|cell| cell.kind == *kind).count();
    let kinds = Kind::ALL.iter().map(|kind| (kind.name().to_owned(), json!(count(kind))));
    Fields::new()
        .with("what", what)
        .with("cell_size", map.unit)
        .with("cells", map.cells.len())
        .with("changed", map.changed())
        .with("kinds", Value::Object(kinds.collect()))
        .with_some("file", file.map(|path| path.display().to_string()))
}

/// A comparison of two contents.
pub fn compared(a: &str, b: &str, differing: &Spans) -> Fields {
    Fields::new()
        .with("a", a)
        .with("b", b)
        .with("same", differing.is_empty())
        .with("differing_bytes", differing.len())
        .with("ranges", spans(differing.as_slice()))
}
