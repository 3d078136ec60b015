//! What a job keeps of itself for reports and for going on with it: one type, written and read here.
//!
//! It is `about.json` in the job's folder. Schema 1 is what programs before this type wrote: the same fields among others,
//! and no number. The number rises when a field changes its meaning or goes.

use super::Refusal;
use super::chosen::Chosen;
use crate::image::{Finding, RegionRow, Severity, UnitRow};
use crate::workflow::job::Report;
use crate::workflow::{Store, StoreError};
use serde::{Deserialize, Serialize};

/// The schema that is written.
const SCHEMA: u32 = 2;

/// What a job keeps of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Version of the form; records without it are of version 1.
    #[serde(default = "without_number")]
    pub schema: u32,
    /// The board.
    pub board: Option<String>,
    /// What became of each region; none where nothing was spliced.
    pub regions: Option<Vec<RegionRecord>>,
    /// Per-unit data before and after.
    pub per_unit: Option<Vec<UnitRecord>>,
    /// What the checks found.
    pub findings: Option<Vec<FindingRecord>>,
    /// Version of the boot loader before.
    pub loader_before: Option<String>,
    /// Version of the boot loader after.
    pub loader_after: Option<String>,
    /// SHA-256 of the wanted contents in hex.
    pub sha256: Option<String>,
    /// The recipe that repeats it, as TOML.
    pub recipe: Option<String>,
    /// What was done; none before the end.
    #[serde(flatten)]
    pub counted: Option<Counted>,
}

/// What became of a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionRecord {
    /// Its name.
    pub name: String,
    /// The region around it, for a part of another one.
    pub inside: Option<String>,
    /// First address.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// What it held.
    pub was: String,
    /// What it is to hold.
    pub will_be: String,
    /// `own`, `blank` or the donor's name.
    pub source: String,
    /// Why that source.
    pub why: String,
    /// The contents change.
    pub changes: bool,
}

/// One per-unit value before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRecord {
    /// What it is.
    pub name: String,
    /// The region that holds it.
    pub region: String,
    /// First address.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Its kind, as in JSON results.
    pub kind: String,
    /// The value before.
    pub backup: String,
    /// The value after.
    pub result: String,
    /// Both are the same.
    pub same: bool,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The check's name.
    pub name: String,
    /// How grave it is. One that asks was allowed by the user.
    pub severity: Severity,
    /// What was found.
    pub message: String,
}

/// What a job did, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Read for the backup.
    pub backup_bytes_read: u64,
    /// Erased.
    pub bytes_erased: u64,
    /// Programmed.
    pub bytes_programmed: u64,
    /// Read back to verify.
    pub bytes_verified: u64,
    /// Blocks that were tried again.
    pub retries: u64,
}

fn without_number() -> u32 {
    1
}

impl Default for About {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            board: None,
            regions: None,
            per_unit: None,
            findings: None,
            loader_before: None,
            loader_after: None,
            sha256: None,
            recipe: None,
            counted: None,
        }
    }
}

impl From<&Chosen> for About {
    fn from(chosen: &Chosen) -> Self {
        let spliced = &chosen.spliced;
        Self {
            board: Some(chosen.board.name.clone()),
            regions: Some(spliced.regions.iter().map(RegionRecord::from).collect()),
            per_unit: Some(spliced.units.iter().map(UnitRecord::from).collect()),
            findings: Some(spliced.findings.iter().map(FindingRecord::from).collect()),
            loader_before: spliced.loader_before.clone(),
            loader_after: spliced.loader_after.clone(),
            sha256: Some(spliced.image.sha256()),
            recipe: Some(chosen.recipe.clone()),
            ..Self::default()
        }
    }
}

impl From<&RegionRow> for RegionRecord {
    fn from(row: &RegionRow) -> Self {
        Self {
            name: row.name.clone(),
            inside: row.inside.clone(),
            offset: row.span.start,
            size: row.span.len(),
            was: row.was.clone(),
            will_be: row.will_be.clone(),
            source: row.from.to_string(),
            why: row.why.clone(),
            changes: row.changes,
        }
    }
}

