//! `tftp serve` and curl as the board: the file under its name, in blocks of both kinds, and nothing else.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use norsplice::image::synthetic;
use serde_json::Value;

use crate::bench::Bench;

const NAME: &str = "ArcherC2V1_tp_recovery.bin";

/// The server, running, and the rest of what it says.
struct Server {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Server {
    fn start(bench: &Bench, more: &[&str]) -> Self {
        let mut child = bench
            .command()
            .args(["--json", "-q", "tftp", "serve", "rescue.bin", "--listen", "127.0.0.1:0"])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let listening = loop {
            let line = lines.next().expect("it says where it listens").expect("text");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if event["event"] == "listening" {
                break event;
            }
        };
        assert_eq!(listening["name"], NAME);
        let address = listening["address"].as_str().expect("a text").to_owned();
        Self { child, lines, address }
    }

    /// The exit code and the events up to the result.
    fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let code = self.child.wait().expect("it ends").code();
        let parse = |line: std::io::Result<String>| serde_json::from_str(&line.expect("text")).expect("JSON");
        (code, self.lines.map(parse).collect())
    }
}

fn curl(bench: &Bench, url: &str, more: &[&str]) -> Output {
    let words = ["--silent", "--show-error", "--max-time", "60", "--output", "got"];
    let mut curl = Command::new("curl");
    curl.args(words).args(more).arg(url).current_dir(bench.path(".")).output().expect("curl runs")
}

/// A rescue file of the board: its loader and firmware.
fn rescue() -> Vec<u8> {
    synthetic::demo().board[..0x7d_0000].to_vec()
}

#[test]
fn curl_gets_the_file_in_plain_and_in_larger_blocks() {
    let Some(bench) = Bench::with(&["curl"]) else { return };
    let file = rescue();
    bench.write("rescue.bin", &file);
    for options in [&["--tftp-no-options"][..], &["--tftp-blksize", "1468"], &["--tftp-blksize", "8192"]] {
        let server = Server::start(&bench, &["--board", "archer-mr200-v1"]);
        let got = curl(&bench, &format!("tftp://{}/{NAME}", server.address), options);
        assert!(got.status.success(), "{options:?}: {}", String::from_utf8_lossy(&got.stderr));
        assert!(bench.read("got") == file, "{options:?}");
        let (code, events) = server.end();
        let result = events.last().expect("a result");
        assert_eq!((code, &result["status"], &result["size"]), (Some(0), &"ok".into(), &file.len().into()));
        assert!(result["delivered_to"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")));
        assert!(events.iter().any(|e| e["event"] == "progress" && e["done"] == file.len()), "{options:?}");
    }
}

#[test]
fn other_names_and_writing_are_refused_and_the_server_goes_on() {
    let Some(bench) = Bench::with(&["curl"]) else { return };
    bench.write("rescue.bin", &rescue());
    bench.write("secret", b"not to be had");
    let server = Server::start(&bench, &["--board", "archer-mr200-v1"]);
    for name in ["secret", "%2e%2e/secret", "/etc/passwd", "rescue.bin", "archerc2v1_tp_recovery.bin"] {
        let url = format!("tftp://{}/{name}", server.address);
        let got = curl(&bench, &url, &["--path-as-is"]);
        // 68: file not found on the TFTP server.
        assert_eq!(got.status.code(), Some(68), "{name}: {}", String::from_utf8_lossy(&got.stderr));
    }
    let url = format!("tftp://{}/{NAME}", server.address);
    let put = curl(&bench, &url, &["--upload-file", "secret"]);
    // 69: permission problem on the TFTP server.
    assert_eq!(put.status.code(), Some(69), "{}", String::from_utf8_lossy(&put.stderr));
    assert!(bench.read("rescue.bin") == rescue());
    assert!(curl(&bench, &url, &[]).status.success());
    let (code, events) = server.end();
    let warnings: String = events.iter().filter(|e| e["event"] == "warning").map(Value::to_string).collect();
    assert_eq!(code, Some(0));
    assert!(warnings.contains("/etc/passwd") && warnings.contains("wants to write"), "{warnings}");
}

#[test]
fn ctrl_c_and_nobody_asking_end_it() {
    let Some(bench) = Bench::with(&["kill"]) else { return };
    bench.write("rescue.bin", &rescue());
    let server = Server::start(&bench, &["--board", "archer-mr200-v1"]);
    let told = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status().expect("it runs");
    assert!(told.success());
    let (code, events) = server.end();
    assert_eq!(code, Some(1));
    assert!(events.last().expect("a result")["message"].to_string().contains("stopped"));

    let server = Server::start(&bench, &["--board", "archer-mr200-v1", "--within", "1"]);
    let (code, events) = server.end();
    let result = events.last().expect("a result");
    assert_eq!(code, Some(1));
    for word in ["cable", "192.168.0.66/23", "WPS", "firewall"] {
        assert!(result["hint"].to_string().contains(word), "{word}: {result}");
    }
}

#[test]
fn files_of_the_other_kind_and_boards_without_a_rescue_are_refused() {
    let bench = Bench::new();
    // For a rescue that skips the loader's place: zeros, and the firmware after them.
    let mut skipping = rescue();
    skipping[..0x2_0000].fill(0);
    for (bytes, board, word) in [
        (&skipping, "archer-mr200-v1", "tftp-kind"),
        (&rescue()[0x2_0000..].to_vec(), "archer-mr200-v1", "no-loader"),
        (&rescue(), "archer-mr200-v5", "tftp-kind"),
        (&rescue(), "archer-c50-v1", "nothing is known"),
    ] {
        bench.write("rescue.bin", bytes);
        let line = format!("tftp serve rescue.bin --board {board} --listen 127.0.0.1:0 --within 1");
        bench.run(line.split(' ')).code(2).says(&[word]);
    }
}
