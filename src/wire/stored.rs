//! What the store holds: backups and jobs.

use super::Fields;
use crate::workflow::Manifest;
use crate::workflow::journal::ListedJob;
use serde_json::{Value, json};
use std::path::Path;

/// A backup in the store at `root`.
pub fn backup(root: &Path, manifest: &Manifest) -> Fields {
    Fields::new()
        .with("id", manifest.id.as_str())
        .with("jedec_id", json!(manifest.chip.jedec_id))
        .with("unique_id", json!(manifest.chip.unique_id))
        .with("part", manifest.part.as_str())
        .with("size", manifest.size)
        .with("sha256", manifest.sha256.as_str())
        .with("taken", manifest.taken.as_str())
        .with("board", json!(manifest.board))
        .with("name", json!(manifest.name))
        .with("programmer", manifest.programmer.as_str())
        .with("origin", json!(manifest.origin))
        .with("path", root.join(&manifest.id).display().to_string())
}

/// A job in the store.
pub fn listed_job(job: &ListedJob) -> Value {
    let fields = Fields::new().with("id", job.id.as_str()).with("open", job.is_open());
    let fields = fields.with("over", json!(job.log.over)).with("blocks_done", job.log.done.len());
    match &job.header {
        Ok(header) => fields
            .with("verb", header.verb.name())
            .with("begun", header.begun.as_str())
            .with("jedec_id", json!(header.chip.jedec_id))
            .with("unique_id", json!(header.chip.unique_id))
            .with("part", header.part.as_str())
            .with("backup", header.backup.as_str())
            .with("blocks", header.blocks().len())
            .into(),
        Err(fault) => fields.with("damaged", fault.as_str()).into(),
    }
}
