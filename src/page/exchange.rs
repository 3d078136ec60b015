//! One connection: a head, the gate, and what it lets through.

use super::gate::{Gate, Route, View};
use super::head::{Head, HeadFault};
use super::hub::Hub;
use super::limits::{FILE_TIME, HEAD_TIME, SEND_TIME};
use super::reply::{ALONE, NOTHING, Reply, text};
use super::shelf::{Name, Shelf};
use super::tab::serve_tab;
use crate::wire::session::dropped;
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What every connection works with.
#[derive(Clone)]
pub struct House {
    /// Who may come in.
    pub gate: Arc<Gate>,
    /// The files.
    pub shelf: Arc<Shelf>,
    /// The tabs.
    pub hub: Arc<Hub>,
}

/// Reads with one bound for all of it, however slowly the bytes come.
struct Timed<'s> {
    stream: &'s TcpStream,
    until: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let mut stream = self.stream;
        stream.read(buffer)
    }
}

/// Serves one connection to its end.
///
/// # Errors
/// Where the other side is gone.
pub fn serve_connection(mut stream: TcpStream, house: &House) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(SEND_TIME))?;
    let head = Head::read(&mut Timed { stream: &stream, until: Instant::now() + HEAD_TIME });
    let head = match head {
        Ok(head) => head,
        Err(HeadFault::Ended) => return Ok(()),
        Err(HeadFault::TooLong) => return text(&mut stream, 431, "the head of the request is too long"),
        Err(HeadFault::Malformed) => return text(&mut stream, 400, "this is no request of HTTP/1.1"),
    };
    match house.gate.admit(&head) {
        Ok(Route::Asset(asset)) => {
            let policy = house.gate.policy();
            let reply = Reply { status: 200, kind: asset.kind, policy: &policy, more: "" };
            reply.send(&mut stream, asset.bytes, asset.bytes.len() as u64)
        }
        Ok(Route::Session(key)) => serve_tab(stream, &key, head.rest, &house.hub),
        Ok(Route::Put(name)) => take_in(&mut stream, &head, &name, house),
        Ok(Route::Get(name, view)) => give_out(&mut stream, &name, view, house),
        Err(fault) => {
            let (status, why) = fault.words();
            text(&mut stream, status, why)
        }
    }
}

/// A file that was dropped on the page: into the folder; its path goes back.
fn take_in(stream: &mut TcpStream, head: &Head, name: &Name, house: &House) -> io::Result<()> {
    let len = head.field("content-length").and_then(|text| text.parse().ok());
    let Some(len) = len.filter(|_| !head.has("transfer-encoding")) else {
        return text(stream, 411, "the length of the file is not given");
    };
    let body = Timed { stream, until: Instant::now() + FILE_TIME };
    let put = house.shelf.put(name, len, head.rest.as_slice().chain(body));
    match put {
        Ok(path) => {
            let body = dropped(&path, len).to_string();
            let reply = Reply { status: 201, kind: "application/json", policy: NOTHING, more: "" };
            reply.send(stream, body.as_bytes(), body.len() as u64)
        }
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            text(stream, 413, "the file is larger than 512 MiB, or all of them are larger than 4 GiB")
        }
        Err(error) => text(stream, 500, &format!("the file could not be kept: {error}")),
    }
}

/// A file of the folder.
fn give_out(stream: &mut TcpStream, name: &Name, view: View, house: &House) -> io::Result<()> {
    let Ok((file, len)) = house.shelf.open(name) else {
        return text(stream, 404, "no such file is in the folder of this page");
    };
    let attachment = format!("Content-Disposition: attachment; filename=\"{}\"\r\n", name.as_str());
    let reply = match view {
        View::Saved => {
            Reply { status: 200, kind: "application/octet-stream", policy: NOTHING, more: &attachment }
        }
        View::Shown => Reply { status: 200, kind: "text/html; charset=utf-8", policy: ALONE, more: "" },
    };
    reply.send(stream, file, len)
}
