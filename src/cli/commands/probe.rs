//! `probe`: which chip it is, and its state.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::shell::command;
use super::super::show::{Tone, hex};
use super::super::store;
use super::super::terminal::Terminal;
use crate::desk::glance::Glance;
use crate::desk::probe::{Probe, named_registers};
use crate::flash::{SecurityRegister, Status};
use crate::units;
use crate::wire;

/// `probe`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Probes, and shows what was found.
pub fn run(_: Args, session: &Session) -> Outcome {
    // Without a store nothing is known of the chip; it is probed all the same.
    let store = store::open(session).ok();
    let probe = session.desk()?.probe(&Terminal::new(session), store.as_ref())?;
    show(session, &probe);
    Ok((Exit::Done, wire::probe(&probe)))
}

fn show(session: &Session, probe: &Probe) {
    let (out, id, part) = (&session.out, &probe.identity, &probe.identity.part);
    let voltage = match part.voltage_mv {
        Some((least, most)) => {
            let volts = |mv: u32| format!("{:.2}", f64::from(mv) / 1000.0);
            format!("{} to {} V", volts(least), volts(most))
        }
        None if id.low_voltage => "1.8 V class".to_owned(),
        None => "not in the table".to_owned(),
    };
    let sfdp = match &id.sfdp_decoded {
        Some(sfdp) => format!("revision 1.{}, {}", sfdp.header_minor, units::size(sfdp.basic.size)),
        None => "none".to_owned(),
    };
    let otp = match (probe.registers.is_empty(), probe.otp_known) {
        (false, _) => probe.registers.iter().map(otp_line).collect::<Vec<_>>().join(", "),
        (true, true) => "none".to_owned(),
        (true, false) => "not known for this part".to_owned(),
    };
    for (name, value) in [
        ("chip", out.tone(Tone::Strong, format!("{} {}", part.vendor, id.part_name).trim_start())),
        ("JEDEC id", hex(&id.jedec_id)),
        ("size", format!("{} ({:#x} bytes)", units::size(part.size), part.size)),
        ("supply", voltage),
        ("unique id", id.unique_id.as_deref().map_or("none known".to_owned(), hex)),
        ("SFDP", sfdp),
        ("status", registers_line(&probe.status)),
        ("protected", protected(session, &probe.status)),
        ("OTP", otp),
        ("programmer", probe.programmer.clone()),
    ] {
        out.line(format!("  {name:<10} {value}"));
    }
    show_glance(session, &probe.glance);
}

/// What is protected, in words.
pub fn protected(session: &Session, status: &Status) -> String {
    let out = &session.out;
    match (status.protected.is_empty(), status.protection_known) {
        (true, _) => out.tone(Tone::Good, "nothing"),
        (false, true) => out.tone(Tone::Warn, &status.protected.to_string()),
        (false, false) => out.tone(Tone::Warn, "perhaps everything: this part's bits are not known"),
    }
}

/// What is there, and what the store knows of it.
pub fn show_glance(session: &Session, glance: &Glance) {
    let out = &session.out;
    out.line(format!("  {:<10} {}", "contents", glance.contents));
    let backup = match &glance.last_backup {
        None => "none of this chip".to_owned(),
        Some(last) => {
            let named =
                last.name.iter().chain(&last.board).map(|text| format!(", {text}")).collect::<String>();
            let same = match last.is_same {
                Some(true) => "; a quick look shows the same contents",
                Some(false) => "; the contents differ now",
                None => "; that backup is damaged",
            };
            format!("{}{named}{same}", last.id)
        }
    };
    out.line(format!("  {:<10} {backup}", "backup"));
    if let Some(job) = &glance.open_job {
        let text = format!("{job}: the chip is partly written");
        out.line(format!("  {:<10} {}", "open job", out.tone(Tone::Bad, &text)));
        out.line(format!("  {:<10} {}", "", command(&session.options, &format!("resume {job}"))));
    }
}

/// `SR1 1c, SR2 02`
pub fn registers_line(status: &Status) -> String {
    let texts: Vec<String> =
        named_registers(status).iter().map(|(name, value)| format!("{name} {value:02x}")).collect();
    texts.join(", ")
}

fn otp_line(register: &SecurityRegister) -> String {
    let contents = if register.blank { "blank" } else { "has data" };
    let locked = match register.locked {
        Some(true) => "locked",
        Some(false) => "unlocked",
        None => "lock not known",
    };
    format!("{} {contents} {locked}", register.index)
}
