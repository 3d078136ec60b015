//! Why an image could not be made or understood.

use thiserror::Error;

use crate::image::checks::{Advice, Finding, Severity};

/// Why an image could not be made or understood.
#[derive(Debug, Error)]
pub enum ImageError {
    /// Checks on the inputs stop the work.
    #[error("{}", refused(.findings))]
    Refused {
        /// What stops it: refusals first, then questions not answered.
        findings: Vec<Finding>,
    },
    /// No board of that name.
    #[error("no board is named '{name}'; known are {known}, or give a layout file")]
    UnknownBoard {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No region of that name.
    #[error("{board} has no region '{region}'; it has {known}")]
    UnknownRegion {
        /// The board.
        board: String,
        /// The name asked for.
        region: String,
        /// The names there are.
        known: String,
    },
    /// No donor of that name.
    #[error(
        "region {region} is to come from '{source_name}', and that is neither 'own' nor 'blank' nor a donor; donors are {known}"
    )]
    UnknownDonor {
        /// The region.
        region: String,
        /// The source asked for.
        source_name: String,
        /// The donors there are.
        known: String,
    },
    /// A text is not what it should be.
    #[error("'{text}' is not {wanted}")]
    BadText {
        /// The text.
        text: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A layout or board file cannot be read.
    #[error("{what} cannot be read: {why}")]
    BadFile {
        /// Which kind of file, by name where known.
        what: String,
        /// The fault.
        why: String,
    },
    /// Something that only the user can say.
    #[error("{why}")]
    Undecided {
        /// What is not known, or cannot be done so.
        why: String,
        /// What would settle it.
        advice: Advice,
    },
    /// The board has no such way of recovery, edit or file.
    #[error("{board}: {why}")]
    NotForThisBoard {
        /// The board.
        board: String,
        /// What is missing.
        why: String,
    },
}

impl ImageError {
    /// The findings that stop the work, for [`ImageError::Refused`].
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Refused { findings } => findings,
            _ => &[],
        }
    }
}

/// What is wrong in a TOML text, in one short line: a text that is none may be megabytes in one line.
pub(crate) fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    const MOST: usize = 160;
    let message: String = error.message().lines().collect::<Vec<_>>().join("; ");
    let clipped: String = message.chars().take(MOST).collect();
    let dots = if clipped.len() < message.len() { "..." } else { "" };
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {clipped}{dots}", before.matches('\n').count() + 1),
        None => format!("{clipped}{dots}"),
    }
}

fn refused(findings: &[Finding]) -> String {
    let never = findings.iter().any(|f| f.severity == Severity::Refuse);
    let head = if never { "refused" } else { "not done unless it is allowed" };
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    format!("{head}: {}", lines.join("; "))
}
