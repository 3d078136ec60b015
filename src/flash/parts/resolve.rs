//! Which of the rows that share an id it is, by evidence the chip gave; what stays open becomes one family row.
//!
//! Rules, strongest first: an extended id that matches beats rows without one; SFDP (presence, minor revisions, DW5
//! bit 4, single bytes); whether SR2 answers. Evidence never brings the rows down to none.

use super::family::shared;
use super::load::by_id;
use crate::flash::part::{Part, SfdpTell};
use crate::flash::sfdp::density;

/// What the chip has shown of itself beyond its id. `None` or empty where it was not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The bytes that followed the id in the same read.
    pub ext_id: Vec<u8>,
    /// Whether `5A` answered with an SFDP header.
    pub sfdp: Option<bool>,
    /// Minor revision in the SFDP header.
    pub header_minor: Option<u8>,
    /// Minor revision of the basic flash parameter table.
    pub table_minor: Option<u8>,
    /// The dwords of that table.
    pub dwords: Vec<u32>,
    /// The SFDP space as read.
    pub raw: Vec<u8>,
    /// Whether `35` answers as a register (anything but FF). Ask only where [`may_ask_sr2`] says so.
    pub sr2: Option<bool>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// One row, and only one, fits.
    One(Part),
    /// Several fit: what all of them share, and the names of the members.
    Family(Part, Vec<String>),
    /// No row has this id.
    Unknown,
}

/// Picks among the rows of `id` those that `evidence` does not speak against.
pub fn resolve(id: &[u8], evidence: &Evidence) -> Resolved {
    among(&candidates(id, evidence))
}

/// One row, or what several that cannot be distinguished share.
pub fn among(rows: &[&Part]) -> Resolved {
    match rows {
        [] => Resolved::Unknown,
        [one] => Resolved::One((*one).clone()),
        [first, rest @ ..] => {
            let mut names: Vec<String> = rows.iter().map(|p| p.name.clone()).collect();
            names.dedup();
            let part = shared(first, rest);
            // One part may have several rows, for several extended ids.
            if names.len() == 1 { Resolved::One(part) } else { Resolved::Family(part, names) }
        }
    }
}

/// Whether asking for SR2 by `35` would distinguish the rows, and is harmless on every one of them.
///
/// On Macronix, AMIC and some Micron parts `35` is the way into QPI, out of which a one-bit host finds no way back:
/// only parts whose rows say `sr2_by_35` are asked, and only when at least one row has such a register.
pub fn may_ask_sr2(id: &[u8], evidence: &Evidence) -> bool {
    let rows = candidates(id, evidence);
    let has = |p: &&&Part| p.status.read_sr2 == Some(0x35);
    rows.iter().all(|p| p.sr2_by_35) && rows.iter().any(|p| has(&p)) && !rows.iter().all(|p| has(&p))
}

/// The rows of `id` that the evidence leaves, never fewer than one where there are any.
///
/// After each rule the exceptions win: a row that names an extended id, a byte or a header revision the chip has, over
/// the rows that name none.
fn candidates(id: &[u8], evidence: &Evidence) -> Vec<&'static Part> {
    type Fits = fn(&Part, &Evidence) -> bool;
    type Named = fn(&Part, &Evidence) -> usize;
    let rules: [(Fits, Named); 3] = [
        (ext_fits, |p, e| if e.ext_id.is_empty() { 0 } else { p.ext_id.len() }),
        (sfdp_fits, |p, e| {
            let header = p.tell.header_minor.is_some() && p.tell.header_minor == e.header_minor;
            usize::from(header) + usize::from(p.tell.byte.is_some()) + usize::from(p.tell.size.is_some())
        }),
        (|p, e| e.sr2.is_none_or(|answers| answers == (p.status.read_sr2 == Some(0x35))), |_, _| 0),
    ];
    rules.into_iter().fold(by_id(id), |rows, (fits, named)| {
        let fitting: Vec<&Part> = rows.iter().copied().filter(|p| fits(p, evidence)).collect();
        let most = fitting.iter().map(|p| named(p, evidence)).max().unwrap_or(0);
        let chosen: Vec<&Part> = fitting.into_iter().filter(|p| named(p, evidence) == most).collect();
        if chosen.is_empty() { rows } else { chosen }
    })
}

fn ext_fits(part: &Part, evidence: &Evidence) -> bool {
    part.ext_id.iter().zip(&evidence.ext_id).all(|(want, got)| want.is_none_or(|w| w == *got))
}

fn sfdp_fits(part: &Part, evidence: &Evidence) -> bool {
    fn same<T: PartialEq>(want: Option<T>, got: Option<T>) -> bool {
        match (want, got) {
            (Some(want), Some(got)) => want == got,
            _ => true,
        }
    }
    let SfdpTell { present, header_minor, bfpt_minor, bfpt_least, byte, qpi, size } = part.tell;
    let at = |(address, _): (u8, u8)| evidence.raw.get(usize::from(address)).copied();
    same(present, evidence.sfdp)
        && same(header_minor, evidence.header_minor)
        && same(bfpt_minor, evidence.table_minor)
        && bfpt_least.zip(evidence.table_minor).is_none_or(|(least, got)| got >= least)
        && same(qpi, evidence.dwords.get(4).map(|dw5| dw5 & 0x10 != 0))
        // Without the byte or the size in hand the row cannot be meant: it is an exception among its neighbours.
        && byte.is_none_or(|b| at(b) == Some(b.1))
        && size.is_none_or(|size| evidence.dwords.get(1).copied().and_then(density) == Some(size))
}

#[cfg(test)]
mod tests;
