//! A web server for a folder of files, as anyone's would be, and beside it the way to an emulated programmer: bytes of USB/IP in
//! the answer of `/usb/in` and in requests to `/usb/out`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Puts the stand-in into each worker, in front of what it loads, and the choice of a device into the window. `standin` says what
/// is allowed from the beginning and what the browser lacks.
pub const WORKERS: &str = r#"
globalThis.standin ??= { allowed: true };
(() => {
  const Plain = Worker;
  const allowed = () => globalThis.standin.allowed || localStorage.getItem("usb-allowed") !== null;
  globalThis.Worker = class extends Plain {
    constructor(url, options) {
      const text = `globalThis.usbAllowed = ${allowed()};
        ${globalThis.standin.jspi === false ? "delete WebAssembly.Suspending;" : ""}
        import "${location.origin}/standin.js"; await import(${JSON.stringify(String(url))});
        addEventListener("message", ({ data }) => {
          if (data.usbCounts) postMessage({ line: JSON.stringify({ event: "counts", ...globalThis.usbCounts }) });
          if (data.usbAllowed) globalThis.usbAllowed = true;
        });`;
      super(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), options);
      globalThis.lastWorker = this;
    }
  };
  const requestDevice = async () => {
    localStorage.setItem("usb-allowed", "");
    // The worker hears of it a moment later.
    setTimeout(() => globalThis.lastWorker.postMessage({ usbAllowed: true }), 150);
    return {};
  };
  Object.defineProperty(navigator, "usb", { value: { requestDevice, getDevices: async () => [], addEventListener() {} } });
})();
"#;

/// The page without anything, for a client of the engine alone.
const BLANK: &str = r#"<!doctype html><meta charset="utf-8"><title>bench</title>"#;

/// A server of this test. Its threads end with the process.
pub struct Site {
    address: SocketAddr,
    down: Arc<AtomicBool>,
}

/// What the connections share: the files, the programmer's server, and the open way to it.
struct Shared {
    files: PathBuf,
    programmer: SocketAddr,
    wire: Mutex<Option<TcpStream>>,
    down: Arc<AtomicBool>,
}

impl Site {
    /// Serves `files`, with the programmer at this address.
    pub fn start(files: &Path, programmer: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("its address");
        let down = Arc::new(AtomicBool::new(false));
        let (files, wire) = (files.to_owned(), Mutex::default());
        let shared = Arc::new(Shared { files, programmer, wire, down: Arc::clone(&down) });
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                // A connection that breaks is the browser's business.
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { address, down }
    }

    /// From now on no file comes from here; the programmer is still reached.
    pub fn go_down(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    /// The address of a path here.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    input.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let mut length = 0;
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    match path.as_str() {
        "blank" => {
            let page = format!("{BLANK}<script>{WORKERS}</script>");
            answer(stream, "200 OK", "text/html", page.as_bytes())
        }
        "standin.js" => answer(stream, "200 OK", "text/javascript", include_bytes!("standin.js")),
        "client.js" => answer(stream, "200 OK", "text/javascript", include_bytes!("client.js")),
        "usb/in" => hand_on(stream, shared),
        "usb/out" => {
            let mut wire = shared.wire.lock().expect("no thread panics with it");
            let sent = wire.as_mut().map_or(Ok(()), |wire| wire.write_all(&body));
            drop(wire);
            answer(stream, if sent.is_ok() { "200 OK" } else { "502 Gone" }, "text/plain", b"")
        }
        _ if shared.down.load(Ordering::SeqCst) => Ok(()),
        path => {
            let file = shared.files.join(if path.is_empty() { "index.html" } else { path });
            let kind = match file.extension().and_then(|ending| ending.to_str()) {
                Some("html") => "text/html",
                Some("js") => "text/javascript",
                Some("css") => "text/css",
                Some("svg") => "image/svg+xml",
                Some("wasm") => "application/wasm",
                _ => "application/octet-stream",
            };
            match std::fs::read(&file) {
                Ok(bytes) if !path.contains("..") => answer(stream, "200 OK", kind, &bytes),
                _ => answer(stream, "404 Not Found", "text/plain", b"not here"),
            }
        }
    }
}

fn answer(mut stream: TcpStream, status: &str, kind: &str, body: &[u8]) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

/// Connects to the programmer, and hands on what comes from there until it ends.
fn hand_on(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut from = TcpStream::connect(shared.programmer)?;
    from.set_nodelay(true)?;
    let before = shared.wire.lock().expect("no thread panics with it").replace(from.try_clone()?);
    // Of a tab that was killed: the programmer is free again.
    if let Some(before) = before {
        let _ = before.shutdown(Shutdown::Both);
    }
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n")?;
    stream.flush()?;
    let mut buffer = [0; 65_536];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            len => stream.write_all(&buffer[..len])?,
        }
    }
}
