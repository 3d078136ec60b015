//! `otp program`, `erase`, `clone`, `lock`.

use super::super::super::exit::{Exit, Outcome};
use super::super::super::session::Session;
use super::super::super::show::Tone;
use super::super::super::store;
use super::super::super::streams;
use super::super::super::terminal::Terminal;
use crate::desk::otp::registers_of_backup;
use crate::flash::SecurityRegister;
use crate::wire;
use std::path::Path;

/// `otp program REG FILE`
pub fn program(session: &Session, index: u8, file: &Path) -> Outcome {
    let bytes = streams::read(file)?;
    write(session, vec![(index, bytes)])
}

/// `otp clone BACKUP`
pub fn clone(session: &Session, backup: &str) -> Outcome {
    let source = store::open(session)?;
    let id = source.find(backup)?;
    write(session, registers_of_backup(&source, &id)?)
}

fn write(session: &Session, wanted: Vec<(u8, Vec<u8>)>) -> Outcome {
    let store = store::open_locked(session)?;
    let front = Terminal::new(session);
    let written = session.desk()?.program_registers(&front, &store, wanted);
    let written = written.map_err(|refusal| front.failure(refusal))?;
    report(session, &written, "written and read back")
}

/// `otp erase REG`
pub fn erase(session: &Session, index: u8) -> Outcome {
    let store = store::open_locked(session)?;
    let front = Terminal::new(session);
    let erased = session.desk()?.erase_register(&front, &store, index);
    let erased = erased.map_err(|refusal| front.failure(refusal))?;
    report(session, erased.as_slice(), "erased and read back")
}

/// `otp lock REG`
pub fn lock(session: &Session, index: u8) -> Outcome {
    let store = store::open_locked(session)?;
    let front = Terminal::new(session);
    let locked = session.desk()?.lock_register(&front, &store, index);
    let locked = locked.map_err(|refusal| front.failure(refusal))?;
    let shown = locked.iter().all(|register| register.locked == Some(true));
    let what = if shown { "locked forever" } else { "lock sent; this part does not show its lock" };
    report(session, locked.as_slice(), what)
}

fn report(session: &Session, done: &[SecurityRegister], what: &str) -> Outcome {
    let out = &session.out;
    for register in done {
        out.line(out.tone(Tone::Good, &format!("security register {}: {what}", register.index)));
    }
    if done.is_empty() {
        let dry = session.options.dry_run;
        out.line(if dry { "dry run: nothing was written" } else { "nothing to do: nothing was sent" });
    }
    Ok((Exit::Done, wire::registers_changed(done)))
}
