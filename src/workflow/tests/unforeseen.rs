//! Faults that the emulator's tables do not have: a backup is right, or refused with its cause.

use super::bench::{Bench, SMALL, Tap, opcode, options, quiet, random, small, small_spec};
use crate::emulator::chip::spec::ChipSpec;
use crate::emulator::chip::{DataFault, FlashChip, find};
use crate::emulator::{Fault, Faults, ProgrammerKind};
use crate::flash::{Chip, FlashError};
use crate::span::Span;
use crate::spi::{Op, Programmer, Transaction};
use crate::workflow::backup::{Backup, BackupOptions, backup};
use crate::workflow::contact::AddressFault;
use crate::workflow::event::{Event, Stage};
use crate::workflow::job::{self, Decide, Wanted};
use crate::workflow::journal::{Direction, Verb};
use crate::workflow::noise::Noise;
use crate::workflow::resume::{ResumeOptions, resume};
use crate::workflow::verify::verify;
use crate::workflow::{Cause, ChipState, Error};
use std::cell::Cell;
use std::ops::ControlFlow;

const KINDS: [ProgrammerKind; 3] = [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h, ProgrammerKind::Ch347t];

fn bench(kind: ProgrammerKind, contents: &[u8]) -> Bench {
    Bench::with_chip(kind, small(small_spec(), contents), Faults::default())
}

/// The reads of the array with three address bytes: where each begins, and its answer.
fn reads<'t>(batch: &'t mut [Transaction<'_>]) -> impl Iterator<Item = (usize, &'t mut [u8])> {
    batch.iter_mut().filter_map(|transaction| match &mut transaction.ops[..] {
        [Op::Write([0x03 | 0x0b, a, b, c, ..]), Op::Read(into)] => {
            Some((usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c), &mut **into))
        }
        _ => None,
    })
}

/// A backup after a tap that spoils answers of the array, by their opcode, once the chip is connected: right, or nothing
/// is stored.
fn back_up(
    kind: ProgrammerKind,
    contents: &[u8],
    case: &str,
    mut spoil: impl FnMut(u8, &mut [u8]),
) -> Result<(), Error> {
    let bench = bench(kind, contents);
    let on = Cell::new(false);
    let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
        for transaction in batch.iter_mut().filter(|_| on.get()) {
            let by = opcode(transaction).filter(|opcode| matches!(opcode, 0x03 | 0x0b));
            if let (Some(by), Some(Op::Read(into))) = (by, transaction.ops.last_mut()) {
                spoil(by, into);
            }
        }
    });
    let mut chip = Chip::connect(tap).unwrap();
    on.set(true);
    let store = bench.store();
    let taken = backup(&mut chip, &store, &BackupOptions::default(), &mut quiet);
    bench.assert_no_misdeeds();
    match &taken {
        Ok(taken) => assert!(taken.flash == contents, "{case} by {kind:?}: a wrong backup"),
        Err(_) => assert!(store.list().unwrap().is_empty(), "{case} by {kind:?}: stored all the same"),
    }
    taken.map(drop)
}

/// An adapter that gives, every so often, the answer of two reads ago, or of five: the link, and no other master.
#[test]
fn an_answer_of_some_reads_ago_is_no_backup() {
    let mut refused = 0;
    for kind in KINDS {
        for (n, ago) in [1, 2, 3, 5, 7, 20, 40, 100, 150].into_iter().flat_map(|n| [(n, 2), (n, 5)]) {
            let case = format!("every {n}th, {ago} ago, by {kind:?}");
            let (mut before, mut count): (Vec<Vec<u8>>, u64) = Default::default();
            let result = back_up(kind, &random(1, SMALL), &case, |_, into| {
                let answer = into.to_vec();
                count += 1;
                if count.is_multiple_of(n) && before.len() >= ago {
                    let old = &before[before.len() - ago];
                    let len = old.len().min(into.len());
                    into[..len].copy_from_slice(&old[..len]);
                }
                before.push(answer);
            });
            let Err(error) = result else { continue };
            refused += 1;
            match &*error.cause {
                // Where every answer is late, none comes again; and few are looked back at.
                Cause::Disagree { noise, .. } => {
                    assert!(*noise == Noise::LostStep || n == 1 || ago == 5, "{case}: {error}")
                }
                cause => assert!(matches!(cause, Cause::Addresses(_)), "{case}: {error}"),
            }
        }
    }
    assert!(refused >= 40, "{refused} of 54");
}

