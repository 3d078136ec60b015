//! What prevents mistakes: other chips, half-written chips, dry runs, protection, erases too large.

use super::bench::{Bench, SMALL, Tap, opcode, options, quiet, random, small, small_spec, write};
use crate::emulator::chip::FlashChip;
use crate::emulator::chip::spec::Does;
use crate::emulator::{Fault, Faults, ProgrammerKind};
use crate::flash::Chip;
use crate::span::Span;
use crate::spi::{Op, Transaction};
use crate::workflow::Note;
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::job::{self, Decide, JobOptions, Wanted};
use crate::workflow::journal::{Direction, Verb};
use crate::workflow::replacement::Replacement;
use crate::workflow::restore::{RestoreOptions, restore};
use crate::workflow::resume::{ResumeOptions, resume};
use crate::workflow::{Cause, ChipState, Event, StoreError};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

const KIND: ProgrammerKind = ProgrammerKind::Ft2232h;

fn changed(old: &[u8]) -> Vec<u8> {
    let mut new = old.to_vec();
    new[0x2_3000..0x2_3400].copy_from_slice(&random(3, 0x400));
    new
}

fn bench(contents: &[u8]) -> Bench {
    Bench::with_chip(KIND, small(small_spec(), contents), Faults::default())
}

fn restore_options(backup: &str, other_chip: bool) -> RestoreOptions {
    RestoreOptions {
        backup: backup.into(),
        other_chip,
        programmer: "emu".into(),
        dry_run: false,
        last: Default::default(),
    }
}

#[test]
fn a_dry_run_stores_a_backup_and_sends_nothing_that_changes_the_chip() {
    let old = random(1, SMALL);
    let bench = bench(&old);
    let mut sent = BTreeSet::new();
    let spy = |_, batch: &mut [Transaction<'_>]| sent.extend(batch.iter().filter_map(opcode));
    let mut clip = Chip::connect(Tap(bench.programmer().unwrap(), spy)).unwrap();
    let store = bench.store();
    let mut wanted = |_: &_| Ok(Wanted::whole(changed(&old), Default::default()));
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| panic!("a dry run asks for nothing") };
    let dry = JobOptions { dry_run: true, ..options(Verb::Write) };
    let report = job::run(&mut clip, &store, &dry, &mut decide, &mut quiet).unwrap();
    drop(clip);
    assert_eq!((report.chip, report.planned.erases, report.done.erases), (ChipState::Untouched, 1, 0));
    assert_eq!((store.list().unwrap().len(), store.jobs().unwrap().len()), (1, 0));
    for opcode in [0x06, 0x50, 0x02, 0x20, 0x52, 0xd8, 0xc7, 0x60, 0x01, 0x31] {
        assert!(!sent.contains(&opcode), "{opcode:02x} was sent");
    }
    assert!(sent.contains(&0x03), "the spy saw the reads");
    bench.assert_no_misdeeds();
}

#[test]
fn what_is_not_confirmed_is_not_written() {
    let old = random(1, SMALL);
    let bench = bench(&old);
    let mut clip = bench.clip().unwrap();
    let store = bench.store();
    let mut wanted = |_: &_| Ok(Wanted::whole(changed(&old), Default::default()));
    let mut asked = None;
    let mut confirm = |p: &job::Proposal<'_>| {
        asked = Some((p.plan.counts().erases, p.current == old, p.protected.is_empty()));
        false
    };
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut confirm };
    let error = job::run(&mut clip, &store, &options(Verb::Write), &mut decide, &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::Unconfirmed) && error.chip == ChipState::Untouched);
    assert_eq!(asked, Some((1, true, true)));
    assert!(bench.emulator.contents() == old && store.jobs().unwrap().is_empty());
}

