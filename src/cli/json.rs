//! The last JSON line of every command, `--json` given: what was done, or why not.

use super::exit::{Exit, Failure};
use serde_json::{Map, Value, json};

/// Version of the fields' meaning; raised when one changes or goes.
pub const SCHEMA: u32 = 1;

/// Fields of a JSON object, built in order.
#[derive(Clone, Debug, Default)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more.
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

/// The fields of a `result` event of `command`: its own on success, the failure's otherwise.
pub fn result(command: &str, outcome: &Result<(Exit, Map<String, Value>), Failure>) -> Map<String, Value> {
    let head = |status: &str, exit: Exit| {
        Fields::new()
            .with("schema", SCHEMA)
            .with("command", command)
            .with("status", status)
            .with("exit_code", exit.code())
    };
    let (head, more) = match outcome {
        Ok((exit, fields)) => (head("ok", *exit), fields.clone()),
        Err(failure) => (
            head("error", failure.exit)
                .with("message", failure.message.as_str())
                .with_some("hint", failure.hint.as_deref()),
            (*failure.fields).clone(),
        ),
    };
    let mut fields = head.into_map();
    for (name, value) in more {
        fields.entry(name).or_insert(value);
    }
    fields
}

/// A list of `{start, end, len}` objects, in bytes, `end` being one past the last.
pub fn spans<'a>(spans: impl IntoIterator<Item = &'a crate::span::Span>) -> Value {
    spans.into_iter().map(|s| json!({ "start": s.start, "end": s.end, "len": s.len() })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_its_code_and_keeps_the_head() {
        let failure = Failure::refused("no").hint("do").field("check", "board").field("status", "ok");
        let value = Value::Object(result("write", &Err(failure)));
        assert_eq!(
            value.to_string(),
            r#"{"schema":1,"command":"write","status":"error","exit_code":2,"message":"no","hint":"do","check":"board"}"#
        );
    }
}