/// A data line that dies in long answers to one command only, whichever it is.
#[test]
fn a_line_that_dies_in_long_answers_to_one_command_is_named() {
    for kind in KINDS {
        for by in [0x03, 0x0b] {
            for n in [100, 2048, 5000, 20_000, 60_000] {
                let case = format!("{by:02x} past {n} by {kind:?}");
                let result = back_up(kind, &random(1, SMALL), &case, |opcode, into| {
                    if opcode == by && into.len() > n {
                        into[n..].fill(0xff);
                    }
                });
                // No plain read is so long.
                let reached = by == 0x0b || n < 4096;
                let Err(error) = result else {
                    assert!(!reached, "{case}: right");
                    continue;
                };
                let Cause::Addresses(AddressFault::DeadAfter { bytes }) = *error.cause else {
                    panic!("{case}: {error}")
                };
                assert_eq!(bytes, n as u64, "{case}");
            }
        }
    }
}

/// Another master that writes between the two passes, a byte or a whole firmware: a change, and no noise.
#[test]
fn what_another_master_writes_between_the_passes_is_a_change() {
    let contents = random(1, SMALL);
    for kind in KINDS {
        for (at, len) in
            [(0x100, 1), (0x4_2345, 16), (0x7_f000, 0x1000), (0x2_0000, 0x1000), (0x1_8000, 0x1_0000)]
        {
            for new in [vec![0xff; len], random(9, len)] {
                let case = format!("{at:#x} and {len:#x} bytes by {kind:?}");
                let bench = bench(kind, &contents);
                let (mut clip, store) = (bench.clip().unwrap(), bench.store());
                let mut events = |event: Event| {
                    if matches!(event, Event::Begin { stage: Stage::SecondRead, .. }) {
                        bench.emulator.chip(|chip| chip.contents_mut()[at..at + len].copy_from_slice(&new));
                    }
                    ControlFlow::Continue(())
                };
                let error =
                    backup(&mut clip, &store, &BackupOptions::default(), &mut events).expect_err(&case);
                let Cause::Changed(changed) = &*error.cause else { panic!("{case}: {error}") };
                assert!(changed.blocks.contains(at as u64), "{case}: {}", changed.blocks);
                assert!(store.list().unwrap().is_empty());
                // Once no one writes any more, it is read.
                assert!(backup(&mut clip, &store, &BackupOptions::default(), &mut quiet).is_ok(), "{case}");
            }
        }
    }
}

/// The data line has no contact for a part of the passes, or from some time on.
#[test]
fn a_data_line_without_contact_for_a_while_is_no_change() {
    for kind in KINDS {
        for (from, to) in [(60, 70), (70, 100), (100, 105), (110, 180), (60, 1_000_000)] {
            for value in [0xff, 0x00] {
                let mut count = 0;
                let case = format!("{value:02x} from read {from} to {to} by {kind:?}");
                let result = back_up(kind, &random(1, SMALL), &case, |_, into| {
                    count += 1;
                    if (from..to).contains(&count) {
                        into.fill(value);
                    }
                });
                let for_good = to > 1000;
                match result.map_err(|error| *error.cause) {
                    Ok(()) => assert!(!for_good, "{case}"),
                    Err(Cause::DataLost { now, .. }) => assert!(for_good && now == value, "{case}"),
                    Err(Cause::Disagree { noise, .. }) => assert_eq!(noise, Noise::Runs, "{case}"),
                    Err(other) => panic!("{case}: {other}"),
                }
            }
        }
    }
}

