//! Between the tabs and the session: one tab is in charge, every tab sees every line.

use super::limits::{KEPT, MESSAGE, TABS, WAITING};
use crate::wire::Fields;
use crate::wire::request::{NoRequest, Request, What, request};
use crate::wire::session::{complaint, is_last, line, tab, unusable};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a tab sends to be in charge.
pub const TAKE: &str = r#"{"tab":"take"}"#;

/// A line for tabs.
pub type Shared = Arc<str>;

/// The tabs, and the lines that a new one is sent.
pub struct Hub {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// To the session; none once the program ends.
    session: Option<SyncSender<Vec<u8>>>,
    /// Its first line.
    hello: Option<Shared>,
    /// The lines of the request that runs, or ran last.
    kept: VecDeque<Shared>,
    /// The request of `kept` has ended.
    ended: bool,
    tabs: BTreeMap<u64, SyncSender<Shared>>,
    in_charge: Option<u64>,
    last: u64,
}

/// A tab that has joined.
pub struct Joined {
    /// Its number.
    pub tab: u64,
    /// What has happened before.
    pub before: Vec<Shared>,
    /// What happens from now on; ends when the tab is to be closed.
    pub lines: Receiver<Shared>,
}

impl Hub {
    /// A hub, and the input of the session behind it. The tabs learn the `folder` that files come into.
    pub fn new(folder: PathBuf) -> (Arc<Self>, Input) {
        let (session, receive) = sync_channel(WAITING);
        let state = State { session: Some(session), ..State::default() };
        (Arc::new(Self { folder, state: Mutex::new(state) }), Input { receive, piece: io::Cursor::default() })
    }

    /// A tab comes. It is in charge where no other is.
    pub fn join(&self) -> Option<Joined> {
        let mut state = self.state();
        if state.tabs.len() >= TABS {
            return None;
        }
        let (send, lines) = sync_channel(WAITING);
        state.last += 1;
        let tab = state.last;
        let before = state.hello.iter().chain(&state.kept).cloned().collect();
        state.tabs.insert(tab, send);
        state.in_charge.get_or_insert(tab);
        self.report(&mut state);
        Some(Joined { tab, before, lines })
    }

    /// A tab is gone. What runs continues; another tab that is there is in charge then.
    pub fn leave(&self, tab: u64) {
        let mut state = self.state();
        state.tabs.remove(&tab);
        if state.in_charge == Some(tab) {
            state.in_charge = state.tabs.keys().next().copied();
            self.report(&mut state);
        }
    }

    /// A line from a tab: to the session where the tab is in charge, or the wish to be.
    pub fn take(&self, tab: u64, text: &str) {
        let mut state = self.state();
        if text == TAKE {
            if state.tabs.contains_key(&tab) {
                state.in_charge = Some(tab);
                self.report(&mut state);
            }
            return;
        }
        let refused = if state.in_charge != Some(tab) {
            Some("another tab is in charge: this one sees what happens, and neither asks nor answers")
        } else if text.contains('\n') || text.len() > MESSAGE {
            Some("a message is one line of 1 MiB at most")
        } else {
            let bytes = format!("{text}\n").into_bytes();
            let sent = state.session.as_ref().is_some_and(|session| session.try_send(bytes).is_ok());
            (!sent).then_some("the session takes no more requests now")
        };
        if let Some(why) = refused {
            state.send(tab, &refusal(text, why).to_string().into());
        }
    }

    /// Ends the session's input: a job that runs stops at the next point where the chip is consistent.
    pub fn end(&self) {
        self.state().session = None;
    }

    /// A line of the session.
    fn pass_on(&self, text: &str) {
        let mut state = self.state();
        let text: Shared = text.into();
        if state.hello.is_none() {
            state.hello = Some(text.clone());
        } else {
            state.keep(&text);
        }
        let tabs: Vec<u64> = state.tabs.keys().copied().collect();
        for tab in tabs {
            state.send(tab, &text);
        }
    }

    /// Tells each tab whether it is in charge.
    fn report(&self, state: &mut State) {
        let tabs: Vec<u64> = state.tabs.keys().copied().collect();
        for one in &tabs {
            let text = tab(state.in_charge == Some(*one), tabs.len(), &self.folder).to_string();
            state.send(*one, &text.into());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said to a line that does not reach the session. A request ends by it: no other line would ever answer it.
fn refusal(text: &str, why: &str) -> Fields {
    match request(text) {
        Ok(Request { id, what: What::Do(name, _) }) => line(Some(&id), "error", unusable(&name, why)),
        Ok(Request { id, .. }) | Err(NoRequest { id: Some(id), .. }) => {
            line(Some(&id), "error", complaint(why))
        }
        Err(NoRequest { id: None, .. }) => line(None, "error", complaint(why)),
    }
}

impl State {
    /// To one tab. One that does not keep up is dropped: its channel ends, and with it its connection.
    fn send(&mut self, tab: u64, text: &Shared) {
        if self.tabs.get(&tab).is_some_and(|lines| lines.try_send(text.clone()).is_err()) {
            self.tabs.remove(&tab);
        }
    }

    /// Keeps a line for tabs to come: of one request, and no more than the bound.
    fn keep(&mut self, text: &Shared) {
        if std::mem::take(&mut self.ended) {
            self.kept.clear();
        }
        self.ended = is_last(text);
        self.kept.push_back(text.clone());
        while self.kept.iter().map(|line| line.len()).sum::<usize>() > KEPT {
            self.kept.pop_front();
        }
    }
}

/// The session's input.
pub struct Input {
    receive: Receiver<Vec<u8>>,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.piece.read(buffer)?;
        if len > 0 {
            return Ok(len);
        }
        let Ok(piece) = self.receive.recv() else { return Ok(0) };
        self.piece = io::Cursor::new(piece);
        self.piece.read(buffer)
    }
}

/// The session's output, cut into lines.
pub struct Lines {
    hub: Arc<Hub>,
    begun: Vec<u8>,
}

impl Lines {
    /// Into this hub.
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub, begun: Vec::new() }
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend(piece);
            if self.begun.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.begun);
                self.hub.pass_on(String::from_utf8_lossy(&line).trim_end());
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a tab has been sent so far.
    fn seen(joined: &Joined) -> String {
        joined.lines.try_iter().map(|line| format!("{line}\n")).collect()
    }

