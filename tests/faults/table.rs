//! The table: what became of all cases of each fault.

use super::bench::End;
use super::rows::Row;
use norsplice::emulator::{ProgrammerKind, SerprogKind};

/// What became of the cases of one row.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub tried: usize,
    written: usize,
    untouched: usize,
    finished: usize,
    undone: usize,
    /// Cases that ended otherwise, and how.
    pub lost: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, end: Result<End, String>) {
        self.tried += 1;
        match end {
            Ok(End::Written) => self.written += 1,
            Ok(End::Untouched) => self.untouched += 1,
            Ok(End::Finished) => self.finished += 1,
            Ok(End::Undone) => self.undone += 1,
            Err(why) => self.lost.push(why),
        }
    }
}

/// The row in a message.
pub fn name(row: &Row) -> String {
    format!("{} by {}", row.fault, programmer(row.kind))
}

fn programmer(kind: ProgrammerKind) -> &'static str {
    match kind {
        ProgrammerKind::Ch341a => "CH341A",
        ProgrammerKind::Ch347t => "CH347T",
        ProgrammerKind::Ch347f => "CH347F",
        ProgrammerKind::Serprog(SerprogKind::Esp32) => "serprog, ESP32",
        ProgrammerKind::Serprog(_) => "serprog, Pico",
        ProgrammerKind::Spidev(_) => "spidev",
        _ => "FT2232H",
    }
}

pub fn print(rows: &[Row], tallies: &[Tally]) {
    const HEAD: [&str; 9] = [
        "fault",
        "programmer",
        "points",
        "tried",
        "written all the same",
        "failed, untouched",
        "finished by resume",
        "undone by restore",
        "lost",
    ];
    println!("| {} |", HEAD.join(" | "));
    println!("|---|---|---|---:|---:|---:|---:|---:|---:|");
    for (row, t) in rows.iter().zip(tallies) {
        let (points, programmer) = (&row.points, programmer(row.kind));
        println!(
            "| {} | {programmer} | {points} | {} | {} | {} | {} | {} | {} |",
            row.fault,
            t.tried,
            t.written,
            t.untouched,
            t.finished,
            t.undone,
            t.lost.len()
        );
    }
}
