//! `otp show`, `otp dump DIR`: the security registers. Nothing here writes to the chip.

use super::super::exit::{Exit, Failure};
use super::super::files;
use super::super::json::Fields;
use super::super::programmer::with_chip;
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::show::{Tone, hex, hexdump};
use super::probe::security_register;
use crate::flash::SecurityRegister;
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// `otp ...`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the security registers: hex and text, blank or not, locked or not
    Show,
    /// Write each register to a file of its own: security-register-1.bin and so on
    Dump {
        /// The folder; made when missing
        dir: PathBuf,
    },
}

/// Runs `otp`.
pub fn run(args: Args, session: &Session) -> Outcome {
    if let Verb::Dump { dir } = &args.verb {
        std::fs::create_dir_all(dir)
            .map_err(|error| Failure::failed(format!("cannot make {}: {error}", dir.display())))?;
    }
    let registers = with_chip(session, |chip, _| {
        let registers = chip.security_registers()?;
        if registers.is_empty() {
            let part = &chip.identity().part_name;
            return Err(Failure::failed(if chip.otp_known() {
                format!("{part} has no security registers")
            } else {
                format!("how {part} keeps its one-time area is not known, so nothing was sent")
            }));
        }
        Ok(registers)
    })?;
    match args.verb {
        Verb::Show => show(session, &registers),
        Verb::Dump { dir } => dump(session, &registers, &dir),
    }
}

fn show(session: &Session, registers: &[SecurityRegister]) -> Outcome {
    let out = &session.out;
    for register in registers {
        let state = match (register.blank, register.locked) {
            (_, Some(true)) => out.tone(Tone::Warn, "locked for ever"),
            (_, Some(false)) => "not locked".to_owned(),
            (_, None) => "lock state not known".to_owned(),
        };
        let contents = if register.blank { "blank" } else { "has data" };
        let len = register.bytes.len();
        out.heading(&format!("security register {} ({len} bytes): {contents}, {state}", register.index));
        if !register.blank {
            for line in hexdump(u64::from(register.address), &register.bytes) {
                out.line(format!("  {line}"));
            }
        }
    }
    let blank = registers.iter().all(|r| r.blank);
    let verdict = verdict(blank, registers.iter().any(|r| r.locked == Some(true)));
    out.line(verdict);
    let listed: Vec<Value> = registers
        .iter()
        .map(|register| {
            let mut fields = security_register(register);
            fields["data"] = json!(hex(&register.bytes));
            fields
        })
        .collect();
    Ok((Exit::Done, Fields::new().with("security_registers", listed).with("verdict", verdict).into_map()))
}

/// What the registers mean for somebody whose firmware does not start.
pub(super) fn verdict(blank: bool, locked: bool) -> &'static str {
    match (blank, locked) {
        (true, false) => {
            "all registers are blank and not locked: OTP does not explain a firmware that refuses to start"
        }
        (true, true) => "all registers are blank; the locked ones can never hold anything",
        (false, true) => {
            "there is data, some of it locked for ever: a firmware may look for it; another chip needs a copy"
        }
        (false, false) => "there is data: a firmware may look for it; another chip needs a copy",
    }
}

fn dump(session: &Session, registers: &[SecurityRegister], dir: &Path) -> Outcome {
    let mut written = Vec::new();
    for register in registers {
        let path = dir.join(format!("security-register-{}.bin", register.index));
        files::write(&path, &register.bytes)?;
        session.out.line(format!("{} ({} bytes)", path.display(), register.bytes.len()));
        let mut fields = security_register(register);
        fields["file"] = json!(path.display().to_string());
        written.push(fields);
    }
    Ok((Exit::Done, Fields::new().with("security_registers", written).into_map()))
}
