//! The fault matrix: what goes wrong, how often it was tried, and what became of the chip.
//!
//! `cargo test --test all faults:: -- --nocapture` prints the table of a spread of points, and
//! `NORSPLICE_FAULTS=all cargo test --profile matrix --test all faults:: -- --nocapture` that of every point. Words of their
//! names choose rows, before or in place of `all`: `NORSPLICE_FAULTS=unplugged,all`, `NORSPLICE_FAULTS='by CH347T,all'`.
//!
//! Whatever happens, a job ends in time, without a panic, with the chip in the state that it reports: untouched, the
//! wanted contents, or an open job that can be finished and undone; and no backup is ever wrong.

use super::bench::Trial;
use super::rows::{self, Row};
use super::table::{self, Tally};
use norsplice::emulator::{ProgrammerKind, SerprogKind, SpidevKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

/// Those with every row.
const KINDS: [ProgrammerKind; 2] = [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h];
/// Those with the same rows at fewer points.
const FURTHER: [ProgrammerKind; 5] = [
    ProgrammerKind::Ch347t,
    ProgrammerKind::Ch347f,
    ProgrammerKind::Serprog(SerprogKind::PicoAny),
    ProgrammerKind::Serprog(SerprogKind::Esp32),
    ProgrammerKind::Spidev(SpidevKind::Pi),
];

#[test]
fn no_fault_loses_anything() {
    let mut rows: Vec<Row> = KINDS.into_iter().flat_map(rows::rows).collect();
    rows.extend(FURTHER.into_iter().flat_map(rows::some));
    let asked = std::env::var("NORSPLICE_FAULTS").unwrap_or_default();
    let names: Vec<&str> = asked.split(',').filter(|word| !word.is_empty() && *word != "all").collect();
    rows.retain(|row| names.is_empty() || names.iter().any(|name| table::name(row).contains(name)));
    let cases: Vec<(usize, &dyn Trial)> =
        rows.iter().enumerate().flat_map(|(n, row)| row.cases.iter().map(move |case| (n, &**case))).collect();
    let mut tallies: Vec<Tally> = rows.iter().map(|_| Tally::default()).collect();
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get());
    let next = AtomicUsize::new(0);
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let tell = tell.clone();
            scope.spawn(|| {
                let tell = tell;
                while let Some((row, case)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = || case.run(rows[*row].kind);
                    let end = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("a panic".into()));
                    tell.send((*row, end.map_err(|why| format!("at {}: {why}", case.at()))))
                        .expect("a listener");
                }
            });
        }
        drop(tell);
        for (row, end) in told {
            tallies[row].add(end);
        }
    });
    table::print(&rows, &tallies);
    for (row, tally) in rows.iter().zip(&tallies) {
        assert!(tally.tried > 0 && tally.tried == row.cases.len(), "{}: nothing was tried", row.fault);
    }
    let lost: Vec<String> = rows
        .iter()
        .zip(&tallies)
        .flat_map(|(row, tally)| tally.lost.iter().map(|case| format!("{} {case}", table::name(row))))
        .collect();
    assert!(lost.is_empty(), "{} cases lost:\n{}", lost.len(), lost.join("\n"));
}
