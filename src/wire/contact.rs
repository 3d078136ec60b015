//! The clip's contact: what the tests say, and one look of the meter.

use super::Fields;
use crate::desk::contact::Watched;
use crate::desk::words;
use crate::workflow::contact::{Meter, Verdict};
use crate::workflow::files::hex;
use serde_json::{Value, json};

/// What the contact tests say together, as a result.
pub fn contact(of: &Verdict) -> Fields {
    Fields::new().with("contact", verdict(of))
}

/// What the contact tests say together.
pub(super) fn verdict(verdict: &Verdict) -> Value {
    let causes: Vec<&str> = verdict.likely.iter().map(|cause| words::likely(*cause).0).collect();
    Fields::new()
        .with("good", verdict.good)
        .with("tests", json!(verdict.tests))
        .with("likely", json!(verdict.likely))
        .with("causes", causes)
        .with("next", words::next_for(verdict))
        .with("error_rate", json!(verdict.error_rate))
        .with("array_bytes", verdict.array_bytes)
        .into()
}

/// One look of the meter.
pub fn meter(look: &Meter) -> Fields {
    let answer = look.id.answers.first().map(|(id, _)| hex(id));
    Fields::new().with("percent", look.percent()).with("steady", look.is_steady()).with("id", json!(answer))
}

/// What was seen while the contact was watched.
pub fn watched(watched: &Watched) -> Fields {
    Fields::new()
        .with("looks", watched.looks)
        .with("steady_looks", watched.steady)
        .with("steady", watched.ends_steady)
}
