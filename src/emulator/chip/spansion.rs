//! Spansion FL-S: sector size by extended id, errors that stick and hold busy, bank register, one-time regions.
//!
//! Other programs' tables and drivers for opcodes and bits. TBPARM, BPNV and TBPROT in the configuration register are
//! one-time; the sticky errors are cleared by 30h.

use super::common::{ERASE_60, ERASE_64K, ERASES, FOUR_BYTE, NATIVE, RESET, SECURITY, part};
use super::sfdp::Table;
use super::spec::{
    AddressBytes, Bit, Bits, BpMap, ChipSpec, Command, Does::*, ExtendedAddress, Protection, Register,
    Security, SecurityRule,
};

const REGISTERS: &[Command] = &[
    Command::plain(0x01, WriteRegisters { first: 0, count: 2 }),
    Command::plain(0x35, ReadRegister(1)).while_busy(),
    Command::plain(0x30, ClearErrors { register: 0, mask: 0x60 }).while_busy(),
    Command::plain(0x16, ReadRegister(2)),
    Command::plain(0x17, WriteDirect(2)),
    Command::at(0x4b, 1, ReadSecurity),
    Command::at(0x42, 0, ProgramSecurity),
];

fn fl_s(name: &str, id: &[u8], size: usize) -> ChipSpec {
    let plain = part(name, id, size);
    let bp = (2..5).map(|n| Bit::new(0, n)).collect();
    ChipSpec {
        commands: [&plain.commands, REGISTERS, &[ERASE_64K, ERASE_60][..]].concat(),
        forbidden: vec![0x2f, 0xe3, 0xa6],
        registers: vec![
            Register { writable: 0x9c, ..plain.registers[0] },
            Register { factory: 0x02, writable: 0xc3, one_time: 0x2c, cleared_by_short_write: 0x03 },
            Register::default(),
        ],
        bits: Bits {
            srp0: Some(Bit::new(0, 7)),
            quad: Some(Bit::new(1, 1)),
            program_error: Some(Bit::new(0, 6)),
            erase_error: Some(Bit::new(0, 5)),
            errors_hold_busy: true,
            follows: Some(Bit::new(2, 7)),
            ..Bits::PLAIN
        },
        protection: Protection::Bp(BpMap {
            bp,
            top_bottom: Some(Bit::new(1, 5)),
            complement: None,
            unit: size >> 6,
        }),
        security: Security {
            count: 1,
            size: 1024,
            first: 0,
            stride: 0x1000,
            // Region 0: sixteen random bytes, then the lock bytes of the 32 regions.
            factory: 0..16,
            rule: SecurityRule::LockBytes { at: 16, region: 32 },
            ..Security::default()
        },
        ..plain
    }
}

/// 128 Mbit, 64 KiB sectors.
pub fn s25fl128s() -> ChipSpec {
    fl_s("S25FL128S", &[0x01, 0x20, 0x18, 0x4d, 0x01, 0x80], 0x100_0000)
}

/// 256 Mbit, 64 KiB sectors, 4-byte mode by the bank register.
pub fn s25fl256s() -> ChipSpec {
    let plain = fl_s("S25FL256S", &[0x01, 0x02, 0x19, 0x4d, 0x01, 0x80], 0x200_0000);
    let native: Vec<_> = NATIVE.iter().filter(|c| c.opcode != 0x21).copied().collect();
    ChipSpec {
        commands: [&plain.commands, native.as_slice()].concat(),
        extended_address: Some(ExtendedAddress { register: 2, after_exit: None }),
        ..plain
    }
}

/// 64 Mbit of the FL-L kind: 4-byte mode by B7h and E9h although three bytes reach all of it; 5Ah follows the mode.
pub fn s25fl064l() -> ChipSpec {
    let plain = part("S25FL064L", &[0x01, 0x60, 0x17], 0x80_0000);
    let own = [
        Command::plain(0x50, VolatileEnable),
        Command::plain(0x35, ReadRegister(1)).while_busy(),
        Command::plain(0x15, ReadRegister(2)).while_busy(),
        Command::plain(0x07, ReadRegister(3)).while_busy(),
        Command::plain(0x01, WriteRegisters { first: 0, count: 3 }),
        Command::plain(0x75, Suspend).while_busy(),
        Command::plain(0x7a, Resume),
        Command::at(0x5a, 1, ReadSfdp).address(AddressBytes::ByMode),
    ];
    ChipSpec {
        sfdp: Table {
            quad: 5,
            four_byte: 0x01,
            either: true,
            ..Table::plain(6, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, ERASES, RESET, SECURITY, FOUR_BYTE, &own[..]].concat(),
        registers: vec![
            plain.registers[0],
            Register { factory: 0x00, writable: 0x42, one_time: 0x3c, cleared_by_short_write: 0 },
            Register { factory: 0x60, writable: 0x60, one_time: 0, cleared_by_short_write: 0 },
            Register::default(),
        ],
        bits: Bits {
            srp0: Some(Bit::new(0, 7)),
            quad: Some(Bit::new(1, 1)),
            suspended: Some(Bit::new(3, 1)),
            ..Bits::PLAIN
        },
        protection: Protection::WinbondBp { complement: Some(Bit::new(1, 6)) },
        security: Security { count: 4, size: 256, first: 0, stride: 0x100, ..Security::default() },
        ..plain
    }
}
