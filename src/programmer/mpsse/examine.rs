//! What the self-test asks of an FTDI port: loopback, clocks without data, a full FIFO, pins that read back.

use super::{Answers, CLOCK_BYTES_NO_DATA, CS, Mpsse};
use crate::programmer::codec::{Codec, Scatter, Silence};
use crate::programmer::ftdi::{self, echo};
use crate::programmer::selftest::{Assumption, Check, Figure, Found, a_thousand, check};
use crate::programmer::shape::Shape;
use crate::spi::SpiError;
use crate::usb::{Burst, PATIENCE, Pipe};
use ftdi_mpsse::{ClockDataIn, MpsseCmdBuilder};
use std::time::Duration;

/// bcdDevice of the H family, then of the HP family (Linux's `ftdi_sio.c`).
const RELEASES: [u16; 10] = [0x0700, 0x0800, 0x0900, 0x2800, 0x2900, 0x3000, 0x3100, 0x3200, 0x3300, 0x3600];
/// Bytes of the long loopback, and of the clocks without data.
const LONG: usize = 64 * 1024;
/// How long the host fetches nothing.
const HOLD: Duration = Duration::from_millis(200);
/// Bytes that wait then: more than any FIFO holds.
const HELD: usize = 8 * 1024;

/// All checks of an FTDI port. The port is brought up again after each.
pub(super) fn examine(codec: &mut Mpsse, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
    let release = pipe.about().release;
    let version = match release {
        Some(known) if RELEASES.contains(&known) => (Figure::Code(known), None),
        Some(other) => (Figure::Code(other), Some("not of the H family".to_owned())),
        None => (Figure::None, Some("its descriptors cannot be read".to_owned())),
    };
    let model = Figure::Code(release.filter(|known| RELEASES.contains(known)).unwrap_or(RELEASES[0]));
    let mut checks = vec![check(Assumption::Version, model, Ok(version))?];

    let from = pipe.now();
    let trip = echo(codec.packet, &[], pipe).map(|_| (Figure::Time(pipe.now().saturating_sub(from)), None));
    checks.push(check(Assumption::RoundTrip, Figure::Time(codec.limits(Shape::Fast).round_trip), trip)?);
    codec.bring_up(pipe)?;

    let from = pipe.now();
    let back = ftdi::prove(codec, LONG, pipe).map(|_| (Figure::Time(pipe.now().saturating_sub(from)), None));
    let wire = Figure::Time(codec.byte_times(LONG));
    checks.push(check(Assumption::Loopback, wire, back)?);
    codec.bring_up(pipe)?;

    let [low, high] = ((LONG - 1) as u16).to_le_bytes();
    let from = pipe.now();
    let idle = match codec.seen.clocks_without_data {
        false => Check {
            assumption: Assumption::IdleClocks,
            found: Found::NotDone("this port does not know 8F".into()),
            measured: Figure::None,
            model: wire,
        },
        true => {
            let done = echo(codec.packet, &[CLOCK_BYTES_NO_DATA, low, high], pipe);
            let took = pipe.now().saturating_sub(from);
            let short = took < codec.byte_times(LONG) * 9 / 10;
            let seen = short.then(|| "it is over too soon".to_owned());
            check(Assumption::IdleClocks, wire, done.map(|_| (Figure::Time(took), seen)))?
        }
    };
    checks.push(idle);
    codec.bring_up(pipe)?;

    checks.push(check(Assumption::HeldBack, Figure::Count(HELD as u64), held_back(codec, pipe))?);
    codec.bring_up(pipe)?;
    checks.push(check(Assumption::SelectReadBack, Figure::Count(3), select(codec, pipe))?);
    codec.bring_up(pipe)?;
    checks.push(a_thousand(codec, pipe)?);
    Ok(checks)
}

/// Reads more than the FIFO holds, with chip select high, and fetches it late: the clock waits, and nothing is lost.
fn held_back(codec: &Mpsse, pipe: &mut dyn Pipe) -> Result<(Figure, Option<String>), SpiError> {
    let out = [MpsseCmdBuilder::new().clock_data_in(ClockDataIn::MsbPos, HELD).send_immediate().0];
    pipe.burst(Burst { out: &out, in_depth: 1, quiet: PATIENCE }, &mut Silence)?;
    pipe.sleep(HOLD);
    let mut scatter = Scatter::default();
    scatter.drop_next(HELD);
    let mut reply = Answers::new(scatter, codec.packet);
    pipe.burst(Burst { out: &[], in_depth: 1, quiet: PATIENCE }, &mut reply)?;
    Ok((Figure::Count(HELD as u64), None))
}

/// Moves chip select with no clock, which no chip takes for a command, and reads it back.
fn select(codec: &Mpsse, pipe: &mut dyn Pipe) -> Result<(Figure, Option<String>), SpiError> {
    let mut commands = MpsseCmdBuilder::new();
    let levels = [codec.idle, codec.idle & !CS, codec.idle];
    for pins in levels {
        commands = commands.set_gpio_lower(pins, codec.outputs).gpio_lower();
    }
    let out = [commands.send_immediate().0];
    let mut seen = [0; 3];
    let mut scatter = Scatter::default();
    scatter.keep_next(&mut seen);
    let mut reply = Answers::new(scatter, codec.packet);
    pipe.burst(Burst { out: &out, in_depth: 1, quiet: PATIENCE }, &mut reply)?;
    drop(reply);
    let right = seen.iter().zip(levels).filter(|(read, pins)| (*read ^ pins) & CS == 0).count();
    let wrong = (right != levels.len())
        .then(|| format!("chip select reads {}", seen.map(|pins| format!("{pins:02x}")).join(" ")));
    Ok((Figure::Count(right as u64), wrong))
}
