//! One file, read-only, by TFTP: what a board's boot loader fetches when it rescues itself.
//!
//! `packet` is the protocol (RFC 1350; options 2347, block size 2348, timeout and transfer size 2349), `transfer` one
//! client's way through the file, and this the listening port. Everything runs in the caller's thread, and every wait
//! is bounded.

mod packet;
mod transfer;

use self::packet::Request;
use self::transfer::{Progress, Transfer};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use thiserror::Error;

/// More boards than one ask only by mistake.
const MOST_TRANSFERS: usize = 8;
/// How many refused requests are reported; a client that tries many names is answered and not reported.
const MOST_REPORTED: usize = 64;
/// The longest wait for anything, while no transfer runs.
const TICK: Duration = Duration::from_millis(50);
/// The longest wait for one of several transfers.
const TURN: Duration = Duration::from_millis(4);

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Waits {
    /// For the answer to a block, before it is sent again.
    pub answer: Duration,
    /// How often a block is sent again.
    pub retries: u32,
    /// For a request, before its absence is reported; reported again after twice as long.
    pub silence: Duration,
    /// In all, for a transfer to begin.
    pub all: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(1),
            retries: 20,
            silence: Duration::from_secs(10),
            all: Duration::from_secs(600),
        }
    }
}

/// What happens on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// A transfer has begun.
    Began(SocketAddr),
    /// So many bytes of the file are on their way or there.
    Sent(SocketAddr, u64),
    /// A transfer ended before its end: the client answers no more.
    GaveUp(SocketAddr, u64),
    /// A client asked for a name that is not served.
    OtherName(SocketAddr, String),
    /// A client wanted to write.
    Write(SocketAddr, String),
    /// No client has asked for so long.
    Silence(Duration),
    /// Nothing new; a moment to stop.
    Tick,
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The whole file has arrived: its last block was acknowledged.
    Delivered(SocketAddr),
    /// The caller wanted to stop.
    Stopped,
    /// No client asked in all that time.
    NobodyAsked,
}

/// Why a file cannot be served.
#[derive(Debug, Error)]
pub enum TftpError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
    /// The network fails.
    #[error("serving by TFTP failed: {0}")]
    Network(#[from] io::Error),
}

/// A server of one file.
#[derive(Debug)]
pub struct Server {
    socket: UdpSocket,
    file: Vec<u8>,
    name: String,
    waits: Waits,
}

impl Server {
    /// Listens on `address` for a client that asks for `name`.
    ///
    /// # Errors
    /// [`TftpError::Bind`] where the system does not let it.
    pub fn bind(address: SocketAddr, file: Vec<u8>, name: &str, waits: Waits) -> Result<Self, TftpError> {
        let socket = UdpSocket::bind(address).map_err(|error| TftpError::Bind { address, error })?;
        Ok(Self { socket, file, name: name.to_owned(), waits })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    /// Serves until the file is delivered, `on` breaks off, or no client asks.
    ///
    /// # Errors
    /// [`TftpError::Network`] where the network fails.
    pub fn serve(self, on: &mut dyn FnMut(Served) -> ControlFlow<()>) -> Result<Ended, TftpError> {
        self.socket.set_read_timeout(Some(TICK))?;
        let mut serving = Serving {
            from: self.socket.local_addr()?,
            server: &self,
            transfers: Vec::new(),
            refused: BTreeSet::new(),
        };
        let mut silence = Silence::new(self.waits);
        let mut ticked = Instant::now();
        loop {
            let mut events = Vec::new();
            let asked = serving.requests(&mut events)?;
            let delivered = serving.transfers(&mut events)?;
            if asked || !serving.transfers.is_empty() {
                silence = Silence::new(self.waits);
            }
            events.extend(silence.due());
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                events.push(Served::Tick);
            }
            // In order, so that the last `Sent` comes before the end.
            if events.into_iter().any(|event| on(event).is_break()) {
                return Ok(Ended::Stopped);
            }
            match delivered {
                Some(peer) => return Ok(Ended::Delivered(peer)),
                None if silence.is_over() => return Ok(Ended::NobodyAsked),
                None => {}
            }
        }
    }
}

/// How long no client has asked.
struct Silence {
    waits: Waits,
    since: Instant,
    next: Duration,
}

impl Silence {
    fn new(waits: Waits) -> Self {
        Self { waits, since: Instant::now(), next: waits.silence }
    }

