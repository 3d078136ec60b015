//! Lines of the session protocol: an event, a result or an error with the id of the request that it answers.

use super::Fields;
use super::refusal::refusal;
use super::request::Id;
use super::result::{Ending, SCHEMA, result};
use crate::desk::Refusal;
use serde_json::Value;
use std::path::Path;

/// Version of the protocol; raised when a request or a line changes its meaning or goes.
const PROTOCOL: u32 = 1;

/// A line in answer to the request of this id; `None` where no id could be read. An id among the fields is that of a
/// backup, and is called so here.
pub fn line(id: Option<&Id>, event: &str, fields: Fields) -> Fields {
    Fields::new()
        .with("id", id.map_or(Value::Null, |id| id.0.clone()))
        .with("event", event)
        .and(fields.with_id_as("backup"))
}

/// `hello`: the first line.
pub fn hello(version: &str, operations: &[&str], programmer: Option<&str>) -> Fields {
    Fields::new()
        .with("event", "hello")
        .with("protocol", PROTOCOL)
        .with("schema", SCHEMA)
        .with("version", version)
        .with("operations", operations.iter().map(|name| Value::from(*name)).collect::<Vec<_>>())
        .with("programmer", programmer)
}

/// Of `hello`: how many bytes a line of the other side may have. No id is read in a longer one, so nothing answers it.
pub(crate) fn longest_line(bytes: usize) -> Fields {
    Fields::new().with("longest_line", bytes)
}

/// `result`: the request is done. Its facts are those of the command's own result.
pub fn done(operation: &str, fields: &Fields) -> Fields {
    result(operation, 0, Ending::Done(fields)).with("final", true)
}

/// `error` of a request that was not carried out, or not to its end; its facts say what became of the chip.
pub fn refused(operation: &str, refused: &Refusal) -> Fields {
    unusable(operation, &refused.to_string()).and(refusal(refused))
}

/// `error` of a request that cannot be begun.
pub(crate) fn unusable(operation: &str, message: &str) -> Fields {
    Fields::new().with("command", operation).with("message", message).with("final", true)
}

/// `error` of a line that changes nothing: a running request continues.
pub fn complaint(message: &str) -> Fields {
    Fields::new().with("message", message).with("final", false)
}

/// A request as text, with these options: what a front end sends next.
pub(crate) fn request_text(operation: &str, options: &[(&str, &str)]) -> String {
    let value = |text: &str| if text == "true" { Value::from(true) } else { Value::from(text) };
    let options = options.iter().fold(Fields::new(), |fields, (name, text)| fields.with(name, value(text)));
    Fields::new().with("do", operation).with("options", Value::from(options)).to_string()
}

/// True for the last line of a request.
pub fn is_last(line: &str) -> bool {
    // Within a text the quotes would be escaped.
    line.contains(r#""final":true"#)
}

/// For a tab of the page: whether it is in charge, how many there are, the folder that files come into.
pub fn tab(in_charge: bool, tabs: usize, folder: &Path) -> Fields {
    Fields::new()
        .with("event", "tab")
        .with("in_charge", in_charge)
        .with("tabs", tabs)
        .with("folder", folder.display().to_string())
}

/// A file that was dropped on the page.
pub fn dropped(path: &Path, size: u64) -> Fields {
    Fields::new().with("path", path.display().to_string()).with("size", size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Why;
    use serde_json::json;

    #[test]
    fn each_line_has_its_id_and_a_backup_keeps_its_own() {
        let fields = Fields::new().with("id", "20261130").with("part", "X");
        let text = line(Some(&Id(json!(7))), "result", done("backup", &fields)).to_string();
        assert_eq!(
            text,
            r#"{"id":7,"event":"result","schema":1,"command":"backup","status":"ok","exit_code":0,"part":"X","final":true,"backup":"20261130"}"#
        );
        assert_eq!(
            line(None, "error", complaint("no")).to_string(),
            r#"{"id":null,"event":"error","message":"no","final":false}"#
        );
        let quoted = complaint(r#"a text with "final":true"#).to_string();
        assert!(is_last(&done("probe", &Fields::new()).to_string()) && !is_last(&quoted));
        let text = refused("probe", &Refusal::from(Why::NoProgrammer).untouched()).to_string();
        assert!(text.contains(r#""final":true"#) && text.contains(r#""chip":"untouched""#), "{text}");
    }
}
