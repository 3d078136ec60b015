//! From a part's row and its SFDP to what the layers above need: geometry, addressing, times. Pure.
//!
//! Times: the row's typical value before SFDP's (whose are rounder), and the larger of the two maxima. Where neither
//! says anything: generous values of the slowest current parts, unmeasured.

use super::command::{BUSY, PAGE_PROGRAM, PAGE_PROGRAM_4B, READ, READ_4B, WEL};
use super::geometry::{Busy, Costs, EraseType, Geometry};
use super::part::{
    Confidence, EraseSpec, FourByte, FourByteMode, OtpMethod, OtpScheme, Part, Probe, ProgramScheme,
    ProtectScheme, STATUS_UNKNOWN, SfdpTell, StatusEnable, StatusScheme, Write01,
};
use super::sfdp::{AddressModes, Sfdp};
use crate::spi::Limits;
use crate::units::{KIB, MIB};
use std::time::Duration;

/// How this chip's array is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addressing {
    /// Read opcode.
    pub read: u8,
    /// Page program opcode.
    pub program: u8,
    /// Address bytes after them and after the geometry's erase opcodes.
    pub width: u8,
    /// The mode that must be entered first, where the part has no opcodes of its own.
    pub enter: Option<FourByteMode>,
}

/// DW16 bit 12, of the six from bit 8: reset by `66`, `99`.
const RESET_66_99: u8 = 0x10;
/// Bytes that three address bytes reach.
const THREE_BYTE_REACH: u64 = 16 * MIB;
/// Plain erase opcodes and their 4-byte forms, as far as every part with native opcodes has them. 5C for 52 is used
/// only where SFDP names it: many parts lack it.
const FOUR_BYTE_ERASE: [(u8, u8); 2] = [(0x20, 0x21), (0xD8, 0xDC)];

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

const fn ms(typical: u64, max: u64) -> Busy {
    Busy { typical: Duration::from_millis(typical), max: Duration::from_millis(max) }
}

/// How the array of `part` is reached.
pub(crate) fn addressing(part: &Part) -> Addressing {
    let plain = Addressing { read: READ, program: PAGE_PROGRAM, width: 3, enter: None };
    match part.four_byte {
        FourByte { mode: FourByteMode::Always, .. } => Addressing { width: 4, ..plain },
        _ if part.size <= THREE_BYTE_REACH => Addressing { width: part.address_bytes, ..plain },
        FourByte { native: true, .. } => {
            Addressing { read: READ_4B, program: PAGE_PROGRAM_4B, width: 4, enter: None }
        }
        FourByte { mode, .. } => Addressing { width: 4, enter: Some(mode), ..plain },
    }
}

/// Sizes, erase types and times of `part`.
pub(crate) fn geometry(part: &Part, sfdp: Option<&Sfdp>) -> Geometry {
    let times = part.times.clone().unwrap_or_default();
    let basic = sfdp.map(|s| &s.basic);
    let native = addressing(part).read == READ_4B;
    let erase = part
        .erase
        .iter()
        .filter_map(|e| {
            let ours = times.erase.iter().find(|(size, ..)| *size == e.size).map(|(_, t, m)| (*t, *m));
            let theirs = basic
                .and_then(|b| b.erase.iter().find(|s| s.size == e.size && s.opcode == e.opcode))
                .and_then(|s| s.busy);
            let opcode = match native {
                false => e.opcode,
                true => native_erase(sfdp, e)?,
            };
            let busy = busy(ours, theirs, usual_erase(e.size));
            Some(EraseType { opcode, size: e.size, split: e.split, busy })
        })
        .collect();
    let chip = busy(times.chip_erase, basic.and_then(|b| b.chip_erase), usual_chip_erase(part.size));
    Geometry {
        size: part.size,
        page: match part.program {
            ProgramScheme::Page => part.page.max(1),
            _ => 1,
        },
        erase,
        chip_erase: part.chip_erase.map(|opcode| (opcode, chip)),
        program: busy(
            times.program,
            basic.and_then(|b| b.program).filter(|_| part.program == ProgramScheme::Page),
            match part.program {
                ProgramScheme::Page => Busy { typical: us(700), max: us(5_000) },
                _ => Busy { typical: us(12), max: us(50) },
            },
        ),
    }
}

/// The opcode with four address bytes for an erase: by SFDP's own table, else by custom.
fn native_erase(sfdp: Option<&Sfdp>, erase: &EraseSpec) -> Option<u8> {
    let usual = FOUR_BYTE_ERASE.iter().find(|(three, _)| *three == erase.opcode).map(|(_, four)| *four);
    let Some((sfdp, table)) = sfdp.and_then(|s| Some((s, s.four_byte.as_ref()?))) else { return usual };
    let number = sfdp.basic.erase.iter().find(|e| (e.opcode, e.size) == (erase.opcode, erase.size))?.number;
    table.erase[usize::from(number.clamp(1, 4)) - 1].or(usual)
}

