//! What another page, another machine or another tab might try, each refused.

use super::run::PageRun;
use crate::bench::Bench;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

fn page() -> (Bench, PageRun) {
    let bench = Bench::new();
    let page = PageRun::start(&bench, &["--store", "store"]);
    (bench, page)
}

#[test]
fn only_loopback_is_listened_on() {
    let bench = Bench::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let mut command = bench.command();
        command
            .args(["page", "--no-open", "--listen", address])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut ran = command.spawn().expect("the binary runs");
        // One that listens says so in its first line, and would not end.
        let mut first = String::new();
        let mut output = BufReader::new(ran.stdout.take().expect("its output"));
        output.read_line(&mut first).expect("it can be read");
        if !first.is_empty() {
            let _ = ran.kill();
        }
        let ran = ran.wait_with_output().expect("it ends");
        assert_eq!((ran.status.code(), first.as_str()), (Some(2), ""), "{address}");
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(said.contains("can be reached by other machines"), "{said}");
    }
    let page = PageRun::start(&bench, &["--listen", "[::1]:0", "--store", "store"]);
    assert!(page.host.starts_with("[::1]:"), "{}", page.host);
    assert_eq!(page.own("GET", "", "").0, 200);
}

#[test]
fn a_page_of_another_origin_reaches_nothing() {
    let (_bench, page) = page();
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        assert_eq!(page.join_from(origin).err(), Some(403), "{origin}");
        for (method, path) in [("PUT", "files/a.bin"), ("GET", ""), ("GET", "files/1-a.bin")] {
            let (host, token) = (&page.host, &page.token);
            let (status, answer) = page.ask(&format!(
                "{method} /{token}/{path} HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nContent-Length: 1\r\n\r\nx"
            ));
            assert_eq!(status, 403, "{origin} {method} {answer}");
        }
    }
    // The page itself may, and its answers forbid what is not its own.
    assert_eq!(page.own("PUT", "files/a.bin", "abc").0, 201);
    let (status, answer) = page.own("GET", "", "");
    assert_eq!(status, 200);
    for header in [
        "default-src 'none'; script-src 'self';",
        "frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
    ] {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    assert!(!answer.to_ascii_lowercase().contains("access-control-allow"), "{answer}");
}

