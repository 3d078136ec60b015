//! Eon: one-time memory in a mode (3Ah, left by write disable) at the end of the array; and EN25B with uneven blocks.
//!
//! Other programs' tables. Inside the mode 05h shows the lock bits and 01h freezes them forever.

use super::common::{ERASE_4K, ERASE_60, ERASE_64K, SFDP, part};
use super::sfdp::Table;
use super::spec::{
    Bit, Bits, BpMap, ChipSpec, Command, Does::*, Protection, Register, Security, SecurityMode,
};

/// 64 Mbit: 512 bytes, 4 KiB below the end.
pub fn en25qh64() -> ChipSpec {
    let plain = part("EN25QH64", &[0x1c, 0x70, 0x17], 0x80_0000);
    let bp = (2..6).map(|n| Bit::new(0, n)).collect();
    let own = [SFDP, ERASE_4K, ERASE_64K, ERASE_60, Command::plain(0x3a, EnterSecurity)];
    let suspend = [
        Command::plain(0xb0, Suspend).while_busy(),
        Command::plain(0x30, Resume),
        Command::plain(0x09, ReadRegister(2)).while_busy(),
    ];
    ChipSpec {
        sfdp: Table::plain(0, plain.size, &[(0x20, 0x1000), (0xd8, 0x1_0000)]).write(),
        commands: [&plain.commands, &own[..], &suspend].concat(),
        forbidden: vec![0x38],
        registers: vec![
            plain.registers[0],
            Register { factory: 0x00, writable: 0x00, one_time: 0x80, cleared_by_short_write: 0 },
            Register::default(),
        ],
        bits: Bits { srp0: Some(Bit::new(0, 7)), suspended: Some(Bit::new(2, 3)), ..Bits::PLAIN },
        protection: Protection::Bp(BpMap { bp, top_bottom: None, complement: None, unit: 0x1_0000 }),
        security: Security {
            count: 1,
            size: 512,
            first: plain.size - 0x1000,
            stride: 0x1000,
            locks: vec![Bit::new(1, 7)],
            mode: Some(SecurityMode { left_by_write_disable: true, erasable: true, status: Some(1) }),
            ..Security::default()
        },
        ..plain
    }
}

/// 16 Mbit of the first kind with small blocks at the end; D8h erases one of whatever size.
pub fn en25b16t() -> ChipSpec {
    let plain = part("EN25B16T", &[0x1c, 0x20, 0x15], 0x20_0000);
    ChipSpec { commands: [&plain.commands, &[Command::at(0xd8, 0, EraseTopBoot)][..]].concat(), ..plain }
}

/// 16 Mbit of the first kind, uniform: its id is shared with parts whose blocks are small at one end.
pub fn en25p16() -> ChipSpec {
    let plain = part("EN25P16", &[0x1c, 0x20, 0x15], 0x20_0000);
    ChipSpec { commands: [&plain.commands, &[ERASE_64K][..]].concat(), ..plain }
}
