//! Questions that wait for an answer, and the answers.
//!
//! A front end on the other end of a wire sends an answer back with the `digest` of the question that it has shown.

use super::{Fields, planned, security_register, spans};
use crate::desk::Question;
use crate::desk::probe::register_name;
use crate::desk::{Answer, Digest, RegisterChange};
use crate::workflow::files::hex;
use crate::workflow::job::Planned;
use serde_json::{Value, json};

/// `question`: its kind, its digest, what it is about. `"needs":"phrase"` asks for the phrase to be typed, `"yes"` for a
/// yes or no.
pub fn question(question: &Question<'_>) -> Fields {
    let needs = match question {
        Question::Lock(_) => "phrase",
        Question::KeepBackup(_) => "sha256",
        _ => "yes",
    };
    let fields = Fields::new()
        .with("kind", question.kind())
        .with("digest", question.digest().to_string())
        .with("needs", needs);
    match question {
        Question::KeepBackup(asked) => fields
            .with("backup", asked.backup)
            .with("file", asked.file.display().to_string())
            .with("sha256", asked.sha256)
            .with("size", asked.size),
        Question::Write(asked) => {
            let proposal = asked.proposal;
            fields
                .with("verb", proposal.verb.name())
                .with("backup", proposal.backup.id.as_str())
                .with("planned", planned(&Planned::from(proposal.plan), proposal.plan))
                .with("protected_ranges", spans(proposal.protected.as_slice()))
        }
        Question::Registers(asked) => {
            let changes: Vec<Value> = asked.changes.iter().map(change).collect();
            fields.with("backup", asked.backup).with("changes", changes)
        }
        Question::Lock(asked) => fields
            .with("register", Value::from(security_register(asked.register)))
            .with("phrase", asked.phrase),
        Question::Protect(plan) => {
            let writes = plan.writes().into_iter();
            let writes: Vec<Value> = writes
                .map(|(register, now, then)| json!({ "register": register_name(register), "now": now, "then": then }))
                .collect();
            fields.with("wanted_ranges", spans(plan.wanted.as_slice())).with("writes", writes)
        }
        Question::RemoveBackup(asked) => fields
            .with("backup", asked.backup)
            .with("only_of_chip", asked.only_of_chip)
            .with("only_with_contents", asked.only_with_contents)
            .with("jobs", json!(asked.jobs)),
        Question::PruneBackups(backups) => fields.with("backups", json!(backups)),
        Question::ReplaceFile(path) => fields.with("file", path.display().to_string()),
        Question::DropJob { job } => fields.with("job", *job),
    }
}

fn change(change: &RegisterChange) -> Value {
    security_register(&change.now).with("wanted", json!(change.wanted.as_deref().map(hex))).into()
}

/// Reads an answer: `{"answer":"yes","digest":"..."}`, `{"answer":"no"}`, `{"answer":"phrase","phrase":"..."}` or
/// `{"answer":"sha256","sha256":"..."}`.
/// `None` for anything else: what cannot be read confirms nothing.
pub fn answer(value: &Value) -> Option<Answer> {
    let text = |name: &str| value.get(name)?.as_str();
    match text("answer")? {
        "no" => Some(Answer::No),
        "yes" => Some(Answer::Yes(Digest::from(text("digest")?.to_owned()))),
        "phrase" => Some(Answer::Phrase(text("phrase")?.to_owned())),
        "sha256" => Some(Answer::ReadBack(text("sha256")?.to_owned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_confirms_the_question_that_it_names_and_no_other() {
        let (asked, other) = (Question::DropJob { job: "a" }, Question::DropJob { job: "b" });
        let shown = Value::from(question(&asked));
        assert_eq!((shown["kind"].as_str(), shown["needs"].as_str()), (Some("drop-job"), Some("yes")));
        let yes = answer(&json!({ "answer": "yes", "digest": shown["digest"] })).unwrap();
        assert!(asked.is_confirmed_by(&yes));
        assert!(!other.is_confirmed_by(&yes));
        assert!(!asked.is_confirmed_by(&Answer::No) && !asked.is_confirmed_by(&Answer::Phrase("yes".into())));
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for text in ["{}", r#"{"answer":"yes"}"#, r#"{"answer":"maybe"}"#, "[]", "true"] {
            assert_eq!(answer(&serde_json::from_str(text).unwrap()), None, "{text}");
        }
    }
}
