//! Intel's firmware interface table: where microcode, the authenticated code module and the manifests are.
//!
//! 40h before the end of the flash there is its address. Rows of 16 bytes: address, 24-bit size (of the first: how many
//! rows), version, type with the mark that a sum is there, sum. Facts: Intel's FIT BIOS specification, UEFITool
//! (intel_fit.h).

use super::address::offset;
use super::file::sum;
use crate::image::container::bytes::{Endianness::Little, slice, u32_at, u64_at};
use crate::image::is_blank;
use crate::span::Span;

const MARK: &[u8] = b"_FIT_   ";
const ROW: usize = 16;
const POINTER_BEFORE_END: usize = 0x40;
/// More rows than any table has.
const MOST: u32 = 0x200;
const HAS_SUM: u8 = 0x80;
/// Length of a microcode update that says none.
const OLD_MICROCODE: u32 = 0x800;

/// What a row leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A microcode update.
    Microcode,
    /// The authenticated code module.
    Acm,
    /// A module of the BIOS that starts first.
    StartupModule,
    /// Boot Guard's key manifest.
    KeyManifest,
    /// Boot Guard's boot policy manifest.
    BootPolicy,
    /// Anything else.
    Other(u8),
}

impl Kind {
    fn of(kind: u8) -> Self {
        match kind {
            1 => Self::Microcode,
            2 => Self::Acm,
            7 => Self::StartupModule,
            0xb => Self::KeyManifest,
            0xc => Self::BootPolicy,
            other => Self::Other(other),
        }
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it leads to.
    pub kind: Kind,
    /// Where that is; `None` outside of the flash.
    pub at: Option<u64>,
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Where it is.
    pub span: Span,
    /// Its rows, without the first one.
    pub rows: Vec<Row>,
    /// What does not hold, in words.
    pub faults: Vec<(Span, String)>,
}

/// The table that the end of the flash, `bytes`, leads to.
pub fn find(bytes: &[u8]) -> Option<Fit> {
    let pointer = u32_at(bytes, bytes.len().checked_sub(POINTER_BEFORE_END)?, Little)?;
    let start = offset(bytes, pointer.into())? as usize;
    let head = slice(bytes, start, ROW).filter(|head| head.starts_with(MARK))?;
    let count = u32_at(head, 8, Little)? & 0xff_ffff;
    let len = ROW * count.clamp(1, MOST) as usize;
    let span = Span::at(start as u64, len as u64)?;
    let mut fit = Fit { span, rows: Vec::new(), faults: Vec::new() };
    let Some(table) = slice(bytes, start, len).filter(|_| (1..=MOST).contains(&count)) else {
        fit.faults.push((span, format!("the FIT says that it has {count} rows")));
        return Some(fit);
    };
    if head[14] & HAS_SUM != 0 && sum(table) != 0 {
        fit.faults.push((span, "the sum of the FIT does not hold".to_owned()));
    }
    for (n, row) in table.chunks_exact(ROW).enumerate().skip(1) {
        let (address, kind) = (u64_at(row, 0, Little)?, Kind::of(row[14] & !HAS_SUM));
        let at = offset(bytes, address);
        let fault = match (kind, at) {
            // Rows that are kept free.
            (Kind::Other(0x7f), _) => None,
            (Kind::Microcode | Kind::Acm | Kind::KeyManifest | Kind::BootPolicy, None) => {
                Some(format!("row {n} of the FIT leads to {address:#x}, outside of the flash"))
            }
            (Kind::Microcode, Some(at)) => microcode(bytes, at, n),
            _ => None,
        };
        fit.faults.extend(
            fault.map(|fault| (Span::at(span.start + (ROW * n) as u64, ROW as u64).unwrap_or(span), fault)),
        );
        fit.rows.push(Row { kind, at });
    }
    Some(fit)
}

/// What is wrong with the microcode update at `at`; room that is kept for one is erased.
fn microcode(bytes: &[u8], at: u64, row: usize) -> Option<String> {
    let head = slice(bytes, at as usize, 0x30);
    let Some(head) = head else { return Some(format!("row {row} of the FIT leads past the end")) };
    if is_blank(head) {
        return None;
    }
    let len = match u32_at(head, 0x20, Little)? {
        0 => OLD_MICROCODE,
        len => len,
    };
    let update = slice(bytes, at as usize, len as usize).filter(|_| head.starts_with(&[1, 0, 0, 0]));
    let Some(update) = update else {
        return Some(format!("row {row} of the FIT leads to {at:#x}, where no microcode is"));
    };
    let words = update.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let holds = words.fold(0u32, u32::wrapping_add) == 0;
    (!holds).then(|| format!("the sum of the microcode at {at:#x}, row {row} of the FIT, does not hold"))
}