/// While the question is open, the clip is put on another chip: with another id of its own, or with other contents.
#[test]
fn a_clip_that_was_moved_while_the_question_stood_writes_nothing() {
    let old = random(1, SMALL);
    let moves: [fn(&mut FlashChip); 3] = [
        |_| (),
        |chip| chip.set_unique_id(&[9; 8]),
        |chip| chip.contents_mut().copy_from_slice(&random(7, SMALL)),
    ];
    for (n, moved) in moves.into_iter().enumerate() {
        let bench = bench(&old);
        let mut wanted = |_: &_| Ok(Wanted::whole(changed(&old), Default::default()));
        let mut confirm = |_: &job::Proposal<'_>| {
            bench.emulator.clock().advance(Duration::from_secs(60));
            bench.emulator.chip(moved);
            true
        };
        let mut decide = Decide { wanted: &mut wanted, confirm: &mut confirm };
        let mut clip = bench.clip().unwrap();
        let result = job::run(&mut clip, &bench.store(), &options(Verb::Write), &mut decide, &mut quiet);
        if n == 0 {
            assert!(result.is_ok() && bench.emulator.contents() == changed(&old));
        } else {
            let error = result.unwrap_err();
            assert!(matches!(*error.cause, Cause::ClipMoved) && error.chip == ChipState::Untouched);
            assert_eq!(bench.emulator.counts().operations, 0);
            assert!(bench.store().jobs().unwrap().is_empty());
        }
    }
}

#[test]
fn a_backup_goes_back_only_onto_its_chip_unless_that_is_meant() {
    let old = random(1, SMALL);
    let first = bench(&old);
    first.emulator.chip(|c| {
        c.set_register(1, 0x02);
        c.security_mut(1).unwrap()[..4].copy_from_slice(b"unit");
    });
    let store = first.store();
    let id = backup(&mut first.clip().unwrap(), &store, &BackupOptions::default(), &mut quiet)
        .unwrap()
        .manifest
        .id;
    // A fresh chip of the same type: blank, with another unique id.
    let second = bench(&vec![0xff; SMALL]);
    second.emulator.chip(|c| c.set_unique_id(&[9; 8]));
    let mut clip = second.clip().unwrap();
    let mut yes = |_: &job::Proposal<'_>| true;
    let error = restore(&mut clip, &store, &restore_options(&id, false), &mut yes, &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::OtherChip(_)), "{error}");
    assert_eq!(second.emulator.counts().operations, 0);
    let (mut notes, mut replaced) = (Vec::new(), Vec::new());
    let mut events = |event| {
        match event {
            Event::Warning(found) => panic!("{found:?}"),
            Event::Note(found) => notes.push(found),
            Event::Replacement(found) => replaced.push(found),
            _ => (),
        }
        ControlFlow::Continue(())
    };
    let report = restore(&mut clip, &store, &restore_options(&id, true), &mut yes, &mut events).unwrap();
    assert!(second.emulator.contents() == old);
    // The board reads by four lines: QE is set for good, as it was. The security registers are reported.
    assert_eq!(second.emulator.chip(|c| c.registers().0[1]), 0x02);
    assert_eq!(replaced, [Replacement::RegistersNotCopied { registers: vec![2], backup: id }]);
    assert_eq!(notes, [Note::QuadEnable { now: true }]);
    assert_eq!((report.chip, report.done.erases), (ChipState::Written, 0), "a blank chip needs no erase");
    second.assert_no_misdeeds();
}

