//! A chip: who it is, its registers, its protection; and a part of the table.

use super::{Fields, spans};
use crate::desk::glance::Glance;
use crate::desk::probe::{Probe, named_registers};
use crate::desk::protect::Protection;
use crate::flash::part::{Confidence, Part, ProtectScheme};
use crate::flash::{Found, Identity, SecurityRegister, Status};
use crate::workflow::files::hex;
use serde_json::{Value, json};

/// What a probe of the chip gave.
pub fn probe(probe: &Probe) -> Fields {
    let (id, status) = (&probe.identity, &probe.status);
    let security: Vec<Value> = probe.registers.iter().map(security_register).collect();
    let left: Vec<Value> = id.left.iter().map(left_state).collect();
    Fields::new()
        .with("jedec_id", hex(&id.jedec_id))
        .with("vendor", id.part.vendor.as_str())
        .with("part", id.part_name.as_str())
        .with("size", id.part.size)
        .with("page", id.part.page)
        .with("voltage_mv", json!(id.part.voltage_mv.map(|(least, most)| [least, most])))
        .with("low_voltage", id.low_voltage)
        .with("unique_id", json!(id.unique_id.as_deref().map(hex)))
        .with("status_registers", status_registers(status))
        .with("protection_known", status.protection_known)
        .with("protected_ranges", spans(status.protected.as_slice()))
        .with("quad_enable", json!(status.quad_enable))
        .with("security_registers", security)
        .with("sfdp", sfdp(id))
        .with("left", left)
        .with("notes", json!(id.notes))
        .with("programmer", probe.programmer.as_str())
        .or(glance(&probe.glance).into_map())
}

/// What the store knows of a chip, and what a quick look shows.
pub fn glance(glance: &Glance) -> Fields {
    let backup = glance.last_backup.as_ref().map(|last| {
        json!({
            "id": last.id, "taken": last.taken, "board": last.board, "name": last.name, "same": last.is_same,
        })
    });
    Fields::new()
        .with("contents", glance.contents.as_str())
        .with("last_backup", json!(backup))
        .with("open_job", json!(glance.open_job))
}

fn sfdp(id: &Identity) -> Value {
    let Some(sfdp) = &id.sfdp_decoded else { return Value::Null };
    let erase: Vec<Value> = sfdp
        .basic
        .erase
        .iter()
        .map(|erase| json!({ "opcode": format!("{:02x}", erase.opcode), "size": erase.size }))
        .collect();
    json!({
        "revision": format!("1.{}", sfdp.header_minor),
        "size": sfdp.basic.size,
        "erase": erase,
        "raw": id.sfdp.as_deref().map(hex),
    })
}

/// A state that the chip was found in, and what was done about it.
fn left_state(found: &Found) -> Value {
    json!({ "state": found.state.name(), "done": found.done.name() })
}

/// The status registers that a part has.
pub fn status_registers(status: &Status) -> Value {
    let field =
        |(name, value): (&str, u8)| json!({ "name": name, "value": value, "hex": format!("{value:02x}") });
    named_registers(status).into_iter().map(field).collect()
}

/// A security register, without its bytes.
pub fn security_register(register: &SecurityRegister) -> Value {
    json!({
        "index": register.index,
        "size": register.bytes.len(),
        "locked": register.locked,
        "blank": register.blank,
    })
}

/// A security register with its bytes, and the texts and MAC addresses found in them.
pub fn security_register_contents(register: &SecurityRegister, texts: &[String], macs: &[String]) -> Value {
    let mut fields = security_register(register);
    fields["data"] = json!(hex(&register.bytes));
    fields["texts"] = json!(texts);
    fields["macs"] = json!(macs);
    fields
}

/// The write protection of a chip.
pub fn protection(protection: &Protection) -> Fields {
    let status = &protection.status;
    let bp = status
        .bp
        .map(|bp| json!({ "bp": bp.bp, "top_bottom": bp.tb, "sectors": bp.sec, "complement": bp.cmp }));
    Fields::new()
        .with("part", protection.part.as_str())
        .with("protected_ranges", spans(status.protected.as_slice()))
        .with("protection_known", status.protection_known)
        .with("status_registers", status_registers(status))
        .with("bp", json!(bp))
        .with("srp", json!(status.srp))
        .with("srl", json!(status.srl))
        .with("block_locks", json!(status.block_locks))
        .with("quad_enable", json!(status.quad_enable))
        .with("volatile_possible", protection.volatile_possible)
        .with("permanent_possible", protection.permanent_possible)
}

/// A part of the table.
pub fn part(part: &Part) -> Value {
    let erase_sizes: Vec<u64> = part.erase.iter().map(|erase| erase.size).collect();
    let registers = part.otp.registers.iter().map(|r| json!({ "index": r.index, "size": r.size }));
    json!({
        "part": part.name,
        "aliases": part.aliases,
        "vendor": part.vendor,
        "jedec_id": hex(&part.jedec_id),
        "size": part.size,
        "page": part.page,
        "erase_sizes": erase_sizes,
        "voltage_mv": part.voltage_mv.map(|(least, most)| [least, most]),
        "low_voltage": part.low_voltage,
        "address_bytes": part.address_bytes,
        "protection": match part.protection {
            ProtectScheme::None => "none",
            ProtectScheme::Unknown => "unknown",
            ProtectScheme::Bp(_) => "bp",
            ProtectScheme::SectorLocks { .. } => "sector-locks",
            ProtectScheme::Sst26 => "sst26",
        },
        "otp_registers": registers.collect::<Vec<_>>(),
        "confidence": match part.confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        },
        "source": part.source,
    })
}
