//! What most parts have in common: the plain commands, times, and a part made of them to describe the others against.

use super::spec::{
    AddressBytes, AfterId, Bits, ChipSpec, Command, Does::*, Protection, Register, Security, Times,
};
use std::time::Duration;

/// Typical times of a part of the 25 series; where a data sheet gives others, the part says so.
pub(super) const TIMES: Times = Times {
    page: Duration::from_micros(700),
    first_byte: Duration::from_micros(20),
    next_byte: Duration::from_nanos(2_500),
    erase: [
        (0x1000, Duration::from_millis(45)),
        (0x8000, Duration::from_millis(120)),
        (0x4_0000, Duration::from_millis(150)),
    ],
    chip: Duration::from_secs(20),
    register: Duration::from_millis(15),
    wake: Duration::from_micros(3),
    reset: Duration::from_micros(30),
    suspend: Duration::from_micros(20),
    power_up: Duration::from_micros(20),
    power_up_write: Duration::from_millis(5),
};

/// Read, program, whole erase, write enable, first status register, id, power-down.
pub(super) const PLAIN: &[Command] = &[
    Command::plain(0x06, WriteEnable),
    Command::plain(0x04, WriteDisable),
    Command::plain(0x05, ReadRegister(0)).while_busy(),
    Command::plain(0x01, WriteRegisters { first: 0, count: 1 }),
    Command::at(0x03, 0, ReadArray),
    Command::at(0x0b, 1, ReadArray),
    Command::at(0x02, 0, Program),
    Command::plain(0xc7, EraseChip),
    Command::plain(0xb9, PowerDown),
    Command::at(0xab, 0, Release).address(AddressBytes::Three),
    Command::plain(0x9f, ReadJedecId),
];

/// The chip erase of most.
pub(super) const ERASE_60: Command = Command::plain(0x60, EraseChip);
/// The uniform erases.
pub(super) const ERASE_4K: Command = Command::at(0x20, 0, Erase(0x1000));
pub(super) const ERASE_32K: Command = Command::at(0x52, 0, Erase(0x8000));
pub(super) const ERASE_64K: Command = Command::at(0xd8, 0, Erase(0x1_0000));
/// All three.
pub(super) const ERASES: &[Command] = &[ERASE_4K, ERASE_32K, ERASE_64K, ERASE_60];
/// SFDP.
pub(super) const SFDP: Command = Command::at(0x5a, 1, ReadSfdp).address(AddressBytes::Three);
/// Software reset.
pub(super) const RESET: &[Command] =
    &[Command::plain(0x66, ResetEnable).while_busy(), Command::plain(0x99, Reset).while_busy()];
/// Suspend and resume.
pub(super) const SUSPEND: &[Command] =
    &[Command::plain(0x75, Suspend).while_busy(), Command::plain(0x7a, Resume)];
/// Into 4-byte mode and back, without and with write enable.
pub(super) const FOUR_BYTE: &[Command] =
    &[Command::plain(0xb7, EnterFourByte), Command::plain(0xe9, ExitFourByte)];
pub(super) const FOUR_BYTE_WEL: &[Command] =
    &[Command::plain(0xb7, EnterFourByte).needs_wel(), Command::plain(0xe9, ExitFourByte).needs_wel()];
/// Four address bytes in any mode.
pub(super) const NATIVE: &[Command] = &[
    Command::at(0x13, 0, ReadArray).address(AddressBytes::Four),
    Command::at(0x0c, 1, ReadArray).address(AddressBytes::Four),
    Command::at(0x12, 0, Program).address(AddressBytes::Four),
    Command::at(0x21, 0, Erase(0x1000)).address(AddressBytes::Four),
    Command::at(0xdc, 0, Erase(0x1_0000)).address(AddressBytes::Four),
];
/// Security registers by commands of their own.
pub(super) const SECURITY: &[Command] = &[
    Command::at(0x48, 1, ReadSecurity),
    Command::at(0x42, 0, ProgramSecurity),
    Command::at(0x44, 0, EraseSecurity),
];

/// A first status register with protection bits and SRWD.
pub(super) const STATUS: Register =
    Register { factory: 0x00, writable: 0xfc, one_time: 0, cleared_by_short_write: 0 };

/// A part with the plain commands, one status register, no protection, no SFDP, no one-time memory.
pub(super) fn part(name: &str, id: &[u8], size: usize) -> ChipSpec {
    ChipSpec {
        name: name.into(),
        jedec_id: id.to_vec(),
        after_id: AfterId::Byte(0x00),
        legacy_id: [id[0], id.last().map_or(0, |density| density.wrapping_sub(1))],
        size,
        page: 256,
        sfdp: Vec::new(),
        commands: PLAIN.to_vec(),
        forbidden: Vec::new(),
        registers: vec![STATUS],
        bits: Bits::PLAIN,
        protection: Protection::None,
        security: Security::default(),
        extended_address: None,
        dies: 1,
        times: TIMES,
    }
}
