//! ISSI: information rows by 68h, 62h and 64h, a function register at 48h whose write (42h) sets bits forever; its
//! older kin with a control byte (4Bh, B1h).
//!
//! Other programs' tables. 35h enters QPI.

use super::common::{ERASES, FOUR_BYTE, NATIVE, RESET, SFDP, SUSPEND, part};
use super::sfdp::Table;
use super::spec::{
    AddressBytes, Bit, Bits, BpMap, ChipSpec, Command, Does::*, Protection, Register, Security, SecurityRule,
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
        Command::plain(0xc0, ReadParameters),
    ];
    ChipSpec {
        sfdp: Table {
            quad: 2,
            ..Table::plain(6, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, ERASES, RESET, SUSPEND, &own[..]].concat(),
        forbidden: vec![0x35],
        registers: vec![
            plain.registers[0],
            Register { factory: 0x00, writable: 0x00, one_time: 0xf2, cleared_by_short_write: 0 },
        ],
        bits: Bits {
            srp0: Some(Bit::new(0, 7)),
            quad: Some(Bit::new(0, 6)),
            suspended: Some(Bit::new(1, 3)),
            ..Bits::PLAIN
        },
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

/// The same with 4-byte mode, in which 5Ah takes four address bytes too.
fn with_mode(name: &str, id: &[u8], size: usize) -> ChipSpec {
    let plain = is25lp064();
    let own = Command::at(0x5a, 1, ReadSfdp).address(AddressBytes::ByMode);
    let commands: Vec<Command> = plain.commands.iter().filter(|c| c.opcode != 0x5a).copied().collect();
    ChipSpec {
        name: name.into(),
        jedec_id: id.to_vec(),
        size,
        sfdp: Table {
            quad: 2,
            four_byte: 0x01,
            either: true,
            ..Table::plain(6, size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&commands, FOUR_BYTE, &[own][..]].concat(),
        ..plain
    }
}

/// 128 Mbit.
pub fn is25lp128() -> ChipSpec {
    with_mode("IS25LP128", &[0x9d, 0x60, 0x18], 0x100_0000)
}

/// 512 Mbit.
pub fn is25lp512m() -> ChipSpec {
    let plain = with_mode("IS25LP512M", &[0x9d, 0x60, 0x1a], 0x400_0000);
    ChipSpec {
        sfdp: Table {
            quad: 2,
            four_byte: 0x01,
            native: true,
            ..Table::plain(6, plain.size, &[(0x20, 0x1000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, NATIVE].concat(),
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
