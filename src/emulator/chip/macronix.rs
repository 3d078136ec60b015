//! Macronix: one-time memory in a mode (B1h, C1h), security register (2Bh, 2Fh), configuration register; ESMT's kin.
//!
//! Macronix application note AN0218 for the mode; other programs' tables for sizes and bits. 35h enters QPI.

use super::common::{ERASE_4K, ERASE_60, ERASE_64K, ERASES, SFDP, part};
use super::sfdp::Table;
use super::spec::{
    Bit, Bits, BpMap, ChipSpec, Command, Does::*, Protection, Register, Security, SecurityMode,
};

const MODE: &[Command] = &[
    Command::plain(0xb1, EnterSecurity),
    Command::plain(0xc1, ExitSecurity),
    Command::plain(0x2b, ReadRegister(1)),
    Command::plain(0x2f, SetBits { register: 1, mask: 0x02 }),
];

/// Customer lock (LDSO) and the switch of the protection scheme (WPSEL), once each; fail bits.
const SECURITY_REGISTER: Register =
    Register { factory: 0x00, writable: 0x00, one_time: 0x82, cleared_by_short_write: 0 };

fn enso(count: usize, size: usize) -> Security {
    Security {
        count,
        size,
        first: 0,
        stride: size,
        locks: vec![Bit::new(1, 1)],
        mode: Some(SecurityMode { left_by_write_disable: false, erasable: false, status: None }),
        ..Security::default()
    }
}

fn bp4(top_bottom: Option<Bit>) -> Protection {
    let bp = (2..6).map(|n| Bit::new(0, n)).collect();
    Protection::Bp(BpMap { bp, top_bottom, complement: None, unit: 0x1_0000 })
}

/// 64 Mbit of an old generation: no SFDP, 64 one-time bytes, 4K by 20h.
pub fn mx25l6405d() -> ChipSpec {
    let plain = part("MX25L6405D", &[0xc2, 0x20, 0x17], 0x80_0000);
    ChipSpec {
        commands: [&plain.commands, &[ERASE_4K, ERASE_64K, ERASE_60][..], MODE].concat(),
        registers: vec![plain.registers[0], SECURITY_REGISTER],
        bits: Bits { srp0: Some(Bit::new(0, 7)), ..Bits::PLAIN },
        protection: bp4(None),
        security: enso(1, 64),
        ..plain
    }
}

/// 128 Mbit: 512 one-time bytes, QE in the first register, TB one-time in the configuration register.
pub fn mx25l12835f() -> ChipSpec {
    let plain = part("MX25L12835F", &[0xc2, 0x20, 0x18], 0x100_0000);
    let configuration = [
        Command::plain(0x15, ReadRegister(2)),
        Command::plain(0x01, WriteRegisters { first: 0, count: 1 }),
        Command::plain(0x35, EnterQpi),
        Command::plain(0xb0, Suspend).while_busy(),
        Command::plain(0x30, Resume),
        SFDP,
    ];
    ChipSpec {
        sfdp: Table::plain(0, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)]).write(),
        commands: [&plain.commands, ERASES, MODE, &configuration[..]].concat(),
        forbidden: vec![0x35, 0x68],
        registers: vec![
            // QE is set: the board boots in quad mode.
            Register { factory: 0x40, ..plain.registers[0] },
            SECURITY_REGISTER,
            Register { factory: 0x07, writable: 0xc7, one_time: 0x08, cleared_by_short_write: 0 },
        ],
        bits: Bits {
            srp0: Some(Bit::new(0, 7)),
            quad: Some(Bit::new(0, 6)),
            suspended: Some(Bit::new(1, 3)),
            program_error: Some(Bit::new(1, 5)),
            erase_error: Some(Bit::new(1, 6)),
            ..Bits::PLAIN
        },
        protection: bp4(Some(Bit::new(2, 3))),
        security: enso(1, 512),
        ..plain
    }
}

/// 64 Mbit, 1024 one-time bytes in two halves.
pub fn mx25l6433f() -> ChipSpec {
    ChipSpec {
        name: "MX25L6433F".into(),
        jedec_id: vec![0xc2, 0x20, 0x17],
        size: 0x80_0000,
        sfdp: Table::plain(0, 0x80_0000, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)]).write(),
        security: enso(2, 512),
        ..mx25l12835f()
    }
}

/// 32 Mbit by ESMT: the same way in, left by write disable, frozen by a register write inside.
pub fn f25l32qa() -> ChipSpec {
    let plain = part("F25L32QA", &[0x8c, 0x41, 0x16], 0x40_0000);
    let bp = (2..5).map(|n| Bit::new(0, n)).collect();
    ChipSpec {
        commands: [&plain.commands, ERASES, &[Command::plain(0xb1, EnterSecurity)][..]].concat(),
        registers: vec![
            plain.registers[0],
            Register { factory: 0x00, writable: 0x00, one_time: 0x80, cleared_by_short_write: 0 },
        ],
        bits: Bits { srp0: Some(Bit::new(0, 7)), ..Bits::PLAIN },
        protection: Protection::Bp(BpMap {
            bp,
            top_bottom: Some(Bit::new(0, 5)),
            complement: None,
            unit: 0x1_0000,
        }),
        security: Security {
            mode: Some(SecurityMode { left_by_write_disable: true, erasable: false, status: Some(1) }),
            locks: vec![Bit::new(1, 7)],
            ..enso(1, 512)
        },
        ..plain
    }
}
