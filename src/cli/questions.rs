//! The desk's questions on the terminal: what is shown, what is asked, what an option answers.

use super::confirm::{ask as ask_yes, confirm_write, phrase};
use super::exit::Failure;
use super::jobs::show_plan;
use super::session::Session;
use super::show::hexdump;
use crate::desk::{Answer, Question, Refusal, RegisterChange, Why};
use crate::flash::SecurityRegister;
use crate::units;
use crate::wire;

/// Shows the question and asks it; with `--json` it is an event, whoever answers it. `--yes` answers what would be written, `removal_allowed` what would be removed or
/// dropped, and nothing answers a phrase.
///
/// # Errors
/// Exit code 2 where the answer is not a yes.
pub fn ask(session: &Session, question: &Question<'_>, removal_allowed: bool) -> Result<Answer, Failure> {
    let out = &session.out;
    out.event("question", wire::question(question));
    match question {
        // A store of the command line is a folder that stays.
        Question::KeepBackup(asked) => {
            return Err(Failure::refused(format!("copy {} to another disk first", asked.file.display())));
        }
        Question::Write(asked) => {
            let proposal = asked.proposal;
            show_plan(session, proposal.plan, asked.layout);
            if !proposal.protected.is_empty() {
                let protected = proposal.protected;
                out.note(format!("write protection lifted for this write, then restored: {protected}"));
            }
            let backup = proposal.backup.id.as_str();
            confirm_write(session, "Write this to the chip?")
                .map_err(|f| f.with_fields(wire::stored(backup)))?;
        }
        Question::Registers(asked) => {
            out.note(format!("the registers as they are now are in backup {}", asked.backup));
            let text = match asked.changes {
                [RegisterChange { now, wanted: None }] => format!("Erase security register {}?", now.index),
                _ => "Write these security registers?".to_owned(),
            };
            confirm_write(session, &text)?;
        }
        Question::Lock(asked) => return Ok(Answer::Phrase(phrase(session, asked.phrase)?)),
        Question::Protect(_) => confirm_write(session, "Write this to survive power-off?")?,
        Question::RemoveBackup(_) | Question::PruneBackups(_) | Question::DropJob { .. }
            if removal_allowed => {}
        Question::PruneBackups(backups) => {
            let text = format!("Remove {}?", units::count(backups.len() as u64, "backup"));
            ask_yes(session, &text, "give --for-good to remove them without a question")?;
        }
        Question::ReplaceFile(path) => {
            let there = Refusal::from(Why::Exists { path: (*path).to_owned() });
            ask_yes(session, &format!("{there}. Replace it?"), "give --force")?;
        }
        Question::RemoveBackup(asked) => {
            let why = match (asked.only_of_chip, asked.only_with_contents, asked.jobs) {
                (true, ..) => "is the only backup of its chip".to_owned(),
                (_, true, _) => "is the only backup with these contents".to_owned(),
                (.., jobs) => format!("is what the report of {} needs", jobs.join(", ")),
            };
            let text = format!("{} {why}. Remove it for good?", asked.backup);
            ask_yes(session, &text, "give --even-the-only-one to remove it without a question")?;
        }
        Question::DropJob { job } => {
            let text = format!("Mark {job} as abandoned? The chip is left as it is.");
            ask_yes(session, &text, "give --for-good to abandon it without a question")?;
        }
    }
    Ok(Answer::Yes(question.digest()))
}

/// Shows security registers and what becomes of them.
pub fn show_changes(session: &Session, changes: &[RegisterChange], erasable: bool) {
    for change in changes {
        let now = &change.now;
        show_register(session, now);
        let Some(bytes) = &change.wanted else { continue };
        session.out.line(format!("  will hold ({} bytes given):", bytes.len()));
        let lines = hexdump(u64::from(now.address), bytes, session.out.width().saturating_sub(2));
        lines.iter().for_each(|line| session.out.line(format!("  {line}")));
    }
    if !changes.is_empty() && !erasable {
        session.out.warn(
            "this part's registers cannot be erased: every bit that is programmed stays programmed forever",
        );
    }
}

/// Shows a security register.
pub fn show_register(session: &Session, register: &SecurityRegister) {
    let contents = if register.blank { "blank" } else { "has data" };
    session.out.heading(&format!(
        "security register {} ({} bytes): {contents}",
        register.index,
        register.bytes.len()
    ));
    if !register.blank {
        let lines =
            hexdump(u64::from(register.address), &register.bytes, session.out.width().saturating_sub(2));
        lines.iter().for_each(|line| session.out.line(format!("  {line}")));
    }
}
