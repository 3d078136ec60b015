//! A job as a report shows it: what it was, how it ended, what it left on the chip, how that came about.

use super::header::JobHeader;
use super::jobs::{HEADER, LOG, RESULT, TEXT_MOST};
use super::log::Log;
use crate::workflow::files::{self, read, sha256_hex};
use crate::workflow::store::{Store, StoreError};

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
    /// What the job keeps of itself, in the form of the program that began it.
    pub about: Option<Vec<u8>>,
}

impl Store {
    /// Everything the store knows of a job, over or not.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for a header or result that does not fit its checksum, [`StoreError::File`].
    pub(crate) fn job_record(&self, id: &str) -> Result<JobRecord, StoreError> {
        let folder = self.jobs_folder().join(id);
        let damaged = |fault| StoreError::Damaged { what: "job", id: id.into(), fault };
        let header = JobHeader::from_bytes(&read(&folder.join(HEADER), TEXT_MOST)?, id).map_err(damaged)?;
        let log = Log::from_bytes(&read(&folder.join(LOG), TEXT_MOST)?);
        let path = folder.join(RESULT);
        let result = if path.exists() { Some(read(&path, header.size)?) } else { None };
        if result.as_ref().is_some_and(|bytes| sha256_hex(bytes) != header.wanted_sha256) {
            return Err(damaged(format!("{RESULT} does not fit its checksum")));
        }
        let about = self.job_about(id);
        Ok(JobRecord { header, log, result, about })
    }

    /// What a job keeps of itself; `None` where it keeps nothing that can be read.
    pub(crate) fn job_about(&self, id: &str) -> Option<Vec<u8>> {
        read(&self.jobs_folder().join(id).join(ABOUT), TEXT_MOST).ok()
    }

    /// Keeps with a job what a report needs of it. The store gives it back as it is.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub(crate) fn annotate_job(&self, id: &str, about: &[u8]) -> Result<(), StoreError> {
        Ok(files::write(&self.jobs_folder().join(id).join(ABOUT), about)?)
    }
}
