//! Status registers decoded, and the writes that change them without losing a bit. Pure.
//!
//! Facts: W25Q64FV datasheet rev S, 7.1 and 7.2.7 to 7.2.10; W25Q128FV and W25Q512JV for SR3. One-byte `01` clears
//! SR2 on BV, CV and FV; two-byte `01` drops SR2 on the R generation, which `31` reaches.

use super::command::{BUSY, VOLATILE_ENABLE, WEL, WRITE_ENABLE, WRITE_STATUS};

use super::part::{Part, ProtectScheme, Register, StatusEnable, Write01};
use super::protect::{self, Registers};
use super::unprotectable::RegisterLock;
use crate::span::{Span, Spans};

/// Writes SR2 alone, on parts of Winbond's kind.
const WRITE_STATUS_2: u8 = 0x31;

/// The registers and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// As read.
    pub registers: Registers,
    /// An operation is running.
    pub busy: bool,
    /// Writes are enabled.
    pub wel: bool,
    /// The BP setting, where the part has one.
    pub bp: Option<protect::Bp>,
    /// Quad enable.
    pub quad_enable: Option<bool>,
    /// SRP (SRP0): the WP# pin guards the status registers.
    pub srp: Option<bool>,
    /// SRL (SRP1): the status registers are locked until power-off, or forever.
    pub srl: Option<bool>,
    /// WPS: single-block locks are in force instead of the BP bits.
    pub block_locks: Option<bool>,
    /// The protected ranges.
    pub protected: Spans,
    /// False where the scheme is not known: `protected` is then everything if any usual BP bit is set, else nothing.
    pub protection_known: bool,
}

/// Decodes the registers of a die of `size` bytes (the whole chip, where it has one). Single-block locks are not in the
/// registers: with WPS set, `protected` is everything until the caller has read the locks.
pub fn decode(part: &Part, size: u64, registers: Registers) -> Status {
    let whole = Spans::from(Span::new(0, size));
    let mut status = Status {
        registers,
        busy: registers.sr1 & BUSY != 0,
        wel: registers.sr1 & WEL != 0,
        bp: None,
        quad_enable: part.status.quad_enable.and_then(|b| registers.bit(b)),
        srp: None,
        srl: None,
        block_locks: None,
        protected: Spans::new(),
        protection_known: true,
    };
    match &part.protection {
        ProtectScheme::None => {}
        ProtectScheme::Unknown => {
            status.protection_known = false;
            if registers.sr1 & 0x3C != 0 {
                status.protected = whole;
            }
        }
        ProtectScheme::Bp(bits) => {
            let bit = |b: Option<_>| b.and_then(|b| registers.bit(b));
            let setting = protect::bp(bits, &registers);
            status.bp = Some(setting);
            (status.srp, status.srl, status.block_locks) = (bit(bits.srp), bit(bits.srl), bit(bits.wps));
            status.protected = match status.block_locks {
                Some(true) => whole,
                _ => protect::range(bits.rule, bits.bp.len(), size, setting),
            };
            status.protection_known = bits.rule != super::part::BpRule::Opaque || setting.bp == 0;
        }
        // SR1 bits 3:2: 00 no sector is locked (AT25DF family).
        ProtectScheme::SectorLocks { .. } => {
            status.srp = Some(registers.sr1 & 0x80 != 0);
            if registers.sr1 & 0x0C != 0 {
                status.protected = whole;
            }
        }
        // The block-protection register is read by its own opcode.
        ProtectScheme::Sst26 => status.protected = whole,
    }
    status
}

/// The status of a chip whose next die, which begins at `start`, has this one.
pub(super) fn beside(before: Option<Status>, die: Status, start: u64) -> Status {
    let there: Spans = die.protected.iter().map(|s| s.shifted(start)).collect();
    let Some(mut whole) = before else { return Status { protected: there, ..die } };
    there.iter().for_each(|s| whole.protected.insert(s));
    let either = |a: Option<bool>, b: Option<bool>| if a == Some(true) { a } else { b };
    Status {
        busy: whole.busy || die.busy,
        wel: whole.wel || die.wel,
        bp: whole.bp.filter(|bp| die.bp == Some(*bp)),
        quad_enable: whole.quad_enable.filter(|qe| die.quad_enable == Some(*qe)),
        srp: either(whole.srp, die.srp),
        srl: either(whole.srl, die.srl),
        block_locks: either(whole.block_locks, die.block_locks),
        protection_known: whole.protection_known && die.protection_known,
        ..whole
    }
}

