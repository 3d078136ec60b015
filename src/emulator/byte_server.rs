//! An emulated programmer's data endpoints as a stream of bytes at a TCP address, for hosts that know no USB.
//!
//! One connection at a time, as at a serial port. Time: the device's clock runs with the real one, and leaps over the time
//! that the device itself works.

use super::clock::Clock;
use super::device::PacketAnswer;
use super::emulated::Emulator;
use super::machine::Machine;
use super::pipe::lock;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// How often the stop flag is looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a client may leave our bytes unread.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Bytes of one packet.
const PACKET: usize = 64;
/// Bytes taken from the client before the device has taken them.
const AHEAD: usize = 64 * 1024;

/// What happens on a server, for whoever shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// A client is connected.
    Opened(SocketAddr),
    /// It has gone.
    Closed(SocketAddr),
}

/// A listening server with one device.
pub struct ByteServer {
    listener: TcpListener,
    emulator: Emulator,
}

impl ByteServer {
    /// Listens at a loopback address; at another one only with `anywhere`.
    ///
    /// # Errors
    /// The system's; [`ErrorKind::PermissionDenied`] for an address that other machines reach.
    pub fn bind(address: SocketAddr, anywhere: bool, emulator: Emulator) -> io::Result<Self> {
        if !address.ip().is_loopback() && !anywhere {
            let text = format!("{address} can be reached from other machines");
            return Err(io::Error::new(ErrorKind::PermissionDenied, text));
        }
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, emulator })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves one client after the other until `stop` says so.
    pub fn run(&self, stop: &dyn Fn() -> bool, on: &dyn Fn(Connection)) {
        while !stop() {
            match self.listener.accept() {
                Ok((stream, peer)) => {
                    on(Connection::Opened(peer));
                    // However it ends, the next client is served.
                    let _ = self.connection(stream, stop);
                    on(Connection::Closed(peer));
                }
                Err(_) => std::thread::sleep(GLANCE),
            }
        }
    }

    fn connection(&self, mut stream: TcpStream, stop: &dyn Fn() -> bool) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        let (machine, clock) = (self.emulator.machine(), self.emulator.clock());
        let endpoints = self.emulator.endpoints();
        let mut waiting = VecDeque::new();
        let mut buffer = vec![0; AHEAD];
        let mut last = Instant::now();
        while !stop() {
            clock.advance(last.elapsed());
            last = Instant::now();
            let answer = work(&mut lock(&machine), &clock, endpoints, &mut waiting);
            stream.write_all(&answer)?;
            if waiting.len() >= AHEAD {
                continue;
            }
            stream.set_read_timeout(Some(GLANCE))?;
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => waiting.extend(&buffer[..n]),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Lets the device take what it can and work until it waits for the host; gives what it has sent.
fn work(machine: &mut Machine, clock: &Clock, (out, into): (u8, u8), waiting: &mut VecDeque<u8>) -> Vec<u8> {
    let mut answer = Vec::new();
    loop {
        let now = clock.now();
        let mut moved = false;
        while !waiting.is_empty() {
            let packet: Vec<u8> = waiting.iter().take(PACKET).copied().collect();
            if machine.out_packet(now, now, out, &packet) != PacketAnswer::Ack(()) {
                break;
            }
            waiting.drain(..packet.len());
            moved = true;
        }
        let mut packet = [0; PACKET];
        while let PacketAnswer::Ack(n) = machine.in_packet(now, into, &mut packet) {
            answer.extend_from_slice(&packet[..n]);
            moved = true;
        }
        if moved {
            continue;
        }
        match machine.next_event(now) {
            Some(next) if machine.device_ref().is_working() => clock.advance_to(next),
            _ => break,
        }
    }
    machine.report();
    answer
}
