//! Block protection: from register bits to address ranges and back. Pure.
//!
//! Facts: W25Q64FV datasheet rev S, 7.1.11 and 7.1.12 (both tables are the tests below), W25Q256FV for four BP bits.
//! `SEC = 1` with `BP = 6` is in no table: it is counted as everything.

use super::part::{BpBits, BpRule, Register, RegisterBit};
use crate::span::{Span, Spans};
use crate::units::KIB;

/// Register values by name, as far as they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// `05`.
    pub sr1: u8,
    /// The row's SR2 opcode.
    pub sr2: Option<u8>,
    /// The row's SR3 opcode.
    pub sr3: Option<u8>,
    /// `2B`.
    pub security: Option<u8>,
    /// ISSI's `48`.
    pub function: Option<u8>,
}

impl Registers {
    /// A register's value; `None` when it was not read.
    pub fn get(&self, register: Register) -> Option<u8> {
        match register {
            Register::Sr1 => Some(self.sr1),
            Register::Sr2 => self.sr2,
            Register::Sr3 => self.sr3,
            Register::Security => self.security,
            Register::Function => self.function,
        }
    }

    /// A bit's value; `None` when its register was not read.
    pub(crate) fn bit(&self, bit: RegisterBit) -> Option<bool> {
        Some(self.get(bit.register)? >> bit.bit & 1 == 1)
    }

    /// The same with one bit changed; a register that was not read stays so.
    pub(crate) fn with(mut self, bit: RegisterBit, value: bool) -> Self {
        let mask = 1u8 << bit.bit;
        let set = |old: u8| if value { old | mask } else { old & !mask };
        match bit.register {
            Register::Sr1 => self.sr1 = set(self.sr1),
            Register::Sr2 => self.sr2 = self.sr2.map(set),
            Register::Sr3 => self.sr3 = self.sr3.map(set),
            Register::Security => self.security = self.security.map(set),
            Register::Function => self.function = self.function.map(set),
        }
        self
    }
}

/// What the BP bits say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bp {
    /// The BP number.
    pub bp: u8,
    /// From the bottom instead of the top.
    pub tb: bool,
    /// In 4 KiB sectors instead of blocks.
    pub sec: bool,
    /// The complement.
    pub cmp: bool,
}

/// Picks the BP bits out of the registers; a bit whose register was not read counts as 0.
pub fn bp(bits: &BpBits, registers: &Registers) -> Bp {
    let bit = |b: Option<RegisterBit>| b.and_then(|b| registers.bit(b)).unwrap_or(false);
    let bp = bits.bp.iter().enumerate().fold(0, |n, (i, b)| n | u8::from(bit(Some(*b))) << i);
    Bp { bp, tb: bit(bits.tb), sec: bit(bits.sec), cmp: bit(bits.cmp) }
}

/// Puts a setting into the registers, leaving every other bit as it is. TB, SEC and CMP that the part does not
/// have are dropped.
pub fn with_bp(bits: &BpBits, registers: Registers, wanted: Bp) -> Registers {
    let mut out = registers;
    for (i, b) in bits.bp.iter().enumerate() {
        out = out.with(*b, wanted.bp >> i & 1 == 1);
    }
    for (bit, value) in [(bits.tb, wanted.tb), (bits.sec, wanted.sec), (bits.cmp, wanted.cmp)] {
        if let Some(bit) = bit {
            out = out.with(bit, value);
        }
    }
    out
}

/// The range that a setting protects on a chip of `size` bytes with `count` BP bits.
pub fn range(rule: BpRule, count: usize, size: u64, setting: Bp) -> Spans {
    let most = (1u64 << count.min(7)) - 1;
    let bp = u64::from(setting.bp).min(most);
    let length = match rule {
        BpRule::All | BpRule::Opaque if bp != 0 => size,
        BpRule::All | BpRule::Opaque => 0,
        BpRule::Doubling if bp == 0 => 0,
        BpRule::Doubling if bp == most => size,
        BpRule::Doubling if setting.sec => match bp {
            1..=4 => (4 * KIB) << (bp - 1),
            5 => 32 * KIB,
            _ => size,
        },
        BpRule::Doubling => {
            let unit = (size >> (most - 1).min(63)).max(64 * KIB);
            unit.checked_mul(1 << (bp - 1)).unwrap_or(size)
        }
    }
    .min(size);
    let span = if setting.tb { Span::new(0, length) } else { Span::new(size - length, size) };
    let whole = Spans::from(Span::new(0, size));
    if setting.cmp { whole.difference(&Spans::from(span)) } else { Spans::from(span) }
}

/// Every setting of these bits.
pub fn settings(bits: &BpBits) -> impl Iterator<Item = Bp> {
    let most = ((1u16 << bits.bp.len().min(7)) - 1) as u8;
    let flags = |bit: Option<RegisterBit>| if bit.is_some() { 0..2u8 } else { 0..1 };
    let (tbs, secs) = (flags(bits.tb), flags(bits.sec));
    flags(bits.cmp).flat_map(move |cmp| {
        let tbs = tbs.clone();
        secs.clone().flat_map(move |sec| {
            tbs.clone().flat_map(move |tb| {
                (0..=most).map(move |bp| Bp { bp, tb: tb == 1, sec: sec == 1, cmp: cmp == 1 })
            })
        })
    })
}

