//! Attributes of an item in an image as text for people.

use crate::units;
use serde_json::Value;

/// An attribute as text, in pieces between which a line may be broken; none where it has no value.
pub fn text(name: &str, value: &Value) -> Vec<String> {
    let texts: Vec<String> = match value {
        Value::Array(list) if list.first().is_some_and(Value::is_object) => {
            list.iter().filter_map(|value| value_text(name, value)).collect()
        }
        value => value_text(name, value).into_iter().collect(),
    };
    let named = |(i, text)| if i == 0 { format!("{name} {text}") } else { text };
    texts.into_iter().enumerate().map(named).collect()
}

/// A value as text, by the name of its field: sizes with a unit, offsets in hex, of an object its name first.
fn value_text(name: &str, value: &Value) -> Option<String> {
    let is = |word: &str| name == word || name.strip_suffix(word).is_some_and(|front| front.ends_with('_'));
    match value {
        Value::Null => None,
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(match number.as_u64() {
            Some(n) if is("size") => units::size(n),
            Some(n) if is("offset") => format!("{n:#x}"),
            _ => number.to_string(),
        }),
        Value::Array(list) => {
            let texts: Vec<String> = list.iter().filter_map(|value| value_text(name, value)).collect();
            let between = match list.first() {
                Some(Value::Object(_)) => ", ",
                _ if texts.iter().any(|text| text.contains(' ')) => ", ",
                _ => " ",
            };
            (!texts.is_empty()).then(|| texts.join(between))
        }
        Value::Object(fields) => {
            // What names it and where it is need no word.
            const BARE: [&str; 4] = ["name", "path", "offset", "size"];
            let text = |(name, value): (&String, &Value)| {
                let text = value_text(name, value)?;
                Some(if BARE.contains(&name.as_str()) { text } else { format!("{name} {text}") })
            };
            let texts: Vec<String> = fields.iter().filter_map(text).collect();
            (!texts.is_empty()).then(|| texts.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn nested_attributes_are_text() {
        for (name, value, text) in [
            (
                "regions",
                json!([{"name": "fd", "offset": 0, "size": 4096}, {"name": "me", "offset": 0x3000, "size": 5}]),
                Some("regions fd 0x0 4 KiB, me 0x3000 5 bytes"),
            ),
            (
                "images",
                json!([{"name": "kernel-1", "type": "kernel", "description": null, "offset": 64, "size": 8192}]),
                Some("images kernel-1 type kernel 0x40 8 KiB"),
            ),
            ("compatible", json!(["a,b", "c,d"]), Some("compatible a,b c,d")),
            ("configurations", json!(["One board", "x"]), Some("configurations One board, x")),
            ("unpacked_size", json!(0x20000), Some("unpacked_size 128 KiB")),
            ("redundant", json!(true), Some("redundant yes")),
            ("variables", json!(24), Some("variables 24")),
            ("files", json!([]), None),
            ("flag", json!(null), None),
        ] {
            let pieces = super::text(name, &value);
            assert_eq!((!pieces.is_empty()).then(|| pieces.join(", ")).as_deref(), text);
        }
    }
}