/// Time of a non-volatile status write.
pub(crate) fn write_status_time(part: &Part) -> Busy {
    busy(part.times.as_ref().and_then(|t| t.write_status), None, ms(15, 100))
}

fn busy(row: Option<(Duration, Duration)>, sfdp: Option<Busy>, usual: Busy) -> Busy {
    match (row, sfdp) {
        (Some((typical, max)), Some(s)) => Busy { typical, max: max.max(s.max) },
        (Some((typical, max)), None) => Busy { typical, max },
        // Some chips' SFDP names times that they do not keep: giving up too early leaves a block half done.
        (None, Some(s)) => Busy { max: s.max.max(usual.max), ..s },
        (None, None) => usual,
    }
}

fn usual_erase(size: u64) -> Busy {
    match size {
        0..=4096 => ms(60, 900),
        4097..=32768 => ms(150, 2000),
        _ => {
            let blocks = size.div_ceil(64 * KIB).max(1);
            ms(200 * blocks, 3000 * blocks)
        }
    }
}

fn usual_chip_erase(size: u64) -> Busy {
    let mib = size.div_ceil(MIB).max(1);
    ms(2_500 * mib, 35_000 * mib)
}

/// What things cost on this chip by this programmer.
pub(crate) fn costs(geometry: &Geometry, limits: &Limits) -> Costs {
    let bytes = limits.wire_time(geometry.page + 7);
    Costs {
        byte: limits.wire_time(1),
        page: bytes + limits.per_transaction * 3 + geometry.program.typical * 21 / 20,
        round_trip: limits.round_trip,
    }
}

/// Spansion: erase error and program error.
pub(crate) const STICKY_ERRORS: u8 = 0x60;

/// SR1 bits that may change by themselves on this part.
pub(crate) fn may_change(part: &Part) -> u8 {
    let own = match (&part.protection, part.program) {
        // Adesto and Atmel: erase/program error and the level of WP#.
        (ProtectScheme::SectorLocks { .. }, _) => 0x30,
        // SST25: auto-address-increment in progress.
        (_, ProgramScheme::AaiWord | ProgramScheme::AaiByte) => 0x40,
        // SST26: write suspends, second BUSY.
        (ProtectScheme::Sst26, _) => 0x8C,
        _ if part.status.sticky_errors => STICKY_ERRORS,
        _ => 0,
    };
    BUSY | WEL | own
}

/// What a row leaves to SFDP, taken from there: erase types, and the way above 16 MiB with them.
pub(crate) fn completed(part: Part, sfdp: Option<&Sfdp>) -> Part {
    let part = match sfdp {
        Some(sfdp) => with_modes(part, sfdp),
        None => part,
    };
    if let (Some(sfdp), false) = (sfdp, part.erase.is_empty()) {
        return confirmed(part, sfdp);
    }
    let Some(said) = sfdp.and_then(|s| from_sfdp(&part.jedec_id, s)) else {
        return part;
    };
    Part {
        erase: said.erase,
        chip_erase: part.chip_erase.or(said.chip_erase),
        four_byte: if part.four_byte == FourByte::default() { said.four_byte } else { part.four_byte },
        source: format!("{}; erase types from the chip's SFDP", part.source),
        ..part
    }
}

/// What only SFDP says of the modes: the way into 4-byte mode, on a part of any size, and the reset.
fn with_modes(mut part: Part, sfdp: &Sfdp) -> Part {
    let modes = sfdp.basic.address != AddressModes::Three;
    if part.four_byte.mode == FourByteMode::None && part.size <= THREE_BYTE_REACH && modes {
        part.four_byte.mode = match four_byte_mode(sfdp) {
            FourByteMode::Always | FourByteMode::None => FourByteMode::Plain,
            mode => mode,
        };
    }
    part.reset |= sfdp.basic.reset & RESET_66_99 != 0;
    part
}

/// The way into 4-byte mode that SFDP names first.
fn four_byte_mode(sfdp: &Sfdp) -> FourByteMode {
    match sfdp.basic.enter_four_byte {
        _ if sfdp.basic.address == AddressModes::Four => FourByteMode::Always,
        ways if ways & 0x40 != 0 => FourByteMode::Always,
        ways if ways & 0x01 != 0 => FourByteMode::Plain,
        ways if ways & 0x02 != 0 => FourByteMode::WithWriteEnable,
        ways if ways & 0x08 != 0 => FourByteMode::BankRegister,
        _ => FourByteMode::None,
    }
}

