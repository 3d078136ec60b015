//! One file, read-only, by TFTP: what a board's boot loader fetches when it rescues itself.
//!
//! The protocol (RFC 1350, block sizes 2348, transfer size 2349) is `async-tftp`'s. It does not tell whether a
//! transfer ended well: a reader that was read to its end and is let go before the last block's retries are used up
//! was acknowledged, for else the crate would still be sending. The client's own timeout is therefore not taken.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::ControlFlow;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_tftp::packet;
use async_tftp::server::{Handler, TftpServer, TftpServerBuilder};
use futures_lite::io::Sink;
use futures_lite::{AsyncRead, future};
use thiserror::Error;

/// Larger blocks than fit in an Ethernet frame come in pieces, which small loaders do not put together.
const MOST_BLOCK: u16 = 1468;
/// More boards than one ask only by mistake.
const MOST_TRANSFERS: usize = 8;
/// Names refused that are told; a client that tries many is answered and not told of.
const MOST_TOLD: usize = 64;
/// How often what happened is looked at.
const TICK: Duration = Duration::from_millis(50);

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// For the answer to a block, before it is sent again.
    pub answer: Duration,
    /// How often a block is sent again.
    pub retries: u32,
    /// For anybody to ask, before that is told; and told again after twice as long.
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
pub enum Event {
    /// A transfer has begun.
    Began(SocketAddr),
    /// So many bytes of the file are on their way or there.
    Sent(SocketAddr, u64),
    /// A transfer ended before its end: the client answers no more.
    GaveUp(SocketAddr, u64),
    /// Somebody asked for a name that is not served.
    OtherName(SocketAddr, String),
    /// Somebody wanted to write.
    Write(SocketAddr, String),
    /// Nobody has asked for so long.
    Silence(Duration),
    /// Nothing new; a moment to stop.
    Tick,
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The file is there: its last block was acknowledged.
    Delivered(SocketAddr),
    /// The caller wanted to stop.
    Stopped,
    /// Nobody asked in all that time.
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
        /// The system's word.
        error: io::Error,
    },
    /// The crate's own error.
    #[error("serving by TFTP failed: {0}")]
    Server(#[from] async_tftp::Error),
}

/// A server of one file.
#[derive(Debug)]
pub struct Server {
    socket: UdpSocket,
    file: Arc<[u8]>,
    name: String,
    waits: Waits,
}

impl Server {
    /// Listens on `address` for who asks for `name`.
    ///
    /// # Errors
    /// [`TftpError::Bind`] where the system does not let it.
    pub fn bind(address: SocketAddr, file: Vec<u8>, name: &str, waits: Waits) -> Result<Self, TftpError> {
        let socket = UdpSocket::bind(address).map_err(|error| TftpError::Bind { address, error })?;
        Ok(Self { socket, file: file.into(), name: name.to_owned(), waits })
    }

    /// Where it listens.
    pub fn address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()
    }

    /// Serves until the file is delivered, `on` breaks off, or nobody asks.
    ///
    /// # Errors
    /// [`TftpError::Server`] where the network fails.
    pub fn serve(self, on: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<Ended, TftpError> {
        let (tell, told) = mpsc::channel();
        let running = Arc::new(AtomicUsize::new(0));
        let patience = self.waits.answer * (self.waits.retries + 1);
        let one = OneFile { file: self.file, name: self.name, patience, tell, running: running.clone() };
        let waits = self.waits;
        async_io::block_on(async {
            let server: TftpServer<OneFile> = TftpServerBuilder::with_handler(one)
                .std_socket(self.socket)?
                .timeout(waits.answer)
                .max_send_retries(waits.retries)
                .ignore_client_timeout()
                .ignore_client_window_size()
                .block_size_limit(MOST_BLOCK)
                .build()
                .await?;
            let serving = async {
                server.serve().await?;
                Ok(Ended::Stopped)
            };
            future::or(watch(&told, &running, waits, on), serving).await
        })
    }
}

/// Something a transfer has to tell.
enum Told {
    Event(Event),
    Delivered(SocketAddr),
}

