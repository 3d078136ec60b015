//! A [`Pipe`] to a spidev device of Linux and to the GPIO lines that are held with it, through the crates `spidev` and
//! `gpiocdev`: all calls of the kernel for it are made here.

use crate::usb::message::{Answered, Message, request};
use crate::usb::{Burst, Control, GpioLine, Pipe, Reply, UsbError};
use gpiocdev::Request;
use gpiocdev::line::Value;
use rustix::fs::{FileType, FlockOperation, flock, fstat};
use spidev::spidevioctl::{self as calls, SpidevTransfer};
use spidev::{SpiModeFlags, Spidev};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Where the kernel says how large spidev's buffers are.
const BUFFER: &str = "/sys/module/spidev/parameters/bufsiz";
/// Where the kernel shows the chips on its SPI controllers and the drivers that have them.
const DEVICES: &str = "/sys/bus/spi/devices";

/// An opened device with its lines.
pub struct SpidevPipe {
    device: Spidev,
    path: PathBuf,
    lines: Vec<GpioLine>,
    /// The lines, while they are held.
    held: Vec<Request>,
    began: Instant,
}

/// Opens a device and takes the lines.
///
/// # Errors
/// [`UsbError::NotFound`] and [`UsbError::Unusable`] with what to do.
pub fn open_spidev(path: &Path, lines: &[GpioLine]) -> Result<SpidevPipe, UsbError> {
    let device = Spidev::open(path).map_err(|error| not_opened(path, Path::new(DEVICES), &error))?;
    let file = device.inner();
    let is_device = fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_char_device());
    if !is_device || calls::get_mode(file.as_raw_fd()).is_err() {
        return Err(UsbError::Unusable(format!("{} is no spidev device", path.display())));
    }
    // Held until it is closed: no other program gets in between two messages.
    flock(file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|error| not_opened(path, Path::new(DEVICES), &error.into()))?;
    let mut pipe = SpidevPipe {
        device,
        path: path.to_owned(),
        lines: lines.to_vec(),
        held: Vec::new(),
        began: Instant::now(),
    };
    pipe.hold()?;
    Ok(pipe)
}

/// `spi0.0` of `/dev/spidev0.0`.
fn device_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_prefix("spidev")?;
    Some(format!("spi{name}"))
}

/// Why it is not open. `devices` is where the kernel shows its SPI devices.
fn not_opened(path: &Path, devices: &Path, error: &io::Error) -> UsbError {
    let shown = path.display();
    match error.kind() {
        ErrorKind::NotFound => {
            let name = device_name(path).unwrap_or_default();
            let driver = std::fs::read_link(devices.join(&name).join("driver")).ok();
            let driver = driver.and_then(|link| Some(link.file_name()?.to_str()?.to_owned()));
            UsbError::NotFound(match driver {
                Some(driver) if !name.is_empty() => format!(
                    "there is no {shown}, for the kernel's driver {driver} has {name}: as root, write {name} to \
                     /sys/bus/spi/drivers/{driver}/unbind, spidev to /sys/bus/spi/devices/{name}/driver_override, and {name} \
                     to /sys/bus/spi/drivers/spidev/bind"
                ),
                _ if !name.is_empty() && devices.join(&name).exists() => format!(
                    "there is no {shown}, for no driver has {name}: as root, load the module spidev, write spidev to \
                     /sys/bus/spi/devices/{name}/driver_override, and {name} to /sys/bus/spi/drivers/spidev/bind"
                ),
                _ => format!(
                    "there is no {shown}: switch SPI on, on a Raspberry Pi by raspi-config (Interface Options, SPI) or \
                     dtparam=spi=on in config.txt, elsewhere by the board's overlay for spidev"
                ),
            })
        }
        ErrorKind::PermissionDenied => UsbError::Unusable(format!(
            "no permission to open {shown}: add yourself to the group that owns it (spi on Raspberry Pi OS; elsewhere a udev \
             rule gives it one) and log in again"
        )),
        ErrorKind::ResourceBusy | ErrorKind::WouldBlock => {
            UsbError::Unusable(format!("{shown} is in use by another program"))
        }
        ErrorKind::IsADirectory => UsbError::Unusable(format!("{shown} is no spidev device")),
        // ENXIO, ENODEV
        _ if matches!(error.raw_os_error(), Some(6 | 19)) => UsbError::Unusable(format!(
            "no driver is behind {shown}: as root, load the module spidev; a node that is left from an earlier boot or was made by \
             hand is none"
        )),
        _ => UsbError::Unusable(format!("cannot open {shown}: {error}")),
    }
}

/// Takes a GPIO line.
fn take(line: &GpioLine) -> Result<Request, UsbError> {
    let chip = format!("/dev/{}", line.chip);
    let opened = std::fs::File::open(&chip).map_err(|error| match error.kind() {
        ErrorKind::NotFound => format!("there is no GPIO chip {chip}, which the line {line} belongs to"),
        ErrorKind::PermissionDenied => format!(
            "no permission for the GPIO line {line}: add yourself to the group that owns {chip} (gpio on Raspberry Pi OS) and \
             log in again"
        ),
        _ => format!("cannot open {chip}: {error}"),
    });
    let value = if line.high { Value::Active } else { Value::Inactive };
    let taken = opened.and_then(|_| {
        let mut builder = Request::builder();
        let builder = builder.with_consumer("norsplice").on_chip(&chip).with_line(line.offset);
        builder.as_output(value).request().map_err(|error| {
            format!(
                "the GPIO line {line} cannot be had: {error} (\"gpioinfo\" shows the lines and who uses them)"
            )
        })
    });
    taken.map_err(UsbError::Unusable)
}

