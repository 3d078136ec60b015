//! Answers in HTTP/1.1, each with the headers that keep a page to itself; the connection is closed after one.

use std::io::{self, Read, Write};

/// What an answer carries.
pub struct Reply<'r> {
    /// Its status.
    pub status: u16,
    /// The media type of its body.
    pub kind: &'r str,
    /// The policy of what it shows.
    pub policy: &'r str,
    /// Further header lines, each with its end.
    pub more: &'r str,
}

/// A file that is saved, and text, may load nothing.
pub const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// A report is a page of its own with its own script, without an origin: it reaches neither the session nor a file.
pub const ALONE: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; \
                         frame-ancestors 'none'; sandbox allow-scripts";

impl Reply<'_> {
    /// Sends the answer with `len` bytes of `body`.
    ///
    /// # Errors
    /// Where the other side does not take it.
    pub fn send(&self, stream: &mut impl Write, body: impl Read, len: u64) -> io::Result<()> {
        let Self { status, kind, policy, more } = self;
        let reason = reason(*status);
        let head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {len}\r\n\
             Content-Security-Policy: {policy}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\n\
             Cache-Control: no-store\r\n{more}Connection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        io::copy(&mut body.take(len), stream)?;
        stream.flush()
    }
}

/// Sends a line of text.
///
/// # Errors
/// Where the other side does not take it.
pub fn text(stream: &mut impl Write, status: u16, text: &str) -> io::Result<()> {
    let body = format!("{text}\n");
    let reply = Reply { status, kind: "text/plain; charset=utf-8", policy: NOTHING, more: "" };
    reply.send(stream, body.as_bytes(), body.len() as u64)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        413 => "Content Too Large",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
