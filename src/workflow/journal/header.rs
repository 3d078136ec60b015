//! What a job is, fixed before its first erase.

use crate::plan::Bounds;
use crate::span::{Span, Spans};
use crate::workflow::files::sha256_hex;
use crate::workflow::store::ChipKey;
use serde::{Deserialize, Serialize};

/// Version of the header's form.
pub(super) const SCHEMA: u32 = 1;

/// What kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// A file onto the chip.
    Write,
    /// A stretch made blank.
    Erase,
    /// A backup back onto the chip.
    Restore,
    /// Backup, splice, write.
    Rewrite,
}

impl Verb {
    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Write => "write",
            Verb::Erase => "erase",
            Verb::Restore => "restore",
            Verb::Rewrite => "rewrite",
        }
    }
}

/// A job about to begin.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// What kind.
    pub verb: Verb,
    /// The chip.
    pub chip: ChipKey,
    /// Part name.
    pub part: String,
    /// Programmer.
    pub programmer: String,
    /// Id of the backup of this chip, taken in this run.
    pub backup: String,
    /// Its contents' SHA-256.
    pub backup_sha256: String,
    /// The whole wanted contents.
    pub wanted: &'a [u8],
    /// What the plan respected.
    pub bounds: &'a Bounds,
    /// What the plan touches.
    pub blocks: &'a Spans,
}

/// What a job is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobHeader {
    /// `SCHEMA`.
    pub schema: u32,
    /// Name of the job and its folder.
    pub id: String,
    /// What kind.
    pub verb: Verb,
    /// When it began, UTC.
    pub begun: String,
    /// The chip.
    pub chip: ChipKey,
    /// Part name.
    pub part: String,
    /// Programmer.
    pub programmer: String,
    /// Bytes of the array.
    pub size: u64,
    /// Backup of the contents before the job.
    pub backup: String,
    /// Their SHA-256.
    pub backup_sha256: String,
    /// SHA-256 of the wanted contents.
    pub wanted_sha256: String,
    /// Per-unit bytes.
    pub keep: Vec<(u64, u64)>,
    /// What is done last.
    pub last: Vec<(u64, u64)>,
    /// What the plan touches, and all that finishing or undoing reads.
    pub blocks: Vec<(u64, u64)>,
    /// SHA-256 of this header with an empty seal.
    pub seal: String,
}

/// Spans as pairs, for JSON.
pub(super) fn pairs(spans: &Spans) -> Vec<(u64, u64)> {
    spans.iter().map(|s| (s.start, s.end)).collect()
}

fn spans(pairs: &[(u64, u64)]) -> Spans {
    pairs.iter().map(|(start, end)| Span::new(*start, *end)).collect()
}

impl JobHeader {
    /// What the plan touches.
    pub fn blocks(&self) -> Spans {
        spans(&self.blocks)
    }

    /// Per-unit bytes.
    pub fn keep(&self) -> Spans {
        spans(&self.keep)
    }

    /// What is done last.
    pub fn last(&self) -> Spans {
        spans(&self.last)
    }

    pub(super) fn seal_to_bytes(&mut self) -> Vec<u8> {
        self.seal = self.computed_seal();
        text(self)
    }

    fn computed_seal(&self) -> String {
        sha256_hex(&text(&JobHeader { seal: String::new(), ..self.clone() }))
    }

    /// Reads and checks a stored header; the error says what is wrong.
    pub(super) fn from_bytes(bytes: &[u8], id: &str) -> Result<JobHeader, String> {
        let header: JobHeader =
            serde_json::from_slice(bytes).map_err(|e| format!("job.json cannot be read ({e})"))?;
        if header.schema != SCHEMA {
            let schema = header.schema;
            return Err(format!(
                "job.json has schema {schema}, this program knows {SCHEMA}: use a newer one"
            ));
        }
        if header.seal != header.computed_seal() || header.id != id {
            return Err("job.json does not fit its own checksum or name".into());
        }
        if header.blocks.iter().any(|(start, end)| start >= end || *end > header.size) {
            return Err("job.json plans blocks outside of the chip".into());
        }
        Ok(header)
    }
}

fn text(header: &JobHeader) -> Vec<u8> {
    // Plain strings, numbers and lists: there is nothing in a header that JSON could refuse.
    let mut bytes = serde_json::to_vec_pretty(header).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
