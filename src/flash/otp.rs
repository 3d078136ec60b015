//! The commands of one-time areas, maker by maker, as data; and sizes found by the period of repetition. Pure.
//!
//! Some makers give an area its own opcodes; others have a mode in which `03`, `02` and `01` act on the area instead of
//! the array, and `01` locks it. The mode is left again in the same batch that enters it.
//!
//! Facts: W25Q64FV datasheet rev S (48h, 42h, 44h); Macronix AN0218 (B1h, C1h, 2Bh, 2Fh); the others from other tools'
//! tables of 2024 to 2026, unmeasured. Erasing inside Eon's mode is said not to work by one of them: it is not offered.

use super::part::OtpMethod;

/// How an area is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtpCommands {
    /// Sent before, alone.
    pub enter: Option<u8>,
    /// Sent after, alone.
    pub leave: Option<u8>,
    /// Read opcode.
    pub read: u8,
    /// Address bytes of read, program and erase.
    pub width: u8,
    /// Dummy bytes of read.
    pub dummy: usize,
    /// Program opcode.
    pub program: Option<u8>,
    /// The most bytes of one program, within blocks of as many.
    pub page: u32,
    /// Erase opcode.
    pub erase: Option<u8>,
    /// The lock state is after the area or in it, not in a register: bytes to read beyond the area.
    pub control: u32,
}

const PLAIN: OtpCommands = OtpCommands {
    enter: None,
    leave: None,
    read: 0x48,
    width: 3,
    dummy: 1,
    program: Some(0x42),
    page: 256,
    erase: None,
    control: 0,
};
const MODE: OtpCommands =
    OtpCommands { enter: Some(0xB1), leave: Some(0xC1), read: 0x03, dummy: 0, program: Some(0x02), ..PLAIN };

/// The commands of a method; `None` where there is nothing to send.
pub(crate) fn commands(method: OtpMethod) -> Option<OtpCommands> {
    let pick = |(m, c): &(OtpMethod, OtpCommands)| (*m == method).then_some(*c);
    COMMANDS.iter().find_map(pick)
}

const COMMANDS: [(OtpMethod, OtpCommands); 12] = [
    (OtpMethod::Registers48, OtpCommands { erase: Some(0x44), ..PLAIN }),
    (OtpMethod::Enso, MODE),
    (OtpMethod::EnsoLeave04, OtpCommands { leave: Some(0x04), ..MODE }),
    (OtpMethod::Eon3A, OtpCommands { enter: Some(0x3A), leave: Some(0x04), ..MODE }),
    (OtpMethod::Micron4B, OtpCommands { read: 0x4B, page: 64, control: 1, ..PLAIN }),
    (OtpMethod::Spansion4B, OtpCommands { read: 0x4B, page: 32, ..PLAIN }),
    (OtpMethod::Issi68, OtpCommands { read: 0x68, program: Some(0x62), erase: Some(0x64), ..PLAIN }),
    (OtpMethod::Issi4B, OtpCommands { read: 0x4B, dummy: 0, program: Some(0xB1), page: 64, ..PLAIN }),
    (OtpMethod::Sst88, OtpCommands { read: 0x88, width: 2, program: Some(0xA5), page: 256, ..PLAIN }),
    (OtpMethod::Sst88Short, OtpCommands { read: 0x88, width: 1, program: Some(0xA5), page: 32, ..PLAIN }),
    (OtpMethod::Adesto77, OtpCommands { read: 0x77, dummy: 2, program: Some(0x9B), page: 64, ..PLAIN }),
    (OtpMethod::Adesto4B, OtpCommands { read: 0x4B, program: Some(0x9B), page: 128, ..PLAIN }),
];

/// The period at which `bytes` repeat: the real size of an area whose sources dispute it, read past its end. `None`
/// where it cannot be determined: no repetition, or one byte all over.
pub fn period(bytes: &[u8]) -> Option<usize> {
    if bytes.windows(2).all(|w| w[0] == w[1]) {
        return None;
    }
    [64usize, 128, 256, 512, 1024, 2048]
        .into_iter()
        .filter(|p| *p * 2 <= bytes.len())
        .find(|p| bytes[*p..] == bytes[..bytes.len() - p])
}

