//! Questions with `--json`: each is one event before its answer is known, as the schema says, whoever answers it.

use crate::bench::{Bench, Ran};
use crate::snapshots::schema;
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

const EMU: &str = "image=image.bin,state=chip,counts=counts.json";

fn bench() -> Bench {
    let bench = Bench::new();
    std::fs::write(bench.path("image.bin"), super::images::sparse(1)).unwrap();
    std::fs::write(bench.path("part.bin"), b"new").unwrap();
    bench
}

/// Runs a command with these words on its standard input.
fn run(bench: &Bench, words: &str, typed: &str) -> Ran {
    let mut command = bench.command();
    command.args(["--json", "-p", &format!("emu:{EMU}"), "--store", "store"]).args(words.split(' '));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that reads nothing may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let ran = Ran::from(child.wait_with_output().unwrap());
    if let Ok(counts) = std::fs::read(bench.path("counts.json")) {
        let counts: Value = serde_json::from_slice(&counts).unwrap();
        assert_eq!(counts["misdeeds"], 0, "{counts}");
    }
    ran
}

/// The one question of a run, as the schema says.
#[track_caller]
fn question(ran: &Ran) -> Value {
    let questions: Vec<Value> =
        ran.events().into_iter().filter(|event| event["event"] == "question").collect();
    let [question] = questions.as_slice() else { panic!("{questions:?}\n{}", ran.stderr) };
    assert_eq!(schema::faults(question), [""; 0], "{question}");
    question.clone()
}

#[test]
fn a_write_is_a_question_whether_or_not_an_option_answers_it() {
    let bench = bench();
    let unanswered = run(&bench, "write part.bin --at 0x1000", "").code(2);
    let asked = question(&unanswered);
    assert_eq!((&asked["kind"], &asked["needs"]), (&"write".into(), &"yes".into()));
    assert_eq!((&asked["verb"], &asked["planned"]["erases"]), (&"write".into(), &1.into()), "{asked}");
    assert_eq!(unanswered.result()["backup"], asked["backup"]);
    assert_eq!(unanswered.result()["chip"], "untouched");

    // What is typed is no answer where no one is asked.
    question(&run(&bench, "write part.bin --at 0x1000", "y\n").code(2));

    let answered = run(&bench, "write part.bin --at 0x1000 --yes", "").code(0);
    assert_eq!(question(&answered)["planned"]["ranges"], asked["planned"]["ranges"]);
    // Nothing is left to do, and nothing is asked.
    let again = run(&bench, "write part.bin --at 0x1000", "").code(0);
    assert!(again.events().iter().all(|event| event["event"] != "question"));
}

#[test]
fn a_lock_is_a_question_that_takes_a_phrase_from_standard_input() {
    let bench = bench();
    let asked = question(&run(&bench, "otp lock 2 --yes", "yes\n").code(2));
    assert_eq!((&asked["kind"], &asked["needs"]), (&"lock".into(), &"phrase".into()));
    assert_eq!(asked["register"]["index"], 2);
    let phrase = asked["phrase"].as_str().unwrap();
    let done = run(&bench, "otp lock 2", &format!("{phrase}\n")).code(0).result();
    assert_eq!(done["security_registers"][0]["locked"], true, "{done}");
}

#[test]
fn removing_from_the_store_is_a_question() {
    let bench = bench();
    let id = |ran: &Ran| ran.result()["id"].as_str().unwrap().to_owned();
    let first = id(&run(&bench, "backup", "").code(0));
    let asked = question(&run(&bench, &format!("backups remove {first} --yes"), "").code(2));
    assert_eq!((&asked["kind"], &asked["backup"]), (&"remove-backup".into(), &first.as_str().into()));
    assert_eq!(asked["only_of_chip"], true);

    let second = id(&run(&bench, "backup", "").code(0));
    let asked = question(&run(&bench, "backups prune --yes", "").code(2));
    assert_eq!((&asked["kind"], &asked["backups"]), (&"prune-backups".into(), &vec![first].into()));
    let pruned = run(&bench, "backups prune --for-good", "").code(0);
    assert_eq!((&question(&pruned)["digest"], &pruned.result()["removed"]), (&asked["digest"], &true.into()));
    question(&run(&bench, &format!("backups remove {second} --even-the-only-one"), "").code(0));
}

#[test]
fn protection_that_survives_power_off_and_registers_are_questions() {
    let bench = bench();
    let asked = question(&run(&bench, "protect set all --permanent", "").code(2));
    assert_eq!(asked["kind"], "protect");
    assert!(!asked["writes"].as_array().unwrap().is_empty(), "{asked}");
    let asked = question(&run(&bench, "otp program 1 part.bin", "").code(2));
    assert_eq!((&asked["kind"], &asked["changes"][0]["index"]), (&"security-registers".into(), &1.into()));
    assert_eq!(asked["changes"][0]["wanted"], "6e6577");
    question(&run(&bench, "otp program 1 part.bin --yes", "").code(0));
    assert_eq!(question(&run(&bench, "otp erase 1", "").code(2))["changes"][0]["wanted"], Value::Null);
}
