//! The question before a write. `--yes` answers it; without a terminal and without `--yes` the answer is no.

use super::exit::Failure;
use super::session::Session;
use std::io::{BufRead, IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Asks before a write; `Ok` only for a yes, or with `--yes`.
///
/// # Errors
/// Exit code 2 for a no, for no terminal to ask on, and for Ctrl-C at the question.
pub fn confirm_write(session: &Session, question: &str) -> Result<(), Failure> {
    if session.options.yes {
        return Ok(());
    }
    ask(session, question, "look at the plan with --dry-run, then give --yes")
        .map_err(|failure| failure.field("chip", "untouched"))
}

/// Asks about anything else; `--yes` does not answer. `otherwise` says what to do where there is no terminal.
///
/// # Errors
/// As [`confirm_write`].
pub fn ask(session: &Session, question: &str, otherwise: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::refused("not confirmed: there is no terminal to ask on").hint(otherwise));
    }
    // A terminal that is gone answers with an empty line, which is a no.
    let _ = write!(std::io::stderr(), "{question} [y/N] ").and_then(|()| std::io::stderr().flush());
    match answer(session)?.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::refused("not confirmed, nothing was done")),
    }
}

/// Asks to type `phrase`; gives what was typed. No option answers it.
///
/// # Errors
/// Exit code 2 for Ctrl-C.
pub fn phrase(session: &Session, phrase: &str) -> Result<String, Failure> {
    // A terminal that is gone gives an empty line, which is not the phrase.
    let _ =
        write!(std::io::stderr(), "To go on, type:  {phrase}\n> ").and_then(|()| std::io::stderr().flush());
    answer(session)
}

/// One line from the terminal, read on a thread of its own so that Ctrl-C is seen while it waits.
fn answer(session: &Session) -> Result<String, Failure> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // The other end is gone only when the user stopped the program.
        let _ = send.send(read.map(|_| line));
    });
    loop {
        match receive.recv_timeout(Duration::from_millis(50)) {
            Ok(Ok(line)) => return Ok(line),
            Ok(Err(error)) => return Err(Failure::refused(format!("the answer could not be read: {error}"))),
            Err(RecvTimeoutError::Timeout) if session.stop.soon() => {
                return Err(Failure::refused("stopped at the question, nothing was done"));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(String::new()),
        }
    }
}
