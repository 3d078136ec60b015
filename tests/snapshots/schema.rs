//! Every line of every command's `--json` on the demo board, held against `hw-notes/json.schema.json`.

use super::help;
use super::session::Session;
use super::steps::STEPS;
use crate::bench::Bench;
use serde_json::{Map, Value, json};
use std::path::Path;

/// A JSON Schema (2020-12), as far as ours goes: a keyword that is not held here is a fault of its own.
struct Schema(Value);

/// What is wrong with a line of `--json`.
pub fn faults(line: &Value) -> Vec<String> {
    Schema::open().faults(line)
}

impl Schema {
    fn open() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("hw-notes/json.schema.json");
        Self(serde_json::from_slice(&std::fs::read(path).expect("the schema")).expect("it is JSON"))
    }

    /// What is wrong with `value`.
    fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(&self.0, value, "", &mut faults);
        faults
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let mut faults = Vec::new();
        self.check(schema, value, "", &mut faults);
        faults.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let Value::Object(keywords) = schema else {
            assert_eq!(schema, &json!(true), "a schema is an object or true");
            return;
        };
        for (keyword, wanted) in keywords {
            let right = match keyword.as_str() {
                "$schema" | "title" | "description" | "$defs" | "then" => true,
                "const" => value == wanted,
                "enum" => list(wanted).contains(value),
                "type" => match wanted {
                    Value::Array(several) => several.iter().any(|one| is(value, one)),
                    one => is(value, one),
                },
                "minimum" => value.as_f64().is_none_or(|n| n >= wanted.as_f64().expect("a number")),
                "maximum" => value.as_f64().is_none_or(|n| n <= wanted.as_f64().expect("a number")),
                "pattern" => value.as_str().is_none_or(|text| matches(wanted.as_str(), text)),
                "required" => value.as_object().is_none_or(|map| {
                    list(wanted).iter().all(|n| map.contains_key(n.as_str().expect("a name")))
                }),
                "$ref" => {
                    let path =
                        wanted.as_str().and_then(|text| text.strip_prefix('#')).expect("within the file");
                    let target = self.0.pointer(path).unwrap_or_else(|| panic!("{path} is not there"));
                    self.check(target, value, at, faults);
                    true
                }
                "allOf" => {
                    list(wanted).iter().for_each(|all| self.check(all, value, at, faults));
                    true
                }
                "anyOf" => list(wanted).iter().any(|any| self.fits(any, value)),
                "if" => {
                    if self.fits(wanted, value) {
                        self.check(&keywords["then"], value, at, faults);
                    }
                    true
                }
                "items" => {
                    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(wanted, item, &format!("{at}/{n}"), faults);
                    }
                    true
                }
                "properties" => {
                    for (name, field) in value.as_object().into_iter().flatten() {
                        if let Some(schema) = wanted.get(name) {
                            self.check(schema, field, &format!("{at}/{name}"), faults);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let none = Map::new();
                    let known = keywords.get("properties").and_then(Value::as_object).unwrap_or(&none);
                    for (name, field) in value.as_object().into_iter().flatten() {
                        if known.contains_key(name) {
                            continue;
                        }
                        match wanted {
                            Value::Bool(false) => faults.push(format!("{at}/{name}: not in the schema")),
                            schema => self.check(schema, field, &format!("{at}/{name}"), faults),
                        }
                    }
                    true
                }
                other => panic!("{other} is not held here"),
            };
            if !right {
                faults.push(format!("{at}: {value} is not as {keyword} {wanted} says"));
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().expect("the name of a type") {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}

/// The two patterns that are used: bytes in hex, and a SHA-256.
fn matches(pattern: Option<&str>, text: &str) -> bool {
    let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    match pattern {
        Some("^([0-9a-f]{2})*$") => hex && text.len().is_multiple_of(2),
        Some("^[0-9a-f]{64}$") => hex && text.len() == 64,
        other => panic!("{other:?} is not held here"),
    }
}

#[test]
fn every_line_of_json_is_as_the_schema_says() {
    let schema = Schema::open();
    let mut session = Session::new();
    let mut wrong = Vec::new();
    for step in STEPS {
        let ran = session.step(step, &["--json"]);
        let lines: Vec<Value> =
            ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON lines")).collect();
        for line in &lines {
            let faults = schema.faults(line);
            if !faults.is_empty() {
                wrong.push(format!("{}: {faults:#?}", step.name));
            }
        }
        let (last, before) = lines.split_last().expect("a result at least");
        assert_eq!((&last["event"], &last["exit_code"]), (&json!("result"), &json!(step.code)));
        assert!(before.iter().all(|line| line["event"] != "result"), "{}: two results", step.name);
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_schema_refuses_what_it_does_not_know() {
    let schema = Schema::open();
    let result = json!({ "event": "result", "schema": 1, "command": "list", "status": "ok",
                         "exit_code": 0, "programmers": [], "possible": [] });
    assert_eq!(schema.faults(&result), [""; 0]);
    for (field, value) in [
        ("unheard_of", json!(1)),
        ("schema", json!(2)),
        ("exit_code", json!(9)),
        ("programmers", json!("none")),
        ("command", json!("unheard_of")),
        ("event", json!("unheard_of")),
    ] {
        let mut other = result.clone();
        other[field] = value;
        assert!(!schema.faults(&other).is_empty(), "{other}");
    }
}

#[test]
fn every_command_has_a_result_in_the_schema() {
    let schema = Schema::open();
    for (words, _) in help::all(&Bench::new()) {
        if let [command] = &words[..] {
            let there = schema.0["$defs"].get(format!("result-{command}")).is_some();
            assert!(there, "{command} is not in the schema");
        }
    }
}
