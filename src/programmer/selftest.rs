//! The self-test: what the driver assumes of an adapter, each assumption proven or not, with its figure next to the model's.
//!
//! It never erases, programs or changes a register. With a chip it reads, and at the end sets and clears write enable.

use super::codec::Codec;
use super::driver::Driver;
use super::shape::Shape;
use crate::spi::{LinkFault, LinkNotice, Programmer, SpiError, Transaction};
use crate::usb::{About, Log, Pipe, Traced};
use std::time::Duration;

/// Something that the driver rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assumption {
    /// The adapter is of a version that is known.
    Version,
    /// Each `A8` packet of 1, 2 and 3 bytes has an answer of its own (CH341A).
    ShortAnswers,
    /// Each full `A8` packet has an answer of its own (CH341A).
    FullAnswers,
    /// Nothing is lost while the host fetches nothing for 200 ms.
    HeldBack,
    /// Pins move in their turn, behind data that no one has fetched.
    PinsInTurn,
    /// A bad command (FTDI), or one that does nothing (serprog), is answered at once.
    RoundTrip,
    /// 64 KiB come back through the loopback as they were sent (FTDI).
    Loopback,
    /// `8F` clocks without data, for as long as its count says (FTDI).
    IdleClocks,
    /// Chip select reads back as it is driven (FTDI).
    SelectReadBack,
    /// The sync is answered, a hundred times (serprog).
    Syncs,
    /// A message as long as the kernel's buffers is carried out (spidev).
    FullBuffer,
    /// A pause of 2 ms inside of a message is kept (spidev).
    PauseKept,
    /// The proof of each start, a thousand times.
    Thousand,
    /// The chip's id by many windows in one burst is that by single ones, a thousand times.
    ChipId,
    /// 64 KiB of the chip by one burst are those by single commands.
    ChipRead,
    /// Write enable is set and cleared eight times in one burst, and cleared at the end.
    WriteEnable,
}

impl Assumption {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::ShortAnswers => "short-answers",
            Self::FullAnswers => "full-answers",
            Self::HeldBack => "held-back",
            Self::PinsInTurn => "pins-in-turn",
            Self::RoundTrip => "round-trip",
            Self::Loopback => "loopback",
            Self::IdleClocks => "idle-clocks",
            Self::SelectReadBack => "select-read-back",
            Self::Syncs => "syncs",
            Self::FullBuffer => "full-buffer",
            Self::PauseKept => "pause-kept",
            Self::Thousand => "thousand",
            Self::ChipId => "chip-id",
            Self::ChipRead => "chip-read",
            Self::WriteEnable => "write-enable",
        }
    }
}

/// What was found of an assumption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It holds.
    Proven,
    /// It does not; what was seen.
    Disproven(String),
    /// It was not tested; why.
    NotDone(String),
}

/// A measured or modelled figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// None.
    None,
    /// A time.
    Time(Duration),
    /// A count.
    Count(u64),
    /// A version or release number.
    Code(u16),
}

/// One assumption and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub assumption: Assumption,
    /// What was found.
    pub found: Found,
    /// As measured on this adapter.
    pub measured: Figure,
    /// As in the model that the driver is built by.
    pub model: Figure,
}

/// What a self-test has found.
#[derive(Clone, Debug)]
pub struct SelfTest {
    /// The programmer: `the CH341A`.
    pub programmer: &'static str,
    /// What its descriptors say.
    pub about: About,
    /// How it is driven after the proof of each start.
    pub shape: Shape,
    /// What the driver reported of the link.
    pub notices: Vec<LinkNotice>,
    /// The checks, in order.
    pub checks: Vec<Check>,
    /// What went over USB, without contents of the chip.
    pub log: Vec<String>,
}

impl SelfTest {
    /// True where no assumption was found wrong.
    pub fn passed(&self) -> bool {
        !self.checks.iter().any(|check| matches!(check.found, Found::Disproven(_)))
    }

    /// True where the chip was to be tested and none answers.
    pub fn chip_silent(&self) -> bool {
        let id = self.checks.iter().find(|check| check.assumption == Assumption::ChipId);
        id.is_some_and(|check| check.found == Found::NotDone(NO_CHIP.to_owned()))
    }
}

