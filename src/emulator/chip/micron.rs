//! Micron: flag status register, one-time bytes with a control byte; and the old M25P without 4K erase and SFDP.
//!
//! Other programs' tables for opcodes, bits and the control byte; MT25Q is distinguished from N25Q by the bytes after the id.

use super::common::{ERASE_4K, ERASE_32K, ERASE_60, ERASE_64K, FOUR_BYTE_WEL, NATIVE, RESET, SFDP, part};
use super::sfdp::Table;
use super::spec::{
    AddressBytes, Bit, Bits, BpMap, ChipSpec, Command, Does::*, ExtendedAddress, Protection, Register,
    Security, SecurityRule,
};

const FLAGS: &[Command] = &[
    Command::plain(0x70, ReadRegister(1)).while_busy(),
    Command::plain(0x50, ClearErrors { register: 1, mask: 0x7e }),
    Command::plain(0x75, Suspend).while_busy(),
    Command::plain(0x7a, Resume),
    Command::at(0x4b, 1, ReadSecurity),
    Command::at(0x42, 0, ProgramSecurity),
];

/// Writes of the configuration registers and of the sector protection, nothing a reader or writer of the array needs.
const NEVER: &[u8] = &[0xb1, 0x81, 0x61, 0xe5, 0x35];

fn flagged(name: &str, id: &[u8], size: usize) -> ChipSpec {
    let plain = part(name, id, size);
    let bit = |n| Bit::new(0, n);
    ChipSpec {
        commands: [&plain.commands, FLAGS, RESET, &[SFDP, ERASE_4K, ERASE_64K][..]].concat(),
        forbidden: NEVER.to_vec(),
        registers: vec![plain.registers[0], Register { factory: 0x80, ..Register::default() }],
        bits: Bits {
            srp0: Some(bit(7)),
            suspended: Some(Bit::new(1, 6)),
            ready: Some(Bit::new(1, 7)),
            program_error: Some(Bit::new(1, 4)),
            erase_error: Some(Bit::new(1, 5)),
            ..Bits::PLAIN
        },
        protection: Protection::Bp(BpMap {
            bp: vec![bit(2), bit(3), bit(4), bit(6)],
            top_bottom: Some(bit(5)),
            complement: None,
            unit: 0x1_0000,
        }),
        security: Security {
            count: 1,
            size: 65,
            first: 0,
            stride: 0x1000,
            rule: SecurityRule::ControlByte { at: 64, locked: 0 },
            ..Security::default()
        },
        ..plain
    }
}

/// 128 Mbit.
pub fn n25q128a() -> ChipSpec {
    let plain = flagged("N25Q128A", &[0x20, 0xba, 0x18, 0x10, 0x00, 0x00], 0x100_0000);
    ChipSpec { sfdp: Table::plain(0, plain.size, &[(0x20, 0x1000), (0xd8, 0x1_0000)]).write(), ..plain }
}

/// 256 Mbit: 4-byte mode after write enable.
pub fn mt25ql256() -> ChipSpec {
    let plain = flagged("MT25QL256", &[0x20, 0xba, 0x19, 0x10, 0x44, 0x00], 0x200_0000);
    let extended = [
        Command::plain(0xc5, WriteDirect(2)).needs_wel(),
        Command::plain(0xc8, ReadRegister(2)),
        ERASE_32K,
        Command::at(0x5c, 0, Erase(0x8000)).address(AddressBytes::Four),
        ERASE_60,
    ];
    ChipSpec {
        sfdp: Table {
            four_byte: 0x02,
            native: true,
            ..Table::plain(6, plain.size, &[(0x20, 0x1000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, FOUR_BYTE_WEL, NATIVE, &extended[..]].concat(),
        registers: [&plain.registers, &[Register::default()][..]].concat(),
        bits: Bits { four_byte: Some(Bit::new(1, 0)), ..plain.bits },
        extended_address: Some(ExtendedAddress { register: 2, after_exit: None }),
        ..plain
    }
}

/// 4 Mbit of the first kind: 64K erase alone.
pub fn m25p40() -> ChipSpec {
    let plain = part("M25P40", &[0x20, 0x20, 0x13], 0x8_0000);
    let bp = (2..5).map(|n| Bit::new(0, n)).collect();
    ChipSpec {
        commands: [&plain.commands, &[ERASE_64K][..]].concat(),
        bits: Bits { srp0: Some(Bit::new(0, 7)), ..Bits::PLAIN },
        protection: Protection::Bp(BpMap { bp, top_bottom: None, complement: None, unit: 0x1_0000 }),
        ..plain
    }
}
