//! CH347T and CH347F: SPI transactions as commands with a length, many of them and many answers in flight.
//!
//! A packet is a command, its length in two bytes and its payload. `C1` moves the chip selects and is not answered; `C2`
//! clocks both ways and is answered by as many bytes; `C3` reads a count and is answered by packets of up to 507 bytes;
//! `C4` writes and is answered by a status. Newer firmware moves the chip select within a `C2`, by the upper bits of its
//! length, so that a whole short command is one packet each way.
//!
//! The fast shape queues commands behind answers that no one has fetched; WCH's kernel driver queues OUT packets too, no
//! other program does. It is proven at open. The plain shape is that of other programs: one window a burst, by `C1`, `C4`
//! and `C3`. No command is longer than one USB packet, so none can be left half sent.
//!
//! The clock, data out and the chip selects stay driven when the programmer is let go: no command that floats them is
//! known. Chip select is high then, and spare pins are inputs.
//!
//! Sources: nic3-14159/CH347-Research (packets, captures of WCH's DLL), WCH's `ch34x_mphsi_master_linux` (configuration,
//! flags of `C2`, `E1`, firmware versions), flashrom `ch347_spi.c` (the plain shape). None of it was tried on hardware here.

mod answers;
mod clock;
mod commands;
mod config;
mod examine;

use super::assumption::Check;
use super::codec::{Codec, Encoded, MAX_WINDOW, Scatter, Silence, read_away};
use super::pins::Level;
use super::shape::{Framing, Piece, Shape};
use crate::spi::{Limits, LinkError, LinkFault, SpiError, Transaction};
use crate::usb::{Burst, PATIENCE, Pipe, UsbError};
use answers::{Answers, Asked, Expected};
use clock::Setting;
use commands::{Commands, packet};
use config::Config;
use std::time::Duration;

/// Sets the SPI configuration; answered by a status.
const SET_CONFIG: u8 = 0xC0;
/// Moves the chip selects; not answered.
const SELECT: u8 = 0xC1;
/// Clocks both ways.
const BOTH: u8 = 0xC2;
/// Reads a count of bytes.
const READ: u8 = 0xC3;
/// Writes; answered by a status.
const WRITE: u8 = 0xC4;
/// Reads the configuration or the firmware's version.
const ASK: u8 = 0xCA;
/// `CA`: the version.
const ASK_VERSION: u8 = 0;
/// `CA`: the configuration.
const ASK_CONFIG: u8 = 1;
/// Spare pins; answered by their state.
const PINS: u8 = 0xCC;
/// Base of the clock, in newer firmware.
const CLOCK_BASE: u8 = 0xE1;
/// Functions of pins, in a CH347F.
const FUNCTIONS: u8 = 0xE2;

/// Command and length.
const HEADER: usize = 3;
/// The most payload of a packet: with its header it is short of a USB packet and so ends its transfer.
const PAYLOAD: usize = 507;
/// The longest command that a header can announce.
const LONGEST: usize = HEADER + u16::MAX as usize;
/// An IN transfer: one USB packet.
const IN_TRANSFER: usize = 512;
/// IN transfers kept queued.
const IN_DEPTH: usize = 32;
/// What data out carries while only reading.
const FILL: u8 = 0xFF;
/// Firmware versions from here on know `E1` and the flags of a `C2` (WCH's driver).
const NEW_FIRMWARE: u16 = 0x0341;
/// idProduct of a CH347F, all of which know them.
const CH347F: u16 = 0x55DE;
/// idProduct of a CH339W: the same.
const CH339W: u16 = 0x55E7;
/// `C2` length: assert and release of chip select 0, and of chip select 1, in the upper byte.
const FLAGS: [[u8; 2]; 2] = [[0x80, 0x40], [0x20, 0x10]];
/// Without `speed=`: other programs report wrong bits at 30 and 60 MHz, and none at 15.
pub(super) const DEFAULT_HZ: u32 = 15_000_000;
/// The highest clock.
pub(super) const MAX_HZ: u32 = 60_000_000;
/// A read in the plain shape.
const PLAIN_READ: usize = 4096;
/// The most that one burst clocks.
const MAX_TRANSACTION: usize = 1 << 20;
/// What an earlier session has left in the device comes within this time.
const LEFT_OVER: Duration = Duration::from_millis(3);
/// The self-test waits so long for the rest of an answer.
const PROOF_QUIET: Duration = Duration::from_millis(300);
/// The part of the patience that the proof waits.
const PROOF_PART: u32 = 3;
/// Lengths of the bursts that mark the end of what was asked before: longer than any command of a flash.
const MARKS: std::ops::Range<usize> = 300..PAYLOAD;
/// Read status register 1.
const READ_STATUS: u8 = 0x05;

