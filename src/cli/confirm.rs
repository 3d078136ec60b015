//! The question before a write. `--yes` answers it; without a terminal and without `--yes` the answer is no.

use super::exit::Failure;
use super::session::Session;
use crate::wire;
use std::io::{BufRead, IsTerminal};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
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
        .map_err(|failure| failure.with_fields(wire::untouched()))
}

/// Asks about anything else; `--yes` does not answer. `otherwise` says what to do where there is no terminal.
///
/// # Errors
/// As [`confirm_write`].
pub fn ask(session: &Session, question: &str, otherwise: &str) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::refused("not confirmed: there is no terminal to ask on").hint(otherwise));
    }
    match answer(session, &format!("{question} [y/N] "))?.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::refused("not confirmed, nothing was done")),
    }
}

/// Asks to type `phrase`; gives what was typed. No option answers it.
///
/// # Errors
/// Exit code 2 for Ctrl-C.
pub fn phrase(session: &Session, phrase: &str) -> Result<String, Failure> {
    answer(session, &format!("To confirm, type:  {phrase}\n> "))
}

/// The answer to a question. Jobs side by side ask one after the other.
fn answer(session: &Session, question: &str) -> Result<String, Failure> {
    static ASKING: Mutex<()> = Mutex::new(());
    let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    session.out.ask(question);
    let line = line(session);
    session.out.answered();
    line
}

/// One line from the terminal, read on a thread of its own so that Ctrl-C is seen while it waits.
fn line(session: &Session) -> Result<String, Failure> {
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
