//! Maps of a flash, and boards.

use super::Fields;
use crate::image::{Board, Layout, PerUnit, Recognised, Region};
use serde_json::{Value, json};

/// A map: its source, the chip's size where it is known, its regions.
pub fn layout(layout: &Layout) -> Fields {
    Fields::new()
        .with("source", layout.source.as_str())
        .with("size", json!(layout.chip_size))
        .with("regions", regions(layout))
        .with("notes", json!(layout.notes))
}

/// A map in another form, for a file or a kernel's command line.
pub fn layout_text(form: &str, text: &str, layout: &Layout) -> Fields {
    Fields::new().with("form", form).with("text", text).with("regions", regions(layout))
}

/// The regions of a map.
fn regions(layout: &Layout) -> Value {
    layout.regions.iter().map(region).collect()
}

fn region(region: &Region) -> Value {
    let units: Vec<Value> = region.per_unit.iter().map(per_unit).collect();
    json!({
        "name": region.name,
        "offset": region.span.start,
        "size": region.span.len(),
        "inside": region.inside,
        "read_only": region.read_only,
        "default": region.default.to_string(),
        "per_unit": units,
        "source": region.source,
    })
}

fn per_unit(unit: &PerUnit) -> Value {
    json!({
        "name": unit.name,
        "offset": unit.span.start,
        "size": unit.span.len(),
        "kind": unit.kind.name(),
        "keep": unit.keep,
    })
}

/// Boards, without their regions.
pub fn boards(boards: &[&Board]) -> Fields {
    Fields::new().with("boards", boards.iter().map(|one| of_board(one)).collect::<Vec<_>>())
}

/// A board with its regions.
pub fn board(board: &Board) -> Fields {
    let mut fields = of_board(board);
    fields["regions"] = regions(&board.layout);
    Fields::new().with("board", fields)
}

fn of_board(board: &Board) -> Value {
    json!({
        "name": board.name,
        "model": board.model,
        "soc": board.soc,
        "size": board.chip_size,
        "compatible": board.compatible,
        "chips": board.chips,
        "hardware": board.hardware,
        "recovery": board.recovery,
    })
}

/// A board that contents look like.
pub(super) fn recognised(found: &Recognised) -> Value {
    json!({ "board": found.board.name, "named": found.named, "by": found.by })
}
