//! The options of a request of the session protocol: known names, right types.

use serde_json::{Map, Value};
use std::str::FromStr;

/// The options of one request.
#[derive(Debug, PartialEq)]
pub struct Options(Map<String, Value>);

impl From<Map<String, Value>> for Options {
    fn from(options: Map<String, Value>) -> Self {
        Self(options)
    }
}

impl Options {
    /// Holds the names against those that are known.
    ///
    /// # Errors
    /// Names one that is not.
    pub fn check(&self, known: &[&str]) -> Result<(), String> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) if known.is_empty() => Err(format!("there is no option {name:?} here, and no other")),
            Some(name) => Err(format!("there is no option {name:?} here; there are: {}", known.join(", "))),
            None => Ok(()),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("option {name:?} is a text")),
        }
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// Where it is missing, or something else.
    pub fn needed(&self, name: &str) -> Result<&str, String> {
        self.text(name)?.ok_or_else(|| format!("option {name:?} is needed"))
    }

    /// Yes or no; without it, no.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn flag(&self, name: &str) -> Result<bool, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(format!("option {name:?} is true or false")),
        }
    }

    /// A whole number from 0 on.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn number(&self, name: &str) -> Result<Option<u64>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| format!("option {name:?} is a whole number from 0 on"))
            }
        }
    }

    /// Texts; one may stand for a list of one.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, String> {
        let fault = || format!("option {name:?} is a list of texts");
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(list)) => list.iter().map(|one| one.as_str().ok_or_else(fault)).collect(),
            Some(_) => Err(fault()),
        }
    }

    /// Texts, each read as what it means.
    ///
    /// # Errors
    /// Where one does not mean anything.
    pub fn meanings<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<Vec<T>, String> {
        let fault = |error: T::Err| format!("option {name:?}: {}", error.to_string());
        self.texts(name)?.into_iter().map(|text| text.parse().map_err(fault)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_and_types_are_checked() {
        let of = |value: Value| Options(value.as_object().unwrap().clone());
        let known = |value: Value, names: &[&str]| of(value).check(names).unwrap_err();
        assert_eq!(
            known(json!({ "yes": true }), &["a", "b"]),
            "there is no option \"yes\" here; there are: a, b"
        );
        assert!(known(json!({ "yes": true }), &[]).contains("and no other"));
        assert_eq!(of(json!({ "a": 1 })).check(&["b", "a"]), Ok(()));
        let options = of(json!({ "a": "x", "b": ["y", "z"], "c": 7 }));
        assert_eq!(
            (options.needed("a"), options.texts("b"), options.number("c")),
            (Ok("x"), Ok(vec!["y", "z"]), Ok(Some(7)))
        );
        assert_eq!(options.texts("a"), Ok(vec!["x"]));
        assert!(options.text("c").unwrap_err().contains("a text"));
        assert!(options.flag("a").unwrap_err().contains("true or false"));
        assert!(options.number("a").unwrap_err().contains("whole number"));
        assert!(options.texts("c").unwrap_err().contains("list of texts"));
        assert!(options.meanings::<u8>("a").unwrap_err().contains("option \"a\": invalid digit"));
        let empty = of(json!({ "a": null }));
        assert!(empty.needed("a").unwrap_err().contains("is needed"));
        assert_eq!((empty.flag("b"), empty.number("a")), (Ok(false), Ok(None)));
    }
}
