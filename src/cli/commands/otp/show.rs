//! `otp show`, `otp dump DIR`. Nothing here writes to the chip.

use super::super::super::exit::{Exit, Outcome};
use super::super::super::session::Session;
use super::super::super::show::{Tone, hexdump};
use super::super::super::streams;
use crate::flash::SecurityRegister;
use crate::image::unit::{Mac, mac_text};
use crate::report::otp_verdict;
use crate::wire::{self, ShownRegister};
use crate::workflow::otp::file_name;
use std::path::{Path, PathBuf};

/// Shorter runs of letters are chance.
const TEXT: usize = 6;

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

/// Runs of printable letters.
fn texts(bytes: &[u8]) -> Vec<String> {
    let printable = |byte: &u8| (0x20..0x7f).contains(byte);
    let runs = bytes.split(|byte| !printable(byte)).filter(|run| run.len() >= TEXT);
    runs.map(|run| String::from_utf8_lossy(run).into_owned()).collect()
}

/// What may be MAC addresses: written out, or six bytes at the edge of data with a maker's first three.
fn macs(bytes: &[u8]) -> Vec<String> {
    let written = texts(bytes).into_iter().flat_map(|text| {
        let found: Vec<String> = text
            .as_bytes()
            .windows(17)
            .filter_map(|w| std::str::from_utf8(w).ok().and_then(crate::image::unit::parse_mac))
            .map(mac_text)
            .collect();
        found
    });
    let raw = bytes.split(|byte| *byte == 0xff).filter(|run| run.len() == 6);
    let raw = raw.filter_map(|run| Mac::try_from(run).ok());
    // A unicast address that is not empty, and no text.
    let raw =
        raw.filter(|mac| mac[0] & 1 == 0 && mac[..3] != [0; 3] && !mac.iter().all(u8::is_ascii_graphic));
    let mut found: Vec<String> = written.chain(raw.map(mac_text)).collect();
    found.dedup();
    found
}

/// Writes each into a file of its own.
pub fn dump(session: &Session, registers: &[SecurityRegister], dir: &Path) -> Outcome {
    let files: Vec<(String, Vec<u8>)> =
        registers.iter().map(|register| (file_name(register.index), register.bytes.clone())).collect();
    let paths = streams::write_into(session, dir, &files)?;
    for (register, path) in registers.iter().zip(&paths) {
        session.out.line(format!("{} ({} bytes)", path.display(), register.bytes.len()));
    }
    Ok((Exit::Done, wire::registers_dumped(registers.iter().zip(paths.iter().map(PathBuf::as_path)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_addresses_are_found_and_noise_is_not() {
        let mut bytes = vec![0xff; 64];
        bytes[..26].copy_from_slice(b"OPERATOR 30:b5:c2:a1:b2:c3");
        bytes[40..46].copy_from_slice(&[0x30, 0xb5, 0xc2, 1, 2, 3]);
        assert_eq!(texts(&bytes), ["OPERATOR 30:b5:c2:a1:b2:c3"]);
        assert_eq!(macs(&bytes), ["30:b5:c2:a1:b2:c3", "30:b5:c2:01:02:03"]);
        assert!(macs(&[1, 2, 3, 4, 5, 6]).is_empty(), "a group address");
        assert!(macs(&[0xff; 32]).is_empty() && texts(&[0xff; 32]).is_empty());
    }
}
