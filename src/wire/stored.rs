//! What the store holds: backups and jobs.

use super::Fields;
use crate::workflow::Manifest;
use crate::workflow::backup::Backup;
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

/// A backup in the store at `root`, with its files and how it was read.
pub(crate) fn backup_details(root: &Path, manifest: &Manifest) -> Fields {
    backup(root, manifest)
        .with("reads", json!(manifest.reads))
        .with("notes", json!(manifest.notes))
        .with("files", json!(manifest.files))
}

/// A backup that was just taken, into the store at `root`.
pub(crate) fn backup_taken(root: &Path, taken: &Backup) -> Fields {
    backup(root, &taken.manifest)
        .with("bytes_read", taken.bytes_read)
        .with("backup_ms", u64::try_from(taken.time.as_millis()).unwrap_or(u64::MAX))
        .with("blocks_settled", taken.manifest.reads.rereads.len())
}

/// A backup that is damaged: its id, and what is wrong with it.
pub(crate) type DamagedBackup<'a> = (&'a str, &'a str);

/// The backups in the store at `root`.
pub fn backups<'a>(root: &Path, sound: &[&Manifest], damaged: &[DamagedBackup<'a>]) -> Fields {
    Fields::new()
        .with("store", root.display().to_string())
        .with("backups", sound.iter().map(|one| Value::from(backup(root, one))).collect::<Vec<_>>())
        .with("damaged", damaged_list(damaged))
}

/// Backups that were checked, all of them sound.
pub fn backups_sound(sound: &[String]) -> Fields {
    Fields::new().with("sound", json!(sound))
}

/// Backups that were checked, some of them damaged.
pub(crate) fn backups_checked(sound: &[String], damaged: &[DamagedBackup<'_>]) -> Fields {
    backups_sound(sound).with("damaged", damaged_list(damaged))
}

fn damaged_list(damaged: &[DamagedBackup<'_>]) -> Vec<Value> {
    damaged.iter().map(|(id, fault)| json!({ "id": id, "fault": fault })).collect()
}

/// Backups that newer ones of their chips equal, and whether they were removed.
pub(crate) fn backups_pruned(ids: &[String], removed: bool) -> Fields {
    Fields::new().with("ids", json!(ids)).with("removed", removed)
}

/// A backup that was copied to a folder.
pub(crate) fn backup_exported(id: &str, folder: &Path) -> Fields {
    stored_id(id).with("path", folder.display().to_string())
}

/// A backup or job that was removed or dropped.
pub(crate) fn stored_id(id: &str) -> Fields {
    Fields::new().with("id", id)
}

/// The jobs in the store.
pub fn jobs(jobs: &[ListedJob]) -> Fields {
    Fields::new().with("jobs", jobs.iter().map(listed_job).collect::<Vec<_>>())
}

/// A job in the store.
fn listed_job(job: &ListedJob) -> Value {
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
