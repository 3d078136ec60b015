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
/// Nothing comes for so long: what was on its way has come. Twice as long with each try, for a network may hold bytes back.
const QUIET: Duration = Duration::from_millis(10);
/// How long an answer to a single byte may take: a UART at a low speed, a host that is busy.
const ANSWER: Duration = Duration::from_millis(400);
/// How often the sync is tried. A board that resets when its port is opened takes up to two seconds.
const TRIES: u32 = 8;
/// The same for a device that was in step.
const TRIES_AGAIN: u32 = 5;
/// So many round trips are waited for at first, where they are known, and twice as long with each try.
const ROUND_TRIPS: u32 = 20;
/// The shortest of these waits.
const SHORTEST: Duration = Duration::from_millis(50);
/// Bytes of one read of what is old.
const OLD: usize = 4096;
/// Old bytes, and a time, after which a device that was in step is given up: what it was asked for is less, and comes within it over
/// the slowest stream.
const PATIENT: (usize, Duration) = (1 << 20, Duration::from_secs(6));
/// The same at open: a device that lost bytes of a window may answer a read of 16 MiB.
const MOST_PATIENT: (usize, Duration) = (17 << 20, Duration::from_secs(30));
/// A command, its address and some data.
const LEAST_WRITE: usize = 16;
/// A security register, or a table of the chip's parameters.
const LEAST_READ: usize = 256;
/// Read status register 1.
const READ_STATUS: u8 = 0x05;
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

/// What is known of the other side before it is synchronised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing: the port may be anything.
    Nothing,
    /// It was a serprog device in step.
    Serprog {
        /// From a command to its answer.
        trip: Duration,
        /// The longest silence in all the tries of a sync.
        within: Duration,
    },
}

impl Known {
    /// How often the sync is tried.
    fn tries(self) -> u32 {
        if self == Self::Nothing { TRIES } else { TRIES_AGAIN }
    }

    /// How long the answer to a single byte may take in this try.
    fn answer(self, round: u32) -> Duration {
        match self {
            Self::Nothing => ANSWER,
            Self::Serprog { trip, .. } => {
                (ROUND_TRIPS * trip).max(SHORTEST).saturating_mul(1 << round).min(ANSWER)
            }
        }
    }

    /// How long nothing comes until what was on its way has come, in this try.
    fn quiet(round: u32) -> Duration {
        (QUIET * (1 << round)).min(ANSWER)
    }

    /// The tries that a device which says nothing is given: the first, and what has room in the time for silence.
    fn rounds(self) -> u32 {
        let mut silent = Duration::ZERO;
        let has_room = |round: &u32| {
            silent += Self::quiet(*round) + self.answer(*round);
            match self {
                Self::Serprog { within, .. } => *round == 0 || silent <= within,
                Self::Nothing => true,
            }
        };
        (0..self.tries()).take_while(has_room).count() as u32
    }
}

/// True where so much has come in so long that there is no end to be waited for: a stream that is slow, or was in step.
fn is_endless(known: Known, count: usize, time: Duration) -> bool {
    let beyond = |(bytes, longest)| count >= bytes || time > longest;
    match known {
        Known::Serprog { .. } => beyond(PATIENT),
        Known::Nothing => beyond(MOST_PATIENT) || (count < PATIENT.0 && time > PATIENT.1),
    }
}

/// Reads away what an earlier session left on its way, until nothing comes for `quiet`. The sync began at `from`.
fn drain(pipe: &mut dyn Pipe, known: Known, quiet: Duration, from: Duration) -> Result<(), SpiError> {
    let (mut seen, mut count) = (Vec::new(), 0);
    while !is_endless(known, count, pipe.now().saturating_sub(from)) {
        let bytes = pipe.drain(OLD, quiet)?;
        if bytes.is_empty() {
            return Ok(());
        }
        count += bytes.len();
        seen.extend(bytes.into_iter().take(SHOWN - seen.len().min(SHOWN)));
    }
    Err(no_device(known, "it sends without end", &seen))
}

fn no_device(known: Known, why: &str, seen: &[u8]) -> SpiError {
    let bytes: Vec<String> = seen.iter().map(|b| format!("{b:02x}")).collect();
    let got = if bytes.is_empty() {
        "nothing came".to_owned()
    } else {
        format!("it began with {}", bytes.join(" "))
    };
    if known != Known::Nothing {
        let what = if seen.is_empty() { "answers no more" } else { "is out of step" };
        let text =
            format!("the serprog device {what} ({why}; {got}): plug it in again, or start its server again");
        return LinkError::new(LinkFault::Gone, text).into();
    }
    let text = format!(
        "no serprog device answers there: {why}, {got}; is it the right port, and its firmware serprog? After a run that was cut \
         off, plug it in again or start its server again: it may wait for the rest of a command"
    );
    LinkError::new(LinkFault::Unusable, text).into()
}

