//! Winbond W25Q64 parts: BV, CV, FV and JV; and W25Q128JV.
//!
//! From the W25Q64FV data sheet (revision S, 2017; the SFDP bytes from revision D, 2011), for JV the SFDP dump of a
//! real part. Typical times are those of the published comparison of other programs on the same model (page 0.7 ms,
//! 4K 45 ms, 32K 120 ms, 64K 150 ms, chip 20 s), so that modelled seconds can be compared; the rest is the data sheet's.

use super::spec::{AddressBytes, Does::*};
use super::spec::{AfterId, Bit, Bits, ChipSpec, Command, Does, Protection, Register, Security, Times};
use std::time::Duration;

const TIMES: Times = Times {
    page: Duration::from_micros(700),
    first_byte: Duration::from_micros(20),
    next_byte: Duration::from_nanos(2_500),
    erase: [
        (0x1000, Duration::from_millis(45)),
        (0x8000, Duration::from_millis(120)),
        (0x10000, Duration::from_millis(150)),
    ],
    chip: Duration::from_secs(20),
    register: Duration::from_millis(15),
    wake: Duration::from_micros(3),
    reset: Duration::from_micros(30),
    suspend: Duration::from_micros(20),
    power_up: Duration::from_micros(20),
    power_up_write: Duration::from_millis(5),
};

/// Commands that every W25Q64 knows.
const COMMON: &[Command] = &[
    Command::plain(0x06, WriteEnable),
    Command::plain(0x04, WriteDisable),
    Command::plain(0x05, ReadRegister(0)).while_busy(),
    Command::plain(0x35, ReadRegister(1)).while_busy(),
    Command::plain(0x01, WriteRegisters { first: 0, count: 2 }),
    Command::at(0x03, 0, ReadArray),
    Command::at(0x0b, 1, ReadArray),
    Command::at(0x02, 0, Program),
    Command::at(0x20, 0, Erase(0x1000)),
    Command::at(0x52, 0, Erase(0x8000)),
    Command::at(0xd8, 0, Erase(0x10000)),
    Command::plain(0xc7, EraseChip),
    Command::plain(0x60, EraseChip),
    Command::plain(0x75, Suspend).while_busy(),
    Command::plain(0x7a, Resume),
    Command::plain(0xb9, PowerDown),
    Command::at(0xab, 0, Release).address(AddressBytes::Three),
    Command::at(0x90, 0, ReadLegacyId).address(AddressBytes::Three),
    Command::plain(0x9f, ReadJedecId),
    Command::dummies(0x4b, 4, ReadUniqueId),
];

/// From CV on: volatile status writes, SFDP, security registers.
const FROM_CV: &[Command] = &[
    Command::plain(0x50, VolatileEnable),
    Command::at(0x5a, 1, ReadSfdp).address(AddressBytes::Three),
    Command::at(0x48, 1, ReadSecurity),
    Command::at(0x42, 0, ProgramSecurity),
    Command::at(0x44, 0, EraseSecurity),
];

/// From FV on: software reset.
const FROM_FV: &[Command] =
    &[Command::plain(0x66, ResetEnable).while_busy(), Command::plain(0x99, Reset).while_busy()];

/// JV: the third register, single-register writes, block locks.
const JV: &[Command] = &[
    Command::plain(0x15, ReadRegister(2)).while_busy(),
    Command::plain(0x31, WriteRegisters { first: 1, count: 1 }),
    Command::plain(0x11, WriteRegisters { first: 2, count: 1 }),
    Command::at(0x36, 0, LockBlock),
    Command::at(0x39, 0, UnlockBlock),
    Command::at(0x3d, 0, ReadLock),
    Command::plain(0x7e, LockAll),
    Command::plain(0x98, UnlockAll),
];

const QPI: &[Command] = &[Command::plain(0x38, Does::EnterQpi)];

const BITS: Bits = Bits {
    busy: Bit::new(0, 0),
    wel: Bit::new(0, 1),
    suspended: Some(Bit::new(1, 7)),
    srp0: Some(Bit::new(0, 7)),
    srp1: Some(Bit::new(1, 0)),
    quad: Some(Bit::new(1, 1)),
    ..Bits::PLAIN
};

/// SRP0, SEC, TB, BP2..0.
const SR1: Register = Register { factory: 0x00, writable: 0xfc, one_time: 0, cleared_by_short_write: 0 };
/// CMP, QE, SRP1; LB3..1 once. A one-byte 01h clears CMP, QE and SRP1.
const SR2: Register =
    Register { factory: 0x00, writable: 0x43, one_time: 0x38, cleared_by_short_write: 0x43 };

/// A table of dwords after a header at 0 and a parameter header at 8, padded with FFh to 256 bytes.
fn sfdp(header: [u8; 8], parameter: [u8; 8], at: usize, dwords: &[u32]) -> Vec<u8> {
    let mut image = vec![0xff; 256];
    image[..8].copy_from_slice(&header);
    image[8..16].copy_from_slice(&parameter);
    for (slot, dword) in image[at..].chunks_exact_mut(4).zip(dwords) {
        slot.copy_from_slice(&dword.to_le_bytes());
    }
    image
}