/// One status write: what goes before it, its bytes, and which registers it sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusWrite {
    /// `06` or `50`.
    pub enable: u8,
    /// Opcode and data.
    pub bytes: Vec<u8>,
    /// True where nothing is burnt and no wait is needed.
    pub volatile: bool,
}

/// The writes that turn `current` into `wanted`; empty where they are equal, `None` where the part cannot.
///
/// BUSY and WEL are not compared. Bits of [`Part::forever`] are never changed from 0 to 1, whatever is wanted.
pub fn writes(
    part: &Part,
    current: &Registers,
    wanted: &Registers,
    volatile: bool,
) -> Option<Vec<StatusWrite>> {
    let wanted = without_new_locks(part, current, wanted);
    let (one, two) = (wanted.sr1 & !(BUSY | WEL), current.sr1 & !(BUSY | WEL));
    let changes = [one != two, wanted.sr2 != current.sr2, wanted.sr3 != current.sr3];
    writes_of(part, &wanted, changes, volatile)
}

/// The non-volatile writes of every register that holds protection bits, whether it reads as wanted or not.
pub fn writes_anyway(part: &Part, current: &Registers, wanted: &Registers) -> Option<Vec<StatusWrite>> {
    let wanted = without_new_locks(part, current, wanted);
    let ProtectScheme::Bp(bits) = &part.protection else {
        return writes(part, current, &wanted, false);
    };
    let others = [bits.tb, bits.sec, bits.cmp, bits.wps];
    let holds = |register| {
        let changed = current.get(register) != wanted.get(register);
        changed || bits.bp.iter().chain(others.iter().flatten()).any(|bit| bit.register == register)
    };
    writes_of(part, &wanted, [Register::Sr1, Register::Sr2, Register::Sr3].map(holds), false)
}

/// SR2 by its own opcode, on parts whose `01` should have taken it; `None` where SR2 is not Winbond's kind.
pub fn second_alone(part: &Part, wanted: &Registers, volatile: bool) -> Option<StatusWrite> {
    let winbond_kind = part.status.read_sr2 == Some(0x35) && !part.status.sticky_errors;
    let by_01 = part.status.write_sr2.is_none() && part.status.write_01 != Write01::Three;
    let enable = if volatile { VOLATILE_ENABLE } else { WRITE_ENABLE };
    let bytes = vec![WRITE_STATUS_2, wanted.sr2?];
    (winbond_kind && by_01).then_some(StatusWrite { enable, bytes, volatile })
}

/// `wanted`, but bits that stay forever are not newly set.
pub fn without_new_locks(part: &Part, current: &Registers, wanted: &Registers) -> Registers {
    part.forever
        .iter()
        .fold(*wanted, |w, bit| if current.bit(*bit) == Some(false) { w.with(*bit, false) } else { w })
}

/// The writes of those of the three registers that are named.
fn writes_of(
    part: &Part,
    wanted: &Registers,
    [one_changes, two_changes, three_changes]: [bool; 3],
    volatile: bool,
) -> Option<Vec<StatusWrite>> {
    let scheme = &part.status;
    let sr1 = wanted.sr1 & !(BUSY | WEL);
    let (enable, volatile) = match (scheme.enable, volatile) {
        (StatusEnable::Wren, _) => (WRITE_ENABLE, false),
        (StatusEnable::Only50, _) => (VOLATILE_ENABLE, true),
        (StatusEnable::VolatileOrWren, true) => (VOLATILE_ENABLE, true),
        (StatusEnable::VolatileOrWren, false) => (WRITE_ENABLE, false),
    };
    let write = |bytes: Vec<u8>| StatusWrite { enable, bytes, volatile };
    let mut out = Vec::new();
    let mut sr3_done = false;
    match scheme.write_01 {
        Write01::One | Write01::OneOrTwo if scheme.write_sr2.is_some() || !two_changes => {
            if one_changes {
                out.push(write(vec![WRITE_STATUS, sr1]));
            }
            if let (true, Some(opcode)) = (two_changes, scheme.write_sr2) {
                out.push(write(vec![opcode, wanted.sr2?]));
            }
        }
        Write01::One => return None,
        Write01::Two | Write01::OneOrTwo => {
            if one_changes || two_changes {
                // Where SR2 cannot be read, a second byte would be a guess.
                out.push(write(vec![WRITE_STATUS, sr1, wanted.sr2?]));
            }
        }
        Write01::Three => {
            if one_changes || two_changes || three_changes {
                out.push(write(vec![WRITE_STATUS, sr1, wanted.sr2?, wanted.sr3?]));
            }
            sr3_done = true;
        }
    }
    if three_changes && !sr3_done {
        out.push(write(vec![scheme.write_sr3?, wanted.sr3?]));
    }
    Some(out)
}