/// A CH347, its clock and what its spare pins hold.
#[derive(Clone, Debug)]
pub struct Ch347 {
    /// Which chip select, 0 or 1.
    cs: u8,
    pins: Vec<(u8, Level)>,
    /// The highest clock that the user or the default asks for, in Hz.
    wanted_hz: u32,
    setting: Setting,
    /// The configuration as it was found: what the driver does not set is written back.
    config: Config,
    /// The firmware's version, once it has been asked.
    version: Option<u16>,
    /// It knows the flags of a `C2`, and `E1` as far as its version says.
    new: bool,
    /// It has answered `E1`.
    bases: bool,
    /// It has been brought up before in this session.
    was_up: bool,
    /// Length of the last mark.
    mark: usize,
    /// How long it may give no answer.
    patience: Duration,
}

impl Default for Ch347 {
    fn default() -> Self {
        Self::new(0, &[])
    }
}

impl Ch347 {
    /// On chip select `cs` (0 or 1; others are taken as 0) at 15 MHz, with spare pins (4, 6 and 7, for GPIO4 and so on;
    /// others are not taken) held at a level while in use.
    pub fn new(cs: u8, pins: &[(u8, Level)]) -> Self {
        Self {
            cs: u8::from(cs == 1),
            pins: pins.iter().copied().filter(|(pin, _)| matches!(pin, 4 | 6 | 7)).collect(),
            wanted_hz: DEFAULT_HZ,
            setting: Setting::DEFAULT,
            config: Config::default(),
            version: None,
            new: false,
            bases: false,
            was_up: false,
            mark: MARKS.start,
            patience: PATIENCE,
        }
    }

    /// The same with another clock, rounded down to one that the chip has, 60 MHz at most.
    ///
    /// # Errors
    /// [`SpiError::Unsupported`] below the lowest clock.
    pub fn with_clock(mut self, hz: u32) -> Result<Self, SpiError> {
        // Newer firmware has the lowest clock of all; what older firmware has is known once it was asked.
        clock::setting(hz, true)?;
        self.wanted_hz = hz;
        Ok(self)
    }

    /// `C1` for the chip's line: low or high.
    fn select(&self, level: Level) -> Vec<u8> {
        let mut payload = [0; 10];
        payload[usize::from(self.cs) * 5] = match level {
            Level::Low => 0x80,
            Level::High => 0xC0,
        };
        packet(SELECT, &payload)
    }

    /// Both chip selects high.
    fn deselected() -> Vec<u8> {
        packet(SELECT, &[0xC0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0])
    }

    /// `CC` for the spare pins: outputs at their level, or inputs.
    fn spare(&self, drive: bool) -> Option<Vec<u8>> {
        let mut payload = [0; 8];
        for (pin, level) in &self.pins {
            payload[usize::from(*pin)] = match (drive, level) {
                (false, _) => 0xC0,
                (true, Level::Low) => 0xF0,
                (true, Level::High) => 0xF8,
            };
        }
        (!self.pins.is_empty()).then(|| packet(PINS, &payload))
    }

    /// The commands that set the clock by the configuration, and how they are answered.
    fn configure(&self) -> (Vec<Vec<u8>>, Vec<Expected>) {
        let (mut out, mut expected) = (Vec::new(), Vec::new());
        if self.bases {
            out.push(packet(CLOCK_BASE, &[self.setting.base]));
            expected.push(Expected::Skip { command: CLOCK_BASE, len: 1 });
        }
        out.push(packet(SET_CONFIG, &self.config.bytes(self.setting.prescaler)));
        expected.push(Expected::Status(SET_CONFIG));
        (out, expected)
    }

