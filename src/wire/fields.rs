//! The fields of a JSON object, in the order in which they were added.

use crate::span::Span;
use serde_json::{Map, Value, json};

/// Fields of a JSON object, built in order, and shown as one line of JSON.
///
/// They are made by the functions of this module alone: what is printed as JSON has its form here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more; a field of that name is replaced and keeps its place.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The same with one more, where there is a value.
    pub(super) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with the field `id` under another name, at the end, where that name is not taken.
    pub(super) fn with_id_as(mut self, name: &str) -> Self {
        if let Some(id) = self.0.shift_remove("id") {
            self.0.entry(name).or_insert(id);
        }
        self
    }

    /// The same with those of `more` whose names are not taken.
    pub fn and(mut self, more: Self) -> Self {
        for (name, value) in more.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }
}

impl std::fmt::Display for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = serde_json::to_string(&self.0).map_err(|_| std::fmt::Error)?;
        f.write_str(&text)
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Value::Object(fields.0)
    }
}

/// A list of `{start, end, len}` objects, in bytes; `end` is one past the last.
pub(super) fn spans<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Value {
    spans.into_iter().map(|s| json!({ "start": s.start, "end": s.end, "len": s.len() })).collect()
}
