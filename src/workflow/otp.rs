//! Security registers changed: only with a backup of this very chip that holds them as they are now.
//!
//! What is programmed without an erase command, and what is locked, stays forever; so the rule is the same as for the
//! array, and the right to write comes from nowhere else in the program.

use super::error::{Cause, Error};
use super::guard::chip_key;
use super::reading::prove;
use super::store::{Manifest, Store};
use crate::flash::{Chip, OtpPermit, SecurityRegister};
use crate::spi::Programmer;

/// The name of a register's file in a backup, and in a dump.
pub fn file_name(index: u8) -> String {
    format!("security-register-{index}.bin")
}

/// The registers that a backup holds, by index.
///
/// # Errors
/// [`Cause::Store`] for a damaged backup.
pub fn of_backup(store: &Store, id: &str) -> Result<Vec<(u8, Vec<u8>)>, Cause> {
    let manifest = store.verify(id)?;
    let mut registers = Vec::new();
    for index in 0..=u8::MAX {
        if manifest.files.iter().any(|file| file.name == file_name(index)) {
            registers.extend(store.companion(id, &file_name(index))?.map(|bytes| (index, bytes)));
        }
    }
    Ok(registers)
}

/// The chip's security registers, with its addresses proven first: the same faults strike their addresses.
///
/// # Errors
/// [`Cause::Addresses`]; what failed below.
pub fn read<P: Programmer>(chip: &mut Chip<P>) -> Result<Vec<SecurityRegister>, Cause> {
    prove(chip, &[])?;
    Ok(chip.security_registers()?)
}

/// The newest backup of this chip that holds its registers as they are, and the right to write them.
///
/// # Errors
/// [`Cause::NoRegisterBackup`] where there is none.
pub fn permit<P: Programmer>(chip: &mut Chip<P>, store: &Store) -> Result<(String, OtpPermit), Error> {
    let key = chip_key(chip.identity());
    let now = read(chip)?;
    let of_this_chip = |m: &Manifest| m.chip.is_same(&key) || (m.chip == key && key.unique_id.is_none());
    for listed in store.list()? {
        if !listed.manifest.as_ref().is_ok_and(of_this_chip) {
            continue;
        }
        // A damaged backup is none.
        if of_backup(store, &listed.id).is_ok_and(|stored| holds(&stored, &now)) {
            return Ok((listed.id, OtpPermit::registers_are_backed_up(&chip.identity().jedec_id)));
        }
    }
    Err(Cause::NoRegisterBackup.untouched())
}

fn holds(stored: &[(u8, Vec<u8>)], now: &[SecurityRegister]) -> bool {
    let same = |register: &SecurityRegister| {
        stored.iter().any(|(index, bytes)| *index == register.index && *bytes == register.bytes)
    };
    !now.is_empty() && now.iter().all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_holds_the_registers_only_when_every_one_is_as_it_is_now() {
        let register = |index, byte| SecurityRegister {
            index,
            address: u32::from(index) << 12,
            bytes: vec![byte; 4],
            locked: Some(false),
            blank: byte == 0xff,
            size_unsure: false,
        };
        let now = [register(1, 0xff), register(2, 7)];
        assert!(holds(&[(1, vec![0xff; 4]), (2, vec![7; 4])], &now));
        assert!(!holds(&[(1, vec![0xff; 4]), (2, vec![6; 4])], &now));
        assert!(!holds(&[(1, vec![0xff; 4])], &now));
        assert!(!holds(&[], &[]));
    }
}
