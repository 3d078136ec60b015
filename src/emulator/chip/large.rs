//! Winbond parts above 16 MiB, and one of 1.8 V.
//!
//! W25Q256FV data sheet (2016), W25Q512JV-DTR revision D: BP3 at bit 5, TB at bit 6, ADS and ADP in the third register,
//! extended address register by C5h and C8h. The FV has no 4-byte program or erase, and leaves the extended address
//! at 1 after E9h, as drivers have found.

use super::common::{ERASES, FOUR_BYTE, NATIVE, RESET, SFDP, SUSPEND, part};
use super::sfdp::Table;
use super::spec::{
    Bit, Bits, BpMap, ChipSpec, Command, Does::*, ExtendedAddress, Protection, Register, Security,
};
use super::winbond;

const REGISTERS: &[Command] = &[
    Command::plain(0x01, WriteRegisters { first: 0, count: 2 }),
    Command::plain(0x50, VolatileEnable),
    Command::plain(0x35, ReadRegister(1)).while_busy(),
    Command::plain(0x15, ReadRegister(2)).while_busy(),
    Command::plain(0x31, WriteRegisters { first: 1, count: 1 }),
    Command::plain(0x11, WriteRegisters { first: 2, count: 1 }),
    Command::plain(0xc5, WriteDirect(3)).needs_wel(),
    Command::plain(0xc8, ReadRegister(3)),
    Command::at(0x48, 1, ReadSecurity),
    Command::at(0x42, 0, ProgramSecurity),
    Command::at(0x44, 0, EraseSecurity),
];

const LOCKS: &[Command] = &[
    Command::at(0x36, 0, LockBlock),
    Command::at(0x39, 0, UnlockBlock),
    Command::at(0x3d, 0, ReadLock),
    Command::plain(0x7e, LockAll),
    Command::plain(0x98, UnlockAll),
];

fn large(name: &str, id: &[u8], size: usize) -> ChipSpec {
    let plain = part(name, id, size);
    let bit = |n| Bit::new(0, n);
    ChipSpec {
        commands: [
            &plain.commands,
            ERASES,
            RESET,
            FOUR_BYTE,
            REGISTERS,
            &[SFDP],
            // Four dummy bytes, five in 4-byte mode.
            &[Command::at(0x4b, 1, ReadUniqueId)],
            SUSPEND,
        ]
        .concat(),
        registers: vec![
            plain.registers[0],
            Register { factory: 0x02, writable: 0x43, one_time: 0x38, cleared_by_short_write: 0 },
            Register { factory: 0x60, writable: 0xe6, one_time: 0, cleared_by_short_write: 0 },
            Register::default(),
        ],
        bits: Bits {
            suspended: Some(Bit::new(1, 7)),
            srp0: Some(Bit::new(0, 7)),
            srp1: Some(Bit::new(1, 0)),
            quad: Some(Bit::new(1, 1)),
            four_byte: Some(Bit::new(2, 0)),
            power_up_mode: Some(Bit::new(2, 1)),
            ..Bits::PLAIN
        },
        protection: Protection::Bp(BpMap {
            bp: vec![bit(2), bit(3), bit(4), bit(5)],
            top_bottom: Some(bit(6)),
            complement: Some(Bit::new(1, 6)),
            unit: 0x1_0000,
        }),
        security: Security {
            count: 3,
            size: 256,
            first: 0x1000,
            stride: 0x1000,
            locks: vec![Bit::new(1, 3), Bit::new(1, 4), Bit::new(1, 5)],
            sfdp_in_zero: true,
            ..Security::default()
        },
        extended_address: Some(ExtendedAddress { register: 3, after_exit: None }),
        ..plain
    }
}

/// 256 Mbit with every 4-byte command.
pub fn w25q256jv() -> ChipSpec {
    let plain = large("W25Q256JV", &[0xef, 0x40, 0x19], 0x200_0000);
    ChipSpec {
        sfdp: Table {
            quad: 4,
            four_byte: 0x01,
            native: true,
            ..Table::plain(5, plain.size, &[(0x20, 0x1000), (0xd8, 0x1_0000)])
        }
        .write(),
        commands: [&plain.commands, NATIVE, LOCKS].concat(),
        bits: Bits { wps: Some(Bit::new(2, 2)), ..plain.bits },
        ..plain
    }
}

/// 256 Mbit of the generation before: 13h and 0Ch, but no 4-byte program or erase.
pub fn w25q256fv() -> ChipSpec {
    let plain = large("W25Q256FV", &[0xef, 0x40, 0x19], 0x200_0000);
    let reads = NATIVE.iter().filter(|c| c.does == ReadArray).copied().collect::<Vec<_>>();
    ChipSpec {
        sfdp: Table::plain(0, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)]).write(),
        commands: [&plain.commands, reads.as_slice()].concat(),
        extended_address: Some(ExtendedAddress { register: 3, after_exit: Some(1) }),
        ..plain
    }
}

/// 512 Mbit.
pub fn w25q512jv() -> ChipSpec {
    ChipSpec {
        name: "W25Q512JV".into(),
        jedec_id: vec![0xef, 0x40, 0x20],
        size: 0x400_0000,
        sfdp: Table {
            quad: 4,
            four_byte: 0x01,
            native: true,
            ..Table::plain(6, 0x400_0000, &[(0x20, 0x1000), (0xd8, 0x1_0000)])
        }
        .write(),
        ..w25q256jv()
    }
}

/// 2 Gbit, the largest there is in one address space of four bytes that other programs know. Commands as the 512 Mbit part's;
/// its own data sheet was not read.
pub fn w25q02jv() -> ChipSpec {
    ChipSpec {
        name: "W25Q02JV".into(),
        jedec_id: vec![0xef, 0x70, 0x22],
        size: 0x1000_0000,
        sfdp: Table {
            quad: 4,
            four_byte: 0x01,
            native: true,
            ..Table::plain(6, 0x1000_0000, &[(0x20, 0x1000), (0xd8, 0x1_0000)])
        }
        .write(),
        ..w25q512jv()
    }
}

/// Two dies of 256 Mbit behind one set of pins, chosen by C2h.
pub fn w25m512jv() -> ChipSpec {
    let die = w25q256jv();
    ChipSpec {
        name: "W25M512JV".into(),
        jedec_id: vec![0xef, 0x71, 0x19],
        size: 0x400_0000,
        dies: 2,
        commands: [&die.commands, &[Command::plain(0xc2, SelectDie)][..]].concat(),
        ..die
    }
}

/// 64 Mbit at 1.8 V.
pub fn w25q64fw() -> ChipSpec {
    let plain = winbond::w25q64jv();
    ChipSpec {
        name: "W25Q64FW".into(),
        jedec_id: vec![0xef, 0x60, 0x17],
        sfdp: Table {
            quad: 4,
            qpi: true,
            ..Table::plain(5, plain.size, &[(0x20, 0x1000), (0x52, 0x8000), (0xd8, 0x1_0000)])
        }
        .write(),
        ..plain
    }
}
