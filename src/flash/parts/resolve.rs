//! Which of the rows that share an id it is, by evidence the chip gave; what stays open becomes one family row.

use super::load::{STATUS_UNKNOWN, by_id};
use crate::flash::part::{EraseSpec, FourByte, OtpMethod, OtpScheme, Part, ProtectScheme, SfdpTell};

/// What the chip has shown of itself beyond its id. `None` where it was not asked.
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
///
/// Evidence never brings the rows down to none: where it contradicts all of them, all of them stay in the family.
pub fn resolve(id: &[u8], evidence: &Evidence) -> Resolved {
    let rows = by_id(id);
    let fitting: Vec<&Part> = rows.iter().copied().filter(|p| fits(p, evidence)).collect();
    let chosen = if fitting.is_empty() { rows } else { fitting };
    match chosen.as_slice() {
        [] => Resolved::Unknown,
        [one] => Resolved::One((*one).clone()),
        [first, rest @ ..] => {
            let family = rest.iter().fold((*first).clone(), |common, part| shared(common, part));
            let names: Vec<String> = chosen.iter().map(|p| p.name.clone()).collect();
            Resolved::Family(Part { name: names.join("/"), ..family }, names)
        }
    }
}

fn fits(part: &Part, evidence: &Evidence) -> bool {
    let ext = part.ext_id.iter().zip(&evidence.ext_id).all(|(want, got)| want.is_none_or(|w| w == *got));
    ext && agrees(&part.tell, evidence)
}

fn agrees(tell: &SfdpTell, evidence: &Evidence) -> bool {
    fn same<T: PartialEq>(want: Option<T>, got: Option<T>) -> bool {
        match (want, got) {
            (Some(want), Some(got)) => want == got,
            _ => true,
        }
    }
    same(tell.present, evidence.sfdp)
        && same(tell.header_minor, evidence.header_minor)
        && same(tell.bfpt_minor, evidence.table_minor)
        && same(tell.qpi, evidence.dwords.get(4).map(|dw5| dw5 & 0x10 != 0))
}

/// What two parts have in common; where they differ, the careful answer.
fn shared(a: Part, b: &Part) -> Part {
    let both = |t: &EraseSpec| b.erase.contains(t);
    let unknown = || OtpScheme { method: OtpMethod::Unknown, registers: Vec::new(), disputed: false };
    let mut forever = [a.forever.as_slice(), &b.forever].concat();
    forever.sort_unstable();
    forever.dedup();
    Part {
        size: a.size.min(b.size),
        page: a.page.min(b.page),
        erase: a.erase.iter().filter(|t| both(t)).cloned().collect(),
        chip_erase: a.chip_erase.filter(|op| b.chip_erase == Some(*op)),
        voltage_mv: if a.voltage_mv == b.voltage_mv { a.voltage_mv } else { None },
        low_voltage: a.low_voltage || b.low_voltage,
        four_byte: if a.four_byte == b.four_byte { a.four_byte } else { FourByte::default() },
        protection: if a.protection == b.protection { a.protection } else { ProtectScheme::Unknown },
        otp: if a.otp == b.otp { a.otp } else { unknown() },
        status: if a.status == b.status { a.status } else { STATUS_UNKNOWN },
        times: if a.times == b.times { a.times } else { None },
        source: if a.source == b.source { a.source } else { format!("{}; {}", a.source, b.source) },
        confidence: a.confidence.min(b.confidence),
        forever,
        ..a
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W25Q64FV's fifth dword has bit 4 set; W25Q64CV's has not.
    fn evidence(header_minor: u8, table_minor: u8, dw5: u32) -> Evidence {
        let (header_minor, table_minor) = (Some(header_minor), Some(table_minor));
        Evidence {
            sfdp: Some(true),
            header_minor,
            table_minor,
            dwords: vec![0, 0, 0, 0, dw5],
            ..Evidence::default()
        }
    }

    #[test]
    fn an_ef4017_is_told_apart_by_its_sfdp() {
        let id = [0xEF, 0x40, 0x17];
        let name = |e: &Evidence| match resolve(&id, e) {
            Resolved::One(part) => part.name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name(&Evidence { sfdp: Some(false), ..Evidence::default() }), "W25Q64BV");
        assert_eq!(name(&evidence(0, 0, 0xFFFF_FFEE)), "W25Q64CV");
        assert_eq!(name(&evidence(0, 0, 0xFFFF_FFFE)), "W25Q64FV");
        assert_eq!(name(&evidence(5, 5, 0xFFFF_FFFE)), "W25Q64JV");
    }

    #[test]
    fn without_evidence_a_family_has_only_what_all_share() {
        let Resolved::Family(part, names) = resolve(&[0xEF, 0x40, 0x17], &Evidence::default()) else {
            panic!("one or none");
        };
        assert_eq!(names.len(), 4);
        assert_eq!((part.size, part.erase.len()), (8 << 20, 3));
        assert_eq!(part.otp.method, OtpMethod::Unknown);
        assert_eq!(part.status, STATUS_UNKNOWN);
    }

    #[test]
    fn an_id_nobody_knows_is_unknown() {
        assert_eq!(resolve(&[0xEF, 0x99, 0x17], &Evidence::default()), Resolved::Unknown);
        assert_eq!(resolve(&[], &Evidence::default()), Resolved::Unknown);
    }
}