/// `10h` twice, each answered by 15h and 06h; then `00h`, answered by 06h alone: an answer to an earlier sync that comes late
/// is none to that.
fn in_step(pipe: &mut dyn Pipe, quiet: Duration, seen: &mut Vec<u8>) -> Result<bool, SpiError> {
    const SYNCED: &[u8] = &[protocol::NAK, protocol::ACK];
    for (command, wanted) in [(op::SYNC, SYNCED), (op::SYNC, SYNCED), (op::NOTHING, &[protocol::ACK])] {
        let (ask, transfers) = (64, 1);
        let mut answer =
            super::super::codec::Stream { transfers, ask, wanted: wanted.len(), got: Vec::new() };
        let burst = Burst { out: &[vec![command]], in_depth: 1, quiet };
        match pipe.burst(burst, &mut answer) {
            Ok(()) if answer.got == wanted => {}
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
    in_step(pipe, ANSWER, &mut Vec::new())
}

/// Puts host and device in step.
///
/// # Errors
/// [`LinkFault::Unusable`] where no serprog device answers, [`LinkFault::Gone`] where one did before; [`SpiError::Link`].
fn synchronise(pipe: &mut dyn Pipe, known: Known) -> Result<(), SpiError> {
    let (mut seen, from) = (Vec::new(), pipe.now());
    for round in 0..known.rounds() {
        if round != 1 {
            let fill = Burst { out: &[FILL.to_vec()], in_depth: 1, quiet: ANSWER };
            pipe.burst(fill, &mut super::super::codec::Silence)?;
        }
        drain(pipe, known, Known::quiet(round), from)?;
        if in_step(pipe, known.answer(round), &mut seen)? {
            return Ok(());
        }
    }
    Err(no_device(known, "sync was not answered", &seen))
}

/// How many bytes the device takes in one window: `most`, where it takes one of `tried` bytes. The window is a status command
/// that goes on; the chip ignores what comes after its first byte. A device that refuses it leaves the bytes unread or not;
/// as commands they are refused too.
///
/// # Errors
/// [`LinkFault::Unusable`] where it takes none; [`SpiError::Link`].
pub(super) fn longest_write(
    pipe: &mut dyn Pipe,
    most: usize,
    tried: usize,
    known: Known,
) -> Result<usize, SpiError> {
    let mut len = tried.min(most);
    while len >= LEAST_WRITE {
        let window = [&protocol::spi_op(len, 0)[..], &[READ_STATUS], &vec![0xff; len - 1]].concat();
        match ask(pipe, &window, 0) {
            Ok(_) => return Ok(if len == tried { most } else { len }),
            Err(UsbError::Refused(_) | UsbError::Timeout { .. }) => synchronise(pipe, known)?,
            Err(other) => return Err(other.into()),
        }
        len /= 2;
    }
    Err(too_little(len, LEAST_READ))
}

fn too_little(write: usize, read: usize) -> SpiError {
    let text = format!(
        "this serprog device moves {write} bytes out and {read} in at a time; at least {LEAST_WRITE} and {LEAST_READ} are \
         needed: take a newer firmware"
    );
    LinkError::new(LinkFault::Unusable, text).into()
}

/// Synchronises, asks for everything and sets the bus, the clock and the chip select.
///
/// # Errors
/// [`LinkFault::Unusable`] for a device without SPI or of another version; [`SpiError::Unsupported`] for what it does not
/// have; [`SpiError::Link`].
pub(super) fn start(
    pipe: &mut dyn Pipe,
    known: Known,
    hz: Option<u32>,
    chip_select: u8,
) -> Result<Device, SpiError> {
    synchronise(pipe, known)?;
    let version = ask(pipe, &[op::INTERFACE], 2)?;
    if version != [1, 0] {
        let version = u16::from_le_bytes([version[0], version[1]]);
        let text = format!("the device speaks version {version} of serprog; this program knows version 1");
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
        return Err(too_little(device.max_write, device.max_read));
    }
    device.take_name(&name.unwrap_or_default());
    device.buffer = buffer.map_or(0, |bytes| usize::from(u16::from_le_bytes([bytes[0], bytes[1]])));
    let before = pipe.now();
    device.hz = clock(pipe, &mut device, hz)?;
    if ask_if(pipe, &mut device, &[op::PINS, 1], 0)?.is_some() {
        device.round_trip = pipe.now().saturating_sub(before) / 2;
    }
    choose(pipe, &mut device, chip_select)?;
    Ok(device)
}

/// Chooses the chip select, and windows that write first and read then: what another program chose stays in the device.
fn choose(pipe: &mut dyn Pipe, device: &mut Device, line: u8) -> Result<(), SpiError> {
    let has = device.has(op::CHIP_SELECT);
    let chosen = ask_if(pipe, device, &[op::CHIP_SELECT, line], 0)?.is_some();
    if line > 0 && !chosen {
        return Err(SpiError::Unsupported(match has {
            true => format!("this serprog device has no chip select {line}"),
            false => "this serprog device has one chip select only".into(),
        }));
    }
    for mode in [op::DUPLEX, op::HOLD] {
        ask_if(pipe, device, &[mode, 0], 0)?;
    }
    Ok(())
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
