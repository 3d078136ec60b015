//! ISSI: information rows by 68h, 62h and 64h, a function register at 48h whose write (42h) sets bits for ever; its
//! older kin with a control byte (4Bh, B1h).
//!
//! Other programs' tables. 35h enters QPI.

use super::common::{ERASES, RESET, SFDP, part};
use super::sfdp::Table;
use super::spec::{
    Bit, Bits, BpMap, ChipSpec, Command, Does::*, Protection, Register, Security, SecurityRule,
};

fn bp4() -> Protection {
    let bp = (2..6).map(|n| Bit::new(0, n)).collect();
    Protection::Bp(BpMap { bp, top_bottom: None, complement: None, unit: 0x1_0000 })
}

/// 64 Mbit.
pub fn is25lp064() -> ChipSpec {
    let plain = part("IS25LP064", &[0x9d, 0x60, 0x17], 0x80_0000);
    let own = [
        SFDP,
        Command::plain(0x48, ReadRegister(1)),
        Command::plain(0x42, WriteRegisters { first: 1, count: 1 }),
        Command::at(0x68, 1, ReadSecurity),
        Command::at(0x62, 0, ProgramSecurity),
        Command::at(0x64, 0, EraseSecurity),
        Command::plain(0x35, EnterQpi),
    ];
    ChipSpec {
        sfdp: Table {
            quad: 2,
            ..Table::plain(6, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, ERASES, RESET, &own[..]].concat(),
        forbidden: vec![0x35],
        registers: vec![
            plain.registers[0],
            Register { factory: 0x00, writable: 0x00, one_time: 0xf2, cleared_by_short_write: 0 },
        ],
        bits: Bits { srp0: Some(Bit::new(0, 7)), quad: Some(Bit::new(0, 6)), ..Bits::PLAIN },
        protection: bp4(),
        security: Security {
            count: 4,
            size: 256,
            first: 0,
            stride: 0x1000,
            locks: (4..8).map(|n| Bit::new(1, n)).collect(),
            ..Security::default()
        },
        ..plain
    }
}

/// 16 Mbit of the older kind (PMC): a continuation code before the id, no SFDP.
pub fn pm25lq016() -> ChipSpec {
    let plain = part("Pm25LQ016", &[0x7f, 0x9d, 0x45], 0x20_0000);
    let own = [
        Command::at(0x4b, 0, ReadSecurity),
        Command::at(0xb1, 0, ProgramSecurity),
        Command::at(0xd7, 0, Erase(0x1000)),
    ];
    ChipSpec {
        commands: [&plain.commands, ERASES, &own[..]].concat(),
        bits: Bits { srp0: Some(Bit::new(0, 7)), quad: Some(Bit::new(0, 6)), ..Bits::PLAIN },
        protection: bp4(),
        security: Security {
            count: 1,
            size: 256,
            first: 0,
            stride: 0x1000,
            rule: SecurityRule::ControlByte { at: 255, locked: 0 },
            ..Security::default()
        },
        ..plain
    }
}

/// 512 Kbit of the first kind (PMC): no 9Fh, two signature bytes by ABh; 4 KiB by D7h, 32 KiB by D8h.
pub fn pm25lv512() -> ChipSpec {
    let plain = part("Pm25LV512", &[0x9d, 0x7b], 0x1_0000);
    let mut commands: Vec<Command> =
        plain.commands.iter().filter(|c| ![0x9f, 0xab, 0xb9].contains(&c.opcode)).copied().collect();
    commands.extend([
        Command::dummies(0xab, 3, ReadJedecId),
        Command::at(0xd7, 0, Erase(0x1000)),
        Command::at(0xd8, 0, Erase(0x8000)),
    ]);
    ChipSpec {
        commands,
        registers: vec![Register { factory: 0x00, writable: 0x8c, one_time: 0, cleared_by_short_write: 0 }],
        bits: Bits { srp0: Some(Bit::new(0, 7)), ..Bits::PLAIN },
        ..plain
    }
}
