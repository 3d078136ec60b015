//! What the commands that write share: the plan, and the report of what was done.

use super::exit::{Exit, Outcome};
use super::session::Session;
use super::shell::command;
use super::show::Tone;
use super::table::{Cell, Table};
use crate::image::Layout;
use crate::plan::{Erase, Plan};
use crate::span::Span;
use crate::units::{self, count};
use crate::wire::{self, Fields};
use crate::workflow::ChipState;
use crate::workflow::job::Report;
use std::collections::BTreeMap;
use std::time::Duration;

/// Ranges of a plan that are listed one by one.
const ROWS: usize = 24;

/// Shows the plan.
pub fn show_plan(session: &Session, plan: &Plan, layout: Option<&Layout>) {
    if plan.is_empty() {
        return;
    }
    session.out.line("");
    session.out.heading("Plan");
    let (table, more) = plan_table(plan, layout);
    session.out.table(&table);
    more.iter().for_each(|line| session.out.line(line));
}

/// The plan as a table, ranges that touch put together; and the lines under it.
pub fn plan_table(plan: &Plan, layout: Option<&Layout>) -> (Table, Vec<String>) {
    let mut table = Table::new(&[">from", ">to", "region", ">erase", ">program", ">verify", ">time"]);
    let ranges = plan.blocks();
    for range in ranges.iter().take(ROWS) {
        table.row(plan_row(plan, range, layout));
    }
    let mut more = Vec::new();
    if ranges.as_slice().len() > ROWS {
        more.push(format!("  ... and {} more ranges", ranges.as_slice().len() - ROWS));
    }
    let counts = plan.counts();
    let erase = format!("erase {} ({})", units::size(counts.erased), erases(plan));
    let program = format!("program {} in {}", units::size(counts.programmed), count(counts.pages, "page"));
    let read_back = format!("read back {}", units::size(counts.verified));
    let parts = [(counts.erased, erase), (counts.programmed, program), (counts.verified, read_back)];
    // What is not done has no place in the line.
    let parts: Vec<String> =
        parts.into_iter().filter(|(bytes, _)| *bytes > 0).map(|(_, part)| part).collect();
    more.push(format!("  {}, about {}", parts.join(", "), units::time(plan.time())));
    (table, more)
}

fn plan_row(plan: &Plan, range: Span, layout: Option<&Layout>) -> [Cell; 7] {
    let steps = plan.steps.iter().filter(|step| range.covers(step.block));
    let (mut erased, mut programmed, mut verified, mut time) = (0, 0, 0, Duration::ZERO);
    for step in steps {
        erased += if step.erase.is_some() { step.block.len() } else { 0 };
        programmed += step.program.iter().map(Span::len).sum::<u64>();
        verified += step.verify.len();
        time += step.time;
    }
    let regions: Vec<&str> = layout
        .iter()
        .flat_map(|layout| &layout.regions)
        .filter(|region| region.span.overlaps(range))
        .map(|region| region.name.as_str())
        .collect();
    [
        format!("{:#08x}", range.start).into(),
        format!("{:#08x}", range.end).into(),
        Cell::toned(Tone::Strong, regions.join(" ")),
        size(erased).into(),
        size(programmed).into(),
        size(verified).into(),
        units::time(time).into(),
    ]
}

fn size(bytes: u64) -> String {
    if bytes == 0 { "-".to_owned() } else { units::size(bytes) }
}

/// `4 KiB in 1 erase`, or `nothing`.
fn some(bytes: u64, times: u64, what: &str) -> String {
    if bytes == 0 {
        "nothing".to_owned()
    } else {
        format!("{} in {}", units::size(bytes), count(times, what))
    }
}

/// `121 x 64 KiB, 2 x 4 KiB`, largest first.
fn erases(plan: &Plan) -> String {
    let mut by_size: BTreeMap<u64, u64> = BTreeMap::new();
    for erase in plan.steps.iter().filter_map(|step| step.erase.map(|erase| (erase, step.block.len()))) {
        let size = match erase {
            (Erase::Block(kind), _) => kind.size,
            (Erase::Chip { .. }, len) => len,
        };
        *by_size.entry(size).or_default() += 1;
    }
    let texts: Vec<String> =
        by_size.iter().rev().map(|(size, n)| format!("{n} x {}", units::size(*size))).collect();
    texts.join(", ")
}

/// Shows how a job ended, and gives its outcome with `more` fields.
pub fn finish(session: &Session, report: &Report, layout: Option<&Layout>, more: Fields) -> Outcome {
    let out = &session.out;
    if report.dry_run {
        show_plan(session, &report.plan, layout);
    }
    let done = &report.done;
    let nothing = report.plan.is_empty();
    out.line("");
    let tone = if report.dry_run && !nothing { Tone::Strong } else { Tone::Good };
    out.line(out.tone(tone, verdict(report)));
    let millis = Duration::from_millis;
    out.line(format!(
        "  read      {} for the backup, in {}",
        units::size(report.backup_read),
        session.took(millis(report.backup_millis))
    ));
    if !report.dry_run && !nothing {
        out.line(format!("  erased    {}", some(done.erased, done.erases, "erase")));
        out.line(format!("  written   {}", some(done.programmed, done.pages, "page")));
        out.line(format!(
            "  verified  {} (what was written), in {}",
            units::size(done.verified),
            session.took(millis(report.write_millis))
        ));
        if done.pages_resent > 0 {
            let pages = count(done.pages_resent, "page");
            out.line(format!(
                "  sent again {pages} for which the chip was not ready: it was slower than expected"
            ));
        }
        if done.retries + done.misreads > 0 {
            let (blocks, reads) = (count(done.retries, "block"), count(done.misreads, "read"));
            out.line(format!("  repeated  {blocks}, {reads}: look at the contact"));
        }
    }
    out.line(format!("  backup    {}", report.backup));
    if let Some(job) = &report.job {
        out.line(format!(
            "  report    {}",
            command(&session.options, &format!("report {job} -o report.html"))
        ));
    }
    Ok((Exit::Done, wire::report(report).and(more)))
}

/// How a job ended, in a sentence.
pub fn verdict(report: &Report) -> &'static str {
    match (&report.chip, report.dry_run, report.plan.is_empty()) {
        (_, _, true) => "The chip already matches: nothing to write.",
        (_, true, _) => "Dry run: the chip is untouched.",
        (ChipState::Restored, ..) => "Undone and verified: the backup's contents are on the chip.",
        _ => "Written and verified.",
    }
}