#[test]
fn a_half_written_chip_without_unique_id_is_known_by_its_contents() {
    let old = random(1, SMALL);
    let new = changed(&old);
    let faults = Faults::seeded(2).with(Fault::PowerCutInOperation(3, 0.5));
    let bench = Bench::with_chip(KIND, small(small_spec(), &old), faults);
    bench.emulator.chip(|c| c.set_unique_id(&[0xff; 8]));
    let mut clip = bench.clip().unwrap();
    assert_eq!(clip.identity().unique_id, None);
    let error = write(&mut clip, &bench.store(), &new, &mut quiet).unwrap_err();
    assert!(matches!(error.chip, ChipState::Partial { .. }));
    bench.emulator.set_faults(&Faults::default());
    bench.emulator.power_up();
    let mut clip = bench.clip().unwrap();
    let store = bench.store();
    let refused = backup(&mut clip, &store, &BackupOptions::default(), &mut quiet).unwrap_err();
    assert!(matches!(*refused.cause, Cause::OpenJob { .. }), "{refused}");
    // Another chip of the type, also without unique id, is none of its business.
    let other = self::bench(&random(50, SMALL));
    other.emulator.chip(|c| c.set_unique_id(&[0xff; 8]));
    let mut other_clip = other.clip().unwrap();
    backup(&mut other_clip, &store, &BackupOptions::default(), &mut quiet).unwrap();
    let none = resume(&mut other_clip, &store, &ResumeOptions::default(), &mut quiet).unwrap_err();
    assert!(matches!(*none.cause, Cause::NoOpenJob), "{none}");
    let job = store.open_jobs().unwrap()[0].id.clone();
    let by_name = ResumeOptions { job: Some(job), ..ResumeOptions::default() };
    let error = resume(&mut other_clip, &store, &by_name, &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::OtherChip(_)), "{error}");
    assert_eq!(other.emulator.counts().operations, 0);
    // A twin that no id and no byte distinguishes, on the next programmer, while the first one is at work.
    let twin = self::bench(&bench.emulator.contents());
    twin.emulator.chip(|c| c.set_unique_id(&[0xff; 8]));
    let mut twin_clip = twin.clip().unwrap();
    let at_work = store.go_on(&store.open_jobs().unwrap()[0].id).unwrap();
    assert!(matches!(store.go_on(&at_work.header.id), Err(StoreError::JobAtWork(_))));
    backup(&mut twin_clip, &store, &BackupOptions::default(), &mut quiet).unwrap();
    drop(at_work);
    let refused = backup(&mut twin_clip, &store, &BackupOptions::default(), &mut quiet).unwrap_err();
    assert!(matches!(*refused.cause, Cause::OpenJob { .. }), "{refused}");
    // And the first one is finished.
    resume(&mut clip, &store, &ResumeOptions::default(), &mut quiet).unwrap();
    assert!(bench.emulator.contents() == new);
}

#[test]
fn protection_is_lifted_for_the_while_and_put_back_without_wear() {
    let old = random(1, SMALL);
    let bench = bench(&old);
    // BP2..0 = 1: the top 64 KiB; and QE.
    bench.emulator.chip(|c| {
        c.set_register(0, 0x04);
        c.set_register(1, 0x02);
    });
    let mut new = old.clone();
    new[0x7_f000..0x7_f100].copy_from_slice(&random(8, 0x100));
    let report = bench.write(&new, &mut quiet).unwrap();
    assert_eq!(report.unlocked, [(0x7_f000, 0x8_0000)]);
    assert!(bench.emulator.contents() == new);
    let (now, kept) = bench.emulator.chip(|c| {
        let (kept, now) = c.registers();
        (now.to_vec(), kept.to_vec())
    });
    assert_eq!((now[0] & 0x7c, now[1] & 0x42), (0x04, 0x02));
    assert_eq!((kept[0] & 0x7c, kept[1] & 0x42), (0x04, 0x02));
    assert_eq!(bench.emulator.counts().nonvolatile_writes, 0);
    bench.assert_no_misdeeds();
}

#[test]
fn protection_that_a_killed_run_lifted_is_put_back_by_the_resume() {
    let old = random(1, SMALL);
    let bench = bench(&old);
    bench.emulator.chip(|c| c.set_register(0, 0x04));
    let mut new = old.clone();
    new[0x7_e000..0x7_f100].copy_from_slice(&random(8, 0x1100));
    // The process is gone between two blocks: nothing more is sent, not even to put the protection back.
    let mut gone = false;
    let mut erases = 0;
    let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
        erases += batch.iter().filter(|t| opcode(t) == Some(0x20)).count();
        assert!(!gone, "killed");
        gone = erases == 2;
    });
    let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        write(&mut Chip::connect(tap).unwrap(), &bench.store(), &new, &mut quiet)
    }));
    assert!(killed.is_err());
    // The erase that it began last comes to its end by itself.
    bench.emulator.clock().advance(Duration::from_secs(1));
    let lifted = bench.emulator.chip(|c| c.registers().1[0]);
    assert_eq!(lifted & 0x7c, 0, "still lifted");
    let report =
        resume(&mut bench.clip().unwrap(), &bench.store(), &ResumeOptions::default(), &mut quiet).unwrap();
    assert_eq!(report.chip, ChipState::Written);
    assert!(bench.emulator.contents() == new);
    assert_eq!(bench.emulator.chip(|c| c.registers().1[0]) & 0x7c, 0x04, "put back");
    assert_eq!(bench.emulator.counts().nonvolatile_writes, 0);
}

