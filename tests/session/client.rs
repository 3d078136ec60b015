//! A client of `norsplice session`: requests and answers over pipes, each line held against the schema.

use crate::bench::Bench;
use crate::snapshots::schema::faults;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A session that runs in a bench's folder.
pub struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    pub fn start(bench: &Bench, words: &[&str]) -> Self {
        let mut command = bench.command();
        command.arg("session").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut session = Self { input: child.stdin.take(), output, child };
        let hello = session.next();
        assert_eq!(
            (hello["event"].as_str(), hello["protocol"].as_u64()),
            (Some("hello"), Some(1)),
            "{hello}"
        );
        session
    }

    pub fn send_text(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{line}").expect("the session reads");
        input.flush().expect("the session reads");
    }

    pub fn send(&mut self, line: Value) {
        self.send_text(&line.to_string());
    }

    /// The next line.
    pub fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the session writes");
        let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(faults(&as_of_a_command(&line)), Vec::<String>::new(), "{line}");
        line
    }

    /// The next line of this event; those before it are dropped, and an end of the request before it fails.
    pub fn until(&mut self, event: &str) -> Value {
        loop {
            let line = self.next();
            if line["event"] == event {
                return line;
            }
            assert_ne!(line["final"], true, "before {event}: {line}");
        }
    }

    /// Carries an operation out, a yes to each question; gives its last line and the questions.
    pub fn run(&mut self, operation: &str, options: Value) -> (Value, Vec<Value>) {
        self.send(json!({ "id": operation, "do": operation, "options": options }));
        let mut questions = Vec::new();
        loop {
            let line = self.next();
            match line["event"].as_str() {
                Some("question") => {
                    let answer = match line["needs"].as_str() {
                        Some("phrase") => {
                            json!({ "id": operation, "answer": "phrase", "phrase": line["phrase"] })
                        }
                        _ => json!({ "id": operation, "answer": "yes", "digest": line["digest"] }),
                    };
                    questions.push(line);
                    self.send(answer);
                }
                _ if line["final"] == true => return (line, questions),
                _ => {}
            }
        }
    }

    /// The result of an operation that asks nothing.
    pub fn result(&mut self, operation: &str, options: Value) -> Value {
        let (line, questions) = self.run(operation, options);
        assert_eq!((&line["event"], questions.len()), (&json!("result"), 0), "{operation}: {line}");
        line
    }

    /// The message of an operation that is refused.
    pub fn refused(&mut self, operation: &str, options: Value) -> String {
        let (line, _) = self.run(operation, options);
        assert_eq!(line["event"], "error", "{operation}: {line}");
        line["message"].as_str().expect("a message").to_owned()
    }

    /// Closes the input, and waits for the end; gives the exit code and the last line.
    pub fn end(mut self) -> (Option<i32>, Option<Value>) {
        drop(self.input.take());
        let last = self.output.lines().map(|line| line.expect("text")).last();
        let last = last.map(|line| serde_json::from_str(&line).expect("JSON"));
        (self.child.wait().expect("it ends").code(), last)
    }
}

/// A line as a command prints it: without the request's id, and a backup's id under its own name.
fn as_of_a_command(line: &Value) -> Value {
    let mut fields = line.as_object().expect("an object").clone();
    fields.remove("id");
    fields.remove("final");
    let of_backup =
        line["command"].as_str().is_some_and(|name| name == "backup" || name.starts_with("backup-"));
    if of_backup && line["event"] == "result" {
        // A list of backups has none.
        fields.remove("backup").map(|id| fields.insert("id".into(), id));
    }
    fields.into()
}

/// The demo board on an emulated CH341A, a vendor's file for it, and what the chip is to hold at the end.
pub fn board(bench: &Bench) -> Vec<u8> {
    let demo = norsplice::image::synthetic::demo();
    bench.write("board.bin", demo.board.bytes());
    bench.write("vendor.bin", &demo.vendor);
    let wanted = bench.run([
        "splice",
        "--base",
        "board.bin",
        "--board",
        "archer-mr200-v1",
        "--donor",
        "vendor.bin",
        "-o",
        "wanted.bin",
    ]);
    assert_eq!(wanted.code, 0, "{}", wanted.stderr);
    bench.read("wanted.bin")
}

pub const PROGRAMMER: [&str; 4] = ["-p", "emu:image=board.bin,state=chip", "--store", "store"];

/// What the emulated chip holds.
pub fn on_chip(bench: &Bench) -> Vec<u8> {
    bench.read("chip/flash.bin")
}

pub fn rewrite(id: u64) -> Value {
    json!({ "id": id, "do": "rewrite", "options": { "board": "archer-mr200-v1", "donors": ["vendor.bin"] } })
}