const FV_TABLE: [u32; 9] = [
    0xfff1_20e5,
    0x03ff_ffff,
    0x6b08_eb44,
    0xbb80_3b08,
    0xffff_fffe,
    0x0000_ffff,
    0xeb44_ffff,
    0x520f_200c,
    0x0000_d810,
];

const JV_TABLE: [u32; 16] = [
    0xfff9_20e5,
    0x03ff_ffff,
    0x6b08_eb44,
    0xbb42_3b08,
    0xffff_fffe,
    0x0000_ffff,
    0xeb40_ffff,
    0x520f_200c,
    0x0000_d810,
    0x00a6_0236,
    0xc414_ea82,
    0x3376_63e9,
    0x757a_757a,
    0x5cd5_a2f7,
    0xff4d_f719,
    0x80f8_30e9,
];

/// The part the others are described against.
pub fn w25q64fv() -> ChipSpec {
    ChipSpec {
        name: "W25Q64FV".into(),
        jedec_id: vec![0xef, 0x40, 0x17],
        // A W25Q512JV read on an Aspeed controller answers six bytes as ef 40 20 00 00 00.
        after_id: AfterId::Byte(0x00),
        legacy_id: [0xef, 0x16],
        size: 0x80_0000,
        page: 256,
        sfdp: sfdp(
            [0x53, 0x46, 0x44, 0x50, 0x00, 0x01, 0x00, 0xff],
            [0x00, 0x00, 0x01, 0x09, 0x80, 0x00, 0x00, 0xff],
            0x80,
            &FV_TABLE,
        ),
        commands: [COMMON, FROM_CV, FROM_FV, QPI].concat(),
        forbidden: vec![0x38],
        registers: vec![SR1, SR2],
        bits: BITS,
        protection: Protection::WinbondBp { complement: Some(Bit::new(1, 6)) },
        security: Security {
            count: 3,
            size: 256,
            first: 0x1000,
            stride: 0x1000,
            locks: vec![Bit::new(1, 3), Bit::new(1, 4), Bit::new(1, 5)],
            sfdp_in_zero: true,
            ..Security::default()
        },
        extended_address: None,
        dies: 1,
        times: TIMES,
    }
}

/// Without QPI and reset; its SFDP denies 4-4-4.
pub fn w25q64cv() -> ChipSpec {
    let mut table = FV_TABLE;
    table[4] &= !0x10;
    ChipSpec {
        name: "W25Q64CV".into(),
        sfdp: sfdp(
            [0x53, 0x46, 0x44, 0x50, 0x00, 0x01, 0x00, 0xff],
            [0x00, 0x00, 0x01, 0x09, 0x80, 0x00, 0x00, 0xff],
            0x80,
            &table,
        ),
        commands: [COMMON, FROM_CV].concat(),
        forbidden: Vec::new(),
        ..w25q64fv()
    }
}

/// Without SFDP, volatile writes, CMP and security registers.
pub fn w25q64bv() -> ChipSpec {
    ChipSpec {
        name: "W25Q64BV".into(),
        sfdp: Vec::new(),
        commands: COMMON.to_vec(),
        forbidden: Vec::new(),
        registers: vec![
            SR1,
            Register { factory: 0x00, writable: 0x03, one_time: 0, cleared_by_short_write: 0x03 },
        ],
        protection: Protection::WinbondBp { complement: None },
        security: Security::default(),
        ..w25q64fv()
    }
}

/// JV-IQ: third register, block locks, QE set at the factory, one-byte 01h leaves the second register alone; no QPI.
pub fn w25q64jv() -> ChipSpec {
    ChipSpec {
        name: "W25Q64JV".into(),
        sfdp: sfdp(
            [0x53, 0x46, 0x44, 0x50, 0x05, 0x01, 0x00, 0xff],
            [0x00, 0x05, 0x01, 0x10, 0x80, 0x00, 0x00, 0xff],
            0x80,
            &JV_TABLE,
        ),
        commands: [COMMON, FROM_CV, FROM_FV, JV].concat(),
        forbidden: Vec::new(),
        registers: vec![
            SR1,
            Register { factory: 0x02, cleared_by_short_write: 0, ..SR2 },
            Register { factory: 0x60, writable: 0xe4, one_time: 0, cleared_by_short_write: 0 },
        ],
        bits: Bits { wps: Some(Bit::new(2, 2)), ..BITS },
        ..w25q64fv()
    }
}

/// The same of 16 MiB, as laptops have it.
pub fn w25q128jv() -> ChipSpec {
    let mut table = JV_TABLE;
    table[1] = 0x07ff_ffff;
    ChipSpec {
        name: "W25Q128JV".into(),
        jedec_id: vec![0xef, 0x40, 0x18],
        legacy_id: [0xef, 0x17],
        size: 0x100_0000,
        sfdp: sfdp(
            [0x53, 0x46, 0x44, 0x50, 0x05, 0x01, 0x00, 0xff],
            [0x00, 0x05, 0x01, 0x10, 0x80, 0x00, 0x00, 0xff],
            0x80,
            &table,
        ),
        times: Times { chip: Duration::from_secs(40), ..TIMES },
        ..w25q64jv()
    }
}