/// The lock that the area's own bytes show; `None` where a register shows it, or nothing does.
///
/// `bytes` are the area and its control bytes.
pub(crate) fn own_lock(method: OtpMethod, index: u8, bytes: &[u8]) -> Option<bool> {
    match method {
        // Control byte after the area, bit 0: 0 is locked.
        OtpMethod::Micron4B => bytes.last().map(|b| b & 1 == 0),
        // 10h to 13h hold a lock bit for each 32-byte region; region 0 (the factory's) apart.
        OtpMethod::Spansion4B => {
            let locks = u32::from_le_bytes(bytes.get(0x10..0x14)?.try_into().ok()?);
            Some(locks & !1 == 0)
        }
        // Control byte at the end of the area, bit 0: 1 is locked; blank flash reads 1 too, so FF proves nothing.
        OtpMethod::Issi4B => bytes.last().filter(|b| **b != 0xFF).map(|b| b & 1 == 1),
        // Programmable once, in one go: what is not blank is closed. The second half is the factory's.
        OtpMethod::Adesto77 => Some(index > 0 || bytes.iter().any(|b| *b != 0xFF)),
        _ => None,
    }
}

/// The pieces in which `bytes` are programmed from `offset`: within blocks of `page`, without FF at the ends.
pub(crate) fn pieces(offset: u32, bytes: &[u8], page: u32) -> Vec<(u32, &[u8])> {
    super::page::pages(u64::from(offset), bytes, u64::from(page.max(1)))
        .into_iter()
        .map(|p| (p.address as u32, p.bytes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_is_the_size_and_blank_tells_nothing() {
        let register: Vec<u8> = (0..512u32).map(|i| (i * i % 251) as u8).collect();
        let read: Vec<u8> = register.iter().copied().cycle().take(4096).collect();
        assert_eq!(period(&read), Some(512));
        let mut sparse = vec![0xFF; 1024];
        sparse[3] = 7;
        let read: Vec<u8> = sparse.iter().copied().cycle().take(4096).collect();
        assert_eq!(period(&read), Some(1024));
        assert_eq!(period(&[0xFF; 4096]), None);
        assert_eq!(period(&(0..4096u32).map(|i| (i >> 4) as u8 ^ i as u8).collect::<Vec<_>>()), None);
        assert_eq!(period(&[]), None);
    }

    #[test]
    fn every_method_with_commands_reads_by_an_opcode_that_never_writes() {
        for method in [
            OtpMethod::Registers48,
            OtpMethod::Enso,
            OtpMethod::EnsoLeave04,
            OtpMethod::Eon3A,
            OtpMethod::Micron4B,
            OtpMethod::Spansion4B,
            OtpMethod::Issi68,
            OtpMethod::Issi4B,
            OtpMethod::Sst88,
            OtpMethod::Sst88Short,
            OtpMethod::Adesto77,
            OtpMethod::Adesto4B,
        ] {
            let c = commands(method).unwrap();
            assert!([0x03, 0x48, 0x4B, 0x68, 0x77, 0x88].contains(&c.read), "{method:?}");
            assert_eq!(c.enter.is_some(), c.leave.is_some(), "{method:?}");
        }
        assert_eq!(commands(OtpMethod::None), None);
        assert_eq!(commands(OtpMethod::Unknown), None);
    }

    #[test]
    fn locks_in_the_areas_own_bytes() {
        let mut micron = vec![0xFF; 65];
        assert_eq!(own_lock(OtpMethod::Micron4B, 0, &micron), Some(false));
        micron[64] = 0xFE;
        assert_eq!(own_lock(OtpMethod::Micron4B, 0, &micron), Some(true));
        let mut spansion = vec![0xFF; 1024];
        assert_eq!(own_lock(OtpMethod::Spansion4B, 0, &spansion), Some(false));
        spansion[0x10..0x14].copy_from_slice(&[1, 0, 0, 0]);
        assert_eq!(own_lock(OtpMethod::Spansion4B, 0, &spansion), Some(true));
        assert_eq!(own_lock(OtpMethod::Adesto77, 0, &[0xFF; 64]), Some(false));
        assert_eq!(own_lock(OtpMethod::Adesto77, 0, &[0; 64]), Some(true));
        assert_eq!(own_lock(OtpMethod::Registers48, 1, &[0; 64]), None);
    }
}
