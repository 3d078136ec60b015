//! GigaDevice and parts of its kind: one security register of four pages, or three of 1024 bytes; Puya; Zetta.
//!
//! Facts: other programs' tables (register bits, sizes); the Zetta's wrong SFDP is known to Linux.

use super::common::{ERASES, FOUR_BYTE, FOUR_BYTE_WEL, NATIVE, RESET, SECURITY, SFDP, SUSPEND, part};
use super::sfdp::Table;
use super::spec::{
    Bit, Bits, BpMap, ChipSpec, Command, Does::*, ExtendedAddress, Protection, Register, Security,
};

const UNIFORM: &[(u8, usize)] = &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)];

const SR2: Register =
    Register { factory: 0x00, writable: 0x43, one_time: 0x3c, cleared_by_short_write: 0x43 };

/// SR2 as second byte of 01h.
const TWO: &[Command] = &[
    Command::plain(0x50, VolatileEnable),
    Command::plain(0x35, ReadRegister(1)).while_busy(),
    Command::plain(0x01, WriteRegisters { first: 0, count: 2 }),
];

/// Each register by its own write.
const OWN: &[Command] = &[
    Command::plain(0x50, VolatileEnable),
    Command::plain(0x35, ReadRegister(1)).while_busy(),
    Command::plain(0x15, ReadRegister(2)).while_busy(),
    Command::plain(0x31, WriteRegisters { first: 1, count: 1 }),
    Command::plain(0x11, WriteRegisters { first: 2, count: 1 }),
];

fn like_winbond(name: &str, id: &[u8], size: usize) -> ChipSpec {
    let plain = part(name, id, size);
    ChipSpec {
        commands: [&plain.commands, ERASES, RESET, SECURITY, SUSPEND, &[SFDP][..]].concat(),
        bits: Bits {
            suspended: Some(Bit::new(1, 7)),
            srp0: Some(Bit::new(0, 7)),
            srp1: Some(Bit::new(1, 0)),
            quad: Some(Bit::new(1, 1)),
            ..Bits::PLAIN
        },
        protection: Protection::WinbondBp { complement: Some(Bit::new(1, 6)) },
        registers: vec![plain.registers[0], SR2],
        ..plain
    }
}

/// 16 Mbit: one register of 1024 bytes, one lock bit (SR2 bit 2); two bytes to 01h.
pub fn gd25q16c() -> ChipSpec {
    let plain = like_winbond("GD25Q16C", &[0xc8, 0x40, 0x15], 0x20_0000);
    ChipSpec {
        sfdp: Table::plain(0, plain.size, UNIFORM).write(),
        commands: [&plain.commands, TWO].concat(),
        security: Security {
            count: 1,
            size: 1024,
            first: 0,
            stride: 0x1000,
            locks: vec![Bit::new(1, 2)],
            ..Security::default()
        },
        ..plain
    }
}

/// 64 Mbit: three registers of 1024 bytes; every status register has its own write.
pub fn gd25q64c() -> ChipSpec {
    let plain = like_winbond("GD25Q64C", &[0xc8, 0x40, 0x17], 0x80_0000);
    ChipSpec {
        sfdp: Table::plain(0, plain.size, UNIFORM).write(),
        commands: [&plain.commands, OWN].concat(),
        registers: vec![
            plain.registers[0],
            Register { cleared_by_short_write: 0, ..SR2 },
            Register { factory: 0x20, writable: 0xe4, one_time: 0, cleared_by_short_write: 0 },
        ],
        security: Security {
            count: 3,
            size: 1024,
            first: 0x1000,
            stride: 0x1000,
            locks: vec![Bit::new(1, 3), Bit::new(1, 4), Bit::new(1, 5)],
            ..Security::default()
        },
        ..plain
    }
}

