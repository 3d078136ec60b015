//! The contents of a report page, as data; whoever has the store fills it in.

use crate::span::{Span, Spans};

/// The identity of the chip.
#[derive(Clone, Debug, Default)]
pub struct ChipFacts {
    /// Part or family name.
    pub part: String,
    /// JEDEC id in hex.
    pub jedec_id: String,
    /// Unique id in hex, where the chip has one.
    pub unique_id: Option<String>,
    /// Status registers that could be read, name and value: `SR1`, `SR3`.
    pub status_registers: Vec<(&'static str, u8)>,
}

/// One security register.
#[derive(Clone, Debug, Default)]
pub struct OtpFacts {
    /// Index, as the vendor counts.
    pub index: u32,
    /// Bytes.
    pub size: usize,
    /// All `ff`.
    pub blank: bool,
    /// Locked forever; `None` where that is not known.
    pub locked: Option<bool>,
}

/// One per-unit value before and after.
#[derive(Clone, Debug)]
pub struct PerUnitRow {
    /// What it is: `MAC`, `2.4 GHz calibration`.
    pub name: String,
    /// Where it is in the chip.
    pub span: Span,
    /// The value before, as people write it.
    pub before: String,
    /// The value after.
    pub after: String,
}

/// One region and what became of it.
#[derive(Clone, Debug)]
pub struct PageRegion {
    /// Its name in the layout.
    pub name: String,
    /// Where it is.
    pub span: Span,
    /// What it was.
    pub was: String,
    /// What it is now.
    pub now: String,
    /// Where that came from and why, where a job chose it.
    pub source: String,
}

/// What a job counted.
#[derive(Clone, Debug, Default)]
pub struct JobCounts {
    /// Name and value, in the order to show them.
    pub rows: Vec<(String, String)>,
}

/// Everything on the page.
#[derive(Clone, Debug, Default)]
pub struct Report<'a> {
    /// Heading, such as `Rewrite of archer-mr200-v1`.
    pub title: String,
    /// How it ended, in a sentence; the first line of the page.
    pub verdict: String,
    /// True when nothing is left to be done about it.
    pub good: bool,
    /// Id of the backup or job, time, state: name and value.
    pub facts: Vec<(String, String)>,
    /// Board name, where known.
    pub board: Option<String>,
    /// The chip.
    pub chip: ChipFacts,
    /// The security registers.
    pub otp: Vec<OtpFacts>,
    /// The verdict on them, in words.
    pub otp_verdict: String,
    /// Per-unit data.
    pub per_unit: Vec<PerUnitRow>,
    /// The regions, in order of address.
    pub regions: Vec<PageRegion>,
    /// The array before.
    pub before: &'a [u8],
    /// The array after, where a job rewrote it.
    pub after: Option<&'a [u8]>,
    /// SHA-256 of `before` in hex.
    pub before_sha256: String,
    /// SHA-256 of `after` in hex.
    pub after_sha256: Option<String>,
    /// Bytes of a cell: the chip's smallest erase.
    pub sector: u64,
    /// Bytes that did not read the same every time.
    pub unstable: Spans,
    /// What the job counted.
    pub counts: JobCounts,
    /// What the checks of the job had to say.
    pub findings: Vec<String>,
    /// The recipe that repeats the job.
    pub recipe: Option<RecipeFacts>,
    /// Commands that continue from here, each with what it does.
    pub commands: Vec<(String, String)>,
}

/// The recipe that repeats a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipeFacts {
    /// The recipe as text.
    pub text: String,
    /// The command that carries it out, once it is saved as `recipe.toml`.
    pub command: String,
}
