//! A chip: who it is, its registers, its protection; and a part of the table.

use super::contact::verdict as verdict_value;
use super::{Fields, security_register, spans};
use crate::desk::glance::Glance;
use crate::desk::probe::{Probe, named_registers};
use crate::desk::protect::Protection;
use crate::flash::part::{Confidence, Part};
use crate::flash::{Identity, LeftFound, Status};
use crate::span::Spans;
use crate::workflow::contact::Verdict;
use crate::workflow::files::hex;
use serde_json::{Value, json};

/// What a probe of the chip gave.
pub fn probe(probe: &Probe) -> Fields {
    let (id, status) = (&probe.identity, &probe.status);
    let security: Vec<Value> =
        probe.registers.iter().map(|register| security_register(register).into()).collect();
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
        .and(glance(&probe.glance))
}

/// A chip that has answered; `over_voltage` where 3.3 V may destroy it and no adapter was named.
pub fn connected(identity: &Identity, over_voltage: bool) -> Fields {
    Fields::new()
        .with("jedec_id", hex(&identity.jedec_id))
        .with("part", identity.part_name.as_str())
        .with("size", identity.part.size)
        .with("over_voltage", over_voltage)
        .with("left", identity.left.iter().map(left_state).collect::<Vec<Value>>())
        .with("notes", json!(identity.notes))
}

/// What the store knows of a chip, and what a quick look shows.
fn glance(glance: &Glance) -> Fields {
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
fn left_state(found: &LeftFound) -> Value {
    json!({ "state": found.state.name(), "done": found.done.name() })
}

/// The status registers that a part has.
fn status_registers(status: &Status) -> Value {
    let field =
        |(name, value): (&str, u8)| json!({ "name": name, "value": value, "hex": format!("{value:02x}") });
    named_registers(status).into_iter().map(field).collect()
}

/// A chip at one glance, with its contact.
pub fn status(verdict: &Verdict, probe: &Probe) -> Fields {
    let id = &probe.identity;
    Fields::new()
        .with("part", id.part_name.as_str())
        .with("jedec_id", hex(&id.jedec_id))
        .with("unique_id", json!(id.unique_id.as_deref().map(hex)))
        .with("size", id.part.size)
        .with("protected_ranges", spans(probe.status.protected.as_slice()))
        .with("contact", verdict_value(verdict))
        .and(glance(&probe.glance))
}

/// The write protection of a chip, and the ranges that can be protected, as text and as ranges.
pub(crate) fn protection_shown(now: &Protection, protectable: &[Spans]) -> Fields {
    let texts: Vec<String> = protectable.iter().map(Spans::to_string).collect();
    let ranges: Vec<Value> = protectable.iter().map(|one| spans(one.as_slice())).collect();
    protection(now).with("protectable", json!(texts)).with("protectable_ranges", ranges)
}

/// The write protection of a chip after a change; `written` is false where nothing was sent.
pub(crate) fn protection_changed(now: &Protection, written: bool) -> Fields {
    protection(now).with("chip", if written { "written" } else { "untouched" })
}

/// The write protection of a chip.
fn protection(protection: &Protection) -> Fields {
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

/// Parts of the table that were looked for, and how many are known.
pub fn parts(found: &[&Part], known: usize) -> Fields {
    Fields::new().with("chips", found.iter().map(|one| part(one)).collect::<Vec<_>>()).with("known", known)
}

/// A part of the table.
fn part(part: &Part) -> Value {
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
        "protection": part.protection_name(),
        "otp_registers": registers.collect::<Vec<_>>(),
        "confidence": match part.confidence {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        },
        "source": part.source,
    })
}
