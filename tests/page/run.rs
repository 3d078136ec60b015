//! `norsplice page` at work, and small clients of it.

use crate::bench::Bench;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

/// The program, which ends with the test.
pub struct PageRun {
    child: Child,
    _output: BufReader<ChildStdout>,
    /// `http://127.0.0.1:PORT/TOKEN/`
    pub url: String,
    /// `127.0.0.1:PORT`
    pub host: String,
    /// The token.
    pub token: String,
}

impl PageRun {
    /// Starts it on a bench.
    pub fn start(bench: &Bench, words: &[&str]) -> Self {
        let mut command = bench.command();
        command.args(["page", "--no-open"]).args(words).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary runs");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let mut url = String::new();
        output.read_line(&mut url).expect("its first line");
        let url = url.trim().to_owned();
        let (host, token) = url
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .unwrap_or_else(|| panic!("the first line is an address: {url}"));
        let (host, token) = (host.to_owned(), token.trim_end_matches('/').to_owned());
        Self { child, _output: output, url, host, token }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connection, with nothing sent yet.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream
    }

    /// Sends a request as it is; gives the status and the whole answer.
    pub fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = self.connect();
        // The server may answer before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, answer)
    }

    /// A request for a path behind the token, from the page itself.
    pub fn own(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let Self { host, token, .. } = self;
        self.ask(&format!(
            "{method} /{token}/{path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    /// Joins as a tab whose page is at `origin`.
    ///
    /// # Errors
    /// The status of the refusal.
    pub fn join_from(&self, origin: &str) -> Result<Tab, u16> {
        let mut request = format!("ws://{}/{}/session", self.host, self.token).into_client_request().unwrap();
        request.headers_mut().insert("Origin", HeaderValue::from_str(origin).unwrap());
        match tungstenite::client(request, self.connect()) {
            Ok((socket, _)) => Ok(Tab(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Joins as a tab.
    pub fn join(&self) -> Tab {
        self.join_from(&format!("http://{}", self.host)).expect("a tab may join")
    }

    /// Asks it to end, and waits for it.
    pub fn end(mut self) -> Option<i32> {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()), "it runs");
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not end");
    }
}

impl Drop for PageRun {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A tab that has joined.
pub struct Tab(WebSocket<TcpStream>);

impl Tab {
    /// Sends a line.
    pub fn send(&mut self, line: &str) {
        self.0.send(Message::text(line)).expect("the server reads");
    }

    /// The next line; `None` where the server has closed.
    pub fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).expect("JSON")),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// The next line of this event.
    pub fn until(&mut self, event: &str) -> Value {
        loop {
            let line = self.next().unwrap_or_else(|| panic!("closed before {event}"));
            if line["event"] == event {
                return line;
            }
        }
    }
}
