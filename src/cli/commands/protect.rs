//! `protect show | set RANGE | clear`: the write protection of the array. Volatile unless `--permanent` says otherwise.

use super::super::confirm::confirm_write;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::terminal::{with_chip, with_chip_to_write};
use super::probe::{registers_line, status_registers};
use crate::desk::programmer::AnyChip;
use crate::flash::part::Register;
use crate::flash::{ProtectionPlan, Status};
use crate::span::{Span, Spans};
use crate::units::parse_size;
use crate::wire::{Fields, spans};
use clap::Subcommand;
use serde_json::{Value, json};

/// `protect ...`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What is protected now, by which bits, and what could be
    Show,
    /// Protect exactly these ranges and nothing else
    Set {
        /// "all", or first address and length 0x20000+128K, or first address and the one behind the last 0x20000..0x40000
        #[arg(required = true, value_name = "RANGE", value_parser = range)]
        ranges: Vec<Range>,
        #[command(flatten)]
        lasting: Lasting,
    },
    /// Protect nothing
    Clear {
        #[command(flatten)]
        lasting: Lasting,
    },
}

#[derive(Debug, clap::Args)]
struct Lasting {
    /// Write it non-volatile: it stays over power-off. Else it is gone with the chip's power
    #[arg(long)]
    permanent: bool,
}

/// A range as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Range {
    All,
    Span(Span),
}

fn range(text: &str) -> Result<Range, String> {
    if text == "all" {
        return Ok(Range::All);
    }
    let fault = || format!("'{text}' is not a range; write all, 0x20000+128K or 0x20000..0x40000");
    let span = if let Some((start, end)) = text.split_once("..") {
        Some(Span::new(parse_size(start)?, parse_size(end)?))
    } else {
        let (start, len) = text.split_once('+').ok_or_else(fault)?;
        Span::at(parse_size(start)?, parse_size(len)?)
    };
    span.filter(|s| !s.is_empty()).map(Range::Span).ok_or_else(fault)
}

/// Runs `protect`.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.verb {
        Verb::Show => show(session),
        Verb::Set { ranges, lasting } => change(session, &ranges, lasting.permanent),
        Verb::Clear { lasting } => change(session, &[], lasting.permanent),
    }
}

fn show(session: &Session) -> Outcome {
    with_chip(session, |chip, _| {
        let status = chip.status()?;
        let can: Vec<String> = chip.protectable()?.iter().map(Spans::to_string).collect();
        let out = &session.out;
        out.line(format!("  {:<10} {}", "protected", protected(session, &status)));
        out.line(format!("  {:<10} {}", "status", registers_line(&status)));
        for line in remarks(&status) {
            out.line(format!("  {:<10} {line}", ""));
        }
        if !can.is_empty() {
            out.line(format!("  {:<10} {}", "possible", can.join("; ")));
        }
        let fields = fields(chip, &status).with("protectable", json!(can));
        Ok((Exit::Done, fields.into_map()))
    })
}

fn change(session: &Session, ranges: &[Range], permanent: bool) -> Outcome {
    with_chip_to_write(session, |chip, _| {
        let size = chip.geometry().size;
        let wanted: Spans = ranges
            .iter()
            .map(|range| match range {
                Range::All => Span::new(0, size),
                Range::Span(span) => *span,
            })
            .collect();
        let untouched = |error| Failure::from(error).field("chip", "untouched");
        let plan = chip.plan_protection(&wanted, permanent).map_err(untouched)?;
        let out = &session.out;
        out.line(format!("  {:<10} {}", "now", protected(session, &plan.before)));
        out.line(format!("  {:<10} {wanted}", "then"));
        told(session, &plan);
        if plan.is_empty() || session.options.dry_run {
            out.line(if plan.is_empty() {
                "it is so already: nothing was sent"
            } else {
                "dry run: nothing was sent"
            });
            return Ok((Exit::Done, fields(chip, &plan.before).with("chip", "untouched").into_map()));
        }
        if permanent {
            confirm_write(session, "Write this to stay over power-off?")?;
        }
        let status = chip.write_protection(&plan)?;
        out.line(out.tone(Tone::Good, &format!("written and read back: {}", protected(session, &status))));
        if !permanent {
            let stays = if chip.protects_permanent() { "; --permanent makes it stay" } else { "" };
            out.note(format!("it lasts until the chip loses its power{stays}"));
        }
        Ok((Exit::Done, fields(chip, &status).with("chip", "written").into_map()))
    })
}

/// What a plan would send.
fn told(session: &Session, plan: &ProtectionPlan) {
    for (register, now, then) in plan.writes() {
        session.out.line(format!("  {:<10} {now:02x} -> {then:02x}", name(register)));
    }
    let set: Spans = plan.set.iter().copied().collect();
    for (what, blocks) in [("unlock", &plan.lift), ("lock", &set)] {
        if !blocks.is_empty() {
            session.out.line(format!("  {what:<10} {blocks}"));
        }
    }
}

fn name(register: Register) -> &'static str {
    match register {
        Register::Sr1 => "SR1",
        Register::Sr2 => "SR2",
        Register::Sr3 => "SR3",
        Register::Security => "security",
        Register::Function => "function",
    }
}

fn protected(session: &Session, status: &Status) -> String {
    let out = &session.out;
    match (status.protected.is_empty(), status.protection_known) {
        (true, true) => out.tone(Tone::Good, "nothing"),
        (true, false) => "nothing, as far as the usual bits tell".to_owned(),
        (false, true) => out.tone(Tone::Warn, &status.protected.to_string()),
        (false, false) => out.tone(Tone::Warn, "perhaps everything: what this part's bits mean is not known"),
    }
}

/// What holds the protection, in words.
fn remarks(status: &Status) -> Vec<&'static str> {
    let rows = [
        (status.block_locks, "single-block locks are in force (WPS): all are set again at every power-up"),
        (
            status.srl,
            "SRL is set: the status registers are locked until the chip loses its power, or for ever",
        ),
        (status.srp, "SRP is set: the status registers can be written only while WP# (pin 3) is high"),
    ];
    rows.into_iter().filter(|(bit, _)| *bit == Some(true)).map(|(_, text)| text).collect()
}

fn fields(chip: &AnyChip, status: &Status) -> Fields {
    let bp: Value = status.bp.map_or(
        Value::Null,
        |bp| json!({ "bp": bp.bp, "top_bottom": bp.tb, "sectors": bp.sec, "complement": bp.cmp }),
    );
    Fields::new()
        .with("part", chip.identity().part_name.as_str())
        .with("protected_ranges", spans(status.protected.as_slice()))
        .with("protection_known", status.protection_known)
        .with("status_registers", status_registers(status))
        .with("bp", bp)
        .with("srp", json!(status.srp))
        .with("srl", json!(status.srl))
        .with("block_locks", json!(status.block_locks))
        .with("quad_enable", json!(status.quad_enable))
        .with("volatile_possible", chip.protects_volatile())
        .with("permanent_possible", chip.protects_permanent())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_three_forms() {
        assert_eq!(range("all"), Ok(Range::All));
        let span = Ok(Range::Span(Span::new(0x2_0000, 0x4_0000)));
        assert_eq!(range("0x20000+128K"), span);
        assert_eq!(range("128K..0x40000"), span);
        for text in ["", "0x20000", "0x20000+0", "4..4", "8..4", "x+1", "0xffffffffffffffff+2"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
