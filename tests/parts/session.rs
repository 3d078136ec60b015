//! One session on one chip: probe, everything readable, write a plan's way, verify, put back.

use super::direct::Direct;
pub use crate::bench::noise;
use norsplice::flash::{Chip, FlashError, Permit};
use norsplice::plan::{Bounds, Erase, Step, plan};
use norsplice::span::{Span, Spans};

/// Fills a chip's array: each MiB as the first, but for the number at the start of each of its sectors, which keeps every
/// place unlike every other. Noise for 256 MiB takes seconds, this does not.
pub fn fill(array: &mut [u8], seed: u64) {
    let noise = noise(array.len().min(1 << 20), seed);
    for (n, sector) in array.chunks_mut(0x1000).enumerate() {
        let from = n * 0x1000 % noise.len();
        sector.copy_from_slice(&noise[from..from + sector.len()]);
        sector[..4].copy_from_slice(&(n as u32 ^ seed as u32).to_le_bytes());
    }
}

/// The chip connected, or why not.
pub fn connect(programmer: &Direct) -> Result<Chip<Direct>, FlashError> {
    Chip::connect(programmer.clone())
}

/// Brings `span` of the chip, which holds `backup`, to `wanted`, the way a job does: unlock, erase, program, verify, relock.
pub fn write(chip: &mut Chip<Direct>, backup: &[u8], span: Span, wanted: &[u8]) -> Result<(), FlashError> {
    let size = chip.geometry().size;
    if size != backup.len() as u64 {
        return Err(FlashError::Unsupported(format!("{size} bytes, not {}", backup.len())));
    }
    let around = span.aligned_out(0x1_0000).intersection(Span::new(0, size)).unwrap_or(span);
    let read = chip.read_to_vec(around)?;
    assert!(
        read == backup[around.start as usize..around.end as usize],
        "what is read is not what the chip holds"
    );
    let permit = Permit::contents_are_backed_up(Spans::from(Span::new(0, size)), &chip.identity().jedec_id);
    let mut image = backup.to_vec();
    image[span.start as usize..span.end as usize].copy_from_slice(wanted);
    let bounds: Bounds = Spans::from(Span::new(0, size)).into();
    let steps = plan(backup, &image, chip.geometry(), &chip.costs(), &bounds)
        .map_err(|e| FlashError::Unsupported(format!("plan: {e}")))?;
    let touched: Spans = steps.steps.iter().map(|s| s.block).collect();
    let unlocked = chip.unlock(&touched, &permit)?;
    let done = steps.steps.iter().try_for_each(|step| run(chip, step, &image, &permit));
    if done.is_ok() {
        let differs = chip.verify(around.start, &image[around.start as usize..around.end as usize])?;
        assert!(
            differs.is_empty(),
            "{}: {} of {} differ",
            chip.identity().part_name,
            differs.len(),
            around.len()
        );
    }
    chip.relock(unlocked)?;
    done
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
