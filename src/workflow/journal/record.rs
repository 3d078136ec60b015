//! A job as a report tells it: what it was, how it ended, what it left on the chip, how that came about.

use super::header::JobHeader;
use super::jobs::{HEADER, LOG, RESULT, TEXT_MOST};
use super::log::Log;
use crate::workflow::files::{self, read, sha256_hex};
use crate::workflow::store::{Store, StoreError};
use serde_json::Value;

const ABOUT: &str = "about.json";

/// What the store knows of a job.
#[derive(Debug)]
pub struct JobRecord {
    /// What it was.
    pub header: JobHeader,
    /// How far it got.
    pub log: Log,
    /// What it left on the chip; none of a job that was not finished.
    pub result: Option<Vec<u8>>,
    /// How the contents came about, as whoever began the job told it.
    pub about: Option<Value>,
}

impl Store {
    /// Everything the store knows of a job, over or not.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for a header or result that does not fit its checksum, [`StoreError::File`].
    pub fn job_record(&self, id: &str) -> Result<JobRecord, StoreError> {
        let folder = self.jobs_folder().join(id);
        let damaged = |fault| StoreError::Damaged { what: "job", id: id.into(), fault };
        let header = JobHeader::from_bytes(&read(&folder.join(HEADER), TEXT_MOST)?, id).map_err(damaged)?;
        let log = Log::from_bytes(&read(&folder.join(LOG), TEXT_MOST)?);
        let path = folder.join(RESULT);
        let result = if path.exists() { Some(read(&path, header.size)?) } else { None };
        if result.as_ref().is_some_and(|bytes| sha256_hex(bytes) != header.wanted_sha256) {
            return Err(damaged(format!("{RESULT} does not fit its checksum")));
        }
        // Only told, never acted on: what cannot be read is as if it were not there.
        let about = read(&folder.join(ABOUT), TEXT_MOST).ok().and_then(|b| serde_json::from_slice(&b).ok());
        Ok(JobRecord { header, log, result, about })
    }

    /// Keeps with a job how its contents came about.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn annotate_job(&self, id: &str, about: &Value) -> Result<(), StoreError> {
        Ok(files::write(&self.jobs_folder().join(id).join(ABOUT), about.to_string().as_bytes())?)
    }
}
