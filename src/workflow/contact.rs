//! Tests of the contact between clip and chip, before every write and on demand.
//!
//! Facts: none of them puts the contents at risk. WREN must set WEL and WRDI must clear it: that proves the way out as
//! well as the way back, and is the single best test before a write.

use super::error::Cause;
use super::event::{Event, Events, Stage};
use crate::flash::Chip;
use crate::spi::{Programmer, SpiError};
use serde::Serialize;
use std::fmt;

/// Reads of the id and of the status register before a write.
const READS: usize = 16;
/// Bytes of the baseline.
const BASELINE: usize = 64;

/// How to test.
#[derive(Clone, Debug, Default)]
pub struct Contact {
    /// Write enable and write disable may be sent; not in a dry run.
    pub writes: bool,
}

/// How one test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Passed,
    /// Not as it should be.
    Failed,
    /// Not done.
    Skipped,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// Which.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was seen.
    pub detail: String,
}

/// What the tests say together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Good enough to write.
    pub good: bool,
    /// Every test.
    pub tests: Vec<Test>,
    /// Likely causes of what failed, the likeliest first.
    pub causes: Vec<String>,
    /// The next thing to try.
    pub next: String,
    /// Bytes of the array that were read.
    pub array_bytes: u64,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.good {
            return f.write_str("the contact is good");
        }
        f.write_str("the contact is not good enough:")?;
        for test in self.tests.iter().filter(|t| t.outcome == Outcome::Failed) {
            write!(f, " {} ({});", test.name, test.detail)?;
        }
        if let Some(cause) = self.causes.first() {
            write!(f, " likely {cause};")?;
        }
        write!(f, " {}", self.next)
    }
}

/// The short tests that stand before every write.
///
/// # Errors
/// [`Cause::Contact`] when one fails; what failed below.
pub fn before_writing<P: Programmer>(
    chip: &mut Chip<P>,
    options: &Contact,
    events: &mut Events<'_>,
) -> Result<Verdict, Cause> {
    let stage = Stage::Contact;
    if events(Event::Begin { stage, bytes: 0, time: None }).is_break() {
        return Err(Cause::Stopped);
    }
    let mut verdict = Verdict::default();
    baseline(chip, &mut verdict)?;
    stable(chip, &mut verdict)?;
    write_enable(chip, options, &mut verdict)?;
    verdict.good = verdict.tests.iter().all(|t| t.outcome != Outcome::Failed);
    if !verdict.good {
        verdict.next = "reseat the clip, shorten the wires, and look at 'norsplice contact --watch'".into();
        return Err(Cause::Contact(Box::new(verdict)));
    }
    if events(Event::End { stage }).is_break() {
        return Err(Cause::Stopped);
    }
    Ok(verdict)
}

fn note(verdict: &mut Verdict, name: &'static str, passed: bool, detail: String) {
    let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
    verdict.tests.push(Test { name, outcome, detail });
}

/// With chip select high nobody may drive the data line.
fn baseline<P: Programmer>(chip: &mut Chip<P>, verdict: &mut Verdict) -> Result<(), Cause> {
    let seen = match chip.programmer().baseline(BASELINE) {
        Ok(seen) => seen,
        Err(SpiError::Unsupported(why)) => {
            verdict.tests.push(Test { name: "idle line", outcome: Outcome::Skipped, detail: why });
            return Ok(());
        }
        Err(e) => return Err(crate::flash::FlashError::from(e).into()),
    };
    let quiet = seen.iter().all(|b| *b == seen[0]) && matches!(seen.first(), Some(0x00 | 0xff));
    let detail =
        if quiet { format!("steady {:02x}", seen[0]) } else { "something else drives the data line".into() };
    note(verdict, "idle line", quiet, detail);
    if !quiet {
        verdict.causes.push("the board's processor is alive and talks".into());
    }
    Ok(())
}

/// Id, SFDP and status, over and over.
fn stable<P: Programmer>(chip: &mut Chip<P>, verdict: &mut Verdict) -> Result<(), Cause> {
    let id = chip.identity().jedec_id.clone();
    let mut same = 0;
    let mut statuses = Vec::new();
    for _ in 0..READS {
        same += usize::from(chip.rdid()? == id);
        statuses.push(chip.sr1()?);
    }
    note(verdict, "id", same == READS, format!("{same} of {READS} reads as identified"));
    let steady = statuses.iter().all(|s| *s == statuses[0]) && statuses[0] != 0xff;
    note(verdict, "status register", steady, format!("first {:02x}", statuses[0]));
    let sfdp = chip.identity().sfdp.clone();
    let again = chip.read_sfdp()?;
    note(verdict, "SFDP", sfdp == again, if sfdp == again { "as identified" } else { "changed" }.into());
    Ok(())
}

/// WREN sets WEL, WRDI clears it.
fn write_enable<P: Programmer>(
    chip: &mut Chip<P>,
    options: &Contact,
    verdict: &mut Verdict,
) -> Result<(), Cause> {
    let name = "write enable";
    if !options.writes {
        let detail = "not sent in a dry run".into();
        verdict.tests.push(Test { name, outcome: Outcome::Skipped, detail });
        return Ok(());
    }
    let check = chip.check_write_enable()?;
    let detail = format!(
        "status {:02x}, after 06h {:02x}, after 04h {:02x}",
        check.before, check.enabled, check.disabled
    );
    note(verdict, name, check.passed(), detail);
    Ok(())
}