    /// The first bit that is read after a configuration has been seen wrong: a status that nothing uses, by both commands that
    /// read, and how it is answered. A chip answers this one even while it is busy.
    fn unused_status(&self) -> (Vec<Vec<u8>>, [Expected; 2]) {
        let out = vec![
            Self::deselected(),
            self.select(Level::Low),
            packet(BOTH, &[READ_STATUS, FILL]),
            packet(READ, &1u32.to_le_bytes()),
            Self::deselected(),
        ];
        (out, [Expected::Skip { command: BOTH, len: 2 }, Expected::Skip { command: READ, len: 1 }])
    }

    /// A CH339W has one chip select, and other spare pins than a CH347 (by WCH's driver).
    fn has_what_is_asked_for(&self) -> Result<(), SpiError> {
        let lacks = match (self.cs, &self.pins[..]) {
            (0, []) => return Ok(()),
            (0, _) => "a CH339W has other spare pins than a CH347, and this program drives none of them",
            _ => "a CH339W has one chip select only",
        };
        Err(SpiError::Unsupported(lacks.into()))
    }

    /// The shortest length that has not been used as a mark for long.
    fn next_mark(&mut self) -> usize {
        self.mark = if self.mark + 1 == MARKS.end { MARKS.start } else { self.mark + 1 };
        self.mark
    }
}

impl Ch347 {
    fn windows<'b>(&self, commands: &mut Commands<'b>, batch: &'b mut [Transaction<'_>]) {
        let [assert, release] = FLAGS[usize::from(self.cs)];
        let mut unanswered = false;
        let many = batch.len() > 1;
        for transaction in batch {
            unanswered = false;
            let len = transaction.clocked();
            if self.new && (1..=PAYLOAD).contains(&len) {
                commands.window(transaction, assert | release);
                continue;
            }
            unanswered = !super::cut::ends_in_read(transaction);
            commands.out.push(self.select(Level::Low));
            commands.ops(transaction);
            commands.out.push(self.select(Level::High));
        }
        // Behind many windows too: an answer of theirs that came twice is not taken for the last one's.
        if unanswered || many || commands.expected.is_empty() {
            commands.wait();
        }
    }

    /// Reads away what an earlier session left in the device, until nothing comes for a while.
    fn drain(pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        // Bounded by the longest read that can be under way.
        if read_away(pipe, IN_TRANSFER, LEFT_OVER, 2 * MAX_TRANSACTION / PAYLOAD)? {
            return Ok(());
        }
        let text = "the CH347 keeps sending data that was not asked for; plug it in again";
        Err(LinkError::new(LinkFault::Unusable, text).into())
    }

    /// Completes a command that the device is still taking in: one that was left half sent, or a `C2` whose flags it took for
    /// a length. Zeros beyond it are no command.
    fn complete(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let zeros = vec![vec![0; PAYLOAD + HEADER]; LONGEST.div_ceil(PAYLOAD + HEADER)];
        pipe.burst(Burst { out: &zeros, in_depth: 1, quiet: self.patience / 2 }, &mut Silence)?;
        Self::drain(pipe)
    }

    /// Sends commands and takes answers up to one of that command and length, past older ones.
    fn ask(
        pipe: &mut dyn Pipe,
        out: &[Vec<u8>],
        until: (u8, usize),
        quiet: Duration,
    ) -> Result<Vec<(u8, Vec<u8>)>, SpiError> {
        let mut asked = Asked::new(until);
        let done = pipe.burst(Burst { out, in_depth: 4, quiet }, &mut asked);
        let mut lengths = asked.got.iter().filter(|(command, _)| *command == until.0).map(|(_, p)| p.len());
        // The version has four bytes, and leftovers of an older read any length.
        if let (Err(UsbError::Timeout { .. }), (ASK, wanted)) = (&done, until)
            && let Some(len) = lengths.rfind(|len| (16..64).contains(len))
        {
            let text = format!(
                "the CH347 reports an SPI configuration of {len} bytes, not of {wanted}: its firmware is none that this \
                 program knows"
            );
            return Err(LinkError::new(LinkFault::Unusable, text).into());
        }
        done?;
        Ok(asked.got)
    }

    /// Sets clock and configuration after the commands `out`; false where the clock's base was not taken.
    fn set_up(&mut self, pipe: &mut dyn Pipe, mut out: Vec<Vec<u8>>) -> Result<bool, SpiError> {
        // Older firmware has fewer clocks.
        self.setting = clock::setting(self.wanted_hz, self.bases)?;
        out.extend(self.configure().0);
        out.push(packet(ASK, &[ASK_CONFIG]));
        let got = Self::ask(pipe, &out, (ASK, config::LEN), self.patience)?;
        let answered = |command, payload: &[u8]| got.iter().any(|(c, p)| (*c, &p[..]) == (command, payload));
        let taken = Config::read(&got).is_some_and(|now| now.is(&self.config.bytes(self.setting.prescaler)));
        if !taken || !answered(SET_CONFIG, &[0]) {
            return Err(garbled("the CH347 did not take its SPI configuration"));
        }
        // What the answer to `E1` holds is not written down: a status, or the base again.
        let base = self.setting.base;
        Ok(!self.bases || answered(CLOCK_BASE, &[0]) || answered(CLOCK_BASE, &[base]))
    }

    /// Asks for the version, where it is not known, and the configuration; it is asked twice in all, so that each has half
    /// of the patience.
    fn read_config(&mut self, pipe: &mut dyn Pipe) -> Result<Config, SpiError> {
        let mut out = Vec::new();
        if self.version.is_none() {
            out.push(packet(ASK, &[ASK_VERSION]));
        }
        out.push(packet(ASK, &[ASK_CONFIG]));
        let got = Self::ask(pipe, &out, (ASK, config::LEN), self.patience / 2)?;
        let version = got.iter().find(|(command, payload)| (*command, payload.len()) == (ASK, 4));
        if let Some((_, payload)) = version {
            self.version = Some(u16::from_le_bytes([payload[0], payload[1]]));
        }
        Config::read(&got).ok_or_else(|| garbled("the CH347 does not report its SPI configuration"))
    }
}

