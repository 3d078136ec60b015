//! One tab's connection: a WebSocket whose two directions are served side by side.

use super::hub::{Hub, Joined};
use super::limits::{HEAD, MESSAGE, SEND_TIME};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};

/// The direction from the tab: what the protocol would answer there (a pong, the echo of a close) is dropped, because the
/// other direction is written from another thread. Browsers ask for neither.
struct Inward(TcpStream);

impl Read for Inward {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Inward {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Serves a tab until one side closes.
///
/// # Errors
/// Where the connection fails at its beginning.
pub fn serve_tab(mut stream: TcpStream, key: &str, rest: Vec<u8>, hub: &Hub) -> io::Result<()> {
    let accept = derive_accept_key(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )?;
    // A tab may be silent for hours.
    stream.set_read_timeout(None)?;
    stream.set_write_timeout(Some(SEND_TIME))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(HEAD)
        .max_message_size(Some(MESSAGE))
        .max_frame_size(Some(MESSAGE));
    let outward = WebSocket::from_raw_socket(stream.try_clone()?, Role::Server, Some(config));
    let mut inward =
        WebSocket::from_partially_read(Inward(stream.try_clone()?), rest, Role::Server, Some(config));
    let Some(joined) = hub.join() else { return stream.shutdown(Shutdown::Both) };
    let tab = joined.tab;
    thread::scope(|scope| {
        scope.spawn(|| {
            send_lines(outward, joined);
            // Ends the other direction too.
            let _ = stream.shutdown(Shutdown::Both);
        });
        // A message that is too long, or none, closes the connection.
        while let Ok(message) = inward.read() {
            match message {
                Message::Text(text) => hub.take(tab, text.as_str()),
                Message::Binary(_) | Message::Close(_) => break,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        hub.leave(tab);
    });
    Ok(())
}

/// Sends lines until the tab takes none, or is to be closed.
fn send_lines(mut outward: WebSocket<TcpStream>, joined: Joined) {
    let lines = joined.before.into_iter().chain(joined.lines);
    for line in lines {
        if outward.send(Message::text(&*line)).is_err() {
            return;
        }
    }
    let _ = outward.close(None).and_then(|()| outward.flush());
}
