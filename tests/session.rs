//! The session protocol, as a program in front of this one sees it: requests and answers over pipes.

use crate::bench::Bench;
use crate::snapshots::schema::faults;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A session that runs in a bench's folder.
struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn start(bench: &Bench, words: &[&str]) -> Self {
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

    fn send_text(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{line}").expect("the session reads");
        input.flush().expect("the session reads");
    }

    fn send(&mut self, line: Value) {
        self.send_text(&line.to_string());
    }

    /// The next line.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the session writes");
        let line = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert_eq!(faults(&as_of_a_command(&line)), Vec::<String>::new(), "{line}");
        line
    }

    /// The next line of this event; those before it are dropped, and an end of the request before it fails.
    fn until(&mut self, event: &str) -> Value {
        loop {
            let line = self.next();
            if line["event"] == event {
                return line;
            }
            assert_ne!(line["final"], true, "before {event}: {line}");
        }
    }

    /// Closes the input, and waits for the end; gives the exit code and the last line.
    fn end(mut self) -> (Option<i32>, Option<Value>) {
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
    if fields.get("command").is_some_and(|command| command == "backup") && line["event"] == "result" {
        let id = fields.remove("backup").expect("a backup has an id");
        fields.insert("id".into(), id);
    }
    fields.into()
}

