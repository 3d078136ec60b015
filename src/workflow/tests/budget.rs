//! Whole jobs in virtual time and by count, against the physical limit: random contents, typical chip times.
//!
//! The floors: two reads of the array at the SPI clock, 64 KiB erases, fully queued pages, one verify read of what was
//! written. At most a tenth above them.

use super::bench::{Bench, KINDS, LAST_LOOK, SIZE, quiet, random, slower_look};
use crate::emulator::{ProgrammerKind, Quirk};
use crate::span::Span;
use std::time::Duration;

struct Job {
    name: &'static str,
    change: Span,
    /// Floor in milliseconds: CH341A, FT2232H at 30 MHz.
    floor: [u64; 2],
}

const JOBS: [Job; 2] = [
    Job { name: "loader swap", change: Span { start: 0, end: 0x2_0000 }, floor: [93_000, 5_300] },
    Job { name: "firmware swap", change: Span { start: 0x2_0000, end: 0x7d_0000 }, floor: [227_000, 50_500] },
];

#[test]
fn jobs_end_within_a_tenth_of_the_physical_limit() {
    let old = random(1, SIZE);
    for job in &JOBS {
        let mut new = old.clone();
        new[job.change.range()].copy_from_slice(&random(2, job.change.len() as usize));
        for (kind, floor) in KINDS.into_iter().zip(job.floor) {
            let bench = Bench::new(kind, old.clone());
            let report = bench.write(&new, &mut quiet).unwrap();
            let (took, counts) = (bench.emulator.clock().now(), bench.emulator.counts());
            let case = format!("{} by {kind:?}: {took:?}, {} waits", job.name, counts.waits);
            println!("{case}; write {} ms; planned {} ms", report.write_millis, report.planned.millis);
            assert!(took <= Duration::from_millis(floor * 11 / 10), "{case}");
            assert!(bench.emulator.contents() == new, "{case}");
            // The estimate that the user is shown before.
            let (planned, was) = (report.planned.millis, report.write_millis);
            assert!(planned.abs_diff(was) * 100 <= was * 4, "{case}: planned {planned}, was {was} ms");
            assert_counts(&bench, job, kind, &case);
        }
    }
}

fn assert_counts(bench: &Bench, job: &Job, kind: ProgrammerKind, case: &str) {
    let counts = bench.emulator.counts();
    let slower = slower_look(kind);
    let beside = counts.array_bytes_read() - 2 * SIZE as u64 - job.change.len() - LAST_LOOK - slower;
    assert!(beside <= 64 << 10, "{case}: {beside} bytes read beside backup and verify");
    assert_eq!(counts.bytes_erased(), job.change.len(), "{case}");
    assert_eq!(counts.pages, job.change.len() / 256, "{case}");
    // One wait a 64 KiB read, one a 16 pages, a handful an erase; contact and identification are a few dozen.
    let reads = 2 * SIZE as u64 + job.change.len();
    let pieces = match kind {
        ProgrammerKind::Ch341a => reads / (64 << 10),
        _ => reads / (64 << 10),
    };
    let erases: u64 = counts.erases.values().sum();
    let waits = pieces + counts.pages / 16 + 8 * erases + 150;
    assert!(counts.waits <= waits, "{case}: {} waits, at most {waits}", counts.waits);
    bench.assert_no_misdeeds();
}

/// The same jobs by a CH347 at 30 MHz, against the limit of SPI clocks and typical chip times alone.
#[test]
fn a_ch347_s_jobs_end_near_the_physical_limit_with_every_firmware() {
    let old = random(1, SIZE);
    for (quirks, percent) in [(&[][..], 115), (&[Quirk::OldFirmware], 130)] {
        for (job, limit) in JOBS.iter().zip([5_200, 49_310]) {
            let mut new = old.clone();
            new[job.change.range()].copy_from_slice(&random(2, job.change.len() as usize));
            let bench = Bench::with_ch347(quirks, old.clone());
            bench.write(&new, &mut quiet).unwrap();
            let took = bench.emulator.clock().now();
            let ratio = took.as_secs_f64() * 1000.0 / f64::from(limit);
            println!("{} by a CH347, {quirks:?}: {took:?}, {ratio:.3} of the limit", job.name);
            assert!(ratio * 100.0 <= f64::from(percent), "{}, {quirks:?}: {took:?}", job.name);
            assert!(bench.emulator.contents() == new, "{}, {quirks:?}", job.name);
            bench.assert_no_misdeeds();
        }
    }
}

/// A chip that the store knows is read once: every repeated job saves one whole read.
#[test]
fn a_repeated_job_saves_one_whole_read() {
    let old = random(1, SIZE);
    for (job, percent) in JOBS.iter().zip([Some([55, 60]), None]) {
        for (n, kind) in KINDS.into_iter().enumerate() {
            let bench = Bench::new(kind, old.clone());
            let mut took = Vec::new();
            for seed in [2, 3] {
                let mut new = old.clone();
                new[job.change.range()].copy_from_slice(&random(seed, job.change.len() as usize));
                let begun = bench.emulator.clock().now();
                let report = bench.write(&new, &mut quiet).unwrap();
                took.push(bench.emulator.clock().now() - begun);
                assert!(bench.emulator.contents() == new, "{} by {kind:?}", job.name);
                assert_eq!(report.backup_read, (4 - seed) * SIZE as u64, "{} by {kind:?}", job.name);
            }
            let Some(percent) = percent else { continue };
            let case = format!("{} by {kind:?}: {took:?}", job.name);
            println!("{case}");
            assert!(took[1].as_nanos() * 100 <= took[0].as_nanos() * percent[n], "{case}");
        }
    }
}