#[test]
fn an_erase_that_reaches_further_than_believed_is_stopped_at_once() {
    let old = random(1, SMALL);
    let mut spec = small_spec();
    // The part erases 64 KiB by what everybody believes to erase 4.
    for command in spec.commands.iter_mut().filter(|c| c.opcode == 0x20) {
        command.does = Does::Erase(0x1_0000);
    }
    let bench = Bench::with_chip(KIND, small(spec, &old), Faults::default());
    let error = bench.write(&changed(&old), &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::ErasedTooMuch { .. }), "{error}");
    assert_eq!(bench.emulator.counts().erases.values().sum::<u64>(), 1);
    // All that may have been erased is in the journal.
    let job = bench.store().open_jobs().unwrap().remove(0);
    assert!(job.log.doubtful.covers(Span::new(0x2_0000, 0x3_0000)), "{}", job.log.doubtful);
    assert!(matches!(error.chip, ChipState::Partial { .. }));
}

/// One command's reach says nothing of another's: whichever of the three reaches too far, it is found at its first erase,
/// though the others have been looked at before.
#[test]
fn the_neighbours_of_every_erase_size_are_looked_at() {
    for (opcode, size, wrong) in
        [(0x20, 0x1000, 0x8000), (0x52, 0x8000, 0x1_0000), (0xD8, 0x1_0000, 0x2_0000)]
    {
        let old = random(1, SMALL);
        let mut spec = small_spec();
        for command in spec.commands.iter_mut().filter(|c| c.opcode == opcode) {
            command.does = Does::Erase(wrong);
        }
        spec.times.erase[2].0 = 0x2_0000;
        let bench = Bench::with_chip(KIND, small(spec, &old), Faults::default());
        // One change for each size; the erase that reaches too far comes in its turn.
        let mut new = old.clone();
        for (at, size) in [(0x0_0000, 0x1000), (0x2_8000, 0x8000), (0x5_0000, 0x1_0000)] {
            random(2, size).iter().zip(&mut new[at..]).for_each(|(byte, into)| *into = *byte);
        }
        let error = bench.write(&new, &mut quiet).unwrap_err();
        let Cause::ErasedTooMuch { erased, .. } = &*error.cause else { panic!("{opcode:02X}: {error}") };
        assert_eq!(erased.len(), size, "{opcode:02X}");
    }
}

#[test]
fn a_chip_smaller_than_it_says_is_found_at_the_first_erase() {
    // A firmware that is there twice is no reason to refuse; that an erase reaches the other half is.
    let half = random(1, SMALL / 2);
    let old = [half.clone(), half].concat();
    let honest = bench(&old);
    honest.write(&changed(&old), &mut quiet).unwrap();
    assert!(honest.emulator.contents() == changed(&old));
    let fake = bench(&old);
    let mirror = |_, batch: &mut [Transaction<'_>]| {
        if batch.iter().any(|t| opcode(t) == Some(0x20)) {
            fake.emulator.chip(|c| high_follows(c.contents_mut(), 0x2_3000));
        }
    };
    let mut clip = Chip::connect(Tap(fake.programmer().unwrap(), mirror)).unwrap();
    let error = write(&mut clip, &fake.store(), &changed(&old), &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::ErasedTooMuch { .. }), "{error}");
}

