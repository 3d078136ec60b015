//! `otp diff A B`: the registers of two backups, dumps, or the chip.

use super::super::super::exit::{Exit, Failure, Outcome};
use super::super::super::session::Session;
use super::super::super::show::{Tone, hexdump};
use super::super::super::store;
use super::super::super::terminal::Terminal;
use super::on_chip::registers;
use crate::desk::otp_sets::{RegisterSet, differing};
use crate::desk::subject::CHIP;
use crate::wire;
use std::collections::BTreeSet;

/// Compares. Differences are exit code 4.
pub fn run(session: &Session, a: &str, b: &str) -> Outcome {
    let (left, right) = (read(session, a)?, read(session, b)?);
    let out = &session.out;
    let differing = differing(&left, &right);
    for index in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
        if !differing.iter().any(|(differs, _)| differs == index) {
            out.line(format!("security register {index}: {}", out.tone(Tone::Good, "equal")));
            continue;
        }
        out.line(format!("security register {index}: {}", out.tone(Tone::Bad, "differs")));
        for (name, bytes) in [(a, left.get(index)), (b, right.get(index))] {
            match bytes {
                None => out.line(format!("  {name}: has none")),
                Some(bytes) => {
                    out.line(format!("  {name}:"));
                    hexdump(0, bytes, out.width().saturating_sub(4))
                        .iter()
                        .for_each(|line| out.line(format!("    {line}")));
                }
            }
        }
    }
    let exit = if differing.is_empty() { Exit::Done } else { Exit::Differ };
    let differing = differing.iter().map(|(index, ranges)| (*index, ranges.as_slice()));
    Ok((exit, wire::registers_compared(differing)))
}

fn read(session: &Session, text: &str) -> Result<RegisterSet, Failure> {
    // The chip's are asked for with the word on several dies.
    match text {
        CHIP => Ok(registers(session)?.into_iter().map(|r| (r.index, r.bytes)).collect()),
        text => session.desk()?.register_set(&Terminal::new(session), || store::open(session), text),
    }
}
