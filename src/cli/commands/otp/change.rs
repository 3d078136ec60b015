//! `otp program`, `erase`, `clone`, `lock`.

use super::super::super::confirm::{confirm_write, phrase};
use super::super::super::exit::{Exit, Failure, Outcome};
use super::super::super::session::Session;
use super::super::super::show::{Tone, hexdump};
use super::super::super::store;
use super::super::super::terminal::with_chip_to_write;
use super::super::probe::security_register;
use super::args::known;
use crate::desk::files;
use crate::desk::programmer::AnyChip;
use crate::flash::{FlashError, OtpPermit, SecurityRegister};
use crate::wire::Fields;
use crate::workflow::Store;
use crate::workflow::otp::{of_backup, permit};
use serde_json::{Value, json};
use std::path::Path;

/// `otp program REG FILE`
pub fn program(session: &Session, index: u8, file: &Path) -> Outcome {
    let bytes = files::read(file)?;
    write(session, |_| Ok(vec![(index, bytes)]))
}

/// `otp clone BACKUP`
pub fn clone(session: &Session, backup: &str) -> Outcome {
    let source = store::open(session)?;
    let id = source.find(backup)?;
    let wanted = of_backup(&source, &id)?;
    if wanted.is_empty() {
        return Err(Failure::refused(format!("backup {id} holds no security registers")));
    }
    write(session, |_| Ok(wanted))
}

/// Makes registers hold bytes, after the question.
fn write(session: &Session, wanted: impl FnOnce(&Store) -> Result<Vec<(u8, Vec<u8>)>, Failure>) -> Outcome {
    let store = store::open_locked(session)?;
    let wanted = wanted(&store)?;
    let written = with_chip_to_write(session, |chip, _| {
        let mut todo = Vec::new();
        for (index, bytes) in wanted {
            let now = one(chip, index)?;
            if bytes.len() > now.bytes.len() {
                let (room, len) = (now.bytes.len(), bytes.len());
                let text =
                    format!("security register {index} holds {room} bytes, not the {len} that are given");
                return Err(Failure::refused(text).field("chip", "untouched"));
            }
            if !now.bytes.starts_with(&bytes) {
                todo.push((now, bytes));
            }
        }
        let (backup, permit) = backed_up(chip, &store)?;
        show_change(session, chip, &todo);
        if todo.is_empty() || session.options.dry_run {
            return Ok(Vec::new());
        }
        session.out.note(format!("the registers as they are now are in backup {backup}"));
        confirm_write(session, "Write these security registers?")?;
        let mut done = Vec::new();
        for (now, bytes) in todo {
            done.push(chip.write_security_register(now.index, &bytes, &permit).map_err(partly)?);
        }
        Ok(done)
    })?;
    told(session, &written, "written and read back")
}

/// `otp erase REG`
pub fn erase(session: &Session, index: u8) -> Outcome {
    let store = store::open_locked(session)?;
    let erased = with_chip_to_write(session, |chip, _| {
        let now = one(chip, index)?;
        let (backup, permit) = backed_up(chip, &store)?;
        if now.blank || session.options.dry_run {
            return Ok(Vec::new());
        }
        show_register(session, &now);
        session.out.note(format!("the registers as they are now are in backup {backup}"));
        confirm_write(session, &format!("Erase security register {index}?"))?;
        chip.erase_security_register(index, &permit).map_err(partly)?;
        Ok(vec![chip.security_register(index)?])
    })?;
    told(session, &erased, "erased and read back")
}

/// `otp lock REG`: for ever, so that only the typed phrase will do.
pub fn lock(session: &Session, index: u8) -> Outcome {
    let store = store::open_locked(session)?;
    let locked = with_chip_to_write(session, |chip, _| {
        let now = one(chip, index)?;
        backed_up(chip, &store)?;
        if now.locked == Some(true) {
            return Ok(Vec::new());
        }
        show_register(session, &now);
        session.out.warn("what stands there now stays for ever: no command and no tool undoes a lock");
        if session.options.dry_run {
            return Ok(Vec::new());
        }
        let typed = phrase(session, &chip.lock_phrase(index))?;
        let permit = chip.lock_permit(index, &typed).ok_or_else(|| {
            Failure::refused("that is not the phrase; nothing was locked").field("chip", "untouched")
        })?;
        Ok(vec![chip.lock_security_register(index, &permit).map_err(partly)?])
    })?;
    let shown = locked.iter().all(|register| register.locked == Some(true));
    told(
        session,
        &locked,
        if shown { "locked for ever" } else { "told to lock; this part does not show its lock" },
    )
}

fn backed_up(chip: &mut AnyChip, store: &Store) -> Result<(String, OtpPermit), Failure> {
    Ok(permit(chip, store)?)
}

/// The register of that number.
fn one(chip: &mut AnyChip, index: u8) -> Result<SecurityRegister, Failure> {
    known(chip)?;
    let all = crate::workflow::otp::read(chip)?;
    let there: Vec<String> = all.iter().map(|register| register.index.to_string()).collect();
    all.into_iter().find(|register| register.index == index).ok_or_else(|| {
        let part = &chip.identity().part_name;
        let there =
            if there.is_empty() { "it has none".into() } else { format!("it has {}", there.join(", ")) };
        Failure::refused(format!("{part} has no security register {index}; {there}"))
            .field("chip", "untouched")
    })
}

/// A register that was being written may be half written: said so, with the same exit code as for the array.
fn partly(error: FlashError) -> Failure {
    let refused = matches!(error, FlashError::OtpRefused { .. });
    let failure = Failure::from(error);
    if refused { failure.field("chip", "untouched") } else { Failure { exit: Exit::Partial, ..failure } }
}

fn show_change(session: &Session, chip: &AnyChip, todo: &[(SecurityRegister, Vec<u8>)]) {
    for (now, bytes) in todo {
        show_register(session, now);
        session.out.line(format!("  will hold ({} bytes given):", bytes.len()));
        hexdump(u64::from(now.address), bytes).iter().for_each(|line| session.out.line(format!("  {line}")));
    }
    if !todo.is_empty() && !chip.otp_erasable() {
        session
            .out
            .warn("this part's registers cannot be erased: every bit that is programmed stays for ever");
    }
}

fn show_register(session: &Session, register: &SecurityRegister) {
    let contents = if register.blank { "blank" } else { "holds" };
    session.out.heading(&format!(
        "security register {} ({} bytes): {contents}",
        register.index,
        register.bytes.len()
    ));
    if !register.blank {
        let lines = hexdump(u64::from(register.address), &register.bytes);
        lines.iter().for_each(|line| session.out.line(format!("  {line}")));
    }
}

fn told(session: &Session, done: &[SecurityRegister], what: &str) -> Outcome {
    let out = &session.out;
    for register in done {
        out.line(out.tone(Tone::Good, &format!("security register {}: {what}", register.index)));
    }
    if done.is_empty() {
        out.line(if session.options.dry_run {
            "dry run: nothing was written"
        } else {
            "nothing to do: it is so already"
        });
    }
    let registers: Vec<Value> = done.iter().map(security_register).collect();
    let state = if done.is_empty() { "untouched" } else { "written" };
    Ok((
        Exit::Done,
        Fields::new().with("chip", state).with("security_registers", json!(registers)).into_map(),
    ))
}
