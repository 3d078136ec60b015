//! What a job did: its report, its plan, the state that it left the chip in.

use super::{Fields, spans};
use crate::plan::Plan;
use crate::span::Span;
use crate::workflow::ChipState;
use crate::workflow::job::{Planned, Report};
use serde_json::json;

/// A job's report.
pub fn report(report: &Report) -> Fields {
    let done = &report.done;
    Fields::new()
        .with("chip", chip_state(&report.chip))
        .with("backup", report.backup.as_str())
        .with("job", json!(report.job))
        .with("dry_run", report.dry_run)
        .with("bytes_read", report.backup_read + report.contact_read)
        .with("bytes_erased", done.erased)
        .with("bytes_programmed", done.programmed)
        .with("bytes_verified", done.verified)
        .with("erases", done.erases)
        .with("pages", done.pages)
        .with("retries", done.retries)
        .with("backup_bytes_read", report.backup_read)
        .with("contact_bytes_read", report.contact_read)
        .with("neighbour_bytes_read", done.neighbours)
        .with("backup_ms", report.backup_millis)
        .with("write_ms", report.write_millis)
        .with("planned", planned(&report.planned, &report.plan))
        .with("unlocked", json!(report.unlocked))
}

/// Where contents went.
pub fn place(span: Span) -> Fields {
    Fields::new().with("offset", span.start).with("size", span.len())
}

/// The backup that was put back.
pub fn restored(backup: &str) -> Fields {
    Fields::new().with("restored", backup)
}

/// What the job that was resumed is.
pub fn resumed(report: &Report) -> Fields {
    Fields::new().with("verb", report.verb.name())
}

/// What a command that never writes, or was not allowed to, left the chip as.
pub fn untouched() -> Fields {
    Fields::new().with("chip", chip_state(&ChipState::Untouched))
}

/// What a plan amounts to, and its ranges.
pub(super) fn planned(planned: &Planned, plan: &Plan) -> Fields {
    Fields::new()
        .with("bytes_erased", planned.erased)
        .with("bytes_programmed", planned.programmed)
        .with("bytes_verified", planned.verified)
        .with("erases", planned.erases)
        .with("pages", planned.pages)
        .with("ms", planned.millis)
        .with("ranges", spans(plan.blocks().as_slice()))
}

/// The chip's state as one word.
pub(super) fn chip_state(state: &ChipState) -> &'static str {
    match state {
        ChipState::Untouched => "untouched",
        ChipState::Partial { .. } => "partial",
        ChipState::Restored => "restored",
        ChipState::Written => "written",
    }
}
