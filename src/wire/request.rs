//! A line of the session protocol as a request: work, an answer, or the wish to stop.

use super::options::Options;
use super::question::answer;
use crate::desk::Answer;
use serde_json::{Map, Value};
use std::fmt;

/// The longest text that an id may be.
const LONGEST_ID: usize = 64;

/// The id of a request, as the other side chose it: a number or a short text.
#[derive(Clone, Debug, PartialEq)]
pub struct Id(pub(crate) Value);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a line asks for, and under which id.
#[derive(Debug, PartialEq)]
pub struct Request {
    /// Its id; each line in answer carries it.
    pub id: Id,
    /// What it asks for.
    pub what: What,
}

/// What is asked for.
#[derive(Debug, PartialEq)]
pub enum What {
    /// An operation with its options.
    Do(String, Options),
    /// The answer to a question.
    Answer(Answer),
    /// The request of this id is to stop.
    Cancel,
}

/// A line that is no request.
#[derive(Debug, PartialEq)]
pub struct NoRequest {
    /// The id, where one can be read.
    pub id: Option<Id>,
    /// What is wrong.
    pub why: String,
}

impl NoRequest {
    /// A line in which no id can be read.
    pub fn unreadable(why: impl Into<String>) -> Self {
        Self { id: None, why: why.into() }
    }
}

/// Reads a line.
///
/// # Errors
/// [`NoRequest`], which names what is wrong.
pub fn request(text: &str) -> Result<Request, NoRequest> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| NoRequest::unreadable(format!("the line is not JSON: {error}")))?;
    let Value::Object(mut fields) = value else {
        return Err(NoRequest::unreadable("a request is a JSON object"));
    };
    let id = fields.remove("id").filter(is_id).map(Id);
    let Some(id) = id else {
        return Err(NoRequest::unreadable(
            "a request needs an \"id\": a number, or a text of 64 bytes at most",
        ));
    };
    let fail = |why: String| Err(NoRequest { id: Some(id.clone()), why });
    let what = match (fields.remove("do"), fields.contains_key("answer"), fields.remove("cancel")) {
        (Some(Value::String(name)), false, None) => {
            let options = match fields.remove("options") {
                None => Map::new(),
                Some(Value::Object(options)) => options,
                Some(_) => return fail("\"options\" is a JSON object".into()),
            };
            What::Do(name, Options::from(options))
        }
        (None, true, None) => {
            let answer = answer(&Value::Object(std::mem::take(&mut fields)));
            let Some(answer) = answer else {
                return fail(
                    "an answer is \"yes\" with the question's \"digest\", \"no\", \"phrase\" with the \"phrase\", or \"sha256\" \
                     with the \"sha256\""
                        .into(),
                );
            };
            What::Answer(answer)
        }
        (None, false, Some(Value::Bool(true))) => What::Cancel,
        _ => return fail("a request has one of \"do\" (a text), \"answer\" and \"cancel\" (true)".into()),
    };
    match fields.keys().next() {
        Some(other) => fail(format!("a request has no field {other:?}")),
        None => Ok(Request { id, what }),
    }
}

fn is_id(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => text.len() <= LONGEST_ID,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(text: &str) -> Result<Request, NoRequest> {
        request(text)
    }

    #[test]
    fn the_three_kinds_of_request_are_read() {
        let read = of(r#"{"id":1,"do":"probe"}"#).unwrap();
        assert_eq!(
            read,
            Request { id: Id(json!(1)), what: What::Do("probe".into(), Options::from(Map::new())) }
        );
        let read = of(r#"{"id":"a","do":"read","options":{"file":"x"}}"#).unwrap();
        assert!(
            matches!(read.what, What::Do(name, options) if name == "read" && options.text("file") == Ok(Some("x")))
        );
        assert_eq!(of(r#"{"id":2,"cancel":true}"#).unwrap().what, What::Cancel);
        assert_eq!(of(r#"{"id":2,"answer":"no"}"#).unwrap().what, What::Answer(Answer::No));
        let yes = of(r#"{"id":2,"answer":"yes","digest":"ab"}"#).unwrap().what;
        assert_eq!(yes, What::Answer(Answer::Yes("ab".to_owned().into())));
    }

    #[test]
    fn what_is_no_request_is_named() {
        let why = |text: &str| of(text).unwrap_err().why;
        assert!(why("garbage").contains("not JSON"));
        assert!(why("[1]").contains("JSON object"));
        for text in ["{}", r#"{"id":null,"do":"x"}"#, r#"{"id":[1],"do":"x"}"#] {
            assert!(why(text).contains("needs an \"id\""), "{text}");
        }
        let long = format!(r#"{{"id":"{}","do":"x"}}"#, "i".repeat(65));
        assert!(why(&long).contains("needs an \"id\""));
        for text in [
            r#"{"id":1}"#,
            r#"{"id":1,"do":2}"#,
            r#"{"id":1,"do":"x","cancel":true}"#,
            r#"{"id":1,"cancel":false}"#,
            r#"{"id":1,"do":"x","answer":"no"}"#,
        ] {
            assert!(why(text).contains("has one of"), "{text}");
        }
        assert!(why(r#"{"id":1,"answer":"yes"}"#).contains("digest"));
        assert!(why(r#"{"id":1,"do":"x","options":[]}"#).contains("options"));
        let error = of(r#"{"id":1,"do":"x","yes":true}"#).unwrap_err();
        assert_eq!((error.id, error.why.contains("no field \"yes\"")), (Some(Id(json!(1))), true));
    }
}
