//! The contents of a dump, backup or chip: bytes, a map of cells, a comparison of two.

use super::{Fields, spans};
use crate::desk::compare::RegionDifference;
use crate::desk::search::Found;
use crate::report::{Kind, Map};
use crate::span::{Span, Spans};
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

/// Contents as a picture: a letter for the kind of each cell, its entropy in tenths of a bit a byte, the cells that
/// differ, and the regions with their places.
pub fn picture(what: &str, map: &Map, regions: &[(String, Span)]) -> Fields {
    let kinds: String = map.cells.iter().map(|cell| cell.kind.symbol()).collect();
    let entropy: Vec<u8> = map.cells.iter().map(|cell| (cell.entropy * 10.0).round() as u8).collect();
    let changed = map.cells.iter().enumerate().filter(|(_, cell)| cell.changed).map(|(n, _)| n);
    let legend = Kind::ALL.iter().map(|kind| (kind.symbol().to_string(), json!(kind.name())));
    let region =
        |(name, span): &(String, Span)| json!({ "name": name, "start": span.start, "end": span.end });
    Fields::new()
        .with("what", what)
        .with("cell_size", map.unit)
        .with("kinds", kinds)
        .with("legend", Value::Object(legend.collect()))
        .with("entropy", entropy)
        .with("changed", changed.collect::<Vec<usize>>())
        .with("regions", regions.iter().map(region).collect::<Vec<Value>>())
}

/// The picture of what an operation made, as a field of its result.
pub(crate) fn pictured(picture: Fields) -> Fields {
    Fields::new().with("picture", Value::from(picture))
}

/// How much differs in each region, where a map names them.
pub(crate) fn region_differences(regions: Option<Vec<RegionDifference>>) -> Fields {
    let row = |one: &RegionDifference| {
        json!({
            "name": one.name, "depth": one.depth, "start": one.span.start, "end": one.span.end,
            "differing_bytes": one.bytes,
        })
    };
    Fields::new().with_some("regions", regions.map(|all| all.iter().map(row).collect::<Vec<Value>>()))
}

/// How many bytes of each of two contents were compared.
pub(crate) fn lengths([a, b]: [u64; 2]) -> Fields {
    Fields::new().with("a_bytes", a).with("b_bytes", b)
}

/// Places where something is in contents, and whether there are more.
pub fn found(what: &str, found: &[Found], more: bool) -> Fields {
    let place = |one: &Found| json!({ "start": one.span.start, "end": one.span.end, "form": one.form });
    Fields::new()
        .with("what", what)
        .with("places", found.iter().map(place).collect::<Vec<Value>>())
        .with("more", more)
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
