//! What rows that nothing distinguishes have in common: the only thing that may be used on a chip of such a family.
//!
//! Where some rows say nothing, the others' word is taken; where two rows say different things, neither is believed.

use crate::flash::part::{
    BpBits, BpRule, EraseSpec, FourByte, OtpMethod, OtpScheme, Part, ProgramScheme, ProtectScheme,
    StatusEnable, StatusScheme, Write01,
};

/// What all of `rows` share, named by [`title`]. `first` and `rest` together are the rows.
pub(super) fn shared(first: &Part, rest: &[&Part]) -> Part {
    let rows: Vec<&Part> = std::iter::once(first).chain(rest.iter().copied()).collect();
    let all = |same: &dyn Fn(&Part) -> bool| rows.iter().all(|p| same(p));
    let mut forever: Vec<_> = rows.iter().flat_map(|p| p.forever.iter().copied()).collect();
    forever.sort_unstable();
    forever.dedup();
    let mut sources: Vec<&str> = rows.iter().map(|p| p.source.as_str()).collect();
    sources.dedup();
    let names: Vec<&str> = rows.iter().map(|p| p.name.as_str()).collect();
    Part {
        name: title(&names),
        vendor: if all(&|p| p.vendor == first.vendor) { first.vendor.clone() } else { String::new() },
        aliases: Vec::new(),
        ext_id: Vec::new(),
        tell: Default::default(),
        size: rows.iter().map(|p| p.size).min().unwrap_or(first.size),
        page: rows.iter().map(|p| p.page).min().unwrap_or(first.page),
        program: if all(&|p| p.program == first.program) { first.program } else { ProgramScheme::Page },
        erase: erase(&rows),
        chip_erase: known(rows.iter().map(|p| p.chip_erase), Option::is_some, |a, b| (a == b).then_some(*a))
            .flatten(),
        voltage_mv: known(rows.iter().map(|p| p.voltage_mv), Option::is_some, voltage).flatten(),
        low_voltage: !all(&|p| !p.low_voltage),
        four_byte: known(rows.iter().map(|p| p.four_byte), |f| *f != FourByte::default(), four_byte)
            .unwrap_or_default(),
        dies: if all(&|p| p.dies == first.dies) { first.dies } else { 1 },
        mode_flag: known(rows.iter().map(|p| p.mode_flag), Option::is_some, |a, b| (a == b).then_some(*a))
            .flatten(),
        die_select: if all(&|p| p.die_select == first.die_select) { first.die_select } else { None },
        unique_id: if all(&|p| p.unique_id == first.unique_id) { first.unique_id } else { 0 },
        reset: all(&|p| p.reset),
        plain_reads: if all(&|p| p.plain_reads == first.plain_reads) {
            first.plain_reads.clone()
        } else {
            Vec::new()
        },
        sr2_by_35: all(&|p| p.sr2_by_35),
        status: rest.iter().fold(first.status, |common, p| status(common, p.status)),
        protection: known(
            rows.iter().map(|p| p.protection.clone()),
            |p| *p != ProtectScheme::Unknown,
            protection,
        )
        .unwrap_or(ProtectScheme::Unknown),
        otp: known(rows.iter().map(|p| p.otp.clone()), |o| o.method != OtpMethod::Unknown, otp)
            .unwrap_or(OtpScheme { method: OtpMethod::Unknown, registers: Vec::new(), disputed: false }),
        forever,
        max_hz: rows.iter().filter_map(|p| p.max_hz).min(),
        times: if all(&|p| p.times == first.times) { first.times.clone() } else { None },
        source: sources.join("; "),
        confidence: rows.iter().map(|p| p.confidence).min().unwrap_or(first.confidence),
        ..first.clone()
    }
}

/// Folds the values that say something; `None` when none does, or when two do not go together.
fn known<T>(
    values: impl Iterator<Item = T>,
    says: impl Fn(&T) -> bool,
    merge: impl Fn(&T, &T) -> Option<T>,
) -> Option<T> {
    let mut values = values.filter(says);
    let first = values.next()?;
    values.try_fold(first, |common, value| merge(&common, &value))
}

