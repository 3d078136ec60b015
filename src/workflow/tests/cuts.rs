//! Power lost at every step of a job, then finished, or undone.

use super::bench::{Bench, SMALL, quiet, random, small, small_spec};
use crate::emulator::{Emulator, Fault, Faults, ProgrammerKind};
use crate::span::Spans;
use crate::workflow::journal::Direction;
use crate::workflow::restore::{RestoreOptions, restore};
use crate::workflow::resume::{ResumeOptions, resume};
use crate::workflow::{Cause, ChipState};
use proptest::prelude::*;

/// A change of one block by its sectors, a program without an erase, and of the loader.
fn images() -> (Vec<u8>, Vec<u8>) {
    let mut old = random(1, SMALL);
    old[0x3_0000..0x4_0000].fill(0xff);
    let mut new = old.clone();
    new[0x1000..0x1800].copy_from_slice(&random(2, 0x800));
    new[0x2_5000..0x2_5100].copy_from_slice(&random(3, 0x100));
    new[0x3_1200..0x3_1400].copy_from_slice(&random(4, 0x200));
    (old, new)
}

/// Operations of that job when nothing goes wrong.
fn operations(emulator: &Emulator) -> u64 {
    emulator.counts().operations
}

#[derive(Clone, Copy, Debug)]
enum After {
    Resume,
    Undo,
    Restore,
}

#[test]
fn a_job_cut_at_any_operation_is_finished_or_undone() {
    let (old, new) = images();
    let whole = Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), &old), Faults::default());
    whole.write(&new, &mut quiet).unwrap();
    assert!(whole.emulator.contents() == new);
    let all = operations(&whole.emulator);
    assert!(all >= 20, "{all} operations");
    for operation in (1..=all).step_by(5) {
        for (part, after) in [(0.0, After::Undo), (0.5, After::Resume), (0.9, After::Restore)] {
            let fault = Fault::PowerCutInOperation(operation, part);
            cut_and_go_on(&old, &new, fault, after, &format!("operation {operation} at {part}, {after:?}"));
        }
    }
}

fn cut_and_go_on(old: &[u8], new: &[u8], fault: Fault, after: After, case: &str) {
    let faults = Faults::seeded(5).with(fault);
    let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), old), faults);
    let error = bench.write(new, &mut quiet).expect_err(case);
    let ChipState::Partial { job } = &error.chip else { panic!("{case}: {error}") };
    bench.emulator.set_faults(&Faults::default());
    bench.emulator.power_up();
    // It is no backup, and no new job begins on it.
    let again = bench.write(old, &mut quiet).expect_err(case);
    assert!(matches!(*again.cause, Cause::OpenJob { job: ref open } if open == job), "{case}: {again}");
    bench.emulator.reset_counts();
    let mut clip = bench.clip().unwrap();
    let store = bench.store();
    let backup = store.list().unwrap()[0].id.clone();
    let go = |direction| ResumeOptions { direction, ..ResumeOptions::default() };
    let report = match after {
        After::Resume => resume(&mut clip, &store, &go(None), &mut quiet),
        After::Undo => resume(&mut clip, &store, &go(Some(Direction::Undo)), &mut quiet),
        After::Restore => {
            let options = RestoreOptions {
                backup,
                other_chip: false,
                programmer: "emu".into(),
                dry_run: false,
                last: Default::default(),
            };
            restore(&mut clip, &store, &options, &mut |_| true, &mut quiet)
        }
    };
    let report = report.unwrap_or_else(|e| panic!("{case}: {e}"));
    let (wanted, state) = match after {
        After::Resume => (new, ChipState::Written),
        _ => (old, ChipState::Restored),
    };
    assert!(bench.emulator.contents() == wanted, "{case}: contents");
    assert_eq!(report.chip, state, "{case}");
    assert!(report.backup_read < 0x4_0000, "{case}: only the job's blocks are read");
    assert!(store.open_jobs().unwrap().is_empty(), "{case}");
    let counts = bench.emulator.counts();
    assert_eq!(counts.misdeed_count(), 0, "{case}: {}", counts.misdeed_text());
}

/// Where the chip differs from what it held before the job.
fn changed(before: &[u8], after: &[u8]) -> Spans {
    crate::plan::diff(before, after)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is tried after an interruption, and however often that is interrupted again: no byte outside of
    /// the steps that a journal has noted changes, and the last thing that ends well leaves its contents.
    #[test]
    fn nothing_outside_of_a_jobs_steps_ever_changes(
        first in 1u64..24,
        part in 0.0f64..1.0,
        ways in prop::collection::vec((0u8..3, prop::option::of(1u64..16)), 1..6),
    ) {
        let (old, new) = images();
        let cut = |operation| Faults::seeded(5).with(Fault::PowerCutInOperation(operation, part));
        let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), &old), cut(first));
        let _ = bench.write(&new, &mut quiet);
        if bench.store().jobs().unwrap().is_empty() {
            return Ok(());
        }
        for (way, operation) in ways {
            bench.emulator.power_up();
            bench.emulator.reset_counts();
            bench.emulator.set_faults(&operation.map(cut).unwrap_or_default());
            let (store, mut clip) = (bench.store(), bench.clip().unwrap());
            if store.open_jobs().unwrap().is_empty() {
                break;
            }
            let direction = if way == 0 { Direction::Finish } else { Direction::Undo };
            let result = match way {
                2 => {
                    let options = RestoreOptions {
                        backup: store.list().unwrap().pop().unwrap().id,
                        other_chip: false,
                        programmer: "emu".into(),
                        dry_run: false,
                        last: Default::default(),
                    };
                    restore(&mut clip, &store, &options, &mut |_| true, &mut quiet)
                }
                _ => {
                    let options = ResumeOptions { direction: Some(direction), ..ResumeOptions::default() };
                    resume(&mut clip, &store, &options, &mut quiet)
                }
            };
            bench.emulator.power_up();
            let now = bench.emulator.contents();
            // A step of the plan, or one that mends it: a page that was cut off takes an erase of its sector.
            let mut begun = Spans::new();
            for job in bench.store().jobs().unwrap() {
                job.log.touched.iter().for_each(|block| begun.insert(block));
            }
            let outside = changed(&old, &now).difference(&begun);
            prop_assert!(outside.is_empty(), "{outside} outside of {begun}");
            if result.is_ok() {
                let wanted = if direction == Direction::Finish { &new } else { &old };
                prop_assert!(now == *wanted, "contents");
            }
        }
    }
}

