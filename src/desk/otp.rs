//! Security registers: read, programmed, erased, locked. Whatever changes one needs a backup of this chip that holds them
//! as they are now.

use super::conditions::Desk;
use super::front::{Front, Notice};
use super::programmer::AnyChip;
use super::question::{LockQuestion, RegisterChange, RegistersQuestion};
use super::why::Why;
use super::{Answer, Question, Refusal};
use crate::flash::{FlashError, OtpPermit, SecurityRegister};
use crate::workflow::backup::{self, BackupOptions};
use crate::workflow::otp::{of_backup, permit, read};
use crate::workflow::{Cause, Store};

/// The security registers of a chip.
#[derive(Clone, Debug)]
pub struct SecurityRegisters {
    /// The part.
    pub part: String,
    /// The registers; empty for a part that has none.
    pub registers: Vec<SecurityRegister>,
    /// The part has several dies, and these are the first one's registers.
    pub first_die_only: bool,
}

impl SecurityRegisters {
    /// The registers, of a part that has some.
    ///
    /// # Errors
    /// [`Why::NoRegisters`].
    pub fn some(self) -> Result<Vec<SecurityRegister>, Refusal> {
        match self.registers.is_empty() {
            true => Err(Why::NoRegisters.into()),
            false => Ok(self.registers),
        }
    }
}

/// The registers that a backup holds, by index.
///
/// # Errors
/// [`Why::Store`] for a damaged backup, [`Why::BackupWithoutRegisters`].
pub(crate) fn registers_of_backup(store: &Store, id: &str) -> Result<Vec<(u8, Vec<u8>)>, Refusal> {
    let registers = of_backup(store, id)?;
    if registers.is_empty() {
        return Err(Why::BackupWithoutRegisters { id: id.to_owned() }.into());
    }
    Ok(registers)
}

impl Desk {
    /// Reads the security registers of the chip on the clip.
    ///
    /// # Errors
    /// [`Why::OtpUnknown`] for a part of which it is not known whether and how it keeps one-time memory; any other
    /// [`Refusal`]. The chip is untouched.
    pub fn security_registers(&self, front: &dyn Front) -> Result<SecurityRegisters, Refusal> {
        self.with_chip(front, |chip, _| {
            known(chip)?;
            Ok(SecurityRegisters {
                part: chip.identity().part_name.clone(),
                first_die_only: chip.identity().part.dies > 1,
                registers: read(chip)?,
            })
        })
    }

    /// Makes registers begin with the bytes that are wanted, by index. Gives those that were changed: none in a dry run,
    /// and none that held their bytes already.
    ///
    /// # Errors
    /// [`Why::NoRegister`], [`Why::RegisterTooSmall`]; [`Why::RegisterInDoubt`] for one that may be half written; any other
    /// [`Refusal`].
    pub fn program_registers(
        &self,
        front: &dyn Front,
        store: &Store,
        wanted: Vec<(u8, Vec<u8>)>,
    ) -> Result<Vec<SecurityRegister>, Refusal> {
        self.with_chip_to_write(front, |chip, programmer| {
            let mut changes = Vec::new();
            for (index, bytes) in wanted {
                let now = register(chip, index)?;
                let (room, len) = (now.bytes.len(), bytes.len());
                if len > room {
                    return Err(Refusal::from(Why::RegisterTooSmall { index, room, len }).untouched());
                }
                if !now.bytes.starts_with(&bytes) {
                    changes.push(RegisterChange { now, wanted: Some(bytes) });
                }
            }
            let _ = front.notice(Notice::Registers { changes: &changes, erasable: chip.otp_erasable() });
            if changes.is_empty() {
                return Ok(Vec::new());
            }
            let (backup, permit) = backed_up(chip, programmer, store, front)?;
            if self.dry_run {
                return Ok(Vec::new());
            }
            self.safe(front, store, &store.manifest(&backup)?)?;
            confirm(front, &backup, &changes)?;
            let write = |RegisterChange { now, wanted }: RegisterChange| {
                let bytes = wanted.unwrap_or_default();
                chip.write_security_register(now.index, &bytes, &permit).map_err(in_doubt)
            };
            changes.into_iter().map(write).collect()
        })
    }

