//! `otp show`, `otp dump DIR`. Nothing here writes to the chip.

use super::super::super::exit::{Exit, Outcome};
use super::super::super::session::Session;
use super::super::super::show::{Tone, hexdump};
use super::super::super::streams;
use crate::desk::otp_contents::{macs, texts};
use crate::desk::otp_sets::as_files;
use crate::flash::SecurityRegister;
use crate::report::otp_verdict;
use crate::wire::{self, ShownRegister};
use std::path::{Path, PathBuf};

/// Shows them.
pub fn show(session: &Session, registers: &[SecurityRegister]) -> Outcome {
    let out = &session.out;
    for register in registers {
        let state = match (register.blank, register.locked) {
            (_, Some(true)) => out.tone(Tone::Warn, "locked forever"),
            (_, Some(false)) => "not locked".to_owned(),
            (_, None) => "lock state not known".to_owned(),
        };
        let contents = if register.blank { "blank" } else { "has data" };
        let unsure = if register.size_unsure { " or another size, sources differ" } else { "" };
        let len = register.bytes.len();
        out.heading(&format!(
            "security register {} ({len} bytes{unsure}): {contents}, {state}",
            register.index
        ));
        if !register.blank {
            for line in hexdump(u64::from(register.address), &register.bytes, out.width().saturating_sub(2)) {
                out.line(format!("  {line}"));
            }
            for (what, found) in [("text", texts(&register.bytes)), ("MAC addresses", macs(&register.bytes))]
            {
                if !found.is_empty() {
                    out.line(format!("  {what} found: {}", found.join(", ")));
                }
            }
        }
    }
    let blank = registers.iter().all(|r| r.blank);
    let locks: Vec<Option<bool>> = registers.iter().map(|r| r.locked).collect();
    let verdict = otp_verdict(registers.len(), blank, &locks);
    out.line(verdict.as_str());
    let shown: Vec<ShownRegister<'_>> = registers
        .iter()
        .map(|register| ShownRegister {
            register,
            texts: texts(&register.bytes),
            macs: macs(&register.bytes),
        })
        .collect();
    Ok((Exit::Done, wire::registers_shown(&shown, &verdict)))
}

/// Writes each into a file of its own.
pub fn dump(session: &Session, registers: &[SecurityRegister], dir: &Path) -> Outcome {
    let paths = streams::write_into(session, dir, &as_files(registers))?;
    for (register, path) in registers.iter().zip(&paths) {
        session.out.line(format!("{} ({} bytes)", path.display(), register.bytes.len()));
    }
    Ok((Exit::Done, wire::registers_dumped(registers.iter().zip(paths.iter().map(PathBuf::as_path)))))
}
