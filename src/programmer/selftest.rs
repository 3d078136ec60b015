//! The self-test: what the driver assumes of an adapter, each assumption proven or not, with its figure next to the model's.
//!
//! It never erases, programs or changes a register. With a chip it reads, and at the end sets and clears write enable.

pub use super::assumption::{Assumption, Check, Figure, Found};
use super::codec::Codec;
use super::driver::Driver;
use super::shape::Shape;
use crate::spi::{LinkFault, LinkNotice, Programmer, SpiError, Transaction};
use crate::usb::{About, Log, Pipe, Traced};
use std::time::Duration;

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
pub(super) fn run<C: Codec>(
    codec: C,
    pipe: Box<dyn Pipe>,
    fastest: Shape,
    chip: bool,
) -> Result<SelfTest, SpiError> {
    let log = Log::default();
    let about = pipe.about();
    let mut driver = Driver::open_in(codec, Traced::new(pipe, log.clone()), fastest)?;
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
        // Some programmers carry no window as long as that.
        let window =
            |driver: &Self, shape| driver.codec.limits(shape).max_transaction.saturating_sub(4).max(1);
        let read = |driver: &mut Self, shape, len: usize, together: usize| -> Result<_, SpiError> {
            let len = len.min(window(driver, shape));
            let heads: Vec<[u8; 4]> = (0..READ)
                .step_by(len)
                .map(|at| (at as u32 | u32::from(READ_ARRAY) << 24).to_be_bytes())
                .collect();
            let mut bytes = vec![0; READ];
            let from = driver.pipe.now();
            let mut parts: Vec<Transaction<'_>> = heads
                .iter()
                .zip(bytes.chunks_mut(len))
                .map(|(head, part)| Transaction::read(head, part))
                .collect();
            for batch in parts.chunks_mut(together) {
                driver.attempt(batch, shape)?;
            }
            drop(parts);
            Ok((bytes, driver.pipe.now().saturating_sub(from)))
        };
        let both = read(self, Shape::Plain, 4096, 1).and_then(|(plain, _)| {
            let (fast, took) = read(self, Shape::Fast, READ, usize::MAX)?;
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