    fn hub() -> (Arc<Hub>, Input, Lines) {
        let (hub, input) = Hub::new("/folder".into());
        let mut lines = Lines::new(hub.clone());
        writeln!(lines, r#"{{"event":"hello"}}"#).unwrap();
        (hub, input, lines)
    }

    #[test]
    fn one_tab_is_in_charge_and_the_others_see() {
        let (hub, input, mut lines) = hub();
        let (first, second) = (hub.join().unwrap(), hub.join().unwrap());
        assert!(seen(&second).contains(r#""in_charge":false"#));
        // Where it was a request, no other line ever answers it.
        hub.take(second.tab, r#"{"id":2,"do":"probe"}"#);
        let refused = seen(&second);
        assert!(
            refused.starts_with(
                r#"{"id":2,"event":"error","command":"probe","message":"another tab is in charge"#
            )
        );
        assert!(is_last(&refused), "{refused}");
        for line in [r#"{"id":2,"cancel":true}"#, "garbage"] {
            hub.take(second.tab, line);
            let refused = seen(&second);
            assert!(refused.contains("another tab is in charge") && !is_last(&refused), "{refused}");
        }
        for long in [MESSAGE, MESSAGE + 1] {
            let line = format!(r#"{{"id":3,"do":"{}"}}"#, "x".repeat(long - r#"{"id":3,"do":""}"#.len()));
            hub.take(first.tab, &line);
            let said = seen(&first);
            assert_eq!(said.contains("1 MiB at most") && is_last(&said), long > MESSAGE);
        }
        hub.take(first.tab, r#"{"id":1,"do":"probe"}"#);
        lines.write_all(b"{\"id\":1,\"ev").unwrap();
        lines.write_all(b"ent\":\"note\"}\n").unwrap();
        assert!(seen(&first).ends_with("{\"id\":1,\"event\":\"note\"}\n") && seen(&second).contains("note"));
        hub.take(second.tab, TAKE);
        assert!(
            seen(&second).contains(r#""in_charge":true"#) && seen(&first).contains(r#""in_charge":false"#)
        );
        hub.take(first.tab, r#"{"id":1,"answer":"no"}"#);
        assert!(seen(&first).contains("another tab is in charge"));
        hub.leave(second.tab);
        assert!(seen(&first).contains(r#""in_charge":true"#));
        hub.end();
        hub.take(first.tab, r#"{"id":3,"do":"probe"}"#);
        assert!(seen(&first).contains("takes no more"));
        let all: Vec<String> = io::read_to_string(input).unwrap().lines().map(str::to_owned).collect();
        assert!(all.len() == 2 && all[0].len() == MESSAGE && all[1] == r#"{"id":1,"do":"probe"}"#);
    }

    #[test]
    fn a_new_tab_is_sent_the_lines_of_the_request_that_runs_or_ran_last() {
        let (hub, _input, mut lines) = hub();
        let before = || hub.join().unwrap().before.iter().map(|line| line.to_string()).collect::<Vec<_>>();
        writeln!(lines, r#"{{"id":1,"event":"note"}}"#).unwrap();
        writeln!(lines, r#"{{"id":1,"event":"result","final":true}}"#).unwrap();
        assert_eq!(before().len(), 3);
        writeln!(lines, r#"{{"id":2,"event":"question"}}"#).unwrap();
        assert_eq!(before(), [r#"{"event":"hello"}"#, r#"{"id":2,"event":"question"}"#]);
    }

    #[test]
    fn what_is_kept_and_what_waits_is_bounded() {
        let (hub, _input, mut lines) = hub();
        let slow = hub.join().unwrap();
        // The session's first line is kept beside the others.
        writeln!(lines, "hello").unwrap();
        for _ in 0..2 * WAITING {
            writeln!(lines, "{}", "x".repeat(4000)).unwrap();
        }
        assert!(slow.lines.iter().count() <= WAITING, "its channel has ended");
        assert!(hub.join().unwrap().before.iter().map(|line| line.len()).sum::<usize>() <= KEPT + 100);
        let all: Vec<_> = std::iter::from_fn(|| hub.join()).take(2 * TABS).collect();
        assert_eq!(all.len(), TABS, "and one whose tab is gone takes no place");
    }
}
