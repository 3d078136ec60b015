//! A [`Pipe`] over a stream of bytes: a serial port, or a socket.
//!
//! A burst is written whole and then read. It holds no more than the device has room for, so neither side waits for the
//! other with its own bytes unread.

use crate::usb::{Burst, Control, Pipe, Reply, StreamAddress, UsbError};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of one read.
const READ: usize = 4096;
/// What the system says of a file that has no line speed (ENOTTY).
const NOT_A_TERMINAL: i32 = 25;
/// The shortest time that a socket can wait.
const SHORTEST: Duration = Duration::from_millis(1);

/// A stream with bounded waits.
trait Bytes {
    /// Reads what there is; waits for at most `wait`.
    fn read_within(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize>;
    /// Writes some of it; waits for at most `wait`.
    fn write_within(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize>;
}

impl Bytes for TcpStream {
    fn read_within(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(wait.max(SHORTEST)))?;
        self.read(into)
    }
    fn write_within(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        self.set_write_timeout(Some(wait.max(SHORTEST)))?;
        self.write(bytes)
    }
}

#[cfg(unix)]
impl Bytes for std::os::unix::net::UnixStream {
    fn read_within(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(wait.max(SHORTEST)))?;
        self.read(into)
    }
    fn write_within(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        self.set_write_timeout(Some(wait.max(SHORTEST)))?;
        self.write(bytes)
    }
}

impl Bytes for serial2::SerialPort {
    fn read_within(&mut self, into: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.set_read_timeout(wait.max(SHORTEST))?;
        (*self).read(into)
    }
    fn write_within(&mut self, bytes: &[u8], wait: Duration) -> io::Result<usize> {
        self.set_write_timeout(wait.max(SHORTEST))?;
        (*self).write(bytes)
    }
}

/// An opened stream.
pub struct StreamPipe {
    bytes: Box<dyn Bytes>,
    address: StreamAddress,
    began: Instant,
}

/// Opens the stream at this address.
///
/// # Errors
/// [`UsbError::NotFound`], [`UsbError::Denied`], [`UsbError::Busy`] by what the system says; [`UsbError::Other`].
pub(crate) fn open_stream(address: &StreamAddress) -> Result<StreamPipe, UsbError> {
    let bytes: io::Result<Box<dyn Bytes>> = match address {
        StreamAddress::Serial { path, baud } => serial(path, *baud).map(|port| Box::new(port) as _),
        StreamAddress::Tcp(place) => tcp(place).map(|stream| Box::new(stream) as _),
        StreamAddress::Unix(path) => unix(path),
        StreamAddress::Spidev { .. } => {
            Err(io::Error::new(ErrorKind::Unsupported, "it is no stream of bytes"))
        }
    };
    match bytes {
        Ok(bytes) => Ok(StreamPipe { bytes, address: address.clone(), began: Instant::now() }),
        Err(error) => Err(not_opened(address, &error)),
    }
}

/// The serial ports that the system lists, not opened; none where it lists none.
pub fn serial_ports() -> Vec<PathBuf> {
    serial2::SerialPort::available_ports().unwrap_or_default()
}

fn not_opened(address: &StreamAddress, error: &io::Error) -> UsbError {
    match (error.kind(), address) {
        (ErrorKind::InvalidInput | ErrorKind::IsADirectory, StreamAddress::Serial { path, baud: None }) => {
            no_port(path)
        }
        (_, StreamAddress::Serial { path, .. }) if error.raw_os_error() == Some(NOT_A_TERMINAL) => {
            no_port(path)
        }
        (ErrorKind::NotFound, StreamAddress::Serial { path, .. }) => UsbError::NotFound(format!(
            "there is no serial port {}: is the board plugged in, and is that its name?",
            path.display()
        )),
        (ErrorKind::NotFound, StreamAddress::Unix(path)) => UsbError::NotFound(format!(
            "there is no socket {}: is its server running, and is that its name?",
            path.display()
        )),
        (ErrorKind::NotFound, _) => UsbError::NotFound(format!("there is no {address}")),
        (ErrorKind::ConnectionRefused, StreamAddress::Unix(path)) if !is_socket(path) => {
            UsbError::Unusable(format!("{} is no socket", path.display()))
        }
        (ErrorKind::ConnectionRefused, _) => {
            UsbError::NotFound(format!("nothing listens at {address}: is the server or board running?"))
        }
        (ErrorKind::TimedOut, _) => {
            UsbError::NotFound(format!("{address} gave no answer within {} s", CONNECT.as_secs()))
        }
        (ErrorKind::PermissionDenied, StreamAddress::Serial { path, .. }) => UsbError::Unusable(format!(
            "no permission to open {}: add yourself to the group that owns it (dialout on most systems, uucp on Arch) and log in \
             again",
            path.display()
        )),
        (ErrorKind::PermissionDenied, StreamAddress::Unix(path)) => UsbError::Unusable(format!(
            "no permission to open {}: whoever started its server can let you write to it (chmod), or add yourself to the \
             group that owns it and log in again",
            path.display()
        )),
        // ENXIO, ENODEV, and EIO of a port that the machine has not
        (_, StreamAddress::Serial { path, .. })
            if matches!(error.raw_os_error(), Some(6 | 19)) || error.raw_os_error() == Some(rustix_eio()) =>
        {
            UsbError::Unusable(format!("no device is behind the serial port {}", path.display()))
        }
        (ErrorKind::ResourceBusy | ErrorKind::WouldBlock, _) => UsbError::Unusable(format!(
            "{address} is in use by another program (ModemManager probes new ports)"
        )),
        _ => UsbError::Unusable(format!("cannot open {address}: {error}")),
    }
}

