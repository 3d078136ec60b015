//! What holds the variables, emptied: headers stay, records are erased, as a maker delivers it.

use super::volume::Volume;
use super::{file, nvar, volume, vss};
use crate::span::Span;

/// Erased flash.
const ERASED: u8 = 0xff;

/// `bytes`, which are a volume of variables or AMI's file of them, without its records. `None` where it is neither, or
/// holds something that is not known, so that what would be lost is not known either.
pub fn emptied(bytes: &[u8]) -> Option<Vec<u8>> {
    match volume::read(bytes, 0) {
        Some(volume) => volume_emptied(bytes, &volume),
        None => file_emptied(bytes),
    }
}

fn volume_emptied(bytes: &[u8], volume: &Volume) -> Option<Vec<u8>> {
    let whole = volume.is_nvram() && volume.header_holds && volume.span.end == bytes.len() as u64;
    let stores = if whole { vss::stores(bytes, volume) } else { return None };
    if !stores.iter().any(|store| store.form != "FTW") {
        return None;
    }
    let header = Span::new(0, volume.header_len);
    let mut empty = vec![ERASED; bytes.len()];
    let mut known = vec![header];
    for store in &stores {
        let head = Span::new(store.span.start, store.span.start + store.header_len);
        empty[head.range()].copy_from_slice(head.of(bytes)?);
        known.push(store.span);
    }
    empty[header.range()].copy_from_slice(header.of(bytes)?);
    // Behind the working block there is the spare; between the stores there must be nothing.
    let end = stores.last().map_or(volume.span.end, |last| last.span.end);
    let mut at = 0;
    for span in known {
        let between = Span::new(at, span.start).of(bytes)?;
        if between.iter().any(|byte| *byte != ERASED) {
            return None;
        }
        at = span.end;
    }
    let behind = Span::new(end, volume.span.end).of(bytes)?;
    let has_spare = stores.last().is_some_and(|last| last.form == "FTW");
    (has_spare || behind.iter().all(|byte| *byte == ERASED)).then_some(empty)
}

fn file_emptied(bytes: &[u8]) -> Option<Vec<u8>> {
    let file = file::read(bytes, 0, bytes.len() as u64, 2, ERASED)?;
    let whole = file.guid == nvar::FILE && file.header_holds && file.span.end == bytes.len() as u64;
    let mut empty = bytes.to_vec();
    empty.get_mut(file.body().range())?.fill(ERASED);
    // A sum over the data is not made anew: such files have none.
    let again = file::read(&empty, 0, bytes.len() as u64, 2, ERASED)?;
    (whole && again.is_sound()).then_some(empty)
}