/// A chip of half or a quarter of the size that its id and its SFDP say: its contents are kept as they read, and the first
/// erase shows that both halves are the same cells. Nothing is lost.
#[test]
fn a_chip_smaller_than_id_and_sfdp_say_is_stopped_at_the_first_erase_and_undone() {
    let held = random(1, SMALL);
    for (id, times) in [(0x14, 2), (0x15, 4)] {
        let mut spec = small_spec();
        (spec.jedec_id[2], spec.legacy_id[1]) = (id, id - 1);
        spec.sfdp[0x84..0x88].copy_from_slice(&((times * SMALL * 8) as u32 - 1).to_le_bytes());
        let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(spec, &held), Faults::default());
        let store = bench.store();
        let taken =
            backup(&mut bench.clip().unwrap(), &store, &BackupOptions::default(), &mut quiet).unwrap();
        assert!(taken.flash == held.repeat(times), "{times}");
        let mut new = taken.flash;
        new[0x1_0000..0x2_0000].copy_from_slice(&random(3, 0x1_0000));
        new[0x3_0000..0x4_0000].copy_from_slice(&random(4, 0x1_0000));
        let error = bench.write(&new, &mut quiet).unwrap_err();
        let Cause::ErasedTooMuch { spans, .. } = &*error.cause else { panic!("{times}: {error}") };
        assert!(spans.iter().all(|span| span.start >= (times * SMALL / 2) as u64), "{spans}");
        assert!(matches!(error.chip, ChipState::Partial { .. }));
        let undo = ResumeOptions { direction: Some(Direction::Undo), ..ResumeOptions::default() };
        resume(&mut bench.clip().unwrap(), &store, &undo, &mut quiet).unwrap();
        assert!(bench.emulator.contents() == held, "{times}: undone");
    }
}

/// A right backup, all the same: `spoil` gets the clock, the start and the answer of each read of the array in its passes.
/// Gives the clock afterwards.
fn right_after(kind: ProgrammerKind, case: &str, mut spoil: impl FnMut(u32, usize, &mut [u8])) -> u32 {
    let contents = random(1, SMALL);
    let bench = bench(kind, &contents);
    let passes = Cell::new(false);
    let tap = Tap(bench.programmer().unwrap(), |hz, batch: &mut [Transaction<'_>]| {
        reads(batch).filter(|_| passes.get()).for_each(|(start, into)| spoil(hz, start, into));
    });
    let mut chip = Chip::connect(tap).unwrap();
    let mut events = |event: Event| {
        passes.set(passes.get() || matches!(event, Event::Begin { stage: Stage::FirstRead, .. }));
        ControlFlow::Continue(())
    };
    let taken = backup(&mut chip, &bench.store(), &BackupOptions::default(), &mut events).unwrap();
    assert!(taken.flash == contents, "{case}");
    chip.programmer().limits().clock_hz
}

/// The last bytes of the chip, which the one pass reads last and the other first, are wrong for a moment: in both.
#[test]
fn a_moment_at_the_turn_of_the_passes_is_seen() {
    const AT: usize = SMALL - 100;
    for kind in KINDS {
        let mut struck = 0;
        right_after(kind, &format!("{kind:?}"), |_, start, into| {
            if struck < 2 && (start..start + into.len()).contains(&AT) {
                struck += 1;
                into[AT - start] ^= 0x10;
            }
        });
        assert_eq!(struck, 2, "{kind:?}");
    }
}

/// What is late above a clock in few places is found at half of it; a flipped bit in that look, and a byte that another
/// master writes before it, are no late bits.
#[test]
fn the_look_at_half_the_clock_sees_the_few_and_takes_noise_for_none() {
    #[derive(Clone, Copy, Debug)]
    enum Strike {
        Late,
        Noise,
        Master,
    }
    const FAST: u32 = 20_000_000;
    for (strike, clock) in
        [(Strike::Late, 15_000_000), (Strike::Noise, 30_000_000), (Strike::Master, 30_000_000)]
    {
        let mut struck = None;
        let found = right_after(ProgrammerKind::Ft2232h, &format!("{strike:?}"), |hz, start, into| {
            let read = start..start + into.len();
            match strike {
                // One byte in 16 KiB, at none of the places that are looked at by the slowest clock.
                Strike::Late if hz > FAST => {
                    for at in (0x2005..SMALL).step_by(0x4000).filter(|at| read.contains(at)) {
                        into[at - start] ^= 0x10;
                    }
                }
                Strike::Noise if hz < FAST && struck.is_none() => {
                    struck = Some(start);
                    into[0] ^= 0x10;
                }
                Strike::Master if hz < FAST && struck.is_none() => struck = Some(start),
                _ => {}
            }
            // Another master's byte is there for every read from then on.
            if let (Strike::Master, Some(at)) = (strike, struck)
                && read.contains(&at)
            {
                into[at - start] ^= 0x30;
            }
        });
        assert_eq!(found, clock, "{strike:?}");
    }
}

