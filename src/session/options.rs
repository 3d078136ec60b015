//! The options of a request: known names, right types.

use serde_json::{Map, Value};
use std::str::FromStr;

/// The options of one request.
#[derive(Debug)]
pub struct Options(Map<String, Value>);

impl Options {
    /// The options, where each has a name that is known.
    ///
    /// # Errors
    /// Names one that is not.
    pub fn new(options: Map<String, Value>, known: &[&[&str]]) -> Result<Self, String> {
        let is_known = |name: &str| known.iter().any(|names| names.contains(&name));
        match options.keys().find(|name| !is_known(name)) {
            Some(name) => {
                let names: Vec<&str> = known.concat();
                Err(format!("there is no option {name:?} here; there are: {}", names.join(", ")))
            }
            None => Ok(Self(options)),
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
        let of = |value: Value| Options::new(value.as_object().unwrap().clone(), &[&["a", "b"], &["c"]]);
        let error = of(json!({ "yes": true })).unwrap_err();
        assert_eq!(error, "there is no option \"yes\" here; there are: a, b, c");
        let options = of(json!({ "a": "x", "b": ["y", "z"], "c": 7 })).unwrap();
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
        let empty = of(json!({ "a": null })).unwrap();
        assert!(empty.needed("a").unwrap_err().contains("is needed"));
        assert_eq!((empty.flag("b"), empty.number("a")), (Ok(false), Ok(None)));
    }
}
