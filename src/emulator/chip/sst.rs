//! SST: programming on and on (AAI), protection set at power-up, 50h before a register write; SST26's block register.
//!
//! SST25VF016B, SST25VF010A and SST26VF032B data sheets as other drivers use them; facts of other programs' tables.

use super::common::{ERASE_4K, ERASE_32K, ERASE_60, ERASE_64K, SFDP, part};
use super::sfdp::Table;
use super::spec::{
    AddressBytes, Bit, Bits, BpMap, ChipSpec, Command, Does::*, Protection, Register, Security, Times,
};
use std::time::Duration;

/// Opcodes that only the bytes programmed one by one, two by two need, and 50h, which alone opens 01h.
fn onward(name: &str, id: &[u8], size: usize, bp: std::ops::Range<u8>, factory: u8, on: Command) -> ChipSpec {
    let plain = part(name, id, size);
    let own = [
        Command::plain(0x50, VolatileEnable),
        Command::at(0x90, 0, ReadLegacyId).address(AddressBytes::Three),
        ERASE_4K,
        ERASE_32K,
        ERASE_60,
        on,
    ];
    ChipSpec {
        page: 1,
        // TBP: 10 us a byte or pair.
        times: Times { page: Duration::from_micros(10), ..plain.times },
        commands: [&plain.commands, &own[..]].concat(),
        registers: vec![Register { factory, writable: 0xbc, one_time: 0, cleared_by_short_write: 0 }],
        bits: Bits { srp0: Some(Bit::new(0, 7)), ..Bits::PLAIN },
        protection: Protection::Bp(BpMap {
            bp: bp.map(|n| Bit::new(0, n)).collect(),
            top_bottom: None,
            complement: None,
            unit: size >> 5,
        }),
        ..plain
    }
}

/// 16 Mbit, two bytes a command; everything protected at power-up.
pub fn sst25vf016b() -> ChipSpec {
    let plain =
        onward("SST25VF016B", &[0xbf, 0x25, 0x41], 0x20_0000, 2..6, 0x3c, Command::at(0xad, 0, ProgramOn(2)));
    ChipSpec { legacy_id: [0xbf, 0x41], commands: [&plain.commands, &[ERASE_64K][..]].concat(), ..plain }
}

/// 1 Mbit of the oldest kind: no 9Fh, one byte a command.
pub fn sst25vf010a() -> ChipSpec {
    let plain =
        onward("SST25VF010A", &[0xbf, 0x49], 0x2_0000, 2..4, 0x0c, Command::at(0xaf, 0, ProgramOn(1)));
    let mut commands: Vec<Command> = plain.commands.iter().filter(|c| c.opcode != 0x9f).copied().collect();
    // The block erase of 32 KiB answers to 52h and to D8h.
    commands.push(Command::at(0xd8, 0, Erase(0x8000)));
    ChipSpec { legacy_id: [0xbf, 0x49], commands, ..plain }
}

/// 32 Mbit of the later kind: every block locked at power-up, D8h uneven, its own security id.
pub fn sst26vf032b() -> ChipSpec {
    let plain = part("SST26VF032B", &[0xbf, 0x26, 0x42], 0x40_0000);
    let own = [
        SFDP,
        ERASE_4K,
        Command::at(0xd8, 0, EraseBlock),
        Command::plain(0x35, ReadRegister(1)).while_busy(),
        Command::plain(0xb0, Suspend).while_busy(),
        Command::plain(0x30, Resume),
        Command::plain(0x72, ReadLocks),
        Command::plain(0x42, WriteLocks),
        Command::plain(0x98, UnlockAll),
        Command::at(0x88, 1, ReadSecurity).address(AddressBytes::Two),
        Command::at(0xa5, 0, ProgramSecurity).address(AddressBytes::Two),
        Command::plain(0x85, SetBits { register: 0, mask: 0x20 }),
    ];
    ChipSpec {
        sfdp: Table::plain(
            6,
            plain.size,
            &[(0x20, 0x1000), (0xd8, 0x2000), (0xd8, 0x8000), (0xd8, 0x1_0000)],
        )
        .write(),
        commands: [&plain.commands, &own[..]].concat(),
        forbidden: vec![0x38, 0x8d, 0xe8],
        registers: vec![
            Register { factory: 0x00, writable: 0x00, one_time: 0x20, cleared_by_short_write: 0 },
            Register { factory: 0x08, writable: 0x00, one_time: 0, cleared_by_short_write: 0 },
        ],
        bits: Bits { suspended: Some(Bit::new(0, 2)), ..Bits::PLAIN },
        protection: Protection::BlockRegister,
        security: Security {
            count: 1,
            size: 2048,
            first: 0,
            stride: 0x1_0000,
            factory: 0..8,
            locks: vec![Bit::new(0, 5)],
            ..Security::default()
        },
        ..plain
    }
}
