//! A file for the loader's rescue, judged: would this board take it and start from it?

use super::judge::once;
use crate::image::boards::{Board, Recovery, RecoveryKind};
use crate::image::checks::{Finding, Severity};
use crate::image::checks::{
    HEADER_KEPT, INNER_HEADER, LOADER_CUT, MODEM_IN_CONFIG, NO_FIRMWARE, TFTP_KIND, TOO_LONG, TRUNCATED,
};
use crate::image::container::tplink::{self, HEADER_LEN};
use crate::image::donor::identity::{self, Names};
use crate::image::donor::{firmware, loader};
use crate::image::error::ImageError;
use crate::image::formats::envelope_at;
use crate::image::is_blank;

/// Judges `file` as what the board's loader fetches by TFTP.
///
/// # Errors
/// When nothing is known of the board's rescue.
pub fn check_tftp(board: &Board, file: &[u8]) -> Result<Vec<Finding>, ImageError> {
    let no = |why: &str| ImageError::NotForThisBoard { board: board.name.clone(), why: why.to_owned() };
    let recovery = board.recovery.as_ref().ok_or_else(|| no("nothing is known of its loader's rescue"))?;
    let start = board.firmware_start().ok_or_else(|| no("it has no firmware region"))?;
    let mut found = Vec::new();
    if file.is_empty() {
        return Ok(vec![TRUNCATED.found("the file is empty")]);
    }
    let room = recovery.end;
    if file.len() as u64 > room {
        found.push(TOO_LONG.found(format!(
            "the file has {:#x} bytes, the rescue of {} writes {room:#x} at most: the data of this unit comes after it",
            file.len(),
            board.name
        )));
    }
    let front = &file[..file.len().min(start as usize)];
    found.extend(judge_front(front, recovery, start, board));
    let Some(after) = file.get(start as usize..).filter(|b| !b.is_empty()) else {
        if !found.iter().any(|f| f.severity == Severity::Refuse) {
            found.push(if file.len() as u64 == start {
                NO_FIRMWARE.found("the file has a boot loader and no firmware")
            } else {
                TRUNCATED.found(format!(
                    "the file ends at {:#x}, before the firmware's place at {start:#x}",
                    file.len()
                ))
            });
        }
        return Ok(found);
    };
    match envelope_at(file, start) {
        Some(header) => {
            found.extend(firmware::judge_file(file, header.as_ref(), "the file's firmware", board));
            found.extend(firmware::judge_metadata(after, "the file's firmware"));
            found.extend(identity::judge(&Names::listed(after), "the file's firmware", board));
            found.extend(header.room().and_then(|room| tail(file, start + room, board)));
        }
        None if is_blank(after) => {
            found.push(NO_FIRMWARE.found("the file has no firmware after its boot loader"))
        }
        None if board.hardware.is_empty() => {}
        None => {
            let elsewhere =
                loader::find_header(file).map_or(String::new(), |h| format!(", one is at {:#x}", h.offset));
            found.push(INNER_HEADER.found(format!(
                "no firmware header is at {start:#x}, where the board's firmware starts{elsewhere}"
            )));
        }
    }
    Ok(once(found))
}

/// What is before the firmware: a loader where the rescue writes one, filler where it skips it.
fn judge_front(front: &[u8], recovery: &Recovery, start: u64, board: &Board) -> Option<Finding> {
    let header = tplink::parse(front, 0);
    match recovery.kind {
        RecoveryKind::FromZero => {
            let padded = loader::starts_padded(front) || is_blank(front);
            if header.is_none() && padded {
                return Some(TFTP_KIND.found(format!(
                    "the file starts with {:02x} {:02x}...: it is made for boards whose rescue skips the first \
                     {start:#x} bytes; {} writes from 0, and its boot loader would be gone",
                    front[0],
                    front.get(1).unwrap_or(&front[0]),
                    board.name
                )));
            }
            loader::fault(front, "the file")
        }
        RecoveryKind::FromFirmware => match header {
            Some(h) if h.has_boot() => Some(HEADER_KEPT.found(format!(
                "the file starts with the vendor's outer header: cut the first {HEADER_LEN:#x} bytes off"
            ))),
            Some(_) => Some(TFTP_KIND.found(format!(
                "the file starts with the firmware; the rescue of {} skips the first {start:#x} bytes, and they \
                 would be lost: put {start:#x} zeros before it",
                board.name
            ))),
            None if loader::find_header(front).is_some() => Some(LOADER_CUT.found(format!(
                "a firmware header is before {start:#x}, where the rescue of {} starts to write",
                board.name
            ))),
            // Skipped all the same: no harm, and not what the board's kind of file is.
            None if !is_blank(front) => Some(TFTP_KIND.found_as(
                Severity::Ask,
                format!(
                    "the file starts with something else than filler, a boot loader it seems: it is made for boards \
                     whose rescue writes from 0; {} skips the first {start:#x} bytes",
                    board.name
                ),
            )),
            None => None,
        },
    }
}

/// Bytes after the firmware's own length, where settings would be.
fn tail(file: &[u8], from: u64, board: &Board) -> Option<Finding> {
    let rest = file.get(from as usize..)?;
    let readable = rest.starts_with(b"<?xml");
    let region = board.layout.at(from)?;
    (!is_blank(rest) && !readable).then(|| {
        MODEM_IN_CONFIG.found(format!(
            "{:#x} bytes that are not firmware follow it at {from:#x} and would land in {}: modem firmware, it seems",
            rest.len(),
            region.name
        ))
    })
}
