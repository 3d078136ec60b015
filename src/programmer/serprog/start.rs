//! From any state of the stream to a device that is in step and has said what it can do.

use super::answers::Answers;
use super::protocol::{self, Device, op};
use crate::spi::{LinkError, LinkFault, SpiError};
use crate::usb::{Burst, Pipe, UsbError};
use std::time::Duration;

/// A device that waits for the rest of a window that was cut off takes what is sent next as its data. FFh changes nothing
/// in a flash chip, where a page program was cut off; a zero would be programmed. So many complete the longest window
/// that this program writes: a page with its command and address.
const FILL: [u8; 272] = [0xff; 272];
/// Nothing comes for so long: what was on its way has come.
const QUIET: Duration = Duration::from_millis(10);
/// How long an answer to a single byte may take: a UART at a low speed, a host that is busy.
const ANSWER: Duration = Duration::from_millis(400);
/// How often the sync is tried. A board that resets when its port is opened takes up to two seconds.
const TRIES: usize = 8;
/// The most rounds of old bytes that are read away.
const ROUNDS: usize = 256;
/// A command, its address and some data.
const LEAST_WRITE: usize = 16;
/// A security register, or a table of the chip's parameters.
const LEAST_READ: usize = 256;
/// Bytes that are shown of what came instead.
const SHOWN: usize = 8;
/// Without a clock asked for, in Hz: more than the stream carries, and slow enough for wires.
pub(super) const DEFAULT_HZ: u32 = 12_000_000;

/// Sends one command and takes its answer's bytes.
fn ask(pipe: &mut dyn Pipe, command: &[u8], len: usize) -> Result<Vec<u8>, UsbError> {
    let mut answers = Answers::default();
    answers.ack();
    answers.own(len);
    pipe.burst(Burst { out: &[command.to_vec()], in_depth: 1, quiet: ANSWER }, &mut answers)?;
    Ok(answers.got)
}