    /// Erases a register. Gives it, erased; nothing in a dry run or where it is blank already.
    ///
    /// # Errors
    /// As [`Desk::program_registers`].
    pub(crate) fn erase_register(
        &self,
        front: &dyn Front,
        store: &Store,
        index: u8,
    ) -> Result<Option<SecurityRegister>, Refusal> {
        self.with_chip_to_write(front, |chip, programmer| {
            let now = register(chip, index)?;
            if now.blank {
                return Ok(None);
            }
            let (backup, permit) = backed_up(chip, programmer, store, front)?;
            if self.dry_run {
                return Ok(None);
            }
            self.safe(front, store, &store.manifest(&backup)?)?;
            let changes = [RegisterChange { now, wanted: None }];
            let _ = front.notice(Notice::Registers { changes: &changes, erasable: true });
            confirm(front, &backup, &changes)?;
            chip.erase_security_register(index, &permit).map_err(in_doubt)?;
            Ok(Some(chip.security_register(index)?))
        })
    }

    /// Locks a register forever; only the typed phrase confirms it ([`Question::Lock`]). Gives it, locked; nothing in a
    /// dry run or where it is locked already.
    ///
    /// # Errors
    /// [`Why::NotThePhrase`]; as [`Desk::program_registers`].
    pub(crate) fn lock_register(
        &self,
        front: &dyn Front,
        store: &Store,
        index: u8,
    ) -> Result<Option<SecurityRegister>, Refusal> {
        self.with_chip_to_write(front, |chip, programmer| {
            let now = register(chip, index)?;
            if now.locked == Some(true) {
                return Ok(None);
            }
            backed_up(chip, programmer, store, front)?;
            let _ = front.notice(Notice::RegisterToLock(&now));
            if self.dry_run {
                return Ok(None);
            }
            let phrase = chip.lock_phrase(index);
            let question = Question::Lock(LockQuestion { register: &now, phrase: &phrase });
            let typed = match front.ask(&question) {
                Answer::Phrase(typed) => typed,
                Answer::No | Answer::Yes(_) | Answer::ReadBack(_) => {
                    return Err(Cause::Unconfirmed.untouched().into());
                }
            };
            let permit = chip.lock_permit(index, &typed);
            let permit = permit.ok_or_else(|| Refusal::from(Why::NotThePhrase).untouched())?;
            Ok(Some(chip.lock_security_register(index, &permit).map_err(in_doubt)?))
        })
    }
}

fn confirm(front: &dyn Front, backup: &str, changes: &[RegisterChange]) -> Result<(), Refusal> {
    match front.confirms(&Question::Registers(RegistersQuestion { backup, changes })) {
        true => Ok(()),
        false => Err(Cause::Unconfirmed.untouched().into()),
    }
}

/// The backup that holds the registers as they are now, and the right to write them. Where there is none, one is taken.
fn backed_up(
    chip: &mut AnyChip,
    programmer: &str,
    store: &Store,
    front: &dyn Front,
) -> Result<(String, OtpPermit), Refusal> {
    match permit(chip, store) {
        Err(error) if matches!(*error.cause, Cause::NoRegisterBackup) => {}
        done => return Ok(done?),
    }
    // A chip that answers to its id and reads FF only is blank.
    let options =
        BackupOptions { programmer: programmer.to_owned(), blank_allowed: true, ..BackupOptions::default() };
    backup::backup(chip, store, &options, &mut |event| front.notice(Notice::Job(&event)))?;
    Ok(permit(chip, store)?)
}

/// Refuses a part of which it is not known whether and how it keeps one-time memory.
fn known(chip: &AnyChip) -> Result<(), Refusal> {
    if chip.otp_known() {
        return Ok(());
    }
    Err(Refusal::from(Why::OtpUnknown { part: chip.identity().part_name.clone() }).untouched())
}

/// The register of that number.
fn register(chip: &mut AnyChip, index: u8) -> Result<SecurityRegister, Refusal> {
    known(chip)?;
    let all = read(chip)?;
    let existing = all.iter().map(|register| register.index).collect();
    all.into_iter().find(|register| register.index == index).ok_or_else(|| {
        let part = chip.identity().part_name.clone();
        Refusal::from(Why::NoRegister { part, index, existing }).untouched()
    })
}

/// A write that failed: refused before anything was sent, or else the register may be half written.
fn in_doubt(error: FlashError) -> Refusal {
    match error {
        FlashError::OtpRefused { .. } => Refusal::from(error).untouched(),
        _ => Why::RegisterInDoubt(error).into(),
    }
}
