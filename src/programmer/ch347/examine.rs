//! What the self-test asks of a CH347: its version, held back answers, answers in order.

use super::answers::Answers;
use super::{Ch347, Commands, IN_DEPTH, NEW_FIRMWARE, PAYLOAD, PROOF_QUIET};
use crate::programmer::codec::{Codec, Silence};
use crate::programmer::selftest::{Assumption, Check, Figure, a_thousand, check};
use crate::spi::SpiError;
use crate::usb::{Burst, Pipe};
use std::time::Duration;

/// How long the host fetches nothing.
const HOLD: Duration = Duration::from_millis(200);
/// Bytes that wait then: more than the device holds.
const HELD: usize = 8 * PAYLOAD;

/// All checks of a CH347. It is brought up again after each that may fail.
pub(super) fn examine(codec: &mut Ch347, pipe: &mut dyn Pipe) -> Result<Vec<Check>, SpiError> {
    let version = match codec.version {
        Some(version) if codec.new => (Figure::Code(version), None),
        Some(version) => (Figure::Code(version), Some("an old version".to_owned())),
        None => (Figure::None, Some("it does not report one".to_owned())),
    };
    let mut checks = vec![check(Assumption::Version, Figure::Code(NEW_FIRMWARE), Ok(version))?];

    checks.push(check(Assumption::HeldBack, Figure::Count(HELD as u64), held_back(pipe))?);
    codec.bring_up(pipe)?;

    let from = pipe.now();
    let trip = codec.let_go(pipe).map(|()| (Figure::Time(pipe.now().saturating_sub(from)), None));
    let model = codec.limits(crate::programmer::Shape::Fast).round_trip;
    checks.push(check(Assumption::RoundTrip, Figure::Time(model), trip)?);
    codec.bring_up(pipe)?;

    checks.push(a_thousand(codec, pipe)?);
    Ok(checks)
}

/// Reads more than the device holds, with chip select high, and fetches it late.
fn held_back(pipe: &mut dyn Pipe) -> Result<(Figure, Option<String>), SpiError> {
    let mut bytes = [0; HELD];
    let mut commands = Commands::default();
    commands.read(&mut bytes);
    pipe.burst(Burst { out: &commands.out, in_depth: 1, quiet: PROOF_QUIET }, &mut Silence)?;
    pipe.sleep(HOLD);
    let mut answers = Answers::new(commands.scatter, commands.expected);
    pipe.burst(Burst { out: &[], in_depth: IN_DEPTH, quiet: PROOF_QUIET }, &mut answers)?;
    Ok((Figure::Count(HELD as u64), None))
}
