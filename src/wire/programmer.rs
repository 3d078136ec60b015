//! Programmers that are plugged in, and their self-test.

use super::Fields;
use crate::programmer::selftest::{Check, Figure, Found, SelfTest};
use crate::programmer::{Attached, Possible};
use serde_json::{Value, json};
use std::path::Path;

/// Programmers that are plugged in.
pub fn programmers(attached: &[Attached], possible: &[Possible]) -> Fields {
    let may_be = |one: &Possible| json!({ "kind": one.model.name, "spec": one.spec, "seen": one.seen });
    Fields::new()
        .with("programmers", attached.iter().map(one).collect::<Vec<_>>())
        .with("possible", possible.iter().map(may_be).collect::<Vec<_>>())
}

fn one(one: &Attached) -> Value {
    json!({
        "kind": one.model.map(|model| model.name),
        "spec": one.spec(),
        "path": one.path,
        "serial": one.serial,
        "vendor_id": format!("{:04x}", one.ids.0),
        "product_id": format!("{:04x}", one.ids.1),
        "product": one.text,
        "may_drive_5v": one.model.is_some_and(|model| model.drives_5v),
        "problem": one.problem.as_ref().map(|problem| &problem.text),
    })
}

/// What the driver assumes of a programmer, proven or not; and the file of the report, where one was written.
pub fn self_test(tested: &SelfTest, report: Option<&Path>) -> Fields {
    let code = |code: u16| format!("{code:04x}");
    Fields::new()
        .with("adapter", tested.programmer)
        .with("release", json!(tested.about.release.map(code)))
        .with("manufacturer", json!(tested.about.manufacturer))
        .with("mode", tested.shape.to_string())
        .with("checks", tested.checks.iter().map(check).collect::<Vec<_>>())
        .with("report", json!(report))
}

fn check(check: &Check) -> Value {
    let (result, seen) = match &check.found {
        Found::Proven => ("proven", None),
        Found::Disproven(seen) => ("not-proven", Some(seen.as_str())),
        Found::NotDone(why) => ("not-done", Some(why.as_str())),
    };
    json!({
        "assumption": check.assumption.name(),
        "result": result,
        "seen": seen.filter(|seen| !seen.is_empty()),
        "measured": figure(check.measured),
        "model": figure(check.model),
    })
}

fn figure(figure: Figure) -> Value {
    match figure {
        Figure::None => Value::Null,
        // In microseconds.
        Figure::Time(time) => json!({ "us": u64::try_from(time.as_micros()).unwrap_or(u64::MAX) }),
        Figure::Count(count) => json!({ "count": count }),
        Figure::Code(code) => json!({ "code": format!("{code:04x}") }),
    }
}
