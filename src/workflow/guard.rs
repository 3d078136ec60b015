//! The guard in front of every backup: a chip in the middle of a job is never taken for a whole one.

use super::engine::Engine;
use super::error::Cause;
use super::journal::{JobHeader, ListedJob};
use super::store::{ChipKey, Store, Stored};
use crate::flash::{Chip, Identity};
use crate::span::{Span, Spans};
use crate::spi::Programmer;

/// Samples that distinguish chips without a unique id.
const SAMPLES: u64 = 16;
/// Blocks that a fresh look reads outside of what a job has touched.
const LOOKS: u64 = 64;
/// Bytes of one sample.
const SAMPLE: u64 = 256;

/// Which chip this is, as far as its ids show.
pub fn chip_key(identity: &Identity) -> ChipKey {
    ChipKey {
        jedec_id: Some(super::files::hex(&identity.jedec_id)),
        unique_id: identity.unique_id.as_deref().map(super::files::hex),
    }
}

/// The open jobs that this chip is in the middle of, newest first.
pub(crate) fn open_jobs_of<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
) -> Result<Vec<JobHeader>, Cause> {
    let key = chip_key(chip.identity());
    let mut mine = Vec::new();
    for ListedJob { id, header, .. } in store.open_jobs()? {
        // A job whose header cannot be read names no chip; 'jobs' lists it, and it can be dropped.
        let Ok(header) = header else { continue };
        // One that runs next to this has its chip on another programmer: in this process however alike the two are, in
        // another one unless the unique id says that it is this chip.
        let elsewhere = || !header.chip.is_same(&key) && store.is_at_work_elsewhere(&id);
        if store.is_at_work(&id) || elsewhere() {
            continue;
        }
        let fits = if header.chip.is_same(&key) {
            true
        } else {
            header.chip.may_be_same(&key)
                && header.size == chip.geometry().size
                && has_contents_of(chip, store, &header)?
        };
        if fits {
            mine.push(header);
        }
    }
    Ok(mine)
}

/// Refuses a chip that is in the middle of a job.
pub(super) fn refuse_open_job<P: Programmer>(chip: &mut Chip<P>, store: &Store) -> Result<(), Cause> {
    match open_jobs_of(chip, store)?.first() {
        Some(header) => Err(Cause::OpenJob { job: header.id.clone() }),
        None => Ok(()),
    }
}

/// True when what is on the chip outside of the job's blocks is what the job's backup has there. Where that cannot
/// be distinguished (nothing but blank bytes, no backup any more), it counts as the same: the user can drop the job.
fn has_contents_of<P: Programmer>(chip: &mut Chip<P>, store: &Store, job: &JobHeader) -> Result<bool, Cause> {
    let Ok(Stored { flash, .. }) = store.load(&job.backup) else { return Ok(true) };
    let outside = Spans::from(Span::new(0, job.size)).difference(&job.blocks());
    holds(chip, &flash, &outside)
}

/// True when samples of `within` are on the chip what they are in `flash`.
fn holds<P: Programmer>(chip: &mut Chip<P>, flash: &[u8], within: &Spans) -> Result<bool, Cause> {
    let samples = samples(flash, within);
    let mut equal = 0;
    for span in &samples {
        let wanted = span.of(flash);
        // Answers of one length that come one too late are those of the sample before: other bytes count by both engines.
        let is_equal = Some(&chip.read_to_vec(*span)?[..]) == wanted
            || Some(&Engine::Other.read_to_vec(chip, *span)?[..]) == wanted;
        equal += u64::from(is_equal);
    }
    // A noisy bus may spoil a few.
    Ok(equal * 4 >= samples.len() as u64 * 3)
}

/// Refuses a chip that differs from the backup in blocks that no step has touched: the backup was wrong, or the link is.
/// Only what both engines read alike counts.
///
/// # Errors
/// [`Cause::BackupDiffers`]; what failed below.
pub(super) fn refuse_changed_elsewhere<P: Programmer>(
    chip: &mut Chip<P>,
    backup: &str,
    flash: &[u8],
    touched: &Spans,
) -> Result<(), Cause> {
    let outside = Spans::from(Span::new(0, flash.len() as u64)).difference(touched);
    let mut differing = Spans::new();
    for span in evenly(outside.iter().flat_map(|s| s.pieces(SAMPLE)).collect(), LOOKS) {
        if Some(&Engine::Own.read_to_vec(chip, span)?[..]) == span.of(flash) {
            continue;
        }
        let (one, other) = (Engine::Own.read_to_vec(chip, span)?, Engine::Other.read_to_vec(chip, span)?);
        let differs = one == other && Some(&one[..]) != span.of(flash);
        if differs && !is_touched_elsewhere(chip, span, &one, flash.len() as u64, touched)? {
            differing.insert(span);
        }
    }
    match differing.is_empty() {
        true => Ok(()),
        false => Err(Cause::BackupDiffers { backup: backup.into(), spans: differing }),
    }
}

/// True where `bytes`, read at `span`, are what a step has left at the place that is the same cells in a chip of a half, a
/// quarter or an eighth of the size: an undo puts both back.
fn is_touched_elsewhere<P: Programmer>(
    chip: &mut Chip<P>,
    span: Span,
    bytes: &[u8],
    size: u64,
    touched: &Spans,
) -> Result<bool, Cause> {
    for n in 1..8 {
        let start = (span.start + size / 8 * n) % size;
        let mirror = Span::new(start, start + span.len());
        if touched.covers(mirror) && chip.read_to_vec(mirror)? == bytes {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses a chip that is not the one of the backup any more: whoever was asked has had time to move the clip.
pub(super) fn refuse_moved_clip<P: Programmer>(chip: &mut Chip<P>, flash: &[u8]) -> Result<(), Cause> {
    let id = chip.rdid()?;
    let unique_id = chip.ask_unique_id()?;
    let ids_hold = id == chip.identity().jedec_id && unique_id == chip.identity().unique_id;
    if ids_hold && holds(chip, flash, &Span::new(0, flash.len() as u64).into())? {
        return Ok(());
    }
    Err(Cause::ClipMoved)
}

/// Evenly spread stretches of `within` that are not one value.
fn samples(flash: &[u8], within: &Spans) -> Vec<Span> {
    let telling: Vec<Span> = within
        .iter()
        .flat_map(|s| s.pieces(SAMPLE))
        .filter(|s| s.len() == SAMPLE)
        .filter(|s| s.of(flash).is_some_and(|b| b.iter().any(|v| *v != b[0])))
        .collect();
    evenly(telling, SAMPLES)
}

/// At most `most` of them, evenly spread.
fn evenly(spans: Vec<Span>, most: u64) -> Vec<Span> {
    let step = (spans.len() as u64).div_ceil(most).max(1);
    spans.into_iter().step_by(step as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_and_telling() {
        let mut flash = vec![0xff; 0x10000];
        flash[0x8000..].iter_mut().enumerate().for_each(|(i, b)| *b = (i % 251) as u8);
        let within = Spans::from_iter([Span::new(0, 0xa000), Span::new(0xc000, 0x10000)]);
        let found = samples(&flash, &within);
        assert!(found.len() as u64 > SAMPLES / 2 && found.len() as u64 <= SAMPLES);
        assert!(found.iter().all(|s| s.start >= 0x8000 && within.covers(*s)));
        assert!(samples(&flash, &Span::new(0, 0x8000).into()).is_empty());
    }
}