/// The undo of a job whose backup was wrong: nothing is erased, and neither way is offered.
#[test]
fn a_backup_that_does_not_fit_the_untouched_blocks_stops_both_ways() {
    let (old, new) = images();
    let faults = Faults::seeded(5).with(Fault::PowerCutInOperation(6, 0.5));
    let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), &old), faults);
    bench.write(&new, &mut quiet).unwrap_err();
    bench.emulator.set_faults(&Faults::default());
    bench.emulator.power_up();
    // As if the link had given other bytes for the upper half when the backup was taken.
    bench
        .emulator
        .chip(|chip| chip.contents_mut()[0x4_0000..].copy_from_slice(&random(77, SMALL - 0x4_0000)));
    let before = bench.emulator.contents();
    for direction in [Direction::Undo, Direction::Finish] {
        bench.emulator.reset_counts();
        let options = ResumeOptions { direction: Some(direction), ..ResumeOptions::default() };
        let error = resume(&mut bench.clip().unwrap(), &bench.store(), &options, &mut quiet).unwrap_err();
        assert!(matches!(&*error.cause, Cause::BackupDiffers { spans, .. } if !spans.is_empty()), "{error}");
        assert!(!error.to_string().contains("resume --undo"), "{error}");
        assert_eq!(bench.emulator.counts().operations, 0);
        assert!(bench.emulator.contents() == before);
    }
    // A fresh look that agrees: the job is undone.
    bench.emulator.chip(|chip| chip.contents_mut()[0x4_0000..].copy_from_slice(&old[0x4_0000..]));
    let undo = ResumeOptions { direction: Some(Direction::Undo), ..ResumeOptions::default() };
    resume(&mut bench.clip().unwrap(), &bench.store(), &undo, &mut quiet).unwrap();
    assert!(bench.emulator.contents() == old);
}

/// A block that was begun and still reads as the backup has it is not erased once more: that could only lose it.
#[test]
fn undo_erases_nothing_that_reads_as_wanted() {
    let (old, new) = images();
    // The supply fails in the middle of the first erase; the cells read as before, or they do not.
    for erases in [false, true] {
        let faults = Faults::seeded(5).with(Fault::PowerCutInOperation(1, 0.5));
        let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), &old), faults);
        let error = bench.write(&new, &mut quiet).unwrap_err();
        assert!(matches!(error.chip, ChipState::Partial { .. }), "{error}");
        bench.emulator.set_faults(&Faults::default());
        bench.emulator.power_up();
        assert!(bench.emulator.contents() != old, "the erase has begun");
        if !erases {
            bench.emulator.chip(|chip| chip.contents_mut().copy_from_slice(&old));
        }
        bench.emulator.reset_counts();
        let undo = ResumeOptions { direction: Some(Direction::Undo), ..ResumeOptions::default() };
        resume(&mut bench.clip().unwrap(), &bench.store(), &undo, &mut quiet).unwrap();
        assert!(bench.emulator.contents() == old);
        let counts = bench.emulator.counts();
        assert_eq!(counts.bytes_erased() > 0, erases);
        assert!(erases || counts.pages == 0);
        bench.assert_no_misdeeds();
    }
}

/// A planned block that no step has reached is not undone: what differs there is not the job's.
#[test]
fn undo_leaves_what_no_step_has_touched() {
    let (old, new) = images();
    let faults = Faults::seeded(5).with(Fault::PowerCutInOperation(1, 0.5));
    let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), &old), faults);
    bench.write(&new, &mut quiet).unwrap_err();
    bench.emulator.set_faults(&Faults::default());
    bench.emulator.power_up();
    let touched = bench.store().open_jobs().unwrap().remove(0).log.touched;
    // In a block of the plan that was not reached, where the look before the undo has no sample.
    let rest = changed(&old, &new).difference(&touched);
    let at = rest.iter().next().unwrap().aligned_out(0x1000).start as usize + 0x480;
    bench.emulator.chip(|chip| chip.contents_mut()[at] ^= 0xff);
    let undo = ResumeOptions { direction: Some(Direction::Undo), ..ResumeOptions::default() };
    let report = resume(&mut bench.clip().unwrap(), &bench.store(), &undo, &mut quiet).unwrap();
    let mut expected = old;
    expected[at] ^= 0xff;
    assert!(bench.emulator.contents() == expected);
    assert_eq!(report.backup_read, 2 * touched.len(), "only what was touched is read");
}
