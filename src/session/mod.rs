//! The session protocol: JSON lines in, JSON lines out, for a front end in another process.
//!
//! A request is `{"id":1,"do":"probe","options":{}}`. Each line in answer carries its `id`: events as those of `--json`, and at
//! the end one line with `"final":true`, an `"event":"result"` or an `"event":"error"`. A question waits for
//! `{"id":1,"answer":...}`; a yes carries the digest of the question that was shown, and one with another digest confirms
//! nothing. `{"id":1,"cancel":true}` stops a job at the next point where the chip is consistent, and so does the end of
//! the input. What cannot be read gets an error with `"final":false` and changes nothing. There is no option that answers a
//! question.
//!
//! The form is described in `hw-notes/session.md`; `examples/session.py` is a client.

mod lines;
mod operations;
mod picture;
mod serve;
mod start;
mod talk;

#[cfg(feature = "page")]
pub(crate) use lines::LONGEST;
pub use lines::{Lines, Waits};
pub use serve::{serve, serve_lines};
pub use start::Start;