/// The sector at `at`, just erased, is erased in the other half too.
fn high_follows(contents: &mut [u8], at: usize) {
    let other = at ^ (contents.len() / 2);
    contents[at..at + 0x1000].fill(0xff);
    contents[other..other + 0x1000].fill(0xff);
}

/// A block that never takes its contents, on a chip that reads otherwise elsewhere too: the backup is doubted, and no way on is
/// offered.
#[test]
fn a_block_that_does_not_take_makes_the_rest_be_looked_at() {
    for elsewhere in [false, true] {
        let old = random(1, SMALL);
        let bench = bench(&old);
        let mut erased = false;
        // Cells that read 00 after the erase; and others, far from them.
        let tap = |_, batch: &mut [Transaction<'_>]| {
            erased |= batch.iter().any(|t| opcode(t) == Some(0x20));
            for transaction in batch.iter_mut().filter(|_| erased) {
                let [Op::Write([0x03 | 0x0b, a, b, c, ..]), Op::Read(into)] = &mut transaction.ops[..] else {
                    continue;
                };
                let start = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
                for (at, byte) in (start..).zip(into.iter_mut()) {
                    let struck = (0x2_3000..0x2_3100).contains(&at) || (elsewhere && at >= 0x4_0000);
                    *byte = if struck { 0 } else { *byte };
                }
            }
        };
        let mut clip = Chip::connect(Tap(bench.programmer().unwrap(), tap)).unwrap();
        let error = write(&mut clip, &bench.store(), &changed(&old), &mut quiet).unwrap_err();
        let differs = matches!(*error.cause, Cause::BackupDiffers { .. });
        assert_eq!(
            (differs, matches!(*error.cause, Cause::NotTaken { .. })),
            (elsewhere, !elsewhere),
            "{error}"
        );
        assert!(matches!(error.chip, ChipState::Partial { .. }));
    }
}

/// Every look after the erase misreads one bit, each time in another byte: no byte is wrong in both looks at a write.
#[test]
fn a_bit_that_is_misread_in_each_look_ends_no_write() {
    let old = random(1, SMALL);
    let bench = bench(&old);
    let (mut erased, mut looks) = (false, 0);
    let tap = |_, batch: &mut [Transaction<'_>]| {
        erased |= batch.iter().any(|t| opcode(t) == Some(0x20));
        for transaction in batch.iter_mut().filter(|_| erased) {
            let [Op::Write([0x03 | 0x0b, ..]), Op::Read(into)] = &mut transaction.ops[..] else { continue };
            let at = looks * 37 % into.len();
            into[at] ^= 0x10;
            looks += 1;
        }
    };
    let mut clip = Chip::connect(Tap(bench.programmer().unwrap(), tap)).unwrap();
    let report = write(&mut clip, &bench.store(), &changed(&old), &mut quiet).unwrap();
    assert!(report.done.misreads > 0 && report.done.retries == 0, "{:?}", report.done);
    assert!(bench.emulator.contents() == changed(&old));
}

/// What one engine alone reads otherwise outside of the job's blocks says nothing of the backup: the undo continues.
#[test]
fn one_engine_that_reads_otherwise_does_not_stop_an_undo() {
    let old = random(1, SMALL);
    let faults = Faults::seeded(1).with(Fault::PowerCutInOperation(3, 0.5));
    let bench = Bench::with_chip(KIND, small(small_spec(), &old), faults);
    bench.write(&changed(&old), &mut quiet).unwrap_err();
    bench.emulator.set_faults(&Faults::default());
    bench.emulator.power_up();
    let mut struck = 0;
    let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
        for transaction in batch.iter_mut().filter(|t| opcode(t) == Some(0x0b)) {
            let [Op::Write(_), Op::Read(into)] = &mut transaction.ops[..] else { continue };
            // The looks at 256 bytes, and not the proof's.
            if (100..200).contains(&into.len()) {
                into[60] ^= 0xff;
                struck += 1;
            }
        }
    });
    let undo = ResumeOptions { direction: Some(Direction::Undo), ..ResumeOptions::default() };
    resume(&mut Chip::connect(tap).unwrap(), &bench.store(), &undo, &mut quiet).unwrap();
    assert!(bench.emulator.contents() == old && struck > 0);
}

