//! The rows: one fault each, at every point of a job or at a spread of points. `NORSPLICE_FAULTS=all` tries every point
//! of those too that are spread otherwise (of bytes and of time there are too many: always a spread), `NORSPLICE_TEST=all`
//! five times as many.

use super::bench::{Case, Trial};
use super::job::{Job, SMALL, TINY, Whole, whole};
use super::kill::Kill;
use crate::bench::all;
use norsplice::emulator::{Fault, Faults, ProgrammerKind};
use std::time::Duration;

/// One fault, by one programmer.
pub struct Row {
    pub fault: &'static str,
    pub kind: ProgrammerKind,
    /// How many points there are, and of what.
    pub points: String,
    pub cases: Vec<Box<dyn Trial>>,
}

/// True where every point of every row is asked for.
fn every_point() -> bool {
    std::env::var("NORSPLICE_FAULTS").is_ok_and(|v| v.split(',').any(|word| word == "all"))
}

/// Every point, or every `nth` unless all are asked for.
fn every(nth: usize) -> usize {
    if every_point() {
        1
    } else if all() {
        (nth / 5).max(1)
    } else {
        nth
    }
}

/// The two jobs by one programmer.
struct Jobs {
    kind: ProgrammerKind,
    small: Whole,
    tiny: Whole,
}

/// All rows of one programmer.
pub fn rows(kind: ProgrammerKind) -> Vec<Row> {
    let jobs = Jobs { kind, small: whole(kind, &SMALL), tiny: whole(kind, &TINY) };
    let mut rows = jobs.power();
    rows.extend(jobs.usb());
    rows.extend(jobs.chip_and_wires());
    rows.push(jobs.stop_asked_for());
    rows.extend(jobs.flips());
    rows.push(killed(kind));
    rows
}

/// The rows of one more programmer, at few points each unless all are asked for; `kill -9` strikes the host, which is that of
/// the others.
pub fn some(kind: ProgrammerKind) -> Vec<Row> {
    let points = if all() { 24 } else { 4 };
    let jobs = Jobs { kind, small: whole(kind, &SMALL), tiny: whole(kind, &TINY) };
    let mut rows = jobs.power();
    rows.extend(jobs.usb());
    rows.extend(jobs.chip_and_wires());
    rows.push(jobs.stop_asked_for());
    rows.extend(jobs.flips());
    // Where a link has no packets of its own, nothing can happen to them.
    rows.retain(|row| !row.cases.is_empty());
    if !every_point() {
        for row in &mut rows {
            // Odd, for finished and undone take turns.
            let nth = row.cases.len().div_ceil(points) | 1;
            let mut n = 0;
            row.cases.retain(|_| {
                n += 1;
                n % nth == 0
            });
        }
    }
    rows
}

/// `kill -9`, a hundred times in all. The seed is printed; `NORSPLICE_SEED` repeats it.
fn killed(kind: ProgrammerKind) -> Row {
    const ROUNDS: u64 = 100;
    let by_clock = || std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_micros() as u64);
    let seed =
        std::env::var("NORSPLICE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(by_clock);
    println!("NORSPLICE_SEED={seed}");
    let round = |n| Box::new(Kill { seed: seed.wrapping_add(n) }) as Box<dyn Trial>;
    Row {
        fault: "kill -9 of the binary",
        kind,
        points: "any moment".into(),
        cases: (0..ROUNDS).step_by(every(12)).map(round).collect(),
    }
}

impl Jobs {
    fn row(&self, fault: &'static str, points: String, cases: Vec<Case>) -> Row {
        let cases = cases.into_iter().map(|case| Box::new(case) as Box<dyn Trial>).collect();
        Row { fault, kind: self.kind, points, cases }
    }

    /// The same fault at points 1, 1 + step, ... up to `last`, alternately finished and undone.
    fn at_points(
        &self,
        name: &'static str,
        job: &'static Job,
        (last, what, step): (u64, &str, usize),
        fault: impl Fn(u64) -> Fault,
    ) -> Row {
        let points = (1..=last).step_by(step).enumerate();
        let case = |(n, point)| Case::new(point, job, Faults::seeded(point).with(fault(point)), n % 2 == 1);
        self.row(name, format!("{last} {what}"), points.map(case).collect())
    }

