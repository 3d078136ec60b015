//! Sockets around the sessions: one thread a connection, all of them ended by one flag.

use super::protocol::ProtocolError;
use super::session::{Export, Session};
use super::urbs::Next;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often the stop flag is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a client may leave our bytes unread.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to import a device.
const IMPORT_LIMIT: Duration = Duration::from_secs(10);
/// The most connections at once.
const MAX_CONNECTIONS: usize = 16;
const READ: usize = 64 * 1024;

/// Why a server cannot start.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address is reachable from other machines, and it was not said that this is wanted.
    #[error(
        "{0} can be reached from other machines: anybody there could use the emulated programmer; \
         bind to 127.0.0.1, or allow it explicitly"
    )]
    NotLoopback(SocketAddr),
    /// The socket cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: std::io::Error,
    },
}

/// What happens on a server, for whoever shows it.
#[derive(Debug)]
pub enum Event {
    /// A client has imported a device.
    Imported {
        /// The client.
        peer: SocketAddr,
        /// The device.
        bus_id: String,
    },
    /// A connection has ended; with the reason, if the server closed it.
    Closed {
        /// The client.
        peer: SocketAddr,
        /// Why.
        reason: Option<String>,
    },
}

/// A listening server.
pub struct Server {
    listener: TcpListener,
    exports: Arc<[Export]>,
}

impl Server {
    /// Listens. Addresses other than loopback need `anywhere`.
    ///
    /// # Errors
    /// [`ServerError`].
    pub fn bind(address: SocketAddr, anywhere: bool, exports: Vec<Export>) -> Result<Self, ServerError> {
        if !address.ip().is_loopback() && !anywhere {
            return Err(ServerError::NotLoopback(address));
        }
        let fault = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(fault)?;
        listener.set_nonblocking(true).map_err(fault)?;
        Ok(Self { listener, exports: exports.into() })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` says so; then ends every connection and returns.
    pub fn run(&self, stop: &(dyn Fn() -> bool + Sync), event: &(dyn Fn(Event) + Sync)) {
        let open = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            while !stop() {
                let Ok((stream, peer)) = self.listener.accept() else {
                    std::thread::sleep(GLANCE);
                    continue;
                };
                if open.fetch_add(1, Ordering::AcqRel) >= MAX_CONNECTIONS {
                    open.fetch_sub(1, Ordering::AcqRel);
                    event(Event::Closed { peer, reason: Some("too many connections".into()) });
                    continue;
                }
                let open = &open;
                scope.spawn(move || {
                    let session = Session::new(self.exports.clone());
                    let reason = connection(stream, peer, session, stop, event).err().map(|r| r.to_string());
                    open.fetch_sub(1, Ordering::AcqRel);
                    event(Event::Closed { peer, reason });
                });
            }
        });
    }
}

/// Why a connection was closed from this side.
#[derive(Debug, Error)]
enum Closed {
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    #[error("the emulated programmer was unplugged")]
    Unplugged,
    #[error("no device imported in {} s", IMPORT_LIMIT.as_secs())]
    Idle,
    #[error("{0}")]
    Socket(#[from] std::io::Error),
}

fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    mut session: Session,
    stop: &(dyn Fn() -> bool + Sync),
    event: &(dyn Fn(Event) + Sync),
) -> Result<(), Closed> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(WRITE_LIMIT))?;
    let mut buffer = vec![0; READ];
    let start = Instant::now();
    let mut last = start;
    let mut reported = false;
    while !stop() {
        let elapsed = last.elapsed();
        last += elapsed;
        let next = session.work(elapsed);
        if !session.output.is_empty() {
            stream.write_all(&session.output)?;
            session.output.clear();
        }
        match next {
            Next::Gone => return Err(Closed::Unplugged),
            Next::Busy => stream.set_nonblocking(true)?,
            Next::Wait(time) => {
                let time = time.unwrap_or(GLANCE).clamp(Duration::from_micros(100), GLANCE);
                stream.set_read_timeout(Some(time))?;
            }
        }
        let read = stream.read(&mut buffer);
        if next == Next::Busy {
            stream.set_nonblocking(false)?;
        }
        match read {
            Ok(0) => return Ok(()),
            Ok(n) => {
                if !session.input(&buffer[..n])? {
                    return Err(Closed::Unplugged);
                }
                if !reported && let Some(bus_id) = session.imported() {
                    reported = true;
                    event(Event::Imported { peer, bus_id: bus_id.to_owned() });
                }
            }
            Err(_) if !reported && start.elapsed() > IMPORT_LIMIT => return Err(Closed::Idle),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
