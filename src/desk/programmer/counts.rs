//! The file of `counts=`: what went over the wires of an emulated programmer, and the pins that it drives still.

use crate::emulator::Emulator;
use serde_json::{Value, json};

/// The counts as one JSON object and a line end.
pub(super) fn counts_text(emulator: &Emulator) -> String {
    let counts = emulator.counts();
    let by_opcode = |map: &std::collections::BTreeMap<u8, u64>| -> Value {
        map.iter()
            .map(|(opcode, n)| (format!("{opcode:02x}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let erases: serde_json::Map<_, _> =
        counts.erases.iter().map(|(size, n)| (format!("{size:#x}"), json!(n))).collect();
    let misdeeds: Vec<String> = counts.misdeeds.iter().map(|(what, n)| format!("{n} x {what}")).collect();
    let object = json!({
        "misdeeds": counts.misdeed_count(),
        "misdeed_list": misdeeds,
        "opcodes": by_opcode(&counts.opcodes),
        "unknown_opcodes": by_opcode(&counts.unknown_opcodes),
        "array_bytes_read": counts.array_bytes_read(),
        "erases": erases,
        "bytes_erased": counts.bytes_erased(),
        "pages": counts.pages,
        "status_bytes": counts.status_bytes,
        "volatile_writes": counts.volatile_writes,
        "nonvolatile_writes": counts.nonvolatile_writes,
        "lock_bits_set": counts.lock_bits_set,
        "protected": counts.protected,
        "spi_bytes": counts.spi_bytes,
        "usb_bytes": counts.usb_bytes,
        "transfers": counts.out_transfers + counts.in_transfers + counts.control_transfers,
        "waits": counts.waits,
        "faults": counts.faults,
        "driven": emulator.pins().1,
    });
    format!("{object}\n")
}