/// 128 Mbit by Puya: block locks switched on by many vendors' boot loaders; 81h erases a page.
pub fn py25q128ha() -> ChipSpec {
    let plain = gd25q64c();
    let locks = [
        Command::plain(0x01, WriteRegisters { first: 0, count: 2 }),
        Command::at(0x36, 0, LockBlock),
        Command::at(0x39, 0, UnlockBlock),
        Command::at(0x3d, 0, ReadLock),
        Command::plain(0x7e, LockAll),
        Command::plain(0x98, UnlockAll),
        Command::at(0x81, 0, Erase(0x100)),
    ];
    ChipSpec {
        name: "PY25Q128HA".into(),
        jedec_id: vec![0x85, 0x20, 0x18],
        size: 0x100_0000,
        sfdp: Table { quad: 4, ..Table::plain(6, 0x100_0000, UNIFORM) }.write(),
        commands: [&plain.commands, &locks[..]].concat(),
        forbidden: vec![0x81],
        bits: Bits { wps: Some(Bit::new(2, 2)), ..plain.bits },
        security: Security { size: 512, ..plain.security.clone() },
        ..plain
    }
}

/// 128 Mbit by Zetta that answers with Winbond's id, and whose SFDP says 2 MiB.
pub fn zd25q128c() -> ChipSpec {
    let plain = like_winbond("ZD25Q128C", &[0xef, 0x40, 0x18], 0x100_0000);
    ChipSpec {
        sfdp: Table::plain(0, 0x20_0000, UNIFORM).write(),
        commands: [&plain.commands, TWO].concat(),
        security: Security {
            count: 3,
            size: 256,
            first: 0x1000,
            stride: 0x1000,
            locks: vec![Bit::new(1, 3), Bit::new(1, 4), Bit::new(1, 5)],
            ..Security::default()
        },
        ..plain
    }
}

/// A part of 256 Mbit that shows its address mode in no register: what is alike in GD25Q256D, XM25QH256C and PY25Q256HB.
fn silent_256(name: &str, id: &[u8], size: usize, mode: &[Command]) -> ChipSpec {
    let plain = ChipSpec { name: name.into(), jedec_id: id.to_vec(), ..gd25q64c() };
    let extended = [Command::plain(0xc5, WriteDirect(3)).needs_wel(), Command::plain(0xc8, ReadRegister(3))];
    ChipSpec {
        size: 0x200_0000,
        sfdp: Table {
            quad: 4,
            four_byte: 0x01,
            native: true,
            ..Table::plain(6, 0x200_0000, &[(0x20, 0x1000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, mode, NATIVE, &extended[..]].concat(),
        registers: [&plain.registers, &[Register::default()][..]].concat(),
        protection: Protection::Bp(BpMap {
            bp: (2..6).map(|n| Bit::new(0, n)).collect(),
            top_bottom: Some(Bit::new(0, 6)),
            complement: None,
            unit: 0x1_0000,
        }),
        security: Security { size, ..plain.security.clone() },
        extended_address: Some(ExtendedAddress { register: 3, after_exit: None }),
        ..plain
    }
}

/// 256 Mbit.
pub fn gd25q256d() -> ChipSpec {
    silent_256("GD25Q256D", &[0xc8, 0x40, 0x19], 2048, FOUR_BYTE)
}

/// 256 Mbit by XMC: the mode is changed after write enable.
pub fn xm25qh256c() -> ChipSpec {
    silent_256("XM25QH256C", &[0x20, 0x40, 0x19], 256, FOUR_BYTE_WEL)
}

/// 256 Mbit by Puya.
pub fn py25q256hb() -> ChipSpec {
    silent_256("PY25Q256HB", &[0x85, 0x20, 0x19], 512, FOUR_BYTE)
}

/// 4 Mbit by Puya whose 20h, 52h and D8h do nothing, and whose SFDP names 81h.
pub fn p25d40sh() -> ChipSpec {
    let plain = gd25q64c();
    let erases = |c: &Command| matches!(c.opcode, 0x20 | 0x52 | 0xd8);
    let mut commands: Vec<Command> = plain.commands.iter().filter(|c| !erases(c)).copied().collect();
    commands.push(Command::at(0x81, 0, Erase(0x100)));
    ChipSpec {
        name: "P25D40SH".into(),
        jedec_id: vec![0x85, 0x60, 0x13],
        size: 0x8_0000,
        sfdp: Table {
            quad: 4,
            ..Table::plain(6, 0x8_0000, &[(0x81, 0x100), (0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands,
        security: Security { size: 512, ..plain.security.clone() },
        ..plain
    }
}
