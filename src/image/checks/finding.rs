//! What a check found: a name that stays, a severity, a sentence.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::advice::Advice;

/// Whether the work may continue after a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Never passes.
    Refuse,
    /// Passes only when it is allowed by name.
    Ask,
    /// Is printed.
    Tell,
}

impl Severity {
    /// `refuse`, `ask` or `tell`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Ask => "ask",
            Self::Tell => "tell",
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The check's name, one of [`super::table::CHECKS`].
    pub name: &'static str,
    /// Whether the work may continue.
    pub severity: Severity,
    /// What was found, where, what was expected.
    pub message: String,
    /// What would settle it, where that is known.
    #[serde(skip)]
    pub advice: Option<Advice>,
}

impl Finding {
    /// With what would settle it.
    #[must_use]
    pub fn advise(self, advice: Advice) -> Self {
        Self { advice: Some(advice), ..self }
    }
}

impl fmt::Display for Finding {
    /// `md5: the message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// The questions answered with yes beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    names: BTreeSet<String>,
}

impl Allow {
    /// The names, `all` for every question.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect() }
    }

    /// True when the finding does not stop the work.
    pub fn lets(&self, finding: &Finding) -> bool {
        match finding.severity {
            Severity::Refuse => false,
            Severity::Ask => self.names.contains("all") || self.names.contains(finding.name),
            Severity::Tell => true,
        }
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// Findings that stop the work: first those that never pass, then the questions not answered.
pub fn stopping(findings: &[Finding], allow: &Allow) -> Vec<Finding> {
    let mut stop: Vec<Finding> = findings.iter().filter(|f| !allow.lets(f)).cloned().collect();
    stop.sort_by_key(|f| f.severity);
    stop
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity) -> Finding {
        Finding { name: "region", severity, message: "m".to_owned(), advice: None }
    }

    #[test]
    fn only_questions_can_be_allowed() {
        for allow in [Allow::new(["all"]), Allow::new(["region"])] {
            assert!(!allow.lets(&finding(Severity::Refuse)));
            assert!(allow.lets(&finding(Severity::Ask)));
        }
        let nothing = Allow::default();
        assert!(!nothing.lets(&finding(Severity::Ask)) && nothing.lets(&finding(Severity::Tell)));
        assert!(!Allow::new(["md5"]).lets(&finding(Severity::Ask)));
    }

    #[test]
    fn refusals_come_first() {
        let all = [finding(Severity::Tell), finding(Severity::Ask), finding(Severity::Refuse)];
        let order: Vec<_> = stopping(&all, &Allow::default()).iter().map(|f| f.severity).collect();
        assert_eq!(order, [Severity::Refuse, Severity::Ask]);
    }
}