/// The first register that reads otherwise than wanted, BUSY and WEL apart.
pub fn first_difference(wanted: &Registers, found: &Registers) -> Option<(Register, u8, u8)> {
    let mask = !(BUSY | WEL);
    if (wanted.sr1 ^ found.sr1) & mask != 0 {
        return Some((Register::Sr1, wanted.sr1 & mask, found.sr1 & mask));
    }
    for register in [Register::Sr2, Register::Sr3] {
        if let (Some(w), Some(f)) = (wanted.get(register), found.get(register))
            && w != f
        {
            return Some((register, w, f));
        }
    }
    None
}

/// Why a status write that was sent left no trace, as far as the registers show.
pub fn register_lock(status: &Status) -> RegisterLock {
    match (status.srl, status.srp) {
        (Some(true), _) => RegisterLock::UntilPowerOff,
        (_, Some(true)) => RegisterLock::ByPin,
        _ => RegisterLock::NotShown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flash::parts::parts;

    fn part(name: &str) -> Part {
        parts().iter().find(|p| p.name == name).unwrap().clone()
    }

    fn registers(sr1: u8, sr2: u8) -> Registers {
        Registers { sr1, sr2: Some(sr2), ..Registers::default() }
    }

    #[test]
    fn fv_takes_two_bytes_and_keeps_qe_and_lock_bits() {
        let part = part("W25Q64FV");
        let (now, then) = (registers(0x1C, 0x0A), registers(0x00, 0x0A));
        let writes = writes(&part, &now, &then, true).unwrap();
        assert_eq!(writes.len(), 1);
        assert_eq!((writes[0].enable, &writes[0].bytes[..]), (0x50, &[0x01, 0x00, 0x0A][..]));
    }

    #[test]
    fn jv_writes_each_register_by_itself() {
        let part = part("W25Q64JV");
        let sr3 = |v| Registers { sr3: Some(v), ..registers(0, 2) };
        let then = Registers { sr1: 0x04, sr2: Some(0x42), ..sr3(0x64) };
        let sent: Vec<_> = writes(&part, &sr3(0x60), &then, false).unwrap();
        let bytes: Vec<_> = sent.iter().map(|w| (w.enable, w.bytes.clone())).collect();
        assert_eq!(bytes, [(6, vec![0x01, 0x04]), (6, vec![0x31, 0x42]), (6, vec![0x11, 0x64])]);
    }

    #[test]
    fn nothing_to_change_is_no_write() {
        let part = part("W25Q64FV");
        assert_eq!(writes(&part, &registers(0x03, 2), &registers(0x00, 2), true), Some(vec![]));
    }

    #[test]
    fn bits_for_ever_are_not_set_by_any_write() {
        let part = part("W25Q64FV");
        for lock in 3..=5 {
            let then = registers(0x1C, 1 << lock);
            let sent = writes(&part, &registers(0, 0), &then, false).unwrap();
            assert_eq!(sent[0].bytes, [0x01, 0x1C, 0x00], "LB{}", lock - 2);
        }
    }

    #[test]
    fn decoding_tells_protection_and_locks() {
        let part = part("W25Q64FV");
        let status = decode(&part, part.size, registers(0x84 | 0x20, 0x03));
        assert_eq!(status.protected, Spans::from(Span::new(0, 0x2_0000)));
        assert_eq!((status.srp, status.srl, status.quad_enable), (Some(true), Some(true), Some(true)));
        assert!(!status.busy && !status.wel && status.protection_known);
        assert_eq!(register_lock(&status), RegisterLock::UntilPowerOff);
    }

    #[test]
    fn an_unknown_scheme_with_bits_set_counts_as_everything() {
        let mut part = part("W25Q64FV");
        part.protection = ProtectScheme::Unknown;
        assert_eq!(decode(&part, part.size, registers(0x04, 0)).protected.len(), 8 << 20);
        assert!(decode(&part, part.size, registers(0x80, 0)).protected.is_empty());
    }
}
