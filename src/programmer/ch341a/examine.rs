//! What the self-test asks of a CH341A: answers of every length, held back answers, pins in their turn.

use super::{COMMON_VERSION, Ch341a, FILL, IN_DEPTH, PACKET, PROOF_QUIET, SPI_STREAM};
use crate::programmer::codec::{Codec, Silence};
use crate::programmer::selftest::{Assumption, Check, Figure, a_thousand, check};
use crate::programmer::shape::Shape;
use crate::spi::SpiError;
use crate::usb::{Burst, Pipe, Reply, UsbError};
use std::time::Duration;

/// Full packets of one burst.
const MANY: usize = 200;
/// How long the host fetches nothing.
const HOLD: Duration = Duration::from_millis(200);

/// `A8` and so many bytes to clock, with chip select high.
fn clocks(len: usize) -> Vec<u8> {
    [&[SPI_STREAM][..], &vec![FILL; len]].concat()
}

/// Takes transfers of any length and keeps the lengths.
struct Lengths {
    seen: Vec<usize>,
    transfers: usize,
    wanted: usize,
}

impl Reply for Lengths {
    fn next(&self, in_flight: usize) -> Option<usize> {
        let open = self.transfers.saturating_sub(self.seen.len()).max(1);
        (in_flight < open && !self.is_complete()).then_some(PACKET)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.seen.push(bytes.len());
        let got = self.seen.iter().sum();
        match got > self.wanted {
            true => Err(UsbError::Desync { what: "the self-test", expected: self.wanted, got }),
            false => Ok(!bytes.is_empty()),
        }
    }
    fn is_complete(&self) -> bool {
        self.seen.iter().sum::<usize>() >= self.wanted
    }
}

/// The lengths of the answers to packets that clock so many bytes each.
fn answers(pipe: &mut dyn Pipe, clocked: &[usize]) -> Result<Vec<usize>, SpiError> {
    let out: Vec<Vec<u8>> = clocked.iter().map(|len| clocks(*len)).collect();
    let mut reply = Lengths { seen: Vec::new(), transfers: clocked.len(), wanted: clocked.iter().sum() };
    pipe.burst(Burst { out: &out, in_depth: IN_DEPTH, quiet: PROOF_QUIET }, &mut reply)?;
    Ok(reply.seen)
}

fn unless_equal(seen: &[usize], wanted: &[usize]) -> Option<String> {
    (seen != wanted).then(|| {
        let first: Vec<String> = seen.iter().take(8).map(ToString::to_string).collect();
        format!(
            "{} answers for {} packets; their lengths begin {}",
            seen.len(),
            wanted.len(),
            first.join(", ")
        )
    })
}

/// All checks of a CH341A. The adapter is brought up again after each that fails.
pub(super) fn examine(codec: &mut Ch341a, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
    let model = Figure::Code(u16::from(COMMON_VERSION));
    let version = match codec.version {
        Some(version) if version >= COMMON_VERSION => (Figure::Code(u16::from(version)), None),
        Some(version) => (Figure::Code(u16::from(version)), Some("an old version".to_owned())),
        None => (Figure::None, Some("it does not report one".to_owned())),
    };
    let mut checks = vec![check(Assumption::Version, model, Ok(version))?];

    let short = answers(pipe, &[1, 2, 3])
        .map(|seen| (Figure::Count(seen.len() as u64), unless_equal(&seen, &[1, 2, 3])));
    checks.push(check(Assumption::ShortAnswers, Figure::Count(3), short)?);
    codec.bring_up(pipe)?;

    let from = pipe.now();
    let full = answers(pipe, &[PACKET - 1; MANY]).map(|seen| {
        let each = pipe.now().saturating_sub(from) / MANY as u32;
        (Figure::Time(each), unless_equal(&seen, &[PACKET - 1; MANY]))
    });
    let each = codec.limits(Shape::Fast).wire_time(PACKET as u64 - 1);
    checks.push(check(Assumption::FullAnswers, Figure::Time(each), full)?);
    codec.bring_up(pipe)?;

    checks.push(check(Assumption::HeldBack, Figure::Count(34), held_back(pipe))?);
    codec.bring_up(pipe)?;

    let from = pipe.now();
    let turn = codec.prove(pipe).map(|()| (Figure::Time(pipe.now().saturating_sub(from)), None));
    checks.push(check(Assumption::PinsInTurn, Figure::Time(MODEL_PROOF), turn)?);
    codec.bring_up(pipe)?;

    checks.push(a_thousand(codec, pipe)?);
    Ok(checks)
}

/// The proof as modelled: one burst, which waits for the next frame of full-speed USB (1 ms at most); its few packets take
/// a tenth of that. Unmeasured.
const MODEL_PROOF: Duration = Duration::from_millis(1);

/// As many packets as the chip is believed to hold, fetched late.
fn held_back(pipe: &mut dyn Pipe) -> Result<(Figure, Option<String>), SpiError> {
    let wanted = [PACKET - 1, 3];
    let out = wanted.map(clocks);
    pipe.burst(Burst { out: &out, in_depth: 1, quiet: PROOF_QUIET }, &mut Silence)?;
    pipe.sleep(HOLD);
    let mut seen = Vec::new();
    for _ in wanted {
        seen.push(pipe.drain(PACKET, PROOF_QUIET)?.len());
    }
    Ok((Figure::Count(seen.iter().sum::<usize>() as u64), unless_equal(&seen, &wanted)))
}