/// True for a socket of the file system, and where the system does not say.
fn is_socket(path: &Path) -> bool {
    #[cfg(unix)]
    return path.metadata().map_or(true, |about| {
        use std::os::unix::fs::FileTypeExt;
        about.file_type().is_socket()
    });
    #[cfg(not(unix))]
    return path.exists();
}

fn no_port(path: &Path) -> UsbError {
    UsbError::Unusable(format!("{} is no serial port", path.display()))
}

fn serial(path: &Path, baud: Option<u32>) -> io::Result<serial2::SerialPort> {
    let port = serial2::SerialPort::open(path, |mut settings: serial2::Settings| {
        settings.set_raw();
        if let Some(baud) = baud {
            settings.set_baud_rate(baud)?;
        }
        Ok(settings)
    })?;
    #[cfg(unix)]
    {
        // Held until the port is closed: no other program gets in between two commands.
        rustix::fs::flock(&port, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
    }
    Ok(port)
}

fn tcp(place: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(unix)]
fn unix(path: &Path) -> io::Result<Box<dyn Bytes>> {
    Ok(Box::new(std::os::unix::net::UnixStream::connect(path)?))
}

#[cfg(not(unix))]
fn unix(_path: &Path) -> io::Result<Box<dyn Bytes>> {
    Err(io::Error::new(ErrorKind::Unsupported, "this system has no such sockets"))
}

/// What came of waiting.
enum Came {
    Bytes(usize),
    Nothing,
}

impl StreamPipe {
    fn read(&mut self, into: &mut [u8], wait: Duration) -> Result<Came, UsbError> {
        loop {
            return match self.bytes.read_within(into, wait) {
                Ok(0) => Err(self.ended()),
                Ok(n) => Ok(Came::Bytes(n)),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => continue,
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(Came::Nothing),
                    _ => Err(self.lost(&error)),
                },
            };
        }
    }

    fn write(&mut self, mut bytes: &[u8], quiet: Duration) -> Result<(), UsbError> {
        while !bytes.is_empty() {
            match self.bytes.write_within(bytes, quiet) {
                Ok(0) => return Err(self.ended()),
                Ok(n) => bytes = &bytes[n..],
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        return Err(UsbError::Timeout { what: "writing", after: quiet });
                    }
                    _ => return Err(self.lost(&error)),
                },
            }
        }
        Ok(())
    }

    /// The other side has gone, or the system has another reason.
    fn lost(&self, error: &io::Error) -> UsbError {
        match error.kind() {
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::NotFound => self.ended(),
            _ if error.raw_os_error() == Some(rustix_eio()) => self.ended(),
            _ => UsbError::Other(format!("{}: {error}", self.address)),
        }
    }

    fn ended(&self) -> UsbError {
        let address = &self.address;
        UsbError::Ended(match address {
            StreamAddress::Serial { .. } | StreamAddress::Spidev { .. } => {
                format!(
                    "the serial port {address} disappeared (unplugged, or the clip overloaded its supply)"
                )
            }
            StreamAddress::Tcp(_) | StreamAddress::Unix(_) => format!(
                "the connection to {address} ended (closed at the other side, its board lost its supply, or the network failed)"
            ),
        })
    }
}

/// What a serial port says once its device has been pulled out.
fn rustix_eio() -> i32 {
    #[cfg(unix)]
    return rustix::io::Errno::IO.raw_os_error();
    #[cfg(not(unix))]
    return 0;
}

impl Pipe for StreamPipe {
    fn control_out(&mut self, _: Control, _: &[u8]) -> Result<(), UsbError> {
        Err(UsbError::Other("a stream of bytes has no control requests".into()))
    }

