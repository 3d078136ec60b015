//! `probe`: who the chip is and what state it is in.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::show::{Tone, hex};
use super::super::terminal::with_chip;
use crate::desk::programmer::AnyChip;
use crate::flash::{Found, Identity, SecurityRegister, Status};
use crate::units;
use crate::wire::{Fields, spans};
use serde_json::{Value, json};

/// `probe`
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Everything that can be asked without changing anything.
struct Probed {
    identity: Identity,
    status: Status,
    registers: Vec<SecurityRegister>,
    otp_known: bool,
}

/// Asks and tells.
pub fn run(_: Args, session: &Session) -> Outcome {
    with_chip(session, |chip, programmer| {
        let probed = Probed::ask(chip)?;
        probed.show(session, programmer);
        Ok((Exit::Done, probed.fields().with("programmer", programmer).into_map()))
    })
}

impl Probed {
    fn ask(chip: &mut AnyChip) -> Result<Self, crate::flash::FlashError> {
        Ok(Self {
            identity: chip.identity().clone(),
            status: chip.status()?,
            registers: chip.security_registers()?,
            otp_known: chip.otp_known(),
        })
    }

    fn fields(&self) -> Fields {
        let id = &self.identity;
        let security: Vec<Value> = self.registers.iter().map(security_register).collect();
        let sfdp = id.sfdp_decoded.as_ref().map(|sfdp| {
            json!({
                "revision": format!("1.{}", sfdp.header_minor),
                "size": sfdp.basic.size,
                "erase": sfdp.basic.erase.iter().map(|e| json!({ "opcode": format!("{:02x}", e.opcode), "size": e.size })).collect::<Vec<_>>(),
                "raw": id.sfdp.as_deref().map(hex),
            })
        });
        Fields::new()
            .with("jedec_id", hex(&id.jedec_id))
            .with("vendor", id.part.vendor.as_str())
            .with("part", id.part_name.as_str())
            .with("size", id.part.size)
            .with("page", id.part.page)
            .with("voltage_mv", json!(id.part.voltage_mv.map(|(least, most)| [least, most])))
            .with("low_voltage", id.low_voltage)
            .with("unique_id", json!(id.unique_id.as_deref().map(hex)))
            .with("status_registers", status_registers(&self.status))
            .with("protection_known", self.status.protection_known)
            .with("protected_ranges", spans(self.status.protected.as_slice()))
            .with("quad_enable", json!(self.status.quad_enable))
            .with("security_registers", security)
            .with("sfdp", json!(sfdp))
            .with("left", json!(id.left.iter().map(left).collect::<Vec<_>>()))
            .with("notes", json!(id.notes))
    }

    fn show(&self, session: &Session, programmer: &str) {
        let (out, id, part) = (&session.out, &self.identity, &self.identity.part);
        let voltage = match part.voltage_mv {
            Some((least, most)) => {
                let volts = |mv: u32| format!("{:.2}", f64::from(mv) / 1000.0);
                format!("{} to {} V", volts(least), volts(most))
            }
            None if id.low_voltage => "1.8 V class".to_owned(),
            None => "not in the table".to_owned(),
        };
        let protected = match (self.status.protected.is_empty(), self.status.protection_known) {
            (true, _) => out.tone(Tone::Good, "nothing"),
            (false, true) => out.tone(Tone::Warn, &self.status.protected.to_string()),
            (false, false) => out.tone(Tone::Warn, "perhaps everything: this part's bits are not known"),
        };
        let sfdp = match &id.sfdp_decoded {
            Some(sfdp) => format!("revision 1.{}, {}", sfdp.header_minor, units::size(sfdp.basic.size)),
            None => "none".to_owned(),
        };
        let otp = match (self.registers.is_empty(), self.otp_known) {
            (false, _) => self.registers.iter().map(otp_line).collect::<Vec<_>>().join(", "),
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
            ("status", registers_line(&self.status)),
            ("protected", protected),
            ("OTP", otp),
            ("programmer", programmer.to_owned()),
        ] {
            out.line(format!("  {name:<10} {value}"));
        }
    }
}

/// The status registers by name, as far as this part has them.
/// A state that the chip was found in, and what was done about it.
fn left(found: &Found) -> Value {
    json!({ "state": found.state.name(), "done": found.done.name() })
}

fn named_registers(status: &Status) -> Vec<(&'static str, u8)> {
    let r = &status.registers;
    let named = [
        ("SR1", Some(r.sr1)),
        ("SR2", r.sr2),
        ("SR3", r.sr3),
        ("security", r.security),
        ("function", r.function),
    ];
    named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// `SR1 1c, SR2 02`
pub fn registers_line(status: &Status) -> String {
    let texts: Vec<String> =
        named_registers(status).iter().map(|(name, value)| format!("{name} {value:02x}")).collect();
    texts.join(", ")
}

/// The status registers' fields.
pub fn status_registers(status: &Status) -> Value {
    let field =
        |(name, value): (&str, u8)| json!({ "name": name, "value": value, "hex": format!("{value:02x}") });
    named_registers(status).into_iter().map(field).collect()
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

/// A security register's fields, without its bytes.
pub fn security_register(register: &SecurityRegister) -> Value {
    json!({
        "index": register.index,
        "size": register.bytes.len(),
        "locked": register.locked,
        "blank": register.blank,
    })
}
