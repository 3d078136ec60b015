//! `otp show`, `otp dump DIR`. Nothing here writes to the chip.

use super::super::super::exit::{Exit, Outcome};
use super::super::super::session::Session;
use super::super::super::show::{Tone, hexdump};
use super::super::super::streams;
use crate::desk::otp_contents::{ShownRegister, shown};
use crate::desk::otp_sets::as_files;
use crate::flash::SecurityRegister;
use crate::wire;
use std::path::{Path, PathBuf};

/// Shows them.
pub fn show(session: &Session, registers: &[SecurityRegister]) -> Outcome {
    let out = &session.out;
    let all = shown(registers);
    for ShownRegister { register, texts, macs } in &all.registers {
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
            for (what, found) in [("text", texts), ("MAC addresses", macs)] {
                if !found.is_empty() {
                    out.line(format!("  {what} found: {}", found.join(", ")));
                }
            }
        }
    }
    out.line(all.verdict.as_str());
    Ok((Exit::Done, wire::registers_shown(&all)))
}

/// Writes each into a file of its own.
pub fn dump(session: &Session, registers: &[SecurityRegister], dir: &Path) -> Outcome {
    let paths = streams::write_into(session, dir, &as_files(registers))?;
    for (register, path) in registers.iter().zip(&paths) {
        session.out.line(format!("{} ({} bytes)", path.display(), register.bytes.len()));
    }
    Ok((Exit::Done, wire::registers_dumped(registers.iter().zip(paths.iter().map(PathBuf::as_path)))))
}