fn garbled(text: impl Into<String>) -> SpiError {
    LinkError::new(LinkFault::Garbled, text).into()
}

impl Codec for Ch347 {
    fn title(&self) -> &'static str {
        "the CH347"
    }

    fn limits(&self, shape: Shape) -> Limits {
        let clock_hz = self.setting.hz;
        let fast = shape == Shape::Fast;
        // Two microframes out, two back and the host between them: modelled, not measured.
        let round_trip = Duration::from_micros(400);
        Limits {
            clock_hz,
            round_trip,
            // One packet, or three, that the firmware takes; a round trip where each command has a burst of its own.
            per_transaction: match (fast, self.new) {
                (true, true) => Duration::from_micros(8),
                (true, false) => Duration::from_micros(20),
                (false, _) => round_trip,
            },
            max_transaction: MAX_WINDOW,
            max_write: MAX_WINDOW,
            // About a tenth of a second of clocks.
            read_batch: match fast {
                true => (clock_hz as usize / 80).clamp(64 * 1024, 256 * 1024) / (64 * 1024) * (64 * 1024),
                false => PLAIN_READ,
            },
            pauses: false,
        }
    }

    fn in_depth(&self, shape: Shape) -> usize {
        if shape == Shape::Fast { IN_DEPTH } else { 1 }
    }

    fn keeps(&self, _shape: Shape, pause: Duration) -> bool {
        pause.is_zero()
    }

    fn piece(&self, shape: Shape) -> Option<Piece> {
        match shape {
            Shape::Fast => None,
            Shape::Plain => Some(Piece { clocked: PLAIN_READ + 8, read: PLAIN_READ }),
            Shape::Smallest => Some(Piece { clocked: PAYLOAD, read: PAYLOAD }),
        }
    }

    fn encode<'b>(&self, batch: &'b mut [Transaction<'_>], framing: Framing) -> Encoded<'b> {
        let mut commands = Commands::default();
        if let Some(pins) = self.spare(true) {
            commands.out.push(pins);
            commands.expected.push(Expected::Skip { command: PINS, len: 8 });
        }
        match framing {
            Framing::Windows => self.windows(&mut commands, batch),
            Framing::Deselected => {
                commands.out.push(Self::deselected());
                batch.iter_mut().for_each(|t| commands.ops(t));
            }
            Framing::Part { first, last } => {
                let asks = batch.last().is_some_and(super::cut::ends_in_read);
                if first {
                    commands.out.push(self.select(Level::Low));
                }
                batch.iter_mut().for_each(|t| commands.ops(t));
                if last {
                    commands.out.push(self.select(Level::High));
                }
                if !asks || commands.expected.is_empty() {
                    commands.wait();
                }
            }
        }
        // The next packet is taken when one of those in the device has been clocked.
        let silent = self.limits(Shape::Fast).wire_time(4 * PAYLOAD as u64);
        let reply = Box::new(Answers::new(commands.scatter, commands.expected));
        Encoded { out: commands.out, reply, silent }
    }

    fn deselect(&self) -> Option<Vec<u8>> {
        // A window's last part raises it.
        None
    }

    fn bring_up(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let product = pipe.about().product;
        if product == Some(CH339W) {
            self.has_what_is_asked_for()?;
        }
        Self::drain(pipe)?;
        self.config = match self.read_config(pipe) {
            Err(error) if error.is_transient() => {
                self.complete(pipe)?;
                self.read_config(pipe)?
            }
            other => other?,
        };
        let is_f = product == Some(CH347F);
        self.new =
            is_f || product == Some(CH339W) || self.version.is_some_and(|version| version >= NEW_FIRMWARE);
        let mut first: Vec<Vec<u8>> = self.spare(true).into_iter().collect();
        if is_f && self.cs == 1 {
            // By WCH's driver: it has its second chip select only after this.
            first.push(packet(FUNCTIONS, &[0x81, 0, 0, 0, 0, 0, 0, 0]));
        }
        self.bases = self.new;
        if !self.set_up(pipe, first.clone())? {
            // A prescaler that was meant for another base is another clock, and a higher one may be too high.
            self.bases = false;
            first.push(packet(CLOCK_BASE, &[clock::BASE_60]));
            self.set_up(pipe, first)?;
        }
        let mut status = self.unused_status().0;
        let mut until = (READ, 1);
        if self.was_up {
            until = (BOTH, self.next_mark());
            status.push(packet(BOTH, &vec![FILL; until.1]));
        }
        Self::ask(pipe, &status, until, self.patience)?;
        self.was_up = true;
        Ok(())
    }

    fn take_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    fn bring_up_requests(&self) -> u32 {
        4
    }

    fn start(&self) -> (Shape, Option<String>) {
        (Shape::Fast, None)
    }

    fn prove(&mut self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        // Answers of every length wait together, a read of several packets among them, all with chip select high.
        let mut commands = Commands::default();
        let (mut both, mut read) = ([[FILL; 3]; 3], [0; 3 * PAYLOAD - 7]);
        commands.wait();
        for (len, bytes) in (1..).zip(&mut both) {
            commands.transfer(&mut bytes[..len]);
        }
        commands.read(&mut read);
        commands.write(&[FILL; 5]);
        commands.wait();
        let mut answers = Answers::new(commands.scatter, commands.expected);
        let quiet = self.patience / PROOF_PART;
        let burst = Burst { out: &commands.out, in_depth: IN_DEPTH, quiet };
        Ok(pipe.burst(burst, &mut answers)?)
    }

    fn examine(&mut self, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
        examine::examine(self, pipe)
    }

    fn slow_down(&mut self) -> bool {
        let slower = self.setting.hz / 2;
        let found = clock::setting(slower, self.bases);
        if found.is_ok() {
            self.wanted_hz = slower;
        }
        found.is_ok()
    }

    fn let_go(&self, pipe: &mut dyn Pipe) -> Result<(), SpiError> {
        let mut out = vec![Self::deselected()];
        out.extend(self.spare(false));
        out.push(packet(ASK, &[ASK_CONFIG]));
        Self::ask(pipe, &out, (ASK, config::LEN), self.patience).map(drop)
    }

    fn set_clock(&mut self, hz: u32) -> Result<(u32, Encoded<'static>), SpiError> {
        self.setting = clock::setting(hz, self.bases)?;
        self.wanted_hz = hz;
        let (mut out, mut expected) = self.configure();
        let (status, answers) = self.unused_status();
        out.extend(status);
        expected.extend(answers);
        let reply = Box::new(Answers::new(Scatter::default(), expected));
        Ok((self.setting.hz, Encoded { out, reply, silent: Duration::ZERO }))
    }
}

#[cfg(test)]
mod tests;