/// The same for a command that the device may refuse: `None` where it has none or does. Its bit goes then.
fn ask_if(
    pipe: &mut dyn Pipe,
    device: &mut Device,
    command: &[u8],
    len: usize,
) -> Result<Option<Vec<u8>>, UsbError> {
    if !device.has(command[0]) {
        return Ok(None);
    }
    match ask(pipe, command, len) {
        Ok(answer) => Ok(Some(answer)),
        Err(UsbError::Refused(_)) => {
            device.lacks(command[0]);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Reads away what an earlier session left on its way.
fn drain(pipe: &mut dyn Pipe, seen: &mut Vec<u8>) -> Result<(), SpiError> {
    for _ in 0..ROUNDS {
        let bytes = pipe.drain(4096, QUIET)?;
        if bytes.is_empty() {
            return Ok(());
        }
        seen.extend(bytes.into_iter().take(SHOWN - seen.len().min(SHOWN)));
    }
    Err(no_device("it sends without end", seen))
}

fn no_device(why: &str, seen: &[u8]) -> SpiError {
    let bytes: Vec<String> = seen.iter().map(|b| format!("{b:02x}")).collect();
    let got = if bytes.is_empty() {
        "nothing came".to_owned()
    } else {
        format!("it began with {}", bytes.join(" "))
    };
    let text = format!(
        "no serprog device answers there: {why}, {got}; is it the right port, and its firmware serprog?"
    );
    LinkError::new(LinkFault::Unusable, text).into()
}

/// `10h` twice, each answered by 15h and 06h.
fn in_step(pipe: &mut dyn Pipe, seen: &mut Vec<u8>) -> Result<bool, SpiError> {
    for _ in 0..2 {
        let mut answer = super::super::codec::Stream { transfers: 1, ask: 64, wanted: 2, got: Vec::new() };
        let burst = Burst { out: &[vec![op::SYNC]], in_depth: 1, quiet: ANSWER };
        match pipe.burst(burst, &mut answer) {
            Ok(()) if answer.got == [protocol::NAK, protocol::ACK] => {}
            Ok(()) | Err(UsbError::Desync { .. } | UsbError::Timeout { .. }) => {
                seen.extend(answer.got.iter().take(SHOWN - seen.len().min(SHOWN)));
                return Ok(false);
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok(true)
}

/// The command that does nothing, answered.
///
/// # Errors
/// [`SpiError::Link`].
pub(super) fn nothing(pipe: &mut dyn Pipe) -> Result<(), SpiError> {
    Ok(ask(pipe, &[op::NOTHING], 0).map(drop)?)
}

/// True where the sync is answered as it should be.
///
/// # Errors
/// [`SpiError::Link`].
pub(super) fn sync_once(pipe: &mut dyn Pipe) -> Result<bool, SpiError> {
    in_step(pipe, &mut Vec::new())
}

/// Puts host and device in step.
///
/// # Errors
/// [`LinkFault::Unusable`] where no serprog device answers; [`SpiError::Link`].
fn synchronise(pipe: &mut dyn Pipe) -> Result<(), SpiError> {
    let mut seen = Vec::new();
    for round in 0..TRIES {
        if round != 1 {
            let fill = Burst { out: &[FILL.to_vec()], in_depth: 1, quiet: ANSWER };
            pipe.burst(fill, &mut super::super::codec::Silence)?;
        }
        drain(pipe, &mut Vec::new())?;
        if in_step(pipe, &mut seen)? {
            return Ok(());
        }
    }
    Err(no_device("sync was not answered", &seen))
}

/// Synchronises, asks for everything and sets the bus, the clock and the chip select.
///
/// # Errors
/// [`LinkFault::Unusable`] for a device without SPI or of another version; [`SpiError::Unsupported`] for what it does not
/// have; [`SpiError::Link`].
pub(super) fn start(
    pipe: &mut dyn Pipe,
    hz: Option<u32>,
    chip_select: Option<u8>,
) -> Result<Device, SpiError> {
    synchronise(pipe)?;
    let version = ask(pipe, &[op::INTERFACE], 2)?;
    if version != [1, 0] {
        let text =
            format!("the device speaks version {} of serprog; this program knows version 1", version[0]);
        return Err(LinkError::new(LinkFault::Unusable, text).into());
    }
    let mut device = Device::with_commands(&ask(pipe, &[op::COMMANDS], 32)?);
    let without_spi = || LinkError::new(LinkFault::Unusable, "the serprog device has no SPI");
    if !device.has(op::SPI_OP) {
        return Err(without_spi().into());
    }
    let buses = ask_if(pipe, &mut device, &[op::BUSES], 1)?.map(|bytes| bytes[0]);
    if buses.is_some_and(|buses| buses & protocol::SPI == 0) {
        return Err(without_spi().into());
    }
    let chooses = device.has(op::CHOOSE_BUS);
    let chosen = ask_if(pipe, &mut device, &[op::CHOOSE_BUS, protocol::SPI], 0)?;
    if chooses && chosen.is_none() && buses != Some(protocol::SPI) {
        return Err(LinkError::new(LinkFault::Unusable, "the serprog device refuses SPI as its bus").into());
    }
    let mut given = |opcode, len| ask_if(pipe, &mut device, &[opcode], len);
    let (write, read) = (given(op::MAX_WRITE, 3)?, given(op::MAX_READ, 3)?);
    let (name, buffer) = (given(op::NAME, 16)?, given(op::BUFFER, 2)?);
    device.limit(write.as_deref(), read.as_deref());
    if device.max_write < LEAST_WRITE || device.max_read < LEAST_READ {
        let text = format!(
            "this serprog device moves {} bytes out and {} in at a time; at least {LEAST_WRITE} and {LEAST_READ} are needed: \
             take a newer firmware",
            device.max_write, device.max_read
        );
        return Err(LinkError::new(LinkFault::Unusable, text).into());
    }
    device.take_name(&name.unwrap_or_default());
    device.buffer = buffer.map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    let before = pipe.now();
    device.hz = clock(pipe, &mut device, hz)?;
    if let Some(line) = chip_select {
        if !device.has(op::CHIP_SELECT) {
            return Err(SpiError::Unsupported("this serprog device has one chip select only".into()));
        }
        if ask_if(pipe, &mut device, &[op::CHIP_SELECT, line], 0)?.is_none() {
            return Err(SpiError::Unsupported(format!("this serprog device has no chip select {line}")));
        }
    }
    if ask_if(pipe, &mut device, &[op::PINS, 1], 0)?.is_some() {
        device.round_trip = pipe.now().saturating_sub(before) / 2;
    }
    Ok(device)
}

/// Sets the clock; gives what the device has set, 0 where it does not say.
fn clock(pipe: &mut dyn Pipe, device: &mut Device, hz: Option<u32>) -> Result<u32, SpiError> {
    let [a, b, c, d] = hz.unwrap_or(DEFAULT_HZ).to_le_bytes();
    let set = ask_if(pipe, device, &[op::CLOCK, a, b, c, d], 4)?;
    match (set, hz) {
        (Some(set), _) => Ok(u32::from_le_bytes([set[0], set[1], set[2], set[3]])),
        (None, None) => Ok(0),
        (None, Some(_)) => {
            Err(SpiError::Unsupported("the SPI clock of this serprog device cannot be set".into()))
        }
    }
}