/// The cause is found before the passes, in a few kilobytes, and named.
#[test]
fn faults_of_the_address_are_named_before_the_passes() {
    for kind in KINDS {
        for (fault, named) in [
            (Fault::Data(DataFault::DeadAfter(2048)), AddressFault::DeadAfter { bytes: 2048 }),
            (Fault::Data(DataFault::NoDummy(0x0b)), AddressFault::FastRead { opcode: 0x0b }),
            (Fault::Data(DataFault::Wraps(64)), AddressFault::Wraps { bytes: 64 }),
            (Fault::BitFlips(0.002), AddressFault::Unsteady { differing: 0, reads: 0 }),
        ] {
            let case = format!("{fault:?} by {kind:?}");
            let bench = bench(kind, &random(1, SMALL));
            let mut clip = bench.clip().unwrap();
            bench.emulator.set_faults(&Faults::default().with(fault));
            bench.emulator.reset_counts();
            let store = bench.store();
            let error = backup(&mut clip, &store, &BackupOptions::default(), &mut quiet).unwrap_err();
            let Cause::Addresses(found) = &*error.cause else { panic!("{case}: {error}") };
            assert_eq!(std::mem::discriminant(found), std::mem::discriminant(&named), "{case}: {found:?}");
            assert!(bench.emulator.counts().array_bytes_read() < 200 << 10, "{case}: late");
        }
    }
}

/// A file that was read with two address lines exchanged is what the chip reads as: it is no equality all the same.
#[test]
fn a_comparison_with_what_a_wrong_address_gave_is_refused() {
    for kind in KINDS {
        let contents = random(1, SMALL);
        let bench = bench(kind, &contents);
        let mut clip = bench.clip().unwrap();
        let fault = DataFault::SwappedBits(12, 14, SMALL / 2);
        bench.emulator.set_faults(&Faults::default().with(Fault::Data(fault)));
        // As the comparison reads it.
        let mut as_read = vec![0; SMALL];
        let _ = clip.read_forward(Span::new(0, SMALL as u64), &mut |at, bytes| {
            as_read[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
            ControlFlow::Continue(())
        });
        assert!(as_read != contents, "{kind:?}: not met");
        let found = verify(&mut clip, 0, &as_read, &mut quiet);
        assert!(matches!(found, Err(Cause::Addresses(_))), "{kind:?}: {found:?}");
    }
}

/// A chip that is larger than its id and its SFDP say: a chip erase would reach what is in no backup.
#[test]
fn a_chip_that_holds_more_than_it_says_is_known_before_a_chip_erase() {
    for (says, contents, more) in [
        (SMALL / 2, random(1, SMALL), true),
        (SMALL / 2, random(1, SMALL / 2).repeat(2), false),
        (SMALL, random(1, SMALL), false),
        (SMALL, vec![0xff; SMALL], false),
    ] {
        let mut spec = small_spec();
        if says < SMALL {
            (spec.jedec_id[2], spec.legacy_id[1]) = (0x12, 0x11);
        }
        spec.sfdp[0x84..0x88].copy_from_slice(&((says * 8) as u32 - 1).to_le_bytes());
        let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(spec, &contents), Faults::default());
        let mut clip = bench.clip().unwrap();
        assert_eq!(clip.geometry().size, says as u64);
        assert_eq!(clip.holds_more(), Ok(more), "{says:#x}");
    }
}

