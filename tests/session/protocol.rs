//! The protocol: questions, answers, cancels, ends, and what is no request.

use super::client::{PROGRAMMER, Session, board, on_chip, rewrite};
use crate::bench::Bench;
use serde_json::json;

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
