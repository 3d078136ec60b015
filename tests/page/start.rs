//! What `page` and `session` refuse before they serve.

use crate::bench::Bench;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

/// The first line that it prints, its exit code, and what it says; one that serves is ended.
fn started(bench: &Bench, words: &[&str]) -> (String, Option<i32>, String) {
    let mut command = bench.command();
    let mut child =
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut first = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    output.read_line(&mut first).expect("a line or the end");
    if !first.is_empty() {
        let _ = child.kill();
    }
    let mut said = String::new();
    let mut errors = child.stderr.take().expect("its errors");
    errors.read_to_string(&mut said).expect("text");
    (first, child.wait().expect("it ends").code(), said)
}

#[test]
fn a_store_that_cannot_be_made_is_refused_before_anything_is_served() {
    let bench = Bench::new();
    bench.write("file", b"no folder");
    for command in [&["page", "--no-open"][..], &["session"]] {
        for store in ["file", "file/store"] {
            let (first, code, said) = started(&bench, &[command, &["--store", store]].concat());
            assert_eq!((first.as_str(), code), ("", Some(1)), "{command:?} {store}: {said}");
            assert!(said.starts_with("error: ") && said.contains(store), "{command:?} {store}: {said}");
        }
        // One that is not there yet is made.
        let (first, ..) = started(&bench, &[command, &["--store", "new/store"]].concat());
        assert!(!first.is_empty(), "{command:?}");
        assert!(bench.path("new/store").is_dir(), "{command:?}");
    }
    assert_eq!(bench.read("file"), b"no folder");
}