impl From<&UnitRow> for UnitRecord {
    fn from(row: &UnitRow) -> Self {
        Self {
            name: row.name.clone(),
            region: row.region.clone(),
            offset: row.span.start,
            size: row.span.len(),
            kind: row.kind.name().to_owned(),
            backup: row.backup.clone(),
            result: row.result.clone(),
            same: row.same,
        }
    }
}

impl From<&Finding> for FindingRecord {
    fn from(finding: &Finding) -> Self {
        Self { name: finding.name.to_string(), severity: finding.severity, message: finding.message.clone() }
    }
}

impl From<&Report> for Counted {
    fn from(report: &Report) -> Self {
        let done = &report.done;
        Self {
            backup_bytes_read: report.backup_read,
            bytes_erased: done.erased,
            bytes_programmed: done.programmed,
            bytes_verified: done.verified,
            retries: done.retries,
        }
    }
}

impl About {
    /// Reads a record; the error says what is wrong with it.
    ///
    /// # Errors
    /// A sentence, for a record that is damaged or of a newer program.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let about: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("the job's record cannot be read ({error})"))?;
        match about.schema {
            1..=SCHEMA => Ok(about),
            newer => Err(format!("the job's record has schema {newer}, this program knows {SCHEMA}")),
        }
    }

    /// Reads the record of a job; `None` where it has none.
    ///
    /// # Errors
    /// As [`About::from_bytes`].
    pub fn of_job(store: &Store, job: &str) -> Result<Option<Self>, String> {
        store.job_about(job).as_deref().map(Self::from_bytes).transpose()
    }

    /// Keeps the record with its job.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn keep(&self, store: &Store, job: &str) -> Result<(), StoreError> {
        let record = Self { schema: SCHEMA, ..self.clone() };
        // Texts, numbers and flags: there is nothing that JSON could refuse.
        store.annotate_job(job, &serde_json::to_vec(&record).unwrap_or_default())
    }
}

/// Keeps what a finished job counted; the rest of its record stays as it was.
///
/// # Errors
/// [`Why::Store`](super::Why::Store).
pub(super) fn keep_counts(store: &Store, report: &Report) -> Result<(), Refusal> {
    let Some(job) = &report.job else { return Ok(()) };
    // A record that cannot be read has nothing to be kept.
    let about = About::of_job(store, job).ok().flatten().unwrap_or_default();
    Ok(About { counted: Some(report.into()), ..about }.keep(store, job)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the version before this type wrote it, after the rewrite of the demo's board.
    const OLD: &[u8] = include_bytes!("../../tests/data/small/old-rewrite-about.json");

    #[test]
    fn a_record_of_the_version_before_is_read_whole() {
        let about = About::from_bytes(OLD).unwrap();
        assert_eq!((about.schema, about.board.as_deref()), (1, Some("archer-mr200-v1")));
        let region = &about.regions.as_ref().unwrap()[0];
        assert_eq!((region.name.as_str(), region.offset, region.source.as_str()), ("u-boot", 0, "own"));
        assert_eq!(about.per_unit.as_ref().unwrap()[0].backup, "02:6e:6f:72:73:70");
        assert!(about.findings.as_ref().is_some_and(|list| !list.is_empty()));
        assert!(about.recipe.as_ref().is_some_and(|text| text.contains("[[donor]]")));
        assert_eq!(about.counted.unwrap().bytes_erased, 876_544);
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let about = About { schema: SCHEMA, ..About::from_bytes(OLD).unwrap() };
        let bytes = serde_json::to_vec(&about).unwrap();
        assert_eq!(About::from_bytes(&bytes), Ok(about));
        let empty = serde_json::to_vec(&About::default()).unwrap();
        assert_eq!(About::from_bytes(&empty), Ok(About::default()));
    }

    #[test]
    fn a_newer_or_damaged_record_is_refused_by_name() {
        let newer = serde_json::to_vec(&About { schema: SCHEMA + 1, ..About::default() }).unwrap();
        assert!(About::from_bytes(&newer).unwrap_err().contains("schema 3"));
        assert!(About::from_bytes(b"{").unwrap_err().contains("cannot be read"));
        let renamed = String::from_utf8_lossy(OLD).replace("\"why\"", "\"reason\"");
        assert!(
            About::from_bytes(renamed.as_bytes()).unwrap_err().contains("why"),
            "a lost field is a fault"
        );
    }
}
