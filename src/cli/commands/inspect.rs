//! `inspect FILE`: what an image, dump or vendor file contains, with every check and its result.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::session::Session;
use super::super::show::Tone;
use super::super::splicing;
use super::super::streams;
use crate::desk::verdict::verdict;
use crate::desk::{allowed, attributes};
use crate::image::checks::stopping;
use crate::image::container::item::{Check, Item, Outcome as Result};
use crate::image::fitness::{Use, judge};
use crate::image::inspect::{Gap, Inspection, inspect};
use crate::image::{Board, ImageError, sha256};
use crate::units;
use crate::wire::{self, Fields};
use std::path::PathBuf;

/// `inspect FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file: dump, vendor download, sysupgrade file, anything; - is standard input
    file: PathBuf,

    /// Judge it for this board
    #[arg(long, value_name = "BOARD", add = super::super::completion::boards())]
    board: Option<String>,

    /// Exit code 4 where a check is bad
    #[arg(long)]
    strict: bool,

    /// What it is meant for there: the board's own dump, a donor, or the file that its rescue fetches
    #[arg(long = "as", value_name = "USE", requires = "board", value_parser = ["dump", "donor", "tftp"])]
    meant: Option<String>,
}

/// Shows what it contains. A damaged file is no failure: the checks show it. One that is not fit for what it is meant
/// for is refused.
pub fn run(args: Args, session: &Session) -> Outcome {
    let board = args.board.as_deref().map(Board::named).transpose()?;
    let bytes = streams::image(session, &args.file)?.bytes;
    let found = inspect(&bytes);
    let sha256 = sha256(&bytes);
    let boards = if found.what == "dump" { found.recognise(&bytes) } else { Vec::new() };
    let verdict = verdict(&found, &boards, &bytes);
    show(session, &found, &args.file.display().to_string(), &sha256, &verdict);
    for one in &boards {
        let sure = if one.named { "board" } else { "board, perhaps" };
        session.out.line(format!("{sure}: {}, by {}", one.board.name, one.by.join("; ")));
    }
    let file = args.file.display().to_string();
    let fields = wire::inspection(&file, &sha256, &found, &boards, &verdict);
    let exit = if args.strict && !found.is_sound() { Exit::Differ } else { Exit::Done };
    let Some(board) = board.filter(|_| exit == Exit::Done) else { return Ok((exit, fields)) };
    let meant = args.meant.as_deref().and_then(Use::parse);
    let name = args.file.file_name().unwrap_or(args.file.as_os_str()).to_string_lossy();
    fit(session, bytes, &name, meant, board, fields)
}

/// Judges the file for a board; without a word on its use, a file of the chip's size is a dump and another a donor.
fn fit(
    session: &Session,
    bytes: Vec<u8>,
    name: &str,
    meant: Option<Use>,
    board: &Board,
    fields: Fields,
) -> Outcome {
    let whole = bytes.len() as u64 == board.chip_size;
    let meant = meant.unwrap_or(if whole { Use::Dump } else { Use::Donor });
    let findings = judge(bytes, name, meant, board)?;
    let stop = stopping(&findings, &allowed(session.options.allow.iter().map(String::as_str))?);
    let fields = fields.and(wire::fitness(board, meant, &findings));
    if !stop.is_empty() {
        let failure = Failure::from(ImageError::Refused { findings: stop });
        return Err(Failure { fields: Box::new(fields), ..failure });
    }
    session.out.line("");
    splicing::findings(session, &findings);
    let text = format!("fit as {} for {}", meant.name(), board.name);
    session.out.line(session.out.tone(Tone::Good, &text));
    Ok((Exit::Done, fields))
}

/// One line of the map.
enum Line<'a> {
    Item(&'a Item),
    Gap(&'a Gap),
}

fn show(session: &Session, found: &Inspection, file: &str, sha256: &str, verdict: &str) {
    let out = &session.out;
    let (what, size) = (out.tone(Tone::Strong, found.what), units::size(found.size));
    out.line(format!("{file}: {what}, {size} ({:#x} bytes), sha256 {sha256}", found.size));
    let tone = if found.is_sound() { Tone::Good } else { Tone::Bad };
    out.line(format!("  {}", out.tone(tone, verdict)));
    for check in &found.checks {
        out.line(format!("  {}", checked(session, check)));
    }
    let items = found.items.iter().map(|item| (item.offset, Line::Item(item)));
    let gaps = found.gaps.iter().map(|gap| (gap.offset, Line::Gap(gap)));
    let mut lines: Vec<_> = items.chain(gaps).collect();
    // Stable: an item that holds others stays before them.
    lines.sort_by_key(|(offset, _)| *offset);
    for (_, line) in lines {
        match line {
            Line::Item(item) => show_item(session, item),
            Line::Gap(gap) => show_gap(session, gap),
        }
    }
}

fn show_item(session: &Session, item: &Item) {
    let out = &session.out;
    let indent = "  ".repeat(item.depth);
    let kind = out.tone(Tone::Strong, item.kind.name());
    out.line(format!("{:#08x} {:>9}  {indent}{kind}", item.offset, units::size(item.size)));
    let attributes: Vec<String> =
        item.attributes.iter().flat_map(|(name, value)| attributes::text(name, value)).collect();
    let margin = format!("{:20}{indent}  ", "");
    for line in wrapped(&attributes, 110usize.saturating_sub(margin.len())) {
        out.line(format!("{margin}{line}"));
    }
    for check in &item.checks {
        out.line(format!("{margin}{}", checked(session, check)));
    }
}

fn show_gap(session: &Session, gap: &Gap) {
    let what = match (gap.kind, gap.filler, gap.entropy) {
        ("blank", Some(filler), _) => format!("blank ({filler})"),
        (kind, _, Some(entropy)) => format!("{kind}, {entropy:.2} bits a byte"),
        (kind, ..) => kind.to_owned(),
    };
    let what = session.out.tone(Tone::Faint, &what);
    session.out.line(format!("{:#08x} {:>9}  {what}", gap.offset, units::size(gap.size)));
}

/// The pieces joined by commas, broken where a line is full; a piece that is too long for a line is cut.
fn wrapped(pieces: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        let piece = match piece.char_indices().nth(width * 3) {
            Some((at, _)) => format!("{}...", &piece[..at]),
            None => piece.clone(),
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + piece.chars().count() + 2 <= width => {
                line.push_str(", ");
                line.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

fn checked(session: &Session, check: &Check) -> String {
    let tone = match check.result {
        Result::Ok => Tone::Good,
        Result::Bad => Tone::Bad,
        Result::CannotTell => Tone::Warn,
    };
    let result = session.out.tone(tone, check.result.name());
    let detail = if check.detail.is_empty() { String::new() } else { format!(": {}", check.detail) };
    format!("{} {result}{detail}", check.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn attributes_are_broken_into_lines_and_long_ones_cut() {
        let pieces = ["a 1".to_owned(), "b 22".to_owned(), "c".repeat(50)];
        let lines = wrapped(&pieces, 10);
        assert_eq!(lines[0], "a 1, b 22");
        assert_eq!(lines[1].len(), 33);
        assert!(lines[1].ends_with("..."));
    }
}
