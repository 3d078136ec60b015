//! Something that was asked for and not done: what it left on the chip, and what can be allowed.

use super::PlaceError;
use super::why::Why;
use crate::emulator::OptionsError;
use crate::flash::FlashError;
use crate::image::{Finding, ImageError, Severity};
use crate::spi::{LinkError, SpiError};
use crate::workflow::files::FileError;
use crate::workflow::{Cause, ChipState, Error, StoreError};

/// Something that was asked for and not done.
#[derive(Debug)]
pub struct Refusal {
    /// What stopped it.
    pub why: Box<Why>,
    /// What it left on the chip, where a chip was concerned.
    pub chip: Option<ChipState>,
    /// The backup that was taken before it stopped.
    pub backup: Option<String>,
}

impl Refusal {
    /// The same, which left the chip untouched.
    pub fn untouched(mut self) -> Self {
        self.chip = Some(ChipState::Untouched);
        self
    }

    /// The same, after this backup was taken.
    pub(crate) fn after_backup(mut self, id: &str) -> Self {
        self.backup = Some(id.to_owned());
        self
    }

    /// The findings that stop the work, where checks do.
    pub fn findings(&self) -> &[Finding] {
        match &*self.why {
            Why::Image(error) | Why::InInput { error, .. } => error.findings(),
            _ => &[],
        }
    }

    /// The checks that the user can allow, to continue; empty where one of the findings never passes.
    pub fn askable(&self) -> Vec<&'static str> {
        let findings = self.findings();
        if findings.iter().any(|finding| finding.severity == Severity::Refuse) {
            return Vec::new();
        }
        let asked = findings.iter().filter(|finding| finding.severity == Severity::Ask);
        asked.map(|finding| finding.name).collect()
    }

    /// The job that is open on the chip: it was cut off in the middle, in this run or an earlier one. `None` too where
    /// the backup or the link is wrong: then it must be neither finished nor undone before a fresh look agrees.
    pub fn open_job(&self) -> Option<&str> {
        match (&self.chip, &*self.why) {
            (_, Why::Job(Cause::BackupDiffers { .. } | Cause::Addresses(_))) => None,
            (Some(ChipState::Partial { job }), _) | (_, Why::Job(Cause::OpenJob { job })) => Some(job),
            _ => None,
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.why.fmt(f)
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.why.source()
    }
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self { why: Box::new(why), chip: None, backup: None }
    }
}

impl From<Error> for Refusal {
    fn from(Error { cause, chip }: Error) -> Self {
        Self { chip: Some(chip), ..Why::from(*cause).into() }
    }
}

/// Each error of the floors below as a refusal that says nothing of a chip.
macro_rules! refusals {
    ($($error:ty => $why:expr,)*) => {
        $(impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                $why(error).into()
            }
        })*
    };
}

refusals! {
    Cause => Why::from,
    FlashError => Why::from,
    SpiError => Why::Spi,
    LinkError => |error| Why::Spi(SpiError::Link(error)),
    ImageError => Why::Image,
    StoreError => Why::Store,
    FileError => Why::File,
    OptionsError => Why::Emulator,
    PlaceError => Why::Place,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::checks;

    #[test]
    fn what_can_be_allowed_is_empty_where_something_never_passes() {
        let refusal = |findings: Vec<Finding>| Refusal::from(ImageError::Refused { findings });
        let (region, md5) = (checks::REGION.found("a"), checks::MD5.found("b"));
        assert_eq!(refusal(vec![region.clone()]).askable(), ["region"]);
        assert!(refusal(vec![region, md5]).askable().is_empty());
        assert!(Refusal::from(Why::NoProgrammer).askable().is_empty());
    }

    #[test]
    fn an_open_job_is_known_by_the_chip_and_by_the_cause() {
        assert_eq!(Refusal::from(Cause::Stopped.partial("j")).open_job(), Some("j"));
        assert_eq!(Refusal::from(Cause::OpenJob { job: "k".into() }.untouched()).open_job(), Some("k"));
        assert_eq!(Refusal::from(Cause::Stopped.untouched()).open_job(), None);
    }
}
