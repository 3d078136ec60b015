//! One transfer: a client, a socket of its own, and the block that has to be acknowledged next.

use super::packet::{self, Options, Reply};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// A file on its way to one client.
pub(super) struct Transfer {
    /// Its port is the transfer's id. Connected: packets of others never arrive.
    socket: UdpSocket,
    pub peer: SocketAddr,
    block: usize,
    /// How long an acknowledgement is waited for.
    answer: Duration,
    /// How often the packet may still be sent again.
    retries: u32,
    all_retries: u32,
    /// The packet that waits for its acknowledgement: the answer to the options as 0, or a block from 1 on.
    packet: Vec<u8>,
    number: u64,
    sent_at: Instant,
    acknowledged: bool,
}

/// What a look at a transfer showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Nothing,
    /// A new block was sent; so many bytes of the file are on their way or there.
    Sent(u64),
    /// The last block was acknowledged.
    Delivered,
    /// The client reported an error, or answers no more.
    GaveUp(u64),
}

impl Transfer {
    /// Sends the answer to the options, or the first block.
    ///
    /// # Errors
    /// Where the system has no socket for it.
    pub fn begin(
        from: SocketAddr,
        peer: SocketAddr,
        options: &Options,
        file: &[u8],
        (answer, retries): (Duration, u32),
    ) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::new(from.ip(), 0))?;
        socket.connect(peer)?;
        let (number, packet) = match options.answer(file.len()) {
            Some(packet) => (0, packet),
            None => (1, packet::data(1, piece(file, 1, options.block()))),
        };
        let answer = options.timeout().unwrap_or(answer);
        let all_retries = retries;
        let block = options.block();
        let sent_at = Instant::now();
        let acknowledged = false;
        let transfer =
            Self { socket, peer, block, answer, retries, all_retries, packet, number, sent_at, acknowledged };
        transfer.send();
        Ok(transfer)
    }

    /// True where the client acknowledged something, and then let a packet go unanswered.
    pub fn is_abandoned(&self) -> bool {
        self.acknowledged && self.retries < self.all_retries
    }

    /// Bytes of the file that are on their way or there.
    pub fn sent(&self, file: &[u8]) -> u64 {
        (self.number * self.block as u64).min(file.len() as u64)
    }

    /// Waits at most `wait` for an acknowledgement, and sends what is due.
    ///
    /// # Errors
    /// Where the socket cannot be used at all.
    pub fn step(&mut self, file: &[u8], wait: Duration) -> io::Result<Progress> {
        self.socket.set_read_timeout(Some(wait))?;
        let mut packet = [0; 64];
        // An error is the network's word of the packet before, or nothing to read: the retries bound both.
        let reply = self.socket.recv(&mut packet).map_or(Reply::Other, |len| packet::reply(&packet[..len]));
        match reply {
            Reply::Acknowledged(number) if number == self.number as u16 => Ok(self.next(file)),
            Reply::Error => Ok(Progress::GaveUp(self.sent(file))),
            // An acknowledgement of an earlier block is not answered, or each block would be sent twice from then on.
            Reply::Acknowledged(_) | Reply::Other => Ok(self.again(file)),
        }
    }

    fn next(&mut self, file: &[u8]) -> Progress {
        let last = self.number > 0 && piece(file, self.number, self.block).len() < self.block;
        if last {
            return Progress::Delivered;
        }
        self.acknowledged = true;
        self.number += 1;
        self.packet = packet::data(self.number as u16, piece(file, self.number, self.block));
        self.retries = self.all_retries;
        self.sent_at = Instant::now();
        self.send();
        Progress::Sent(self.sent(file))
    }

    fn again(&mut self, file: &[u8]) -> Progress {
        if self.sent_at.elapsed() < self.answer {
            return Progress::Nothing;
        }
        if self.retries == 0 {
            return Progress::GaveUp(self.sent(file));
        }
        self.retries -= 1;
        self.sent_at = Instant::now();
        self.send();
        Progress::Nothing
    }

    /// A packet that cannot be sent is like one that is lost: the cable may be plugged in again.
    fn send(&self) {
        let _ = self.socket.send(&self.packet);
    }
}

/// The bytes of block `number`, counted from 1; fewer than `block` in the last one.
fn piece(file: &[u8], number: u64, block: usize) -> &[u8] {
    let from = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(block).min(file.len());
    &file[from..from.saturating_add(block).min(file.len())]
}