impl SpidevPipe {
    /// Takes the lines that are not held.
    fn hold(&mut self) -> Result<(), UsbError> {
        for line in &self.lines[self.held.len()..] {
            self.held.push(take(line)?);
        }
        Ok(())
    }

    /// Lets the lines go, as inputs. All are tried; the first failure is given.
    fn let_go(&mut self) -> Result<(), UsbError> {
        let mut failed = None;
        for (request, line) in self.held.drain(..).zip(&self.lines) {
            let mut config = gpiocdev::request::Config::default();
            config.with_line(line.offset).as_input();
            if let Err(error) = request.reconfigure(&config) {
                failed.get_or_insert(UsbError::Other(format!("the GPIO line {line} stays driven: {error}")));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// One call of the kernel.
    fn message(&mut self, bytes: &[u8]) -> Result<Answered, UsbError> {
        self.hold()?;
        let broken = || UsbError::Other("a message to spidev is no message".into());
        let message = Message::parse(bytes).ok_or_else(broken)?;
        let mut read = vec![0; message.read()];
        let (mut into, mut data) = (read.as_mut_slice(), message.data.as_slice());
        let mut transfers = Vec::with_capacity(message.segments.len());
        for segment in &message.segments {
            let (sent, later) = data.split_at(if segment.writes { segment.len } else { 0 });
            data = later;
            let (kept, later) =
                std::mem::take(&mut into).split_at_mut(if segment.reads { segment.len } else { 0 });
            into = later;
            let mut transfer = match (segment.writes, segment.reads) {
                (true, true) => SpidevTransfer::read_write(sent, kept),
                (true, false) => SpidevTransfer::write(sent),
                (false, true) => SpidevTransfer::read(kept),
                (false, false) => SpidevTransfer::delay(0),
            };
            transfer.speed_hz = segment.hz;
            transfer.delay_usecs = segment.delay;
            transfer.cs_change = u8::from(segment.change);
            transfers.push(transfer);
        }
        let called = self.device.transfer_multiple(&mut transfers);
        drop(transfers);
        match called {
            Ok(()) => {
                let result = message.clocked() as i32;
                Ok(Answered { mark: message.mark, result, bytes: read })
            }
            Err(error) => match error.raw_os_error() {
                Some(code) => Ok(Answered { mark: message.mark, result: -code, bytes: Vec::new() }),
                None => Err(UsbError::Other(error.to_string())),
            },
        }
    }

    fn refused(&self, what: &str, error: &io::Error) -> UsbError {
        UsbError::Unusable(format!("the kernel's driver of {} refuses {what}: {error}", self.path.display()))
    }
}

impl Drop for SpidevPipe {
    fn drop(&mut self) {
        // There is no one left to report to.
        let _ = self.let_go();
    }
}

impl Pipe for SpidevPipe {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        let fd = self.device.inner().as_raw_fd();
        let byte = data.first().copied().unwrap_or(0);
        let (what, called) = match (control.request, data) {
            (request::MODE, _) => {
                let mode = SpiModeFlags::from_bits_retain(u32::from(byte));
                (format!("SPI mode {byte}"), calls::set_mode(fd, mode))
            }
            (request::BITS, _) => (format!("words of {byte} bits"), calls::set_bits_per_word(fd, byte)),
            (request::CLOCK, &[a, b, c, d]) => {
                let hz = u32::from_le_bytes([a, b, c, d]);
                (format!("a clock of {hz} Hz"), calls::set_max_speed_hz(fd, hz))
            }
            (request::LINES, _) => return self.let_go(),
            _ => return Err(UsbError::Other("spidev has no such request".into())),
        };
        called.map_err(|error| self.refused(&what, &error))
    }

    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        let fd = self.device.inner().as_raw_fd();
        let word = match control.request {
            request::CLOCK => calls::get_max_speed_hz(fd)
                .map_err(|error| self.refused("the question for its clock", &error))?,
            // Not all kernels show it, and not to all users.
            request::BUFFER => {
                let text = std::fs::read_to_string(BUFFER).unwrap_or_default();
                text.trim().parse().unwrap_or(0)
            }
            _ => return Err(UsbError::Other("spidev has no such request".into())),
        };
        let bytes = word.to_le_bytes();
        let n = bytes.len().min(into.len());
        into[..n].copy_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        for out in burst.out {
            let answer = self.message(out)?;
            reply.take(&answer.to_bytes())?;
        }
        match reply.is_complete() {
            true => Ok(()),
            false => Err(UsbError::Desync { what: "spidev", expected: 1, got: 0 }),
        }
    }

    fn drain(&mut self, _: usize, _: Duration) -> Result<Vec<u8>, UsbError> {
        // A call leaves nothing behind.
        Ok(Vec::new())
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

    #[test]
    fn each_reason_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let devices = folder.path();
        let why = |path: &str, code: i32| {
            not_opened(Path::new(path), devices, &io::Error::from_raw_os_error(code)).to_string()
        };
        assert!(why("/dev/spidev0.0", 2).contains("raspi-config"));
        assert!(why("/dev/spidev0.0", 13).contains("group"));
        assert!(why("/dev/spidev0.0", 16).contains("in use"));
        assert!(why("/dev/spidev0.0", 6).contains("load the module spidev"));
        std::fs::create_dir(devices.join("spi0.0")).unwrap();
        assert!(why("/dev/spidev0.0", 2).contains("no driver has spi0.0"));
        std::os::unix::fs::symlink("../../../drivers/spi-nor", devices.join("spi0.0/driver")).unwrap();
        let text = why("/dev/spidev0.0", 2);
        assert!(text.contains("driver spi-nor has spi0.0") && text.contains("driver_override"), "{text}");
        assert!(why("/dev/spidev1.0", 2).contains("raspi-config"));
    }
}
