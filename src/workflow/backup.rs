//! The backup: two equal reads and everything else the chip says of itself, stored before anything is touched.

use super::contact::AddressProof;
use super::error::{Cause, Error};
use super::event::{Event, Events, Stage};
use super::guard::{chip_key, refuse_open_job};
use super::reading::{self, How, ReadOptions, Reading};
use super::store::{Draft, Facts, Manifest, Origin, Proven, ProvenBy, Reads, Store};
use super::stored_status::{STATUS, StoredStatus};
use crate::flash::{Chip, Status};
use crate::span::{Span, Spans};
use crate::spi::Programmer;
use std::time::Duration;

/// How to back up.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BackupOptions {
    /// The programmer, in words, for the manifest.
    pub programmer: String,
    /// The board, where it was named.
    pub board: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// A chip that is FF all over is taken for a blank one, not for a dead bus, if it answers to its id.
    pub blank_allowed: bool,
}

/// A backup as it was just taken.
#[derive(Clone, Debug)]
pub struct Backup {
    /// As stored.
    pub manifest: Manifest,
    /// The contents.
    pub flash: Vec<u8>,
    /// The status registers at the time.
    pub status: Status,
    /// Bytes read from the array.
    pub bytes_read: u64,
    /// Time it took, in the programmer's time.
    pub time: Duration,
}

/// Reads the chip twice, or once where the store knows it and it still agrees, and stores it with its companions.
///
/// # Errors
/// [`Cause::OpenJob`] for a chip in the middle of a job, [`Cause::Disagree`], [`Cause::Suspect`], [`Cause::Stopped`],
/// and what failed below. The chip is untouched in any case.
pub fn backup<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    options: &BackupOptions,
    events: &mut Events<'_>,
) -> Result<Backup, Error> {
    refuse_open_job(chip, store)?;
    let proof = reading::prove(chip, &[])?;
    take(chip, store, &proof, options, events).map_err(Cause::untouched)
}

/// The same without the guard, whose answer the caller has.
pub(super) fn take<P: Programmer>(
    chip: &mut Chip<P>,
    store: &Store,
    proof: &AddressProof,
    options: &BackupOptions,
    events: &mut Events<'_>,
) -> Result<Backup, Cause> {
    let begun = chip.programmer().now();
    let size = chip.geometry().size;
    let mut draft = Draft::new(store, size)?;
    let read_options = ReadOptions::default();
    // A store that cannot be read in this respect costs a second pass, nothing more.
    let known = store.known_contents(&chip_key(chip.identity()), size).ok().flatten();
    let contents = known.as_ref().map(|known| known.contents.as_slice());
    let reading = reading::read_with(
        chip,
        Span::new(0, size),
        &How {
            options: &read_options,
            stages: (Stage::FirstRead, Stage::SecondRead),
            proof,
            known: contents,
        },
        events,
        &mut |address, bytes| Ok(draft.put(address, bytes)?),
    )?;
    let proven = proven_by(&reading);
    let by_store = reading.passes == 1;
    let Reading { bytes: flash, bytes_read, rereads, passes, .. } = reading;
    let identity = chip.identity();
    let left = identity.left.iter().map(ToString::to_string);
    let mut notes: Vec<String> = left.chain(identity.notes.iter().cloned()).collect();
    refuse_uniform(&flash, options.blank_allowed, &mut notes)?;
    if size > super::engine::SECOND_OPINION_END {
        notes.push(
            "what lies past 16 MiB was read twice by our own engine, in two ways: spi-memory does not reach it".into(),
        );
    }
    let status = chip.status()?;
    let registers = chip.security_registers()?;
    if !chip.otp_known() {
        notes.push(
            "the part may have security registers that this program cannot read; they are not in here".into(),
        );
    }
    if events(Event::Begin { stage: Stage::Store, bytes: size, time: None }).is_break() {
        return Err(Cause::Stopped);
    }
    draft.add(STATUS, &StoredStatus::of(&status, &registers).to_bytes())?;
    if let Some(sfdp) = &chip.identity().sfdp {
        draft.add("sfdp.bin", sfdp)?;
    }
    for register in &registers {
        draft.add(&format!("security-register-{}.bin", register.index), &register.bytes)?;
    }
    // What came again (slowed down, or settled by vote) is summed here, as it is now.
    let sha256 = draft.sum()?.unwrap_or_else(|| super::files::sha256_hex(&flash));
    let facts = Facts {
        chip: chip_key(chip.identity()),
        part: chip.identity().part_name.clone(),
        programmer: options.programmer.clone(),
        origin: Origin::Read,
        reads: Reads {
            passes,
            bytes: bytes_read,
            rereads,
            proven,
            known_from: known.filter(|_| by_store).map(|known| known.backup),
        },
        board: options.board.clone(),
        name: options.name.clone(),
        notes,
    };
    let manifest = draft.finish(&sha256, facts)?;
    let _ = events(Event::End { stage: Stage::Store });
    let _ = events(Event::Stored { id: manifest.id.clone() });
    let time = chip.programmer().now().saturating_sub(begun);
    Ok(Backup { manifest, flash, status, bytes_read, time })
}

/// How each stretch was proven.
fn proven_by(reading: &Reading) -> Vec<Proven> {
    let whole = Spans::from(Span::new(reading.start, reading.start + reading.bytes.len() as u64));
    let voted: Spans = reading.rereads.iter().filter_map(|r| Span::at(r.address, r.len)).collect();
    let twice = reading.read_twice.difference(&voted);
    let once = whole.difference(&reading.read_twice).difference(&voted);
    let stretches =
        [(&voted, ProvenBy::Vote), (&twice, ProvenBy::TwoReads), (&once, ProvenBy::StoreAndOneRead)];
    let mut proven: Vec<Proven> = stretches
        .into_iter()
        .flat_map(|(spans, by)| spans.iter().map(move |s| Proven { start: s.start, end: s.end, by }))
        .collect();
    proven.sort_by_key(|stretch| stretch.start);
    proven
}

/// All FF or all 00 is what a dead bus gives; the id has been right at the end of each pass.
fn refuse_uniform(flash: &[u8], blank_allowed: bool, notes: &mut Vec<String>) -> Result<(), Cause> {
    match flash.first() {
        Some(&value @ (0x00 | 0xff)) if flash.iter().all(|b| *b == value) => {
            if value == 0xff && blank_allowed {
                notes.push("the chip is blank".into());
                return Ok(());
            }
            Err(Cause::Suspect { value })
        }
        _ => Ok(()),
    }
}