/// One name for several: their common beginning and `family` where it ends with a whole number, else the names.
pub(super) fn title(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.dedup();
    let Some((first, rest)) = names.split_first() else { return String::new() };
    let Some(second) = rest.first() else { return (*first).to_string() };
    let common = rest.iter().fold(*first, |common, name| {
        let same = common.chars().zip(name.chars()).take_while(|(a, b)| a == b);
        &common[..same.map(|(a, _)| a.len_utf8()).sum()]
    });
    let digit_next = |name: &&str| name[common.len()..].starts_with(|c: char| c.is_ascii_digit());
    let whole = common.ends_with(|c: char| c.is_ascii_digit()) && !names.iter().any(digit_next);
    match rest.len() {
        _ if whole => format!("{common} family"),
        1 => format!("{first} or {second}"),
        more => format!("{first}, {second} or {} more", more - 1),
    }
}

/// Erase types in all rows that name any; one that is split on any of them is split.
fn erase(rows: &[&Part]) -> Vec<EraseSpec> {
    let mut telling = rows.iter().filter(|p| !p.erase.is_empty());
    let Some(first) = telling.next() else { return Vec::new() };
    let rest: Vec<_> = telling.collect();
    let same = |p: &Part, t: &EraseSpec| {
        p.erase.iter().find(|e| (e.opcode, e.size) == (t.opcode, t.size)).map(|e| e.split)
    };
    let common = |t: &EraseSpec| {
        rest.iter()
            .try_fold(t.split, |split, p| Some(split | same(p, t)?))
            .map(|split| EraseSpec { split, ..*t })
    };
    first.erase.iter().filter_map(common).collect()
}

/// The range in which both are safe; nothing when they have none in common.
fn voltage(a: &Option<(u32, u32)>, b: &Option<(u32, u32)>) -> Option<Option<(u32, u32)>> {
    let (Some(a), Some(b)) = (a, b) else { return None };
    let (min, max) = (a.0.max(b.0), a.1.min(b.1));
    (min < max).then_some(Some((min, max)))
}

fn four_byte(a: &FourByte, b: &FourByte) -> Option<FourByte> {
    Some(FourByte {
        native: a.native && b.native,
        mode: if a.mode == b.mode { a.mode } else { Default::default() },
        extended_register: a.extended_register && b.extended_register,
    })
}

/// Registers both have, each reached the same way.
fn status(a: StatusScheme, b: StatusScheme) -> StatusScheme {
    fn same<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<T> {
        if a == b { a } else { None }
    }
    let write_01 = match (a.write_01, b.write_01) {
        (x, y) if x == y => x,
        (Write01::Two | Write01::OneOrTwo, Write01::Two | Write01::OneOrTwo) => Write01::Two,
        _ => Write01::One,
    };
    StatusScheme {
        read_sr2: same(a.read_sr2, b.read_sr2),
        read_sr3: same(a.read_sr3, b.read_sr3),
        write_sr2: same(a.write_sr2, b.write_sr2),
        write_sr3: same(a.write_sr3, b.write_sr3),
        write_01,
        enable: if a.enable == b.enable { a.enable } else { StatusEnable::Wren },
        quad_enable: same(a.quad_enable, b.quad_enable),
        flag_status: a.flag_status && b.flag_status,
        sticky_errors: a.sticky_errors && b.sticky_errors,
        two_bytes: a.two_bytes || b.two_bytes,
        suspend: same(a.suspend, b.suspend),
    }
}