/// Why the chip's checks are not done where nothing answers.
const NO_CHIP: &str = "no chip answers";
/// Runs of the proof of each start.
const THOUSAND: u64 = 1000;
/// Windows of one burst.
const WINDOWS: usize = 8;
/// Bytes of the chip that are compared.
const READ: usize = 64 * 1024;

/// A measurement as a check. A link that is gone ends the test.
pub(super) fn check(
    assumption: Assumption,
    model: Figure,
    measured: Result<(Figure, Option<String>), SpiError>,
) -> Result<Check, SpiError> {
    let (measured, found) = match measured {
        Ok((figure, None)) => (figure, Found::Proven),
        Ok((figure, Some(seen))) => (figure, Found::Disproven(seen)),
        Err(SpiError::Link(link)) if link.fault != LinkFault::Gone => {
            (Figure::None, Found::Disproven(link.text))
        }
        Err(other) => return Err(other),
    };
    Ok(Check { assumption, found, measured, model })
}

/// The proof of each start, a thousand times.
pub(super) fn a_thousand<C: Codec>(codec: &mut C, pipe: &mut dyn Pipe) -> Result<Check, SpiError> {
    let mut proven = 0;
    let mut first = None;
    for _ in 0..THOUSAND {
        match codec.prove(pipe) {
            Ok(()) => proven += 1,
            Err(SpiError::Link(link)) if link.fault != LinkFault::Gone => {
                first.get_or_insert(link.text);
                codec.bring_up(pipe)?;
            }
            Err(other) => return Err(other),
        }
    }
    let seen = first.map(|first| format!("{} of {THOUSAND} failed, the first: {first}", THOUSAND - proven));
    check(Assumption::Thousand, Figure::Count(THOUSAND), Ok((Figure::Count(proven), seen)))
}

/// Runs the self-test over a pipe; with a chip where that is asked for.
///
/// # Errors
/// [`SpiError::Link`] where the adapter cannot be brought up or disappears.
pub(super) fn run<C: Codec>(codec: C, pipe: Box<dyn Pipe>, chip: bool) -> Result<SelfTest, SpiError> {
    let log = Log::default();
    let about = pipe.about();
    let mut driver = Driver::open(codec, Traced::new(pipe, log.clone()))?;
    let shape = driver.shape();
    let mut checks = driver.codec.examine(&mut driver.pipe)?;
    driver.resync()?;
    if chip {
        checks.extend(driver.examine_chip()?);
    }
    let notices = driver.take_notices();
    let programmer = driver.codec.title();
    driver.release()?;
    Ok(SelfTest { programmer, about, shape, notices, checks, log: log.lines() })
}

impl<C: Codec, P: Pipe> Driver<C, P> {
    fn examine_chip(&mut self) -> Result<Vec<Check>, SpiError> {
        let all = [Assumption::ChipId, Assumption::ChipRead, Assumption::WriteEnable];
        let not_done = |from: usize, why: &str| {
            let one = |assumption: &Assumption| Check {
                assumption: *assumption,
                found: Found::NotDone(why.to_owned()),
                measured: Figure::None,
                model: Figure::None,
            };
            all[from..].iter().map(one).collect::<Vec<_>>()
        };
        let (mut id, mut status) = ([0; 3], [0; 1]);
        self.attempt(&mut [Transaction::read(&[READ_STATUS], &mut status)], Shape::Plain)?;
        self.attempt(&mut [Transaction::read(&[READ_ID], &mut id)], Shape::Plain)?;
        if id.iter().all(|byte| *byte == id[0]) {
            return Ok(not_done(0, NO_CHIP));
        }
        if status[0] & BUSY != 0 {
            return Ok(not_done(0, "the chip is busy"));
        }
        let mut checks = vec![self.ids(id)?, self.reads()?];
        if checks.iter().any(|check| check.found != Found::Proven) {
            checks.extend(not_done(2, "a read was not proven"));
        } else {
            checks.push(self.write_enables()?);
        }
        Ok(checks)
    }