    fn control_in(&mut self, _: Control, _: &mut [u8]) -> Result<usize, UsbError> {
        Err(UsbError::Other("a stream of bytes has no control requests".into()))
    }

    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        for out in burst.out {
            self.write(out, burst.quiet)?;
        }
        let mut buffer = [0; READ];
        let mut last = Instant::now();
        while !reply.is_complete() {
            let left = burst.quiet.saturating_sub(last.elapsed());
            if left.is_zero() {
                return Err(UsbError::Timeout { what: "an answer", after: burst.quiet });
            }
            let len = reply.next(0).unwrap_or(READ).clamp(1, READ);
            if let Came::Bytes(n) = self.read(&mut buffer[..len], left)?
                && reply.take(&buffer[..n])?
            {
                last = Instant::now();
            }
        }
        Ok(())
    }

    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        let mut buffer = vec![0; len];
        match self.read(&mut buffer, wait)? {
            Came::Bytes(n) => buffer.truncate(n),
            Came::Nothing => buffer.clear(),
        }
        Ok(buffer)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&mut self, time: Duration) {
        std::thread::sleep(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spi::{LinkError, LinkFault};

    fn port() -> StreamAddress {
        StreamAddress::Serial { path: "/dev/ttyACM0".into(), baud: None }
    }

    #[test]
    fn each_refusal_of_the_system_says_what_to_do() {
        let tcp = || StreamAddress::Tcp("pi:5000".into());
        let unix = || StreamAddress::Unix("/run/serprog.sock".into());
        let cases: [(ErrorKind, StreamAddress, LinkFault, &[&str]); 8] = [
            (
                ErrorKind::PermissionDenied,
                unix(),
                LinkFault::Unusable,
                &["no permission", "/run/serprog.sock", "chmod", "group"],
            ),
            (ErrorKind::NotFound, unix(), LinkFault::Absent, &["there is no socket /run/serprog.sock"]),
            (
                ErrorKind::PermissionDenied,
                port(),
                LinkFault::Unusable,
                &["no permission", "/dev/ttyACM0", "dialout"],
            ),
            (ErrorKind::ResourceBusy, port(), LinkFault::Unusable, &["dev=/dev/ttyACM0 is in use"]),
            (ErrorKind::WouldBlock, port(), LinkFault::Unusable, &["is in use", "ModemManager"]),
            (ErrorKind::NotFound, port(), LinkFault::Absent, &["there is no serial port /dev/ttyACM0"]),
            (ErrorKind::ConnectionRefused, tcp(), LinkFault::Absent, &["nothing listens at tcp=pi:5000"]),
            (ErrorKind::TimedOut, tcp(), LinkFault::Absent, &["tcp=pi:5000 gave no answer within 5 s"]),
        ];
        for (kind, address, fault, words) in cases {
            let error = LinkError::from(not_opened(&address, &io::Error::from(kind)));
            assert_eq!(error.fault, fault, "{error}");
            words.iter().for_each(|word| assert!(error.text.contains(word), "{word}: {error}"));
        }
        let gone = not_opened(&port(), &io::Error::from_raw_os_error(19)).to_string();
        assert!(gone.contains("no device is behind the serial port /dev/ttyACM0"), "{gone}");
    }

    /// Bytes that end at once, as those of a port that was pulled out.
    struct Ended(Option<io::ErrorKind>);

    impl Bytes for Ended {
        fn read_within(&mut self, _: &mut [u8], _: Duration) -> io::Result<usize> {
            self.0.map_or(Ok(0), |kind| Err(kind.into()))
        }
        fn write_within(&mut self, _: &[u8], _: Duration) -> io::Result<usize> {
            self.0.map_or(Ok(0), |kind| Err(kind.into()))
        }
    }

    #[test]
    fn an_end_of_the_stream_is_told_from_other_failures_and_names_it() {
        let tcp = StreamAddress::Tcp("pi:5000".into());
        for (address, words) in [(port(), "serial port dev=/dev/ttyACM0"), (tcp, "connection to tcp=pi:5000")]
        {
            for kind in [None, Some(ErrorKind::BrokenPipe), Some(ErrorKind::ConnectionReset)] {
                let bytes = Box::new(Ended(kind));
                let mut pipe = StreamPipe { bytes, address: address.clone(), began: Instant::now() };
                let read = pipe.drain(1, SHORTEST).unwrap_err();
                let wrote = pipe.write(&[0], SHORTEST).unwrap_err();
                for error in [read, wrote] {
                    assert!(
                        matches!(error, UsbError::Ended(_)) && error.to_string().contains(words),
                        "{kind:?}: {error}"
                    );
                }
            }
            let bytes = Box::new(Ended(Some(ErrorKind::TimedOut)));
            let mut pipe = StreamPipe { bytes, address, began: Instant::now() };
            assert_eq!(pipe.drain(1, SHORTEST), Ok(Vec::new()), "nothing came in time");
            assert!(matches!(pipe.write(&[0], SHORTEST), Err(UsbError::Timeout { .. })));
        }
    }
}