    fn power(&self) -> Vec<Row> {
        let operations = self.small.operations;
        let parts = [0.0, 0.25, 0.5, 0.95];
        let cut = |n, part| Faults::seeded(n).with(Fault::PowerCutInOperation(n, part));
        let each = || (1..=operations).flat_map(|n| parts.iter().map(move |part| (n, *part)));
        let cases = each().flat_map(|(n, part)| [false, true].map(|undo| (n, part, undo)));
        // A step of 5 takes every operation, and over eight of them each moment with each way on.
        let cases = cases
            .step_by(every(5))
            .map(|(n, part, undo)| Case::new(format!("{n} at {part}"), &SMALL, cut(n, part), undo));
        let first = format!("{operations} erases and programs x {} moments x 2 ways on", parts.len());
        let first =
            self.row("power cut in each erase and program, then resume, and restore", first, cases.collect());
        // The way on is cut off too, in each operation that it has at most.
        let twice = (1..=operations)
            .step_by(every(7))
            .flat_map(|n| (1..=operations).step_by(every(10)).map(move |m| (n, m)));
        let cases = twice.enumerate().map(|(i, (n, m))| Case {
            again: Some(cut(m, 0.5)),
            ..Case::new(format!("{n}, then {m}"), &SMALL, cut(n, 0.5), i % 2 == 1)
        });
        let second = format!("{operations} x {operations} erases and programs");
        let second =
            self.row("power cut in one, and again while it is finished or undone", second, cases.collect());
        // Spread evenly over the job, and densely over its last tenth, where the writing is.
        let all = self.small.spi_bytes;
        let points = (1..all)
            .step_by((all / 20) as usize)
            .chain((all * 9 / 10..all).step_by((all / 10 / 40) as usize));
        let cases = points.enumerate().step_by(every(3)).map(|(n, byte)| {
            Case::new(byte, &SMALL, Faults::seeded(byte).with(Fault::PowerCutAtByte(byte)), n % 2 == 1)
        });
        let third = self.row("power cut at a byte on SPI", format!("{all} bytes"), cases.collect());
        vec![first, second, third]
    }

    fn usb(&self) -> Vec<Row> {
        // About 100 cases a row unless more are asked for.
        let some = |points: u64| every((points / 100).max(1) as usize);
        let transfers = (self.tiny.transfers, "transfers", some(self.tiny.transfers));
        let packets = (self.tiny.in_packets, "IN packets", some(self.tiny.in_packets));
        vec![
            self.at_points("unplugged at every USB transfer", &TINY, transfers, Fault::UnplugAtTransfer),
            self.at_points("a USB transfer stalls", &TINY, transfers, Fault::StallAtTransfer),
            self.at_points("a USB packet is short", &TINY, packets, Fault::ShortPacket),
            self.at_points("a USB packet is lost", &TINY, packets, Fault::LostPacket),
            self.at_points("a USB packet comes twice", &TINY, packets, Fault::DoublePacket),
        ]
    }

    fn chip_and_wires(&self) -> Vec<Row> {
        let operations = || (self.small.operations, "erases and programs", every(3));
        vec![
            self.at_points("an erase or program does nothing", &SMALL, operations(), Fault::SilentOperation),
            self.at_points("BUSY never ends", &SMALL, operations(), Fault::BusyForever),
            self.over_time("data line stuck at FF from some time on", |from| Fault::Stuck(0xff, from)),
            self.over_time("data line stuck at 00 from some time on", |from| Fault::Stuck(0x00, from)),
            self.over_time("the clip is off for 50 ms", |from| {
                Fault::ClipOff(from, from + Duration::from_millis(50))
            }),
        ]
    }

    /// A fault of the wires that begins at a time spread over the whole job.
    fn over_time(&self, name: &'static str, fault: fn(Duration) -> Fault) -> Row {
        const MOMENTS: u32 = 96;
        let time = self.small.time;
        let cases = (0..MOMENTS).step_by(every(6)).enumerate().map(|(n, moment)| {
            let from = time * moment / MOMENTS;
            Case::new(format!("{from:?}"), &SMALL, Faults::seeded(7).with(fault(from)), n % 2 == 1)
        });
        self.row(name, format!("{} ms", time.as_millis()), cases.collect())
    }

    fn stop_asked_for(&self) -> Row {
        let events = self.small.events;
        let cases = (0..events).step_by(every(3)).enumerate().map(|(n, event)| Case {
            stop_at: Some(event),
            ..Case::new(event, &SMALL, Faults::default(), n % 2 == 1)
        });
        self.row("Ctrl-C at an event", format!("{events} events"), cases.collect())
    }

    /// Flipped bits: up to the documented rate every job must come to its end; above it, none may end wrongly.
    fn flips(&self) -> Vec<Row> {
        // One flipped bit in 100,000 bytes is 1.25e-6 a bit: the documented limit.
        let rates: [(&'static str, f64, bool); 5] = [
            ("1 bit in 10,000,000 read flips", 1e-7, true),
            ("1 bit in 100,000 bytes read flips", 1.25e-6, true),
            ("1 bit in 100,000 read flips", 1e-5, false),
            ("1 bit in 10,000 read flips", 1e-4, false),
            ("1 bit in 1,000 read flips", 1e-3, false),
        ];
        let row = |(name, rate, must)| {
            let case = |seed| Case {
                must,
                ..Case::new(seed, &SMALL, Faults::seeded(seed).with(Fault::BitFlips(rate)), seed % 2 == 1)
            };
            let seeds = (1..=100u64).step_by(every(20));
            self.row(name, "100 seeds".into(), seeds.map(case).collect())
        };
        rates.into_iter().map(row).collect()
    }
}
