//! Single commands: opcodes by their datasheet names, and the smallest exchanges that use them.
//!
//! Facts: W25Q64FV datasheet rev S, instruction table 1; opcode meanings differ between makers, so nothing here is
//! sent before the maker is known, apart from the id, `04`, `05`, `5A`, `AB` and `FF`.

use super::FlashError;
use crate::spi::{Programmer, Transaction};

pub(crate) const WRITE_STATUS: u8 = 0x01;
pub(crate) const PAGE_PROGRAM: u8 = 0x02;
pub(crate) const READ: u8 = 0x03;
pub(crate) const WRITE_DISABLE: u8 = 0x04;
pub(crate) const READ_STATUS: u8 = 0x05;
pub(crate) const READ_STATUS_2: u8 = 0x35;
pub(crate) const WRITE_ENABLE: u8 = 0x06;
pub(crate) const PAGE_PROGRAM_4B: u8 = 0x12;
pub(crate) const READ_4B: u8 = 0x13;
pub(crate) const CLEAR_STATUS: u8 = 0x30;
pub(crate) const READ_UNIQUE_ID: u8 = 0x4B;
/// Micron: clears the flag status register.
pub(crate) const CLEAR_FLAG_STATUS: u8 = 0x50;
pub(crate) const VOLATILE_ENABLE: u8 = 0x50;
pub(crate) const READ_SFDP: u8 = 0x5A;
pub(crate) const ENABLE_RESET: u8 = 0x66;
pub(crate) const LEAVE_QPI: u8 = 0xF5;
pub(crate) const READ_FLAG_STATUS: u8 = 0x70;
pub(crate) const RESET: u8 = 0x99;
pub(crate) const READ_JEDEC_ID: u8 = 0x9F;
pub(crate) const RELEASE_POWER_DOWN: u8 = 0xAB;
/// Ones instead of address and mode bits: 16 clocks for a dual read (BBh), 20 of one with four address bytes, all in one
/// window (W25Q64FV datasheet: FFh or FFFFh); a quad read (EBh) needs 8 or 10.
pub(crate) const LEAVE_CONTINUOUS_READ: [u8; 3] = [0xFF; 3];

/// SR1 bit 0.
pub(crate) const BUSY: u8 = 0x01;
/// SR1 bit 1.
pub(crate) const WEL: u8 = 0x02;

/// Opcode and address, most significant byte first, in `width` bytes.
pub(crate) fn with_address(opcode: u8, address: u64, width: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(6);
    bytes.push(opcode);
    bytes.extend_from_slice(&address.to_be_bytes()[8 - usize::from(width.min(8))..]);
    bytes
}

/// Sends one command.
pub(crate) fn send<P: Programmer + ?Sized>(programmer: &mut P, bytes: &[u8]) -> Result<(), FlashError> {
    Ok(programmer.run(&mut [Transaction::write(bytes)])?)
}

/// Sends a command and reads `len` bytes of answer.
pub(crate) fn read<P: Programmer + ?Sized>(
    programmer: &mut P,
    command: &[u8],
    len: usize,
) -> Result<Vec<u8>, FlashError> {
    let mut answer = vec![0; len];
    programmer.run(&mut [Transaction::read(command, &mut answer)])?;
    Ok(answer)
}

/// Bytes by which every other one of several reads of the same is longer: answers that come one packet too late would be
/// alike, and wrong, where all are of one length.
pub(crate) const BEYOND: usize = 3;

/// Reads a one-byte register.
pub(crate) fn register<P: Programmer + ?Sized>(programmer: &mut P, opcode: u8) -> Result<u8, FlashError> {
    Ok(read(programmer, &[opcode], 1)?[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_most_significant_byte_first() {
        assert_eq!(with_address(READ, 0x12_3456, 3), [0x03, 0x12, 0x34, 0x56]);
        assert_eq!(with_address(READ_4B, 0x0123_4567, 4), [0x13, 0x01, 0x23, 0x45, 0x67]);
    }
}
