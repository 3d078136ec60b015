//! Results: how a command ended.

use super::Fields;
use serde_json::Value;

/// Version of the fields' meaning; raised when one changes or goes.
pub const SCHEMA: u32 = 1;

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// It did its work.
    Done(&'a Fields),
    /// It did not.
    Failed {
        /// What failed.
        message: &'a str,
        /// What to do next.
        hint: Option<&'a str>,
        /// Further facts.
        fields: &'a Fields,
    },
}

/// The fields of a `result` or `done` event of `command`, which ended with this exit code.
pub fn result(command: &str, exit_code: u8, ending: Ending<'_>) -> Fields {
    let head = |status: &str| {
        Fields::new()
            .with("schema", SCHEMA)
            .with("command", command)
            .with("status", status)
            .with("exit_code", exit_code)
    };
    match ending {
        Ending::Done(fields) => head("ok").and(fields.clone()),
        Ending::Failed { message, hint, fields } => {
            head("error").with("message", message).with_some("hint", hint).and(fields.clone())
        }
    }
}

/// The jobs on several programmers at the same time, each with its result.
pub fn several<'a>(results: impl IntoIterator<Item = (&'a str, Fields)>) -> Fields {
    let one = |(programmer, result)| Fields::new().with("programmer", programmer).and(result);
    Fields::new().with("programmers", results.into_iter().map(|r| Value::from(one(r))).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_its_code_and_keeps_the_head() {
        let fields = Fields::new().with("check", "board").with("status", "ok");
        let ending = Ending::Failed { message: "no", hint: Some("do"), fields: &fields };
        assert_eq!(
            Value::from(result("write", 2, ending)).to_string(),
            r#"{"schema":1,"command":"write","status":"error","exit_code":2,"message":"no","hint":"do","check":"board"}"#
        );
    }
}
