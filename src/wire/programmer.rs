//! Programmers that are plugged in.

use crate::programmer::Attached;
use serde_json::{Value, json};

/// A programmer that is plugged in.
pub fn attached(one: &Attached) -> Value {
    json!({
        "kind": one.model.map(|model| model.name),
        "spec": one.spec(),
        "path": one.path,
        "serial": one.serial,
        "vendor_id": format!("{:04x}", one.ids.0),
        "product_id": format!("{:04x}", one.ids.1),
        "product": one.text,
        "problem": one.problem.as_ref().map(|problem| &problem.text),
    })
}