    fn ids(&mut self, wanted: [u8; 3]) -> Result<Check, SpiError> {
        let mut equal = 0;
        let ask = |driver: &mut Self, equal: &mut u64| -> Result<(), SpiError> {
            for round in 0..THOUSAND / WINDOWS as u64 {
                let mut ids = [[0; 3]; WINDOWS];
                let mut batch: Vec<_> = ids.iter_mut().map(|id| Transaction::read(&[READ_ID], id)).collect();
                driver.attempt(&mut batch, Shape::Fast)?;
                *equal += ids.iter().filter(|id| **id == wanted).count() as u64;
                // Pauses of many lengths: a packet that is early or late meets another moment.
                driver.pipe.sleep(Duration::from_micros(round * 37 % 997));
            }
            Ok(())
        };
        let asked = ask(self, &mut equal);
        let seen = (equal != THOUSAND).then(|| format!("{} of {THOUSAND} differ", THOUSAND - equal));
        check(Assumption::ChipId, Figure::Count(THOUSAND), asked.map(|()| (Figure::Count(equal), seen)))
    }

    fn reads(&mut self) -> Result<Check, SpiError> {
        let model = Figure::Time(self.codec.limits(Shape::Fast).wire_time(READ as u64));
        let read = |driver: &mut Self, shape, len: usize| -> Result<(Vec<u8>, Duration), SpiError> {
            let mut bytes = vec![0; READ];
            let from = driver.pipe.now();
            for (i, part) in bytes.chunks_mut(len).enumerate() {
                let [_, high, middle, low] = ((i * len) as u32).to_be_bytes();
                driver.attempt(&mut [Transaction::read(&[READ_ARRAY, high, middle, low], part)], shape)?;
            }
            Ok((bytes, driver.pipe.now().saturating_sub(from)))
        };
        let both = read(self, Shape::Plain, 4096).and_then(|(plain, _)| {
            let (fast, took) = read(self, Shape::Fast, READ)?;
            let differ = plain.iter().zip(&fast).filter(|(a, b)| a != b).count();
            let seen = (differ > 0).then(|| format!("{differ} bytes differ"));
            Ok((Figure::Time(took), seen))
        });
        check(Assumption::ChipRead, model, both)
    }

    /// Write enable and write disable, eight times in one burst; write disable once more, confirmed.
    fn write_enables(&mut self) -> Result<Check, SpiError> {
        let mut seen = [[[0; 1]; 2]; WINDOWS];
        let mut batch = Vec::new();
        for [set, cleared] in &mut seen {
            batch.push(Transaction::write(&[WRITE_ENABLE]));
            batch.push(Transaction::read(&[READ_STATUS], set));
            batch.push(Transaction::write(&[WRITE_DISABLE]));
            batch.push(Transaction::read(&[READ_STATUS], cleared));
        }
        let sent = self.attempt(&mut batch, Shape::Fast);
        drop(batch);
        let mut last = [0; 1];
        let mut confirm =
            [Transaction::write(&[WRITE_DISABLE]), Transaction::read(&[READ_STATUS], &mut last)];
        let confirmed = self.attempt(&mut confirm, Shape::Plain);
        drop(confirm);
        let good = seen.iter().filter(|[set, cleared]| set[0] & WEL != 0 && cleared[0] & WEL == 0).count();
        let wrong = match (good == WINDOWS, last[0] & WEL == 0) {
            (true, true) => None,
            (_, false) => Some("write enable stays set".to_owned()),
            (false, true) => Some(format!("{} of {WINDOWS} went wrong", WINDOWS - good)),
        };
        let measured = sent.and(confirmed).map(|()| (Figure::Count(good as u64), wrong));
        check(Assumption::WriteEnable, Figure::Count(WINDOWS as u64), measured)
    }
}

const READ_STATUS: u8 = 0x05;
const READ_ID: u8 = 0x9F;
const READ_ARRAY: u8 = 0x03;
const WRITE_ENABLE: u8 = 0x06;
const WRITE_DISABLE: u8 = 0x04;
const BUSY: u8 = 0x01;
const WEL: u8 = 0x02;