/// Passes on what happens, until there is nothing more to wait for.
async fn watch(
    told: &mpsc::Receiver<Told>,
    running: &AtomicUsize,
    waits: Waits,
    on: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Ended, TftpError> {
    let mut quiet_since = Instant::now();
    let mut told_next = waits.silence;
    let mut names: BTreeSet<(IpAddr, String)> = BTreeSet::new();
    loop {
        while let Ok(one) = told.try_recv() {
            quiet_since = Instant::now();
            told_next = waits.silence;
            let event = match one {
                Told::Delivered(peer) => return Ok(Ended::Delivered(peer)),
                Told::Event(event) => event,
            };
            if let Event::OtherName(peer, name) | Event::Write(peer, name) = &event
                && (names.len() >= MOST_TOLD || !names.insert((peer.ip(), name.clone())))
            {
                continue;
            }
            if on(event).is_break() {
                return Ok(Ended::Stopped);
            }
        }
        let quiet = quiet_since.elapsed();
        if running.load(Ordering::SeqCst) > 0 {
            quiet_since = Instant::now();
        } else if quiet >= waits.all {
            return Ok(Ended::NobodyAsked);
        } else if quiet >= told_next {
            told_next *= 2;
            if on(Event::Silence(quiet)).is_break() {
                return Ok(Ended::Stopped);
            }
        }
        if on(Event::Tick).is_break() {
            return Ok(Ended::Stopped);
        }
        async_io::Timer::after(TICK).await;
    }
}

/// Answers requests: this file under this name, nothing else.
struct OneFile {
    file: Arc<[u8]>,
    name: String,
    /// How long the crate sends a block before it gives up.
    patience: Duration,
    tell: mpsc::Sender<Told>,
    running: Arc<AtomicUsize>,
}

impl OneFile {
    fn tell(&self, event: Event) {
        // Nobody listens any more when the server ends.
        let _ = self.tell.send(Told::Event(event));
    }
}

impl Handler for OneFile {
    type Reader = Transfer;
    type Writer = Sink;

    async fn read_req_open(
        &mut self,
        client: &SocketAddr,
        path: &Path,
    ) -> Result<(Transfer, Option<u64>), packet::Error> {
        if path.to_str() != Some(self.name.as_str()) {
            self.tell(Event::OtherName(*client, path.display().to_string()));
            return Err(packet::Error::FileNotFound);
        }
        if self.running.fetch_add(1, Ordering::SeqCst) >= MOST_TRANSFERS {
            self.running.fetch_sub(1, Ordering::SeqCst);
            return Err(packet::Error::Msg("busy".to_owned()));
        }
        self.tell(Event::Began(*client));
        let transfer = Transfer {
            file: self.file.clone(),
            peer: *client,
            at: 0,
            ended: None,
            patience: self.patience,
            tell: self.tell.clone(),
            running: self.running.clone(),
        };
        Ok((transfer, Some(self.file.len() as u64)))
    }

    async fn write_req_open(
        &mut self,
        client: &SocketAddr,
        path: &Path,
        _size: Option<u64>,
    ) -> Result<Sink, packet::Error> {
        self.tell(Event::Write(*client, path.display().to_string()));
        Err(packet::Error::PermissionDenied)
    }
}

/// One transfer: the file being read.
struct Transfer {
    file: Arc<[u8]>,
    peer: SocketAddr,
    at: usize,
    /// When the end was reached.
    ended: Option<Instant>,
    patience: Duration,
    tell: mpsc::Sender<Told>,
    running: Arc<AtomicUsize>,
}

impl AsyncRead for Transfer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let rest = &self.file[self.at..];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        if self.at == self.file.len() {
            self.ended = Some(Instant::now());
        }
        let _ = self.tell.send(Told::Event(Event::Sent(self.peer, self.at as u64)));
        Poll::Ready(Ok(len))
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::SeqCst);
        let acknowledged = self.ended.is_some_and(|at| at.elapsed() < self.patience);
        let _ = self.tell.send(if acknowledged {
            Told::Delivered(self.peer)
        } else {
            Told::Event(Event::GaveUp(self.peer, self.at as u64))
        });
    }
}

#[cfg(test)]
mod tests;
