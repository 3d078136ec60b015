//! An emulated programmer's data endpoints as a stream of bytes at a TCP address or a pseudo-terminal, for hosts
//! that know no USB.
//!
//! One connection at a time, as at a serial port. Time: the device's clock runs with the real one, and leaps over the time
//! that the device itself works.

use super::clock::Clock;
use super::device::PacketAnswer;
use super::emulated::Emulator;
use super::machine::Machine;
use super::pipe::lock;
use crate::usb::StreamAddress;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
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

/// A stream with a client at its other end.
trait Client {
    /// Reads what there is; waits for at most [`GLANCE`]. Nothing is the client's end.
    fn take(&mut self, into: &mut [u8]) -> io::Result<usize>;
    /// Writes all of it; waits for at most [`WRITE_LIMIT`].
    fn give(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Client for TcpStream {
    fn take(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.set_read_timeout(Some(GLANCE))?;
        self.read(into)
    }
    fn give(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.set_write_timeout(Some(WRITE_LIMIT))?;
        self.write_all(bytes)
    }
}

/// A pseudo-terminal: any program opens its path as a serial port.
struct Pty {
    ours: serial2::SerialPort,
    /// The other end, held open: it is not closed behind a client.
    _theirs: serial2::SerialPort,
    path: String,
}

impl Pty {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        let (mut ours, mut theirs) = serial2::SerialPort::pair()?;
        let path = rustix::termios::ttyname(&theirs, Vec::new())?;
        ours.set_read_timeout(GLANCE)?;
        ours.set_write_timeout(WRITE_LIMIT)?;
        theirs.set_read_timeout(GLANCE)?;
        Ok(Self { ours, _theirs: theirs, path: path.to_string_lossy().into_owned() })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Err(io::Error::new(ErrorKind::Unsupported, "this system has no pseudo-terminals"))
    }
}

impl Client for &Pty {
    fn take(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.ours.read(into)
    }
    fn give(&mut self, bytes: &[u8]) -> io::Result<()> {
        // What no one reads is lost, as behind a serial port.
        match self.ours.write_all(bytes) {
            Err(error) if error.kind() == ErrorKind::TimedOut => Ok(()),
            other => other,
        }
    }
}

/// Where clients come from.
enum Place {
    Tcp(TcpListener),
    Pty(Pty),
}

/// A server with one device.
pub struct ByteServer {
    place: Place,
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
        Ok(Self { place: Place::Tcp(listener), emulator })
    }

    /// Makes a pseudo-terminal.
    ///
    /// # Errors
    /// The system's; [`ErrorKind::Unsupported`] where it has none.
    pub fn pty(emulator: Emulator) -> io::Result<Self> {
        Ok(Self { place: Place::Pty(Pty::new()?), emulator })
    }

    /// Where it is reached, as after `-p serprog:`: `tcp=127.0.0.1:8888`, `dev=/dev/pts/3`.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<StreamAddress> {
        Ok(match &self.place {
            Place::Tcp(listener) => StreamAddress::Tcp(listener.local_addr()?.to_string()),
            Place::Pty(pty) => StreamAddress::Serial { path: PathBuf::from(&pty.path), baud: None },
        })
    }

    /// Serves one client after the other until `stop` says so. Clients of a pseudo-terminal are not seen to come and go.
    pub fn run(&self, stop: &dyn Fn() -> bool, on: &dyn Fn(Connection)) {
        while !stop() {
            match &self.place {
                Place::Tcp(listener) => match listener.accept() {
                    Ok((stream, peer)) => {
                        on(Connection::Opened(peer));
                        // However it ends, the next client is served.
                        let _ = self.tcp(stream, stop);
                        on(Connection::Closed(peer));
                    }
                    Err(_) => std::thread::sleep(GLANCE),
                },
                Place::Pty(pty) => {
                    if self.connection(&mut &*pty, stop).is_err() {
                        std::thread::sleep(GLANCE);
                    }
                }
            }
        }
    }

    fn tcp(&self, mut stream: TcpStream, stop: &dyn Fn() -> bool) -> io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        self.connection(&mut stream, stop)
    }

    fn connection(&self, client: &mut dyn Client, stop: &dyn Fn() -> bool) -> io::Result<()> {
        let (machine, clock) = (self.emulator.machine(), self.emulator.clock());
        let endpoints = self.emulator.endpoints();
        let mut waiting = VecDeque::new();
        let mut buffer = vec![0; AHEAD];
        let mut last = Instant::now();
        while !stop() {
            clock.advance(last.elapsed());
            last = Instant::now();
            let answer = work(&mut lock(&machine), &clock, endpoints, &mut waiting);
            client.give(&answer)?;
            if waiting.len() >= AHEAD {
                continue;
            }
            match client.take(&mut buffer) {
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