#[test]
fn a_host_name_that_was_made_to_point_here_reaches_nothing() {
    let (_bench, page) = page();
    let (port, token) = (page.host.rsplit(':').next().unwrap(), &page.token);
    for host in
        [format!("evil.example:{port}"), "127.0.0.1".into(), format!("127.0.0.2:{port}"), String::new()]
    {
        let (status, answer) = page.ask(&format!("GET /{token}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(status, 403, "{host}: {answer}");
    }
    assert_eq!(page.ask(&format!("GET /{token}/ HTTP/1.1\r\n\r\n")).0, 403);
}

#[test]
fn without_the_token_there_is_nothing() {
    let (_bench, page) = page();
    let host = &page.host;
    assert_eq!(page.token.len(), 32, "128 random bits");
    let near = format!("{}{}", &page.token[..31], if page.token.ends_with('0') { '1' } else { '0' });
    for path in [
        "/",
        "/index.html",
        "/main.js",
        "/session",
        &format!("/{near}/"),
        &format!("/{}/", &page.token[..31]),
    ] {
        let (status, answer) = page.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(status, 403, "{path}");
        assert!(!answer.contains(&page.token), "{answer}");
    }
    let (_other_bench, other) = self::page();
    assert_ne!(other.token, page.token, "each run has its own");
}

#[test]
fn a_path_leads_nowhere_outside() {
    let (bench, page) = page();
    bench.write("secret.bin", b"secret");
    let outside = bench.path("secret.bin").display().to_string();
    let mut tab = page.join();
    let folder = tab.until("tab")["folder"].as_str().unwrap().to_owned();
    let put = page.own("PUT", "files/..%2F..%2Fescaped.bin", "abc");
    assert_eq!(put.0, 201, "{}", put.1);
    let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(names, ["_.._escaped.bin"]);
    assert!(page.own("GET", "files/_.._escaped.bin", "").1.ends_with("\r\n\r\nabc"));
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, format!("{folder}/link.bin")).unwrap();
    for path in [
        "files/../secret.bin",
        "files/..%2fsecret.bin",
        "files/%2e%2e/secret.bin",
        &format!("files/{outside}"),
        "files//etc/passwd",
        "files/link.bin",
        "view/link.bin",
        "../../etc/passwd",
        "files/",
    ] {
        let (status, answer) = page.own("GET", path, "");
        assert_eq!(status, 404, "{path}: {answer}");
        assert!(!answer.contains("secret"), "{answer}");
    }
    // At the end nothing of it is left.
    assert_eq!(page.end(), Some(0));
    assert!(!std::path::Path::new(&folder).exists(), "{folder}");
}

#[test]
fn what_is_too_large_is_refused_and_the_server_goes_on() {
    let (_bench, page) = page();
    let host = &page.host;
    let (status, _) = page.ask(&format!("GET /{} HTTP/1.1\r\nHost: {host}\r\n\r\n", "a".repeat(40_000)));
    assert!(matches!(status, 431 | 0), "a head of 40 kB: {status}");
    let (status, answer) = page.ask(&format!(
        "PUT /{}/files/a HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 99999999999\r\n\r\n",
        page.token
    ));
    assert_eq!(status, 413, "{answer}");
    let mut tab = page.join();
    tab.until("tab");
    tab.send(&format!(r#"{{"id":1,"do":"{}"}}"#, "x".repeat(2 << 20)));
    // Closed by the server, and not given up by this side, which waits longer.
    let end = Instant::now() + Duration::from_secs(15);
    while tab.next().is_some() {}
    assert!(Instant::now() < end, "the tab is not closed");
    // Another one joins, and the session answers.
    let mut tab = page.join();
    tab.send(r#"{"id":2,"do":"jobs"}"#);
    assert_eq!(tab.until("result")["jobs"], json!([]));
}

#[test]
fn a_thousand_connections_are_bounded_and_end() {
    let (_bench, page) = page();
    let mut tab = page.join();
    tab.until("tab");
    let mut open: Vec<_> = (0..1000).map(|_| page.connect()).collect();
    // Each says a little and then nothing.
    for stream in &mut open {
        let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
    }
    let status = format!("/proc/{}/status", page.pid());
    if let Ok(status) = std::fs::read_to_string(status) {
        let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
        let threads: usize = threads.trim().parse().unwrap();
        assert!(threads < 100, "{threads} threads");
    }
    // The tab that was there is served meanwhile.
    tab.send(r#"{"id":1,"do":"jobs"}"#);
    assert_eq!(tab.until("result")["jobs"], json!([]));
    // The silent ones are closed while they are still held; then there is room again.
    let end = Instant::now() + Duration::from_secs(30);
    while page.own("GET", "", "").0 != 200 {
        assert!(Instant::now() < end, "no room comes back");
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(open);
}

#[test]
fn a_second_tab_sees_and_neither_asks_nor_answers() {
    let (bench, page) = page();
    bench.write("board.bin", norsplice::image::synthetic::demo().board.bytes());
    let mut first = page.join();
    assert_eq!(first.until("tab")["in_charge"], true);
    let mut second = page.join();
    assert_eq!(second.until("tab")["in_charge"], false);
    let emu =
        format!("emu:image={0}/board.bin,state={0}/chip,counts={0}/counts.json", bench.path("").display());
    second.send(&json!({"id": "s", "do": "probe", "options": {"programmer": &emu}}).to_string());
    let refused = second.until("error");
    assert!(refused["message"].as_str().unwrap().contains("another tab is in charge"));
    assert_eq!((&refused["id"], &refused["final"]), (&json!("s"), &json!(true)), "it is answered");
    // A write of the first one: the second one sees the question, and its answer counts for nothing.
    let size = 8 << 20;
    bench.write("wanted.bin", &vec![0x55; size]);
    first.send(
        &json!({"id": "w", "do": "backup", "options": {"programmer": &emu, "name": "before"}}).to_string(),
    );
    let backup = first.until("result")["backup"].as_str().unwrap().to_owned();
    assert_eq!(second.until("result")["backup"], json!(backup));
    // Another programmer, so that the chip is let go and can be changed from outside.
    first
        .send(&json!({"id": "o", "do": "probe", "options": {"programmer": "emu:chip=P25D40SH"}}).to_string());
    assert_eq!(first.until("result")["command"], "probe");
    assert_eq!(second.until("result")["command"], "probe");
    let state = bench.path("chip/flash.bin");
    let mut changed = bench.read("chip/flash.bin");
    changed[..4].copy_from_slice(b"new!");
    std::fs::write(&state, &changed).unwrap();
    first.send(
        &json!({"id": "r", "do": "restore", "options": {"programmer": &emu, "backup": backup}}).to_string(),
    );
    let question = first.until("question");
    let seen = second.until("question");
    assert_eq!(seen["digest"], question["digest"]);
    second.send(&json!({"id": "r", "answer": "yes", "digest": seen["digest"]}).to_string());
    assert!(second.until("error")["message"].as_str().unwrap().contains("another tab is in charge"));
    assert_eq!(bench.read("chip/flash.bin")[..4], *b"new!");
    // The first tab goes while the question waits: a third one finds it, and the second one may answer.
    drop(first);
    assert_eq!(second.until("tab")["in_charge"], true);
    let mut third = page.join();
    assert_eq!(third.until("question")["digest"], question["digest"]);
    second.send(&json!({"id": "r", "answer": "yes", "digest": question["digest"]}).to_string());
    assert_eq!(third.until("result")["chip"], "written");
    assert_eq!(bench.read("chip/flash.bin"), bench.read("board.bin"));
    let counts: serde_json::Value = serde_json::from_slice(&bench.read("counts.json")).unwrap();
    assert_eq!(counts["misdeeds"], 0, "{counts}");
}