/// An erase of a whole chip takes its own command where that is faster; never on a chip that holds more than is backed up.
#[test]
fn a_chip_erase_never_reaches_what_is_in_no_backup() {
    // Its blocks take longer one by one than all at once.
    let part = find("MX25L6405D").unwrap();
    for more in [false, true] {
        let held = part.size * if more { 2 } else { 1 };
        let mut contents = vec![0x5a; held];
        contents[..SMALL].copy_from_slice(&random(1, SMALL));
        let mut chip = FlashChip::new(ChipSpec { size: held, ..part.clone() }, 1);
        chip.contents_mut().copy_from_slice(&contents);
        let bench = Bench::with_chip(ProgrammerKind::Ft2232h, chip, Faults::default());
        let mut clip = bench.clip().unwrap();
        assert_eq!(clip.geometry().size, part.size as u64);
        let mut wanted = |backup: &Backup| {
            let blank = vec![0xff; backup.flash.len()];
            Ok(Wanted { whole_erase: true, ..Wanted::whole(blank, Default::default()) })
        };
        let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
        job::run(&mut clip, &bench.store(), &options(Verb::Erase), &mut decide, &mut quiet).unwrap();
        let after = bench.emulator.chip(|chip| chip.contents().to_vec());
        assert!(after[..part.size].iter().all(|byte| *byte == 0xff), "more: {more}");
        assert!(after[part.size..] == contents[part.size..], "more: {more}");
        let erases = bench.emulator.counts().erases;
        assert_eq!(erases.contains_key(&(part.size as u64)), !more, "{erases:?}");
    }
}

/// Where all but a little of a chip is blank, its addresses are proven once that little is known.
#[test]
fn an_almost_blank_chip_is_proven_by_the_little_that_it_holds() {
    for at in [0x1_2340, 0x3_4567, 0x6_7ff8] {
        let mut contents = vec![0xff; SMALL];
        contents[at..at + 64].copy_from_slice(&random(at as u64, 64));
        for kind in KINDS {
            for fault in
                [None, Some(DataFault::SwappedBits(12, 14, 0)), Some(DataFault::SwappedBits(9, 17, 0))]
            {
                let case = format!("{at:#x} {fault:?} by {kind:?}");
                let bench = bench(kind, &contents);
                let mut clip = bench.clip().unwrap();
                bench
                    .emulator
                    .set_faults(&fault.into_iter().fold(Faults::default(), |f, d| f.with(Fault::Data(d))));
                let store = bench.store();
                match backup(&mut clip, &store, &BackupOptions::default(), &mut quiet) {
                    Ok(taken) => assert!(taken.flash == contents, "{case}: a wrong backup"),
                    Err(error) => assert!(fault.is_some(), "{case}: {error}"),
                }
            }
        }
    }
}

/// A comparison where both halves agree but for a few bytes, and the address bit between them is not seen.
#[test]
fn a_comparison_with_a_half_that_is_read_twice_is_refused() {
    let mut contents = random(1, SMALL);
    contents.copy_within(..SMALL / 2 - 16, SMALL / 2);
    let as_read = contents[..SMALL / 2].repeat(2);
    for kind in KINDS {
        let bench = bench(kind, &contents);
        let mut clip = bench.clip().unwrap();
        bench.emulator.set_faults(&Faults::default().with(Fault::Data(DataFault::StuckBit(18, false))));
        let found = verify(&mut clip, 0, &as_read, &mut quiet);
        assert!(
            matches!(found, Err(Cause::Addresses(AddressFault::Mirrored { bit: 18 }))),
            "{kind:?}: {found:?}"
        );
    }
}

/// A part that no row has, in a group of ids that holds 1.8 V parts only.
#[test]
fn an_unknown_part_of_a_low_group_is_not_written_to() {
    let mut spec = small_spec();
    (spec.name, spec.jedec_id) = ("unknown".into(), vec![0xef, 0x80, 0x13]);
    let held = random(1, SMALL);
    let bench = Bench::with_chip(ProgrammerKind::Ft2232h, small(spec, &held), Faults::default());
    assert!(bench.clip().unwrap().identity().low_voltage);
    let error = bench.write(&random(2, SMALL), &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::Flash(FlashError::LowVoltage { .. })), "{error}");
    assert_eq!(bench.emulator.counts().operations, 0);
}
