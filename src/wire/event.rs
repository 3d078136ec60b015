//! Events: what happens while a job runs.

use super::Fields;
use crate::workflow::Stage;
use std::time::Duration;

/// An event as one object: its name, the programmer (as in `-p`) where several work at the same time, its fields.
pub fn event(name: &str, programmer: Option<&str>, fields: Fields) -> Fields {
    // A field `programmer` of the event itself names the one that took a backup; the one at work has precedence.
    Fields::new().with("event", name).with_some("programmer", programmer).and(fields)
}

/// `stage`: a stage begins. Bytes are 0 where its size is not known.
pub fn stage(stage: Stage, bytes: u64, time: Option<Duration>) -> Fields {
    let millis = time.and_then(|time| u64::try_from(time.as_millis()).ok());
    Fields::new().with("stage", stage.name()).with("bytes", bytes).with_some("expected_ms", millis)
}

/// `progress`: a step has come to `done` of `total` bytes.
pub fn progress(step: &str, done: u64, total: u64) -> Fields {
    // `stage` is the name that the events of stages have; `step` is the older one.
    Fields::new().with("step", step).with("done", done).with("total", total).with("stage", step)
}

/// `stored`: a backup has been stored.
pub fn stored(backup: &str) -> Fields {
    Fields::new().with("backup", backup)
}

/// `job`: a job's journal has been opened.
pub(crate) fn job_opened(job: &str) -> Fields {
    Fields::new().with("job", job)
}

/// `note`, `detail`, `warning`: a sentence.
pub fn message(text: &str) -> Fields {
    Fields::new().with("message", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programmer_at_work_has_precedence_over_a_field_of_that_name() {
        let fields = Fields::new().with("id", "a").with("programmer", "of the backup");
        assert_eq!(
            event("done", Some("ch341a"), fields.clone()).to_string(),
            r#"{"event":"done","programmer":"ch341a","id":"a"}"#
        );
        assert_eq!(
            event("done", None, fields).to_string(),
            r#"{"event":"done","id":"a","programmer":"of the backup"}"#
        );
    }

    #[test]
    fn a_stage_without_an_expected_time_has_no_field_for_it() {
        let text = |time| stage(Stage::Write, 4096, time).to_string();
        assert_eq!(text(None), r#"{"stage":"erase, program, verify","bytes":4096}"#);
        assert_eq!(
            text(Some(Duration::from_millis(7))),
            r#"{"stage":"erase, program, verify","bytes":4096,"expected_ms":7}"#
        );
    }
}
