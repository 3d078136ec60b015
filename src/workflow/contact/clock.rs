//! The highest clock at which repeated reads agree, and one step back from it.

use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::{Programmer, SpiError};
use crate::workflow::error::Cause;
use crate::workflow::event::{Event, Events, Stage};

/// Clocks tried, from slow to fast; the programmer rounds down to what its divisor gives.
const CLOCKS_HZ: [u32; 8] =
    [1_000_000, 2_000_000, 3_000_000, 5_000_000, 6_000_000, 10_000_000, 15_000_000, 30_000_000];
/// Bytes of each sample, and how often they are read at each clock.
const SAMPLE: u64 = 512;
const TIMES: u32 = 4;
/// Samples, spread over the chip.
const SAMPLES: u64 = 2;

/// Finds and sets the clock; gives it. `None` where the programmer's clock is fixed.
///
/// The reference is read at the slowest clock. The search stops at the first clock whose reads differ from it; one step
/// below the last good one is set, so that there is a margin.
///
/// # Errors
/// [`Cause::Stopped`], what failed below; [`FlashError::Unstable`] when not even the slowest clock reads steadily.
pub fn find_clock<P: Programmer>(chip: &mut Chip<P>, events: &mut Events<'_>) -> Result<Option<u32>, Cause> {
    let mut reference = None;
    let mut good: Vec<u32> = Vec::new();
    let most = chip.max_hz().unwrap_or(u32::MAX);
    for wanted in CLOCKS_HZ.into_iter().filter(|hz| *hz <= most) {
        let hz = match chip.programmer().set_clock(wanted) {
            Ok(hz) => hz,
            Err(SpiError::Unsupported(_)) => return Ok(None),
            Err(e) => return Err(FlashError::from(e).into()),
        };
        if good.last() == Some(&hz) {
            continue;
        }
        if events(Event::Advance { stage: Stage::Contact, bytes: 0 }).is_break() {
            return Err(Cause::Stopped);
        }
        if !agrees(chip, &mut reference)? {
            break;
        }
        good.push(hz);
    }
    let chosen = match &good[..] {
        [] => {
            let (seen, again) = (chip.rdid()?, chip.rdid()?);
            return Err(
                FlashError::Unstable { ids: vec![chip.identity().jedec_id.clone(), seen, again] }.into()
            );
        }
        [only] => *only,
        [.., below, _] => *below,
    };
    let set = chip.programmer().set_clock(chosen).map_err(FlashError::from)?;
    Ok(Some(set))
}

/// Whether the samples read as the reference does, every time; the first call sets the reference.
fn agrees<P: Programmer>(chip: &mut Chip<P>, reference: &mut Option<Vec<u8>>) -> Result<bool, FlashError> {
    for _ in 0..TIMES {
        let mut seen = chip.rdid()?;
        if seen != chip.identity().jedec_id {
            return Ok(false);
        }
        let size = chip.geometry().size;
        for n in 0..SAMPLES {
            let start = size / SAMPLES * n;
            seen.extend(chip.read_to_vec(Span::new(start, (start + SAMPLE).min(size)))?);
        }
        seen.extend(chip.read_sfdp()?.unwrap_or_default());
        match reference {
            None => *reference = Some(seen),
            Some(wanted) if *wanted != seen => return Ok(false),
            Some(_) => {}
        }
    }
    Ok(true)
}
