//! Atmel and Adesto: sector locks set at power-up, one-time bytes that take one program; and AT25SF with registers.
//!
//! AT25DF321A data sheet as other drivers use it; other programs' tables.

use super::common::{ERASES, SECURITY, SFDP, part};
use super::sfdp::Table;
use super::spec::{Bit, Bits, ChipSpec, Command, Does::*, Protection, Register, Security, SecurityRule};

/// 32 Mbit: a lock forevery 64 KiB; SR1 shows whether any (bits 3, 2) is set.
pub fn at25df321a() -> ChipSpec {
    let plain = part("AT25DF321A", &[0x1f, 0x47, 0x01], 0x40_0000);
    let own = [
        Command::at(0x36, 0, LockBlock),
        Command::at(0x39, 0, UnlockBlock),
        Command::at(0x3c, 0, ReadSectorLock),
        Command::at(0x77, 2, ReadSecurity),
        Command::at(0x9b, 0, ProgramSecurity),
        Command::plain(0x05, ReadTwoRegisters(0, 1)).while_busy(),
        Command::plain(0xb0, Suspend).while_busy(),
        Command::plain(0xd0, Resume),
    ];
    let commands: Vec<Command> = plain.commands.iter().filter(|c| c.opcode != 0x05).copied().collect();
    ChipSpec {
        commands: [&commands, ERASES, &own[..]].concat(),
        // Sector lockdown, freeze of it, and what erases on its older kin.
        forbidden: vec![0x33, 0x34, 0x50, 0x81, 0x11],
        registers: vec![
            Register { factory: 0x10, writable: 0x80, one_time: 0, cleared_by_short_write: 0 },
            // SLE: sector lockdown is possible.
            Register { factory: 0x08, writable: 0x00, one_time: 0, cleared_by_short_write: 0 },
        ],
        bits: Bits { srp0: Some(Bit::new(0, 7)), suspended: Some(Bit::new(1, 2)), ..Bits::PLAIN },
        protection: Protection::SectorLocks { size: 0x1_0000 },
        security: Security {
            count: 2,
            size: 64,
            first: 0,
            stride: 64,
            rule: SecurityRule::Once,
            ..Security::default()
        },
        ..plain
    }
}

/// 16 Mbit with three security registers of 256 bytes, 100h apart.
pub fn at25sf161() -> ChipSpec {
    let plain = part("AT25SF161", &[0x1f, 0x86, 0x01], 0x20_0000);
    let own = [
        Command::plain(0x35, ReadRegister(1)).while_busy(),
        Command::plain(0x01, WriteRegisters { first: 0, count: 2 }),
    ];
    ChipSpec {
        commands: [&plain.commands, ERASES, SECURITY, &own[..]].concat(),
        registers: vec![
            plain.registers[0],
            Register { factory: 0x00, writable: 0x43, one_time: 0x38, cleared_by_short_write: 0x43 },
        ],
        bits: Bits {
            srp0: Some(Bit::new(0, 7)),
            srp1: Some(Bit::new(1, 0)),
            quad: Some(Bit::new(1, 1)),
            ..Bits::PLAIN
        },
        protection: Protection::WinbondBp { complement: Some(Bit::new(1, 6)) },
        security: Security {
            count: 3,
            size: 256,
            first: 0x100,
            stride: 0x100,
            locks: vec![Bit::new(1, 3), Bit::new(1, 4), Bit::new(1, 5)],
            ..Security::default()
        },
        ..plain
    }
}

/// The later AT25SF161B: SFDP, and its registers 1000h apart.
pub fn at25sf161b() -> ChipSpec {
    let plain = at25sf161();
    ChipSpec {
        name: "AT25SF161B".into(),
        sfdp: Table {
            quad: 4,
            ..Table::plain(6, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, &[SFDP][..]].concat(),
        security: Security { first: 0x1000, stride: 0x1000, ..plain.security.clone() },
        ..plain
    }
}

/// 1 Mbit of the oldest kind: asked by 15h, no 9Fh; blocks of 32 KiB by 52h, all of it by 62h.
pub fn at25f1024() -> ChipSpec {
    let plain = part("AT25F1024", &[0x1f, 0x60], 0x2_0000);
    let mut commands: Vec<Command> = plain
        .commands
        .iter()
        .filter(|c| ![0x9f, 0xab, 0xb9, 0xc7, 0x0b].contains(&c.opcode))
        .copied()
        .collect();
    commands.extend([
        Command::plain(0x15, ReadJedecId),
        Command::at(0x52, 0, Erase(0x8000)),
        Command::plain(0x62, EraseChip),
    ]);
    ChipSpec {
        commands,
        registers: vec![Register { factory: 0x00, writable: 0x8c, one_time: 0, cleared_by_short_write: 0 }],
        bits: Bits { srp0: Some(Bit::new(0, 7)), ..Bits::PLAIN },
        ..plain
    }
}