/// A row of several generations may name an erase that this chip lacks: opcodes that its SFDP does not know stay out, as
/// long as it knows one.
fn confirmed(mut part: Part, sfdp: &Sfdp) -> Part {
    let known = |e: &EraseSpec| sfdp.basic.erase.iter().any(|said| said.opcode == e.opcode);
    if part.erase.iter().any(known) {
        part.erase.retain(known);
    }
    // A smaller type that only SFDP names is of use where the row's own fail.
    let least = part.erase.iter().map(|e| e.size).min().unwrap_or(0);
    let uniform = !sfdp.sector_map && part.size <= THREE_BYTE_REACH;
    let more: Vec<EraseSpec> = sfdp
        .basic
        .erase
        .iter()
        .filter(|e| uniform && e.size >= part.page && e.size < least && least.is_multiple_of(e.size))
        .map(|e| EraseSpec { opcode: e.opcode, size: e.size, split: false })
        .collect();
    part.erase.splice(0..0, more);
    part
}

/// A part of which only SFDP is known: what it says, nothing else. `None` where that is not enough to read it.
pub(crate) fn from_sfdp(jedec_id: &[u8], sfdp: &Sfdp) -> Option<Part> {
    let basic = &sfdp.basic;
    if !basic.size.is_power_of_two() || !(4 * KIB..=1 << 32).contains(&basic.size) {
        return None;
    }
    // Where the array is reached by 4-byte opcodes, only what has such a twin.
    let twin = |op: u8| FOUR_BYTE_ERASE.iter().find(|(three, _)| *three == op).map(|(_, four)| *four);
    let reaches_all = |op: u8| match &sfdp.four_byte {
        Some(f) if f.read && f.program && basic.size > THREE_BYTE_REACH => {
            twin(op).is_some_and(|four| f.erase.contains(&Some(four)))
        }
        _ => true,
    };
    let uniform = |size: u64| !sfdp.sector_map || (size == 4096 && basic.erase_4k.is_some());
    let erase = basic
        .erase
        .iter()
        .filter(|e| uniform(e.size) && e.size <= basic.size && reaches_all(e.opcode))
        .map(|e| EraseSpec { opcode: e.opcode, size: e.size, split: false })
        .collect();
    let native = sfdp.four_byte.as_ref().is_some_and(|f| f.read && f.program);
    let mode = four_byte_mode(sfdp);
    // SR2 by 35h is promised where quad enable is there: rules 1, 4, 5 and 6 of DW15.
    let sr2 = matches!(basic.quad_enable, Some(1 | 4 | 5 | 6));
    Some(Part {
        name: "unknown part (SFDP only)".into(),
        page: basic.page.unwrap_or(256),
        erase,
        chip_erase: Some(0xC7),
        program: if basic.byte_programming { ProgramScheme::Byte } else { ProgramScheme::Page },
        address_bytes: if mode == FourByteMode::Always { 4 } else { 3 },
        four_byte: FourByte { native, mode, extended_register: false },
        reset: basic.reset & RESET_66_99 != 0,
        status: StatusScheme {
            read_sr2: sr2.then_some(0x35),
            write_sr2: (basic.quad_enable == Some(6)).then_some(0x31),
            write_01: if matches!(basic.quad_enable, Some(1 | 5)) { Write01::Two } else { Write01::One },
            enable: match basic.status_write & 8 != 0 {
                true => StatusEnable::VolatileOrWren,
                false => StatusEnable::Wren,
            },
            ..STATUS_UNKNOWN
        },
        source: "SFDP of the chip itself".into(),
        ..bare(jedec_id, basic.size)
    })
}

/// A part of which nothing is known but id and size: read by three address bytes, and without a command that changes it.
pub(crate) fn bare(jedec_id: &[u8], size: u64) -> Part {
    Part {
        vendor: String::new(),
        name: "unknown part".into(),
        aliases: Vec::new(),
        probe: Probe::Jedec,
        jedec_id: jedec_id.to_vec(),
        ext_id: Vec::new(),
        tell: SfdpTell::default(),
        size,
        page: 256,
        erase: Vec::new(),
        chip_erase: None,
        program: ProgramScheme::Page,
        voltage_mv: None,
        low_voltage: false,
        address_bytes: 3,
        four_byte: FourByte::default(),
        dies: 1,
        mode_flag: None,
        die_select: None,
        unique_id: 0,
        sr2_by_35: false,
        reset: false,
        plain_reads: Vec::new(),
        status: STATUS_UNKNOWN,
        protection: ProtectScheme::Unknown,
        otp: OtpScheme { method: OtpMethod::Unknown, registers: Vec::new(), disputed: false },
        forever: Vec::new(),
        max_hz: None,
        times: None,
        source: "the user".into(),
        confidence: Confidence::Low,
    }
}
