//! The facts of a refusal; its message and advice are a front end's words.

use super::{Fields, chip_state, contact, findings, spans};
use crate::desk::{Refusal, Why};
use crate::workflow::{Cause, StoreError};

/// The facts of a refusal: what stopped it, the backup taken before, the state of the chip.
pub fn refusal(refusal: &Refusal) -> Fields {
    let fields = why(&refusal.why).with_some("backup", refusal.backup.as_deref());
    match (refusal.open_job(), &refusal.chip) {
        (Some(job), _) => fields.with("chip", "partial").with("job", job),
        (None, Some(chip)) => fields.with("chip", chip_state(chip)),
        (None, None) => fields,
    }
}

/// The commands that finish and undo the job that is open on the chip.
pub fn open_job_commands(resume: &str, undo: &str) -> Fields {
    Fields::new().with("resume", resume).with("undo", undo)
}

fn why(why: &Why) -> Fields {
    let fields = Fields::new();
    match why {
        Why::Image(error) => match error.findings() {
            [] => fields,
            found => fields.with("findings", findings(found)),
        },
        Why::Store(StoreError::SecondDiffers { spans: differing, .. }) => {
            fields.with("differing_ranges", spans(differing.as_slice()))
        }
        Why::Job(Cause::OpenJob { job }) => fields.with("job", job.as_str()),
        Why::Job(Cause::Contact(verdict)) => fields.and(contact(verdict)),
        Why::Job(Cause::Changed(changed)) => fields.with("changed_ranges", spans(changed.blocks.as_slice())),
        Why::Job(Cause::BackupDiffers { spans: differing, .. }) => {
            fields.with("differing_ranges", spans(differing.as_slice()))
        }
        Why::Job(Cause::Disagree { unsure, differing, .. }) => {
            fields.with("differing_bytes", *differing).with("unsure_ranges", spans(unsure.as_slice()))
        }
        _ => fields,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{ImageError, checks};

    fn text(refused: Refusal) -> String {
        refusal(&refused).to_string()
    }

    #[test]
    fn findings_come_first_then_the_backup_then_the_chip() {
        let found = ImageError::Refused { findings: vec![checks::REGION.found("a")] };
        assert_eq!(
            text(Refusal::from(found).after_backup("b").untouched()),
            r#"{"findings":[{"name":"region","severity":"ask","message":"a"}],"backup":"b","chip":"untouched"}"#
        );
        assert_eq!(text(Why::NoProgrammer.into()), "{}");
    }

    #[test]
    fn a_job_that_is_open_on_the_chip_makes_it_partly_written() {
        assert_eq!(text(Cause::Stopped.partial("j").into()), r#"{"chip":"partial","job":"j"}"#);
        let open = Cause::OpenJob { job: "k".into() };
        assert_eq!(text(open.untouched().into()), r#"{"job":"k","chip":"partial"}"#);
    }
}
