//! Lines from the other side, read beside the work or between its steps, each of a bounded length.

use crate::wire::request::{NoRequest, Request, request};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

/// The longest line, in bytes: a request names files and does not contain them.
pub const LONGEST: usize = 1 << 20;
/// Lines that may wait. The reader holds back more than these.
const WAITING: usize = 64;

/// A line, or why it is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Text, without its end.
    Text(String),
    /// Longer than [`LONGEST`]; it was skipped.
    TooLong,
    /// It is not UTF-8.
    NotText,
}

impl Line {
    /// The request that it is.
    ///
    /// # Errors
    /// [`NoRequest`], which names what is wrong.
    pub fn request(self) -> Result<Request, NoRequest> {
        match self {
            Line::Text(text) => request(&text),
            Line::TooLong => Err(NoRequest::unreadable("the line is longer than 1 MiB and was skipped")),
            Line::NotText => Err(NoRequest::unreadable("the line is not UTF-8")),
        }
    }
}

/// The lines that come in. The input has ended where there are none.
pub struct Lines(Way);

enum Way {
    /// Read by a thread.
    Beside(Receiver<Line>),
    /// Read here, once a line is known to wait.
    Here { input: RefCell<Box<dyn BufRead>>, waits: Box<dyn Fn() -> Waits> },
}

/// Whether a line waits at the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A whole line does.
    Line,
    /// None does now.
    Nothing,
    /// None ever will.
    Ended,
}

impl Lines {
    /// Reads `input` in a thread of its own, which ends with the input.
    pub fn beside(input: impl Read + Send + 'static) -> Self {
        let (send, receive) = sync_channel(WAITING);
        thread::spawn(move || pass_on(BufReader::new(input), &send));
        Self(Way::Beside(receive))
    }

    /// Reads `input` where there are no threads. `waits` is asked before a look, so that a look never blocks.
    pub fn here(input: impl BufRead + 'static, waits: impl Fn() -> Waits + 'static) -> Self {
        Self(Way::Here { input: RefCell::new(Box::new(input)), waits: Box::new(waits) })
    }

    /// The next line; `None` at the end of the input.
    pub fn wait(&self) -> Option<Line> {
        match &self.0 {
            Way::Beside(lines) => lines.recv().ok(),
            Way::Here { input, .. } => next(&mut *input.borrow_mut()),
        }
    }

    /// The next line where one is there.
    ///
    /// # Errors
    /// `Ended` at the end of the input.
    pub fn look(&self) -> Result<Option<Line>, Ended> {
        match &self.0 {
            Way::Beside(lines) => match lines.try_recv() {
                Ok(line) => Ok(Some(line)),
                Err(TryRecvError::Empty) => Ok(None),
                Err(TryRecvError::Disconnected) => Err(Ended),
            },
            Way::Here { input, waits } => match waits() {
                Waits::Line => next(&mut *input.borrow_mut()).map(Some).ok_or(Ended),
                Waits::Nothing => Ok(None),
                Waits::Ended => Err(Ended),
            },
        }
    }
}

/// The input has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended;

/// Sends every line of the input. A read that fails ends it, as a closed input does.
fn pass_on(mut input: impl BufRead, send: &SyncSender<Line>) {
    while let Some(line) = next(&mut input) {
        if send.send(line).is_err() {
            return;
        }
    }
}

/// The next line; blank ones are passed over.
fn next(input: &mut (impl BufRead + ?Sized)) -> Option<Line> {
    loop {
        let mut bytes = Vec::new();
        let len = (&mut *input).take(LONGEST as u64 + 1).read_until(b'\n', &mut bytes).ok()?;
        if len == 0 {
            return None;
        }
        if len > LONGEST && bytes.last() != Some(&b'\n') {
            skip_line(input)?;
            return Some(Line::TooLong);
        }
        match String::from_utf8(bytes) {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => return Some(Line::Text(text.trim().to_owned())),
            Err(_) => return Some(Line::NotText),
        }
    }
}

/// Passes over the rest of a line, without keeping it.
fn skip_line(input: &mut (impl BufRead + ?Sized)) -> Option<()> {
    loop {
        let buffer = input.fill_buf().ok()?;
        if buffer.is_empty() {
            return Some(());
        }
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Some(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_the_rest_is_read_on() {
        let mut input = b"one\r\n\n  \n".to_vec();
        input.extend(vec![b'x'; 3 * LONGEST]);
        input.extend(b"\n\xff\xfe\ntwo");
        let lines = Lines::beside(std::io::Cursor::new(input));
        let text = |text: &str| Some(Line::Text(text.to_owned()));
        assert_eq!(lines.wait(), text("one"));
        assert!(lines.wait().unwrap().request().unwrap_err().why.contains("1 MiB"));
        assert!(lines.wait().unwrap().request().unwrap_err().why.contains("UTF-8"));
        assert_eq!(lines.wait(), text("two"));
        assert_eq!((lines.wait(), lines.look()), (None, Err(Ended)));
    }

    #[test]
    fn without_a_thread_a_look_reads_only_what_waits() {
        let waits = std::rc::Rc::new(std::cell::Cell::new(Waits::Nothing));
        let asked = std::rc::Rc::clone(&waits);
        let lines = Lines::here(std::io::Cursor::new(b"one\ntwo\n".to_vec()), move || asked.get());
        assert_eq!(lines.look(), Ok(None));
        waits.set(Waits::Line);
        assert_eq!(lines.look(), Ok(Some(Line::Text("one".into()))));
        assert_eq!(lines.wait(), Some(Line::Text("two".into())));
        assert_eq!(lines.look(), Err(Ended), "the input has less than was said");
        waits.set(Waits::Ended);
        assert_eq!((lines.look(), lines.wait()), (Err(Ended), None));
    }

    #[test]
    fn the_longest_line_is_one() {
        let mut input = vec![b'x'; LONGEST];
        input.extend(b"\nnext\n");
        let lines = Lines::beside(std::io::Cursor::new(input));
        assert!(matches!(lines.wait(), Some(Line::Text(text)) if text.len() == LONGEST));
        assert_eq!(lines.wait(), Some(Line::Text("next".into())));
    }
}
