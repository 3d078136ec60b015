//! Lines from the other side, read beside the work, each of a bounded length.

use crate::wire::request::{NoRequest, Request, request};
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

/// The longest line, in bytes: a request names files and does not contain them.
const LONGEST: usize = 1 << 20;
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
pub struct Lines(Receiver<Line>);

impl Lines {
    /// Reads `input` in a thread of its own, which ends with the input.
    pub fn of(input: impl Read + Send + 'static) -> Self {
        let (send, receive) = sync_channel(WAITING);
        thread::spawn(move || pass_on(BufReader::new(input), &send));
        Self(receive)
    }

    /// The next line; `None` at the end of the input.
    pub fn wait(&self) -> Option<Line> {
        self.0.recv().ok()
    }

    /// The next line where one is there.
    ///
    /// # Errors
    /// [`Ended`] at the end of the input.
    pub fn look(&self) -> Result<Option<Line>, Ended> {
        match self.0.try_recv() {
            Ok(line) => Ok(Some(line)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Ended),
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
fn next(input: &mut impl BufRead) -> Option<Line> {
    loop {
        let mut bytes = Vec::new();
        let len = input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut bytes).ok()?;
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
fn skip_line(input: &mut impl BufRead) -> Option<()> {
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
        let lines = Lines::of(std::io::Cursor::new(input));
        let text = |text: &str| Some(Line::Text(text.to_owned()));
        assert_eq!(lines.wait(), text("one"));
        assert!(lines.wait().unwrap().request().unwrap_err().why.contains("1 MiB"));
        assert!(lines.wait().unwrap().request().unwrap_err().why.contains("UTF-8"));
        assert_eq!(lines.wait(), text("two"));
        assert_eq!((lines.wait(), lines.look()), (None, Err(Ended)));
    }

    #[test]
    fn the_longest_line_is_one() {
        let mut input = vec![b'x'; LONGEST];
        input.extend(b"\nnext\n");
        let lines = Lines::of(std::io::Cursor::new(input));
        assert!(matches!(lines.wait(), Some(Line::Text(text)) if text.len() == LONGEST));
        assert_eq!(lines.wait(), Some(Line::Text("next".into())));
    }
}
