//! Security registers: shown, written to files, changed, compared.

use super::{Fields, spans};
use crate::desk::otp_contents::{ShownRegister, ShownRegisters};
use crate::flash::SecurityRegister;
use crate::span::Span;
use crate::workflow::files::hex;
use serde_json::{Value, json};
use std::path::Path;

/// A security register, without its bytes.
pub(super) fn security_register(register: &SecurityRegister) -> Fields {
    Fields::new()
        .with("index", register.index)
        .with("size", register.bytes.len())
        .with("locked", json!(register.locked))
        .with("blank", register.blank)
}

/// Registers with their bytes, and what they say together.
pub(crate) fn registers_shown(all: &ShownRegisters<'_>) -> Fields {
    let shown = |shown: &ShownRegister<'_>| {
        security_register(shown.register)
            .with("data", hex(&shown.register.bytes))
            .with("texts", json!(shown.texts))
            .with("macs", json!(shown.macs))
    };
    list(all.registers.iter().map(shown)).with("verdict", all.verdict.as_str())
}

/// Registers, each written to a file of its own.
pub(crate) fn registers_dumped<'a>(
    registers: impl IntoIterator<Item = (&'a SecurityRegister, &'a Path)>,
) -> Fields {
    let dumped = |(register, path): (&SecurityRegister, &Path)| {
        security_register(register).with("file", path.display().to_string())
    };
    list(registers.into_iter().map(dumped))
}

/// Registers that were programmed, erased or locked; none of them, and the chip is untouched.
pub(crate) fn registers_changed(changed: &[SecurityRegister]) -> Fields {
    let state = if changed.is_empty() { "untouched" } else { "written" };
    Fields::new().with("chip", state).and(list(changed.iter().map(security_register)))
}

/// Registers of two sets that differ, by number; none of them, and the sets are equal.
pub(crate) fn registers_compared<'a>(differing: impl IntoIterator<Item = (u8, &'a [Span])>) -> Fields {
    let one = |(index, ranges): (u8, &[Span])| json!({ "index": index, "ranges": spans(ranges) });
    let differing: Vec<Value> = differing.into_iter().map(one).collect();
    Fields::new().with("equal", differing.is_empty()).with("differing", differing)
}

fn list(registers: impl Iterator<Item = Fields>) -> Fields {
    Fields::new().with("security_registers", registers.map(Value::from).collect::<Vec<_>>())
}
