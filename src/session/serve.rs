//! The loop: a request, its work, its last line, until the input ends.

use super::lines::{LONGEST, Lines};
use super::operations::{self, Fault, Work};
use super::start::Start;
use super::talk::{Output, Talk};
use crate::desk::programmer::Kept;
use crate::wire;
use crate::wire::options::Options;
use crate::wire::request::{Id, Request, What};
use std::io::{Read, Write};

/// Serves requests until the input ends, one after the other. A job that runs then stops at the next point where the chip is
/// consistent. Gives true where every line was taken by the other side.
pub fn serve(input: impl Read + Send + 'static, output: &mut dyn Write, start: &Start) -> bool {
    serve_lines(&Lines::beside(input), output, start)
}

/// The same for lines that are read in another way.
pub fn serve_lines(lines: &Lines, output: &mut dyn Write, start: &Start) -> bool {
    let (output, kept) = (Output::new(output), Kept::default());
    let hello = wire::session::hello(&start.version, &operations::names(), start.desk.programmer.text());
    output.send(&hello.and(wire::session::longest_line(LONGEST)));
    while output.is_open() {
        let Some(line) = lines.wait() else { break };
        let complain = |id: Option<&Id>, message: &str| {
            output.send(&wire::session::line(id, "error", wire::session::complaint(message)));
        };
        match line.request() {
            Ok(Request { id, what: What::Do(name, options) }) => {
                let talk = Talk::new(id, lines, &output, start.desk.stop.clone(), &kept);
                run(&talk, start, &name, &options);
                // What stopped this request does not stop the next one.
                start.desk.stop.rest();
            }
            Ok(Request { id, what: What::Answer(_) }) => {
                complain(Some(&id), "no question of this id waits for an answer");
            }
            Ok(Request { id, what: What::Cancel }) => complain(Some(&id), "no request of this id runs"),
            Err(none) => complain(none.id.as_ref(), &none.why),
        }
    }
    output.is_open()
}

/// Carries one request out, and sends its last line.
fn run(talk: &Talk<'_>, start: &Start, name: &str, options: &Options) {
    let work = Work { front: talk, start };
    match operations::run(&work, name, options) {
        Ok(fields) => talk.send("result", wire::session::done(name, &fields)),
        Err(Fault::Request(why)) => talk.send("error", wire::session::unusable(name, &why)),
        Err(Fault::Refused(refusal)) => talk.send("error", wire::session::refused(name, &refusal)),
    }
}