    fn is_over(&self) -> bool {
        self.since.elapsed() >= self.waits.all
    }

    /// A report of the silence, after each doubling of the time.
    fn due(&mut self) -> Option<Served> {
        let quiet = self.since.elapsed();
        if self.is_over() || quiet < self.next {
            return None;
        }
        self.next *= 2;
        Some(Served::Silence(quiet))
    }
}

/// The transfers that run, and the requests that were refused and reported.
struct Serving<'a> {
    server: &'a Server,
    from: SocketAddr,
    transfers: Vec<Transfer>,
    refused: BTreeSet<(IpAddr, String)>,
}

impl Serving<'_> {
    /// Answers a request, waiting for one where no transfer runs; false where none came.
    fn requests(&mut self, events: &mut Vec<Served>) -> io::Result<bool> {
        let mut packet = [0; 1024];
        self.server.socket.set_nonblocking(!self.transfers.is_empty())?;
        match self.server.socket.recv_from(&mut packet) {
            Ok((len, peer)) => {
                let request = packet::request(&packet[..len]);
                let asked = request.is_some();
                request.into_iter().for_each(|request| self.answer(peer, request, events));
                Ok(asked)
            }
            Err(error) if is_passing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn answer(&mut self, peer: SocketAddr, request: Request, events: &mut Vec<Served>) {
        let (name, octet, options) = match request {
            Request::Read { name, octet, options } => (name, octet, options),
            Request::Write { name } => {
                self.refuse(peer, packet::ACCESS_VIOLATION, "this server is read-only");
                self.report(peer, name, Served::Write, events);
                return;
            }
        };
        if name != self.server.name {
            self.refuse(peer, packet::FILE_NOT_FOUND, "no such file");
            return self.report(peer, name, Served::OtherName, events);
        }
        if !octet {
            return self.refuse(peer, packet::ILLEGAL_OPERATION, "only mode octet is served");
        }
        if let Some(at) = self.transfers.iter().position(|transfer| transfer.peer == peer) {
            // The same request once more: the packet that answers it is sent again when its time is over.
            if !self.transfers[at].is_abandoned() {
                return;
            }
            // The client has started over: it no longer acknowledges what it began.
            let old = self.transfers.remove(at);
            events.push(Served::GaveUp(peer, old.sent(&self.server.file)));
        }
        if self.transfers.len() >= MOST_TRANSFERS {
            return self.refuse(peer, packet::NOT_DEFINED, "busy");
        }
        let waits = (self.server.waits.answer, self.server.waits.retries);
        match Transfer::begin(self.from, peer, &options, &self.server.file, waits) {
            Ok(transfer) => {
                events.push(Served::Began(peer));
                self.transfers.push(transfer);
            }
            Err(_) => self.refuse(peer, packet::NOT_DEFINED, "no socket"),
        }
    }

    /// A look at each transfer; the client whose last block was acknowledged.
    fn transfers(&mut self, events: &mut Vec<Served>) -> io::Result<Option<SocketAddr>> {
        let wait = if self.transfers.len() == 1 { TICK } else { TURN };
        let mut at = 0;
        while at < self.transfers.len() {
            let transfer = &mut self.transfers[at];
            let peer = transfer.peer;
            match transfer.step(&self.server.file, wait)? {
                Progress::Nothing => {}
                Progress::Sent(bytes) => events.push(Served::Sent(peer, bytes)),
                Progress::Delivered => return Ok(Some(peer)),
                Progress::GaveUp(bytes) => {
                    events.push(Served::GaveUp(peer, bytes));
                    self.transfers.remove(at);
                    continue;
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// An answer that is lost is asked for again.
    fn refuse(&self, peer: SocketAddr, code: u16, text: &str) {
        let _ = self.server.socket.send_to(&packet::error(code, text), peer);
    }

    /// Each refused request once, and not endlessly many.
    fn report(
        &mut self,
        peer: SocketAddr,
        name: String,
        event: fn(SocketAddr, String) -> Served,
        events: &mut Vec<Served>,
    ) {
        if self.refused.len() < MOST_REPORTED && self.refused.insert((peer.ip(), name.clone())) {
            events.push(event(peer, name));
        }
    }
}

/// Nothing to read, or the network's word that an answer did not arrive.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, ConnectionReset, Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted | ConnectionReset | ConnectionRefused)
}

#[cfg(test)]
mod tests;
