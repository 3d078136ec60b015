//! One session on one chip: probe, everything readable, write a plan's way, verify, put back.

use crate::direct::Direct;
use norsplice::flash::{Chip, FlashError, Permit};
use norsplice::plan::{Bounds, Erase, Step, plan};
use norsplice::span::{Span, Spans};

/// Bytes without a pattern, the same for the same seed.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut out = Vec::with_capacity(len + 8);
    while out.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out.extend_from_slice(&x.to_le_bytes());
    }
    out.truncate(len);
    out
}

/// The chip connected, or why not.
pub fn connect(programmer: &Direct) -> Result<Chip<Direct>, FlashError> {
    Chip::connect(programmer.clone())
}

/// Brings `span` of the chip from what it holds to `wanted`, the way a job does: unlock, erase, program, verify, relock.
pub fn write(chip: &mut Chip<Direct>, span: Span, wanted: &[u8]) -> Result<(), FlashError> {
    let size = chip.geometry().size;
    let permit = Permit::contents_are_backed_up(Spans::from(Span::new(0, size)), &chip.identity().jedec_id);
    let current = chip.read_to_vec(Span::new(0, size))?;
    let mut image = current.clone();
    image[span.start as usize..span.end as usize].copy_from_slice(wanted);
    let bounds: Bounds = Spans::from(Span::new(0, size)).into();
    let steps = plan(&current, &image, chip.geometry(), &chip.costs(), &bounds)
        .map_err(|e| FlashError::Unsupported(format!("plan: {e}")))?;
    let touched = Spans::from(Span::new(0, size));
    let unlocked = chip.unlock(&touched, &permit)?;
    for step in &steps.steps {
        run(chip, step, &image, &permit)?;
    }
    let differs = chip.verify(0, &image)?;
    assert!(differs.is_empty(), "{differs:?}");
    chip.relock(unlocked)
}

fn run(chip: &mut Chip<Direct>, step: &Step, image: &[u8], permit: &Permit) -> Result<(), FlashError> {
    match &step.erase {
        Some(Erase::Block(kind)) => chip.erase(kind, step.block.start, permit)?,
        Some(Erase::Chip { .. }) => chip.erase_chip(permit)?,
        None => {}
    }
    for span in &step.program {
        chip.program(span.start, &image[span.start as usize..span.end as usize], permit)?;
    }
    Ok(())
}