/// The BP bits both have, and what is a BP bit in one and another bit of the protection in the other: cleared, neither
/// protects by it. Ranges only where both agree on every bit.
fn protection(a: &ProtectScheme, b: &ProtectScheme) -> Option<ProtectScheme> {
    fn same<T: PartialEq + Copy>(a: Option<T>, b: Option<T>) -> Option<T> {
        if a == b { a } else { None }
    }
    let (a, b) = match (a, b) {
        (a, b) if a == b => return Some(a.clone()),
        (ProtectScheme::Bp(a), ProtectScheme::Bp(b)) => (a, b),
        _ => return None,
    };
    let has = |p: &BpBits, bit| p.bp.contains(bit) || [p.tb, p.sec, p.cmp].contains(&Some(*bit));
    let mut bp: Vec<_> = a.bp.iter().filter(|bit| has(b, bit)).copied().collect();
    bp.extend(b.bp.iter().filter(|bit| !a.bp.contains(bit) && has(a, bit)));
    if bp.is_empty() {
        return None;
    }
    let alike = bp == a.bp && bp == b.bp && (a.tb, a.sec, a.cmp) == (b.tb, b.sec, b.cmp);
    Some(ProtectScheme::Bp(BpBits {
        bp,
        tb: same(a.tb, b.tb),
        sec: same(a.sec, b.sec),
        cmp: same(a.cmp, b.cmp),
        srp: same(a.srp, b.srp),
        srl: same(a.srl, b.srl),
        wps: same(a.wps, b.wps),
        rule: if alike && a.rule == b.rule { a.rule } else { BpRule::Opaque },
    }))
}

/// The method and the first areas both have; sizes are then to be found, and locks known only where both agree.
fn otp(a: &OtpScheme, b: &OtpScheme) -> Option<OtpScheme> {
    if a == b {
        return Some(a.clone());
    }
    let both = a.registers.iter().zip(&b.registers).take_while(|(x, y)| x.address == y.address).count();
    if a.method != b.method || both == 0 {
        return None;
    }
    let mut common = a.clone();
    common.registers.truncate(both);
    common.disputed = true;
    for (mine, other) in common.registers.iter_mut().zip(&b.registers) {
        mine.size = mine.size.max(other.size);
        mine.lock = mine.lock.filter(|lock| other.lock == Some(*lock));
    }
    Some(common)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flash::parts::by_id;

    #[test]
    fn a_family_is_named_by_its_common_beginning() {
        assert_eq!(title(&["W25Q64BV", "W25Q64FV", "W25Q64JV"]), "W25Q64 family");
        assert_eq!(title(&["GD25Q80(B)", "GD25Q80"]), "GD25Q80 family");
        assert_eq!(title(&["M45PE10", "XM25QH10B"]), "M45PE10 or XM25QH10B");
        assert_eq!(
            title(&["MX25L6405/D", "MX25L6408D"]),
            "MX25L6405/D or MX25L6408D",
            "640 is half a number"
        );
        assert_eq!(title(&["W25Q64BV", "W25Q64CV", "S25FL064K"]), "W25Q64BV, W25Q64CV or 1 more");
        assert_eq!(title(&["W25X10"]), "W25X10");
        assert_eq!(title(&["N25Q", "N25Q"]), "N25Q", "one part, two extended ids");
    }

    /// What two rows dispute stays disputed, however many more rows follow.
    #[test]
    fn a_dispute_is_not_forgotten() {
        let base = by_id(&[0xEF, 0x20, 0x14])[0].clone();
        let with = |sizes: &[(u8, u64)]| Part {
            erase: sizes
                .iter()
                .map(|(opcode, size)| EraseSpec { opcode: *opcode, size: *size, split: false })
                .collect(),
            ..base.clone()
        };
        let rows = [with(&[(0x20, 4096)]), with(&[(0x20, 65536)]), with(&[(0x20, 4096)]), with(&[])];
        let [first, rest @ ..] = &rows;
        assert_eq!(shared(first, &rest.iter().collect::<Vec<_>>()).erase, []);
    }

    #[test]
    fn supply_ranges_meet_in_the_middle_or_not_at_all() {
        assert_eq!(voltage(&Some((2300, 3600)), &Some((2700, 3600))), Some(Some((2700, 3600))));
        assert_eq!(voltage(&Some((2700, 3600)), &Some((1650, 1950))), None);
    }
}