/// How many bits differ between two settings.
pub fn changes(a: Bp, b: Bp) -> u32 {
    (a.bp ^ b.bp).count_ones()
        + u32::from(a.tb != b.tb)
        + u32::from(a.sec != b.sec)
        + u32::from(a.cmp != b.cmp)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn winbond() -> BpBits {
        BpBits {
            bp: vec![RegisterBit::sr1(2), RegisterBit::sr1(3), RegisterBit::sr1(4)],
            tb: Some(RegisterBit::sr1(5)),
            sec: Some(RegisterBit::sr1(6)),
            cmp: Some(RegisterBit::sr2(6)),
            srp: Some(RegisterBit::sr1(7)),
            srl: Some(RegisterBit::sr2(0)),
            wps: None,
            rule: BpRule::Doubling,
        }
    }

    const SIZE: u64 = 8 << 20;

    fn w25q64(sec: bool, tb: bool, bp: u8, cmp: bool) -> Spans {
        range(BpRule::Doubling, 3, SIZE, Bp { bp, tb, sec, cmp })
    }

    fn span(start: u64, end: u64) -> Spans {
        Spans::from(Span::new(start, end))
    }

    /// W25Q64FV rev S 7.1.11 (CMP = 0): SEC, TB, BP, first, last + 1.
    const TABLE: [(bool, bool, u8, u64, u64); 23] = [
        (false, false, 1, 0x7E_0000, SIZE),
        (false, false, 2, 0x7C_0000, SIZE),
        (false, false, 3, 0x78_0000, SIZE),
        (false, false, 4, 0x70_0000, SIZE),
        (false, false, 5, 0x60_0000, SIZE),
        (false, false, 6, 0x40_0000, SIZE),
        (false, true, 1, 0, 0x02_0000),
        (false, true, 2, 0, 0x04_0000),
        (false, true, 3, 0, 0x08_0000),
        (false, true, 4, 0, 0x10_0000),
        (false, true, 5, 0, 0x20_0000),
        (false, true, 6, 0, 0x40_0000),
        (false, false, 7, 0, SIZE),
        (true, true, 7, 0, SIZE),
        (true, false, 1, 0x7F_F000, SIZE),
        (true, false, 2, 0x7F_E000, SIZE),
        (true, false, 3, 0x7F_C000, SIZE),
        (true, false, 4, 0x7F_8000, SIZE),
        (true, false, 5, 0x7F_8000, SIZE),
        (true, true, 1, 0, 0x00_1000),
        (true, true, 2, 0, 0x00_2000),
        (true, true, 3, 0, 0x00_4000),
        (true, true, 4, 0, 0x00_8000),
    ];

    #[test]
    fn both_tables_of_the_w25q64fv_datasheet() {
        for (sec, tb, bp, start, end) in TABLE {
            assert_eq!(w25q64(sec, tb, bp, false), span(start, end), "SEC {sec} TB {tb} BP {bp}");
            // 7.1.12 (CMP = 1) is the complement, row by row.
            let rest: Spans = [Span::new(0, start), Span::new(end, SIZE)].into_iter().collect();
            assert_eq!(w25q64(sec, tb, bp, true), rest, "CMP, SEC {sec} TB {tb} BP {bp}");
        }
        for (sec, tb) in [(false, false), (false, true), (true, false), (true, true)] {
            assert_eq!(w25q64(sec, tb, 0, false), Spans::new());
            assert_eq!(
                w25q64(sec, tb, 0, true),
                span(0, SIZE),
                "a tool that only clears BP locks everything"
            );
        }
    }

    #[test]
    fn other_sizes_start_at_64_kib() {
        let at =
            |size: u64, count, bp| range(BpRule::Doubling, count, size, Bp { bp, ..Bp::default() }).len();
        assert_eq!(
            [1, 2, 5, 6, 7].map(|bp| at(2 << 20, 3, bp)),
            [64 << 10, 128 << 10, 1 << 20, 2 << 20, 2 << 20]
        );
        assert_eq!([1, 6, 7].map(|bp| at(16 << 20, 3, bp)), [256 << 10, 8 << 20, 16 << 20]);
        assert_eq!([1, 9, 10, 15].map(|bp| at(32 << 20, 4, bp)), [64 << 10, 16 << 20, 32 << 20, 32 << 20]);
    }

    #[test]
    fn unlocking_touches_no_other_bit() {
        let registers = Registers { sr1: 0xFC, sr2: Some(0x7B), sr3: Some(0x60), ..Registers::default() };
        let open = with_bp(&winbond(), registers, Bp::default());
        assert_eq!(
            (open.sr1, open.sr2, open.sr3),
            (0x80, Some(0x3B), Some(0x60)),
            "SRP, LB, QE, SRL, DRV stay"
        );
    }

    proptest! {
        #[test]
        fn all_settings_are_listed_once(bp_bits in 0u8..8, tb: bool, sec: bool, cmp: bool) {
            let all: Vec<Bp> = settings(&winbond()).collect();
            prop_assert_eq!(all.len(), 64);
            let one = Bp { bp: bp_bits, tb, sec, cmp };
            prop_assert_eq!(all.iter().filter(|s| **s == one).count(), 1);
            prop_assert_eq!(changes(one, one), 0);
        }

        #[test]
        fn bits_survive_the_way_through_the_registers(sr1: u8, sr2: u8, bp_bits in 0u8..8, tb: bool, sec: bool, cmp: bool) {
            let wanted = Bp { bp: bp_bits, tb, sec, cmp };
            let registers = Registers { sr1, sr2: Some(sr2), ..Registers::default() };
            let out = with_bp(&winbond(), registers, wanted);
            prop_assert_eq!(bp(&winbond(), &out), wanted);
            prop_assert_eq!(out.sr1 & 0x83, sr1 & 0x83);
            prop_assert_eq!(out.sr2.unwrap() & 0xBF, sr2 & 0xBF);
        }
    }
}
