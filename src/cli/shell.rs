//! Commands of this program as the user types them in a shell.

use super::options::Options;
use crate::desk::report::NextStep;

/// A command that the user can type next, with the programmer and store of these options.
pub fn command(options: &Options, verb: &str) -> String {
    let programmer = options.programmer.iter().map(|spec| format!("-p {} ", quoted(spec)));
    let store = options.store.iter().map(|dir| format!("--store {} ", quoted(&dir.display().to_string())));
    let global: String = programmer.chain(store).collect();
    format!("norsplice {global}{verb}")
}

/// The command for a next step with a backup or job, and what it does.
pub fn step_words(step: NextStep<'_>, options: &Options) -> (String, String) {
    let (verb, what) = match step {
        NextStep::Repeat => ("rewrite --recipe recipe.toml".to_owned(), "repeat the job"),
        NextStep::Finish(job) => (format!("resume {job}"), "finish the job"),
        NextStep::Undo(job) => (format!("resume --undo {job}"), "put the backup back instead"),
        NextStep::Restore(backup) => (format!("restore {backup}"), "these contents back onto their chip"),
        NextStep::Compare(backup) => {
            (format!("diff {backup} chip"), "what the chip on the clip holds now, against this backup")
        }
    };
    (command(options, &verb), what.to_owned())
}

/// A word as a POSIX shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("emu:image=a.bin,state=/tmp/x"), "emu:image=a.bin,state=/tmp/x");
        assert_eq!(quoted("my chip's.bin"), r"'my chip'\''s.bin'");
        assert_eq!(quoted(""), "''");
    }
}