/// The demo board on an emulated CH341A, a vendor's file for it, and what the chip is to hold at the end.
fn board(bench: &Bench) -> Vec<u8> {
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

const PROGRAMMER: [&str; 4] = ["-p", "emu:image=board.bin,state=chip", "--store", "store"];

/// What the emulated chip holds.
fn on_chip(bench: &Bench) -> Vec<u8> {
    bench.read("chip/flash.bin")
}

fn rewrite(id: u64) -> Value {
    json!({ "id": id, "do": "rewrite", "options": { "board": "archer-mr200-v1", "donors": ["vendor.bin"] } })
}

#[test]
fn a_rewrite_asks_and_only_the_digest_that_was_shown_confirms_it() {
    let bench = Bench::new();
    let wanted = board(&bench);
    let mut session = Session::start(&bench, &PROGRAMMER);
    session.send(rewrite(1));
    assert_eq!(session.until("chip")["part"], "W25Q64FV");
    assert!(session.until("spliced")["regions"].as_array().is_some_and(|regions| !regions.is_empty()));
    let question = session.until("question");
    assert_eq!((&question["id"], &question["needs"]), (&json!(1), &json!("yes")));
    // An answer to another plan, one without a digest, one to another request, and other work.
    for (line, words) in [
        (json!({ "id": 1, "answer": "yes", "digest": "00" }), "its digest"),
        (json!({ "id": 1, "answer": "yes" }), "digest"),
        (json!({ "id": 2, "answer": "yes", "digest": question["digest"] }), "no question of this id"),
        (json!({ "id": 2, "cancel": true }), "no request of this id"),
        (json!({ "id": 2, "do": "probe" }), "one after the other"),
    ] {
        session.send(line.clone());
        let complaint = session.next();
        let message = complaint["message"].as_str().unwrap_or_default();
        assert!(complaint["final"] == false && message.contains(words), "{line}: {complaint}");
    }
    session.send(json!({ "id": 1, "answer": "yes", "digest": question["digest"] }));
    assert_eq!(session.until("progress")["id"], 1);
    let result = session.until("result");
    assert_eq!((&result["chip"], &result["final"]), (&json!("written"), &json!(true)), "{result}");
    // The same again has nothing to do, and asks nothing.
    session.send(rewrite(2));
    assert_eq!(session.until("result")["bytes_programmed"], 0);
    assert_eq!(session.end().0, Some(0));
    assert!(on_chip(&bench) == wanted);
}

#[test]
fn a_no_a_cancel_and_the_end_of_the_input_leave_the_chip_as_it_was() {
    let bench = Bench::new();
    board(&bench);
    let before = bench.read("board.bin");
    let mut session = Session::start(&bench, &PROGRAMMER);
    for (id, line) in [(1, json!({ "id": 1, "answer": "no" })), (2, json!({ "id": 2, "cancel": true }))] {
        session.send(rewrite(id));
        session.until("question");
        session.send(line);
        let error = session.until("error");
        assert_eq!(
            (&error["chip"], &error["final"], &error["id"]),
            (&json!("untouched"), &json!(true), &json!(id)),
            "{error}"
        );
    }
    // The request after a cancel is not stopped by it.
    session.send(rewrite(3));
    session.until("question");
    let (code, last) = session.end();
    let last = last.expect("an end of the request");
    assert_eq!(
        (code, &last["chip"], &last["event"]),
        (Some(0), &json!("untouched"), &json!("error")),
        "{last}"
    );
    assert!(on_chip(&bench) == before);
}

#[test]
fn a_write_whose_input_ends_stops_at_a_whole_block_and_another_session_finishes_it() {
    let bench = Bench::new();
    let wanted = board(&bench);
    let mut session = Session::start(&bench, &PROGRAMMER);
    session.send(rewrite(1));
    let question = session.until("question");
    session.send(json!({ "id": 1, "answer": "yes", "digest": question["digest"] }));
    loop {
        let line = session.until("progress");
        if line["step"] == "erase, program, verify" {
            break;
        }
    }
    let (_, last) = session.end();
    let last = last.expect("an end of the request");
    assert_eq!((&last["event"], &last["chip"]), (&json!("error"), &json!("partial")), "{last}");
    let mut session = Session::start(&bench, &PROGRAMMER);
    session.send(json!({ "id": 1, "do": "jobs" }));
    let jobs = session.until("result");
    assert!(jobs["jobs"].as_array().is_some_and(|jobs| jobs.len() == 1), "{jobs}");
    session.send(json!({ "id": 2, "do": "resume" }));
    assert_eq!(session.until("result")["chip"], "written");
    assert_eq!(session.end().0, Some(0));
    assert!(on_chip(&bench) == wanted);
}

#[test]
fn what_is_no_request_gets_an_error_and_the_session_goes_on() {
    let bench = Bench::new();
    let mut session = Session::start(&bench, &["-p", "emu", "--store", "store"]);
    let huge = format!(r#"{{"id":1,"do":"{}"}}"#, "x".repeat(2 << 20));
    for (line, words) in [
        ("garbage", "not JSON"),
        ("{}", "needs an \"id\""),
        (huge.as_str(), "longer than 1 MiB"),
        (r#"{"id":1,"do":"format"}"#, "there is no operation"),
        (r#"{"id":1,"do":"probe","options":{"yes":true}}"#, "no option \"yes\""),
        (r#"{"id":1,"do":"rewrite","options":{"yes":true}}"#, "no option \"yes\""),
        (r#"{"id":1,"do":"verify"}"#, "\"file\" is needed"),
        (r#"{"id":1,"do":"probe","options":{"programmer":"emu:nothing=1"}}"#, "nothing"),
        (r#"{"id":1,"do":"rewrite","options":{"mac":"x"}}"#, "no MAC address"),
        (r#"{"id":1,"answer":"no"}"#, "no question"),
        (r#"{"id":1,"cancel":true}"#, "no request"),
    ] {
        session.send_text(line);
        let error = session.next();
        let message = error["message"].as_str().unwrap_or_default();
        assert!(error["event"] == "error" && message.contains(words), "{words}: {error}");
    }
    session.send(json!({ "id": "still here", "do": "probe" }));
    let result = session.until("result");
    assert_eq!((&result["id"], &result["part"]), (&json!("still here"), &json!("W25Q64FV")));
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn a_backup_is_looked_at_as_picture_and_bytes() {
    let bench = Bench::new();
    board(&bench);
    let contents = bench.read("board.bin");
    let mut session = Session::start(&bench, &PROGRAMMER);
    session.send(json!({ "id": 1, "do": "backup", "options": { "name": "before" } }));
    let backup = session.until("result")["backup"].clone();
    session.send(json!({ "id": 2, "do": "picture", "options": { "what": backup, "against": "board.bin" } }));
    let picture = session.until("result");
    let cells = contents.len() as u64 / picture["cell_size"].as_u64().unwrap();
    assert_eq!(picture["kinds"].as_str().map(str::len), Some(cells as usize));
    assert_eq!(picture["entropy"].as_array().map(Vec::len), Some(cells as usize));
    assert_eq!(picture["changed"], json!([]));
    assert!(
        picture["regions"]
            .as_array()
            .is_some_and(|regions| regions.iter().any(|one| one["name"] == "firmware"))
    );
    session
        .send(json!({ "id": 3, "do": "bytes", "options": { "what": backup, "at": 0x2_0000, "length": 4 } }));
    let four: String = contents[0x2_0000..0x2_0004].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(session.until("result")["data"], json!(four));
    for (at, length) in [(contents.len() as u64, 1), (u64::MAX, 2), (0, 65_537), (0, 0)] {
        session.send(
            json!({ "id": 4, "do": "bytes", "options": { "what": backup, "at": at, "length": length } }),
        );
        assert_eq!(session.until("error")["final"], true, "{at} {length}");
    }
    assert_eq!(session.end().0, Some(0));
}

#[test]
fn a_session_takes_no_yes() {
    let ran = Bench::new().run(["session", "--yes", "-p", "emu"]);
    assert!(ran.code == 2 && ran.stderr.contains("no --yes"), "{ran:?}");
}

#[test]
fn the_client_in_python_rewrites_the_board_once_it_is_confirmed() {
    let Some(bench) = Bench::with(&["python3"]) else { return };
    let wanted = board(&bench);
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/session.py");
    let run = |answer: &str| {
        let mut command = std::process::Command::new("python3");
        command
            .arg(client)
            .args(PROGRAMMER)
            .args(["archer-mr200-v1", "vendor.bin"])
            .current_dir(bench.path("."));
        command.env("NORSPLICE", env!("CARGO_BIN_EXE_norsplice"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 runs");
        writeln!(child.stdin.take().expect("its input"), "{answer}").expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = run("n");
    assert!(code == Some(1) && said.contains("the chip is untouched"), "{said}");
    let (code, said) = run("y");
    assert!(code == Some(0) && said.contains("the chip is written"), "{said}");
    assert!(on_chip(&bench) == wanted);
}
