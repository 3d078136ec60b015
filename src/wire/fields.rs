//! The fields of a JSON object, in the order in which they were added.

use crate::span::Span;
use serde_json::{Map, Value, json};

/// Fields of a JSON object, built in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more; a field of that name is replaced and keeps its place.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The same with one more, where there is a value.
    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with those of `more` whose names are not taken.
    pub fn or(mut self, more: Map<String, Value>) -> Self {
        for (name, value) in more {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// As a map.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Value::Object(fields.0)
    }
}

/// A list of `{start, end, len}` objects, in bytes; `end` is one past the last.
pub fn spans<'a>(spans: impl IntoIterator<Item = &'a Span>) -> Value {
    spans.into_iter().map(|s| json!({ "start": s.start, "end": s.end, "len": s.len() })).collect()
}
