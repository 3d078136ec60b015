//! `otp diff A B`: the registers of two backups, dumps, or the chip.

use super::super::super::exit::{Exit, Failure, Outcome};
use super::super::super::session::Session;
use super::super::super::show::{Tone, hexdump};
use super::super::super::store;
use super::on_chip::registers;
use crate::desk::files;
use crate::plan::diff;
use crate::wire;
use crate::workflow::otp::{file_name, of_backup};
use std::collections::BTreeMap;
use std::path::Path;

/// Registers by number.
type Set = BTreeMap<u8, Vec<u8>>;

/// Compares. Differences are exit code 4.
pub fn run(session: &Session, a: &str, b: &str) -> Outcome {
    let (left, right) = (read(session, a)?, read(session, b)?);
    let out = &session.out;
    let mut differing = Vec::new();
    for index in left.keys().chain(right.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (x, y) = (left.get(index), right.get(index));
        if x == y {
            out.line(format!("security register {index}: {}", out.tone(Tone::Good, "equal")));
            continue;
        }
        out.line(format!("security register {index}: {}", out.tone(Tone::Bad, "differs")));
        let empty = Vec::new();
        let ranges = diff(x.unwrap_or(&empty), y.unwrap_or(&empty));
        for (name, bytes) in [(a, x), (b, y)] {
            match bytes {
                None => out.line(format!("  {name}: has none")),
                Some(bytes) => {
                    out.line(format!("  {name}:"));
                    hexdump(0, bytes, out.width().saturating_sub(4))
                        .iter()
                        .for_each(|line| out.line(format!("    {line}")));
                }
            }
        }
        differing.push((*index, ranges));
    }
    let exit = if differing.is_empty() { Exit::Done } else { Exit::Differ };
    let differing = differing.iter().map(|(index, ranges)| (*index, ranges.as_slice()));
    Ok((exit, wire::registers_compared(differing)))
}

fn read(session: &Session, text: &str) -> Result<Set, Failure> {
    if text == "chip" {
        return Ok(registers(session)?.into_iter().map(|r| (r.index, r.bytes)).collect());
    }
    let dir = Path::new(text);
    let set: Set = if dir.is_dir() {
        let files = (0..=u8::MAX).map(|index| (index, dir.join(file_name(index))));
        let there = files.filter(|(_, path)| path.exists());
        there.map(|(index, path)| Ok((index, files::read(&path)?))).collect::<Result<_, Failure>>()?
    } else {
        let store = store::open(session)?;
        let id = store.find(text).map_err(|error| {
            Failure::refused(format!("'{text}' is neither 'chip' nor a folder nor a backup: {error}"))
        })?;
        of_backup(&store, &id)?.into_iter().collect()
    };
    if set.is_empty() {
        return Err(Failure::refused(format!("{text} holds no security registers")));
    }
    Ok(set)
}
