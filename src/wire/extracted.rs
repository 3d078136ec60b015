//! The parts of an update file or archive, as an extraction lists them.

use super::Fields;
use crate::image::Content;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// The parts of a file of this name, and the files that were written: one a part, and the list.
pub fn extracted(file: &str, sha256: &str, parts: &[Content], written: &[PathBuf]) -> Fields {
    Fields::new()
        .with("file", file)
        .with("sha256", sha256)
        .with("parts", parts.iter().map(part).collect::<Vec<_>>())
        .with("written", written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>())
}

/// The same list as the text of a file.
pub fn extracted_text(file: &str, sha256: &str, list: &[Content]) -> Vec<u8> {
    let list = json!({
        "file": file, "sha256": sha256, "parts": list.iter().map(part).collect::<Vec<_>>(),
    });
    format!("{list:#}\n").into_bytes()
}

fn part(part: &Content) -> Value {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| drop(row.insert(name.to_owned(), value));
    put("name", json!(part.name));
    put("within", json!(part.within));
    put("kind", json!(part.kind));
    put("for", json!(part.target));
    put("state", json!(part.state));
    put("size", json!(part.bytes.len()));
    put("sha256", json!(crate::image::sha256(&part.bytes)));
    put("offset", json!(part.span.map(|span| span.start)));
    put("place", json!(part.place));
    put("version", json!(part.version));
    put("models", json!(part.models));
    put("piece_of", json!(part.piece_of));
    put("checks", json!(part.checks));
    row.retain(|_, value| !value.is_null());
    Value::Object(row)
}