#[test]
fn a_chip_that_ignores_erases_is_reported_untouched() {
    let old = random(1, SMALL);
    let mut spec = small_spec();
    spec.commands.retain(|c| !matches!(c.opcode, 0x20 | 0x52 | 0xd8));
    let bench = Bench::with_chip(KIND, small(spec, &old), Faults::default());
    let error = bench.write(&changed(&old), &mut quiet).unwrap_err();
    assert_eq!(error.chip, ChipState::Untouched, "{error}");
    assert!(bench.emulator.contents() == old && bench.store().open_jobs().unwrap().is_empty());
}

#[test]
fn a_chip_without_supply_is_not_taken_for_one_that_is_still_blank() {
    let mut old = random(1, SMALL);
    old[0x2_0000..0x3_0000].fill(0xff);
    let mut new = old.clone();
    new[0x2_1000..0x2_2000].copy_from_slice(&random(2, 0x1000));
    let fault = Fault::PowerCutInOperation(3, 0.5);
    let bench = Bench::with_chip(KIND, small(small_spec(), &old), Faults::default().with(fault));
    let error = bench.write(&new, &mut quiet).unwrap_err();
    assert!(matches!(error.chip, ChipState::Partial { .. }), "{error}");
    assert_eq!(bench.store().open_jobs().unwrap().len(), 1);
    bench.emulator.power_up();
    resume(&mut bench.clip().unwrap(), &bench.store(), &ResumeOptions::default(), &mut quiet).unwrap();
    assert!(bench.emulator.contents() == new);
}

#[test]
fn undo_and_finish_can_change_their_minds() {
    let old = random(1, SMALL);
    let new = changed(&old);
    let cut = |operation| Faults::seeded(1).with(Fault::PowerCutInOperation(operation, 0.5));
    let bench = Bench::with_chip(KIND, small(small_spec(), &old), cut(4));
    bench.write(&new, &mut quiet).unwrap_err();
    for (operation, direction) in [(6, Direction::Undo), (2, Direction::Finish), (9, Direction::Undo)] {
        bench.emulator.power_up();
        bench.emulator.reset_counts();
        bench.emulator.set_faults(&cut(operation));
        let options = ResumeOptions { direction: Some(direction), ..ResumeOptions::default() };
        let error = resume(&mut bench.clip().unwrap(), &bench.store(), &options, &mut quiet).unwrap_err();
        assert!(matches!(error.chip, ChipState::Partial { .. }), "{error}");
    }
    bench.emulator.set_faults(&Faults::default());
    bench.emulator.power_up();
    // Without a word, it continues the way it last went.
    let report =
        resume(&mut bench.clip().unwrap(), &bench.store(), &ResumeOptions::default(), &mut quiet).unwrap();
    assert_eq!(report.chip, ChipState::Restored);
    assert!(bench.emulator.contents() == old);
}

/// The right to erase is given in one place only, after the backup; nothing else in the program makes one.
#[test]
fn a_permit_is_given_in_one_place_only() {
    fn sources(dir: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let code = std::fs::read_to_string(&path).unwrap();
                let code = code.split("#[cfg(test)]").next().unwrap();
                let code: String = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
                // As seen from the project: its own folder may have any name.
                let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                found.push((path.display().to_string(), code));
            }
        }
    }
    let mut all = Vec::new();
    sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let calls = |name: &str| -> Vec<&str> {
        let makes = |code: &str| code.contains(&format!("Permit::{name}"));
        let files = all.iter().filter(|(path, code)| !path.contains("tests") && makes(code));
        files.map(|(path, _)| path.as_str()).collect()
    };
    let given = calls("for_confirmed_plan");
    assert!(given.len() == 1 && given[0].ends_with("src/workflow/job.rs"), "{given:?}");
    let promised = calls("contents_are_backed_up");
    assert!(promised.is_empty(), "{promised:?}");
}
