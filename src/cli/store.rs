//! Where the store is, and which form of a backup or job goes out as JSON.

use super::exit::Failure;
use super::json::Fields;
use super::session::Session;
use crate::workflow::Store;
use crate::workflow::journal::ListedJob;
use crate::workflow::store::Manifest;
use etcetera::BaseStrategy;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// The store's folder: `--store`, `NORSPLICE_STORE`, or `norsplice` in the user's data directory.
///
/// # Errors
/// Exit code 2 where none is given and the user has no home directory.
pub fn root(session: &Session) -> Result<PathBuf, Failure> {
    match &session.options.store {
        Some(dir) => Ok(dir.clone()),
        None => etcetera::choose_base_strategy()
            .map(|base| base.data_dir().join("norsplice"))
            .map_err(|_| Failure::refused("there is no home directory to keep backups in; give --store DIR")),
    }
}

/// The store for looking.
///
/// # Errors
/// As [`root`].
pub fn open(session: &Session) -> Result<Store, Failure> {
    Ok(Store::open(&root(session)?))
}

/// The store for work, locked; the one that jobs side by side share, where there is one.
///
/// # Errors
/// As [`root`]; exit code 1 where it cannot be written to or another instance has it.
pub fn open_locked(session: &Session) -> Result<Arc<Store>, Failure> {
    match &session.store {
        Some(store) => Ok(Arc::clone(store)),
        None => Ok(Arc::new(Store::open_locked(&root(session)?)?)),
    }
}

/// A backup's fields.
pub fn backup(store: &Store, manifest: &Manifest) -> Fields {
    Fields::new()
        .with("id", manifest.id.as_str())
        .with("jedec_id", json!(manifest.chip.jedec_id))
        .with("unique_id", json!(manifest.chip.unique_id))
        .with("part", manifest.part.as_str())
        .with("size", manifest.size)
        .with("sha256", manifest.sha256.as_str())
        .with("taken", manifest.taken.as_str())
        .with("board", json!(manifest.board))
        .with("programmer", manifest.programmer.as_str())
        .with("origin", json!(manifest.origin))
        .with("path", store.root().join(&manifest.id).display().to_string())
}

/// A job's fields.
pub fn job(job: &ListedJob) -> Value {
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
