//! Faults of addresses, lengths, boundaries and order: a backup is right, or there is none and the message names the cause.

use super::bench::{Bench, Clip, KINDS, SMALL, Tap, flash_bin, opcode, quiet, random, small, small_spec};
use crate::emulator::chip::DataFault;
use crate::emulator::{Fault, Faults, ProgrammerKind, SerprogKind};
use crate::flash::Chip;
use crate::span::Span;
use crate::spi::{Op, Programmer, Transaction};
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::contact::AddressFault;
use crate::workflow::noise::Noise;
use crate::workflow::reading::{ReadOptions, read};
use crate::workflow::verify::verify;
use crate::workflow::{Cause, Error};
use std::collections::VecDeque;

/// Random at the start and near the end, blank between: most places prove nothing.
fn sparse() -> Vec<u8> {
    let mut contents = vec![0xff; SMALL];
    contents[..0x9000].copy_from_slice(&random(5, 0x9000));
    contents[0x7_3000..0x7_4000].copy_from_slice(&random(6, 0x1000));
    contents
}

/// A chip on the clip that has been connected when the fault begins: what connecting finds has tests of its own.
fn bench(kind: ProgrammerKind, contents: &[u8], fault: DataFault) -> (Bench, Clip) {
    let bench = Bench::with_chip(kind, small(small_spec(), contents), Faults::default());
    let clip = bench.clip().unwrap();
    bench.emulator.set_faults(&Faults::default().with(Fault::Data(fault)));
    (bench, clip)
}

/// The backup under a fault: nothing stored and the error, or what was stored and is right.
fn back_up(kind: ProgrammerKind, contents: &[u8], fault: DataFault) -> Result<(), Error> {
    let (bench, mut clip) = bench(kind, contents, fault);
    let case = format!("{fault:?} by {kind:?}");
    let store = bench.store();
    let result = backup(&mut clip, &store, &BackupOptions::default(), &mut quiet).map(drop);
    match &result {
        Ok(()) => assert!(flash_bin(&bench.root()) == contents, "{case}: a wrong backup"),
        Err(_) => assert!(store.list().unwrap().is_empty(), "{case}: stored all the same"),
    }
    result
}

fn cause(result: Result<(), Error>, case: &str) -> Cause {
    *result.expect_err(case).cause
}

#[test]
fn data_that_stops_within_a_transaction_is_refused_with_its_length() {
    for kind in KINDS {
        for contents in [random(1, SMALL), sparse()] {
            for n in [1, 2, 3, 15, 16, 17, 31, 32, 63, 255, 256, 2047, 2048, 4095] {
                let case = format!("{n} by {kind:?}");
                let found = cause(back_up(kind, &contents, DataFault::DeadAfter(n)), &case);
                let Cause::Addresses(AddressFault::DeadAfter { bytes }) = found else {
                    panic!("{case}: {found}")
                };
                assert_eq!(bytes, n, "{case}");
            }
            for n in [4096, 5000, 16_384, 30_000, 60_000, 65_536] {
                // Right where no transaction is so long, else with its cause.
                let case = format!("{n} by {kind:?}");
                if let Err(error) = back_up(kind, &contents, DataFault::DeadAfter(n)) {
                    let Cause::Addresses(AddressFault::DeadAfter { bytes }) = *error.cause else {
                        panic!("{case}: {error}")
                    };
                    assert_eq!(bytes, n, "{case}");
                }
            }
        }
    }
}

#[test]
fn reads_that_wrap_are_refused_with_their_length() {
    for kind in KINDS {
        for contents in [random(1, SMALL), sparse()] {
            for bytes in [8, 16, 32, 64] {
                let case = format!("{bytes} by {kind:?}");
                let found = cause(back_up(kind, &contents, DataFault::Wraps(bytes)), &case);
                let Cause::Addresses(fault) = found else { panic!("{case}: {found}") };
                assert_eq!(fault, AddressFault::Wraps { bytes: bytes as u64 }, "{case}");
            }
        }
    }
}

#[test]
fn an_address_bit_that_is_stuck_is_refused_by_its_number() {
    for kind in KINDS {
        for (n, contents) in [random(1, SMALL), sparse()].into_iter().enumerate() {
            for bit in 0..SMALL.trailing_zeros() {
                for level in [false, true] {
                    let case = format!("A{bit} at {level} by {kind:?}");
                    let found = cause(back_up(kind, &contents, DataFault::StuckBit(bit, level)), &case);
                    let named = match &found {
                        Cause::Addresses(
                            AddressFault::StuckBit { bit: seen } | AddressFault::Mirrored { bit: seen },
                        ) => *seen == bit,
                        // Four low bits turn within what is looked at; a chip that is nearly blank shows a fault only by
                        // passes that differ.
                        Cause::Addresses(AddressFault::Misplaced { .. }) => bit < 4 || n == 1,
                        Cause::Disagree { .. } => n == 1,
                        Cause::Addresses(_) => bit < 4,
                        _ => false,
                    };
                    assert!(named, "{case}: {found}");
                }
            }
        }
    }
}

#[test]
fn a_first_bit_that_is_wrong_is_refused() {
    for kind in KINDS {
        for contents in [random(1, SMALL), sparse()] {
            let found = cause(back_up(kind, &contents, DataFault::FirstBitHigh), "first bit");
            assert!(matches!(found, Cause::Addresses(AddressFault::FirstByte { .. })), "{found}");
        }
    }
}

#[test]
fn answers_that_come_again_are_refused_and_blamed_on_the_link() {
    for kind in KINDS {
        for n in [7, 40, 100] {
            let Err(error) = back_up(kind, &random(1, SMALL), DataFault::RepeatedAnswer(n)) else { continue };
            let link = matches!(&*error.cause, Cause::Disagree { noise: Noise::LostStep, .. });
            assert!(link || matches!(*error.cause, Cause::Addresses(_)), "every {n}th by {kind:?}: {error}");
        }
    }
}

#[test]
fn contents_that_another_master_changes_are_no_backup() {
    for kind in KINDS {
        for fault in [
            DataFault::OtherMaster(0x4_2345, 50),
            DataFault::OtherMaster(0x4_2345, 5),
            // After the proof, in the first pass or in the second.
            DataFault::WrittenOnce(0x7_ff00, 260),
            DataFault::WrittenOnce(0x100, 270),
        ] {
            let case = format!("{fault:?} by {kind:?}");
            let before = random(1, SMALL);
            let (bench, mut clip) = bench(kind, &before, fault);
            let result = backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet).map(drop);
            // An FT2232H reads in few large pieces: it may be through before the other master writes.
            let struck = bench.emulator.contents() != before;
            assert!(struck || kind != ProgrammerKind::Ch341a, "{case}: never struck");
            match result {
                // Written before or after both passes read the place: what is stored is what the chip held meanwhile.
                Ok(()) => {
                    let (stored, after) = (flash_bin(&bench.root()), bench.emulator.contents());
                    assert!(stored == before || stored == after, "{case}: what the chip never held");
                }
                Err(error) => assert!(matches!(*error.cause, Cause::Changed(_)), "{case}: {error}"),
            }
        }
    }
}

/// One fault for each thing that two passes could share: opcode, length, boundary, order. Address width, state and time
/// have tests of their own.
#[test]
fn whatever_a_fault_depends_on_differs_between_the_passes() {
    for kind in KINDS {
        for fault in [
            DataFault::ByOpcode(0x03, 0x1_3456),
            DataFault::ByOpcode(0x0b, 0x1_3456),
            DataFault::AtBoundary(4096),
            DataFault::AtBoundary(16_384),
            DataFault::InOrder(true),
            DataFault::InOrder(false),
        ] {
            let (bench, mut clip) = bench(kind, &random(1, SMALL), fault);
            let result = backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet);
            let case = format!("{fault:?} by {kind:?}");
            assert!(bench.emulator.counts().faults > 0, "{case}: not met");
            assert!(
                result.is_err() || flash_bin(&bench.root()) == random(1, SMALL),
                "{case}: a wrong backup"
            );
        }
    }
}

/// The clock is one for both passes: what comes too late for it comes too late in both, and agrees.
#[test]
fn what_is_late_for_the_clock_is_read_right_at_a_slower_one() {
    let contents = random(1, SMALL);
    for kind in [ProgrammerKind::Ft2232h, ProgrammerKind::Ch347t] {
        for most in [20_000_000, 8_000_000, 4_000_000, 2_000_000] {
            let fault = DataFault::AboveClock(most);
            let case = format!("{fault:?} by {kind:?}");
            back_up(kind, &contents, fault).unwrap_or_else(|error| panic!("{case}: {error}"));
            let (bench, mut clip) = bench(kind, &contents, fault);
            let span = Span::new(0x4000, 0x8000);
            let got = read(&mut clip, span, &ReadOptions::default(), &mut quiet).unwrap();
            assert!(got.bytes == contents[span.range()], "{case}: read");
            assert!(bench.emulator.counts().faults > 0, "{case}: not met");
            clip.programmer().set_clock(30_000_000).unwrap();
            let found = verify(&mut clip, 0, &contents, &mut quiet).unwrap();
            assert!(found.differing.is_empty(), "{case}: verify");
            assert!(clip.programmer().limits().clock_hz <= most, "{case}: the clock");
            bench.assert_no_misdeeds();
        }
        // A whole write, and a second one, whose backup is read once.
        let fault = Fault::Data(DataFault::AboveClock(20_000_000));
        let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default().with(fault));
        for seed in [5, 6] {
            let mut new = contents.clone();
            new[0x1_0000..0x1_8000].copy_from_slice(&random(seed, 0x8000));
            bench.write(&new, &mut quiet).unwrap_or_else(|error| panic!("{kind:?}, {seed}: {error}"));
            assert!(bench.emulator.contents() == new, "{kind:?}, {seed}: written");
            bench.assert_no_misdeeds();
        }
        // A true difference is one at every clock, and noise lowers none.
        let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default());
        let mut clip = bench.clip().unwrap();
        let mut wanted = contents.clone();
        wanted[0x1_2345] ^= 0x80;
        let found = verify(&mut clip, 0, &wanted, &mut quiet).unwrap();
        assert_eq!(found.differing.as_slice(), [Span::new(0x1_2345, 0x1_2346)]);
        assert_eq!(clip.programmer().limits().clock_hz, 30_000_000);
        bench.assert_no_misdeeds();
    }
}

/// Security registers whose first byte is late above a clock: read at two clocks, they do not agree.
#[test]
fn a_security_register_that_is_late_for_the_clock_is_refused() {
    for (late, right) in [(true, false), (false, true)] {
        let bench = Bench::with_chip(
            ProgrammerKind::Ft2232h,
            small(small_spec(), &random(1, SMALL)),
            Faults::default(),
        );
        let tap = Tap(bench.programmer().unwrap(), move |hz, batch: &mut [Transaction<'_>]| {
            for transaction in batch.iter_mut().filter(|t| late && hz > 20_000_000 && opcode(t) == Some(0x48))
            {
                if let Some(Op::Read(into)) = transaction.ops.last_mut() {
                    into[0] ^= 0x01;
                }
            }
        });
        let mut chip = Chip::connect(tap).unwrap();
        assert_eq!(crate::workflow::otp::read(&mut chip).is_ok(), right, "late: {late}");
        bench.assert_no_misdeeds();
    }
}

/// A link that holds the last bytes of each answer back until the next: reads of one length agree, and are wrong.
#[test]
fn a_security_register_whose_answers_come_some_bytes_late_is_refused() {
    for late in [0, 1, 2, 5, 64, 255, 256] {
        let mut chip = small(small_spec(), &random(1, SMALL));
        for n in 0..3 {
            let register = chip.security_mut(n).unwrap();
            register.copy_from_slice(&random(7 + n as u64, register.len()));
        }
        let bench = Bench::with_chip(ProgrammerKind::Ft2232h, chip, Faults::default());
        let mut held = VecDeque::from(vec![0xa5; late]);
        let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
            for transaction in batch.iter_mut().filter(|t| opcode(t) == Some(0x48)) {
                if let Some(Op::Read(into)) = transaction.ops.last_mut() {
                    held.extend(into.iter());
                    for (byte, late) in into.iter_mut().zip(std::iter::from_fn(|| held.pop_front())) {
                        *byte = late;
                    }
                }
            }
        });
        let mut chip = Chip::connect(tap).unwrap();
        let read = crate::workflow::otp::read(&mut chip);
        assert_eq!(read.is_ok(), late == 0, "{late} bytes late: {read:?}");
        bench.assert_no_misdeeds();
    }
}

#[test]
fn four_byte_mode_is_named_on_a_chip_that_does_not_show_it() {
    for kind in KINDS {
        for contents in [random(1, SMALL), sparse()] {
            let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default());
            let mut clip = bench.clip().unwrap();
            // Somebody else switches it on once the chip is connected.
            bench.emulator.chip(|chip| chip.set_four_byte_mode(true));
            let expected = AddressFault::AddressMode { sent: 3, taken: 4 };
            let is_named = |cause: Cause| matches!(cause, Cause::Addresses(fault) if fault == expected);
            let store = bench.store();
            let error = backup(&mut clip, &store, &BackupOptions::default(), &mut quiet).unwrap_err();
            assert!(is_named(*error.cause) && store.list().unwrap().is_empty());
            let one = ReadOptions { passes: 1, salvage: false };
            assert!(is_named(read(&mut clip, Span::new(0, 256), &one, &mut quiet).unwrap_err()));
            assert!(is_named(verify(&mut clip, 0, &contents, &mut quiet).unwrap_err()));
            assert!(is_named(crate::workflow::otp::read(&mut clip).unwrap_err()));
        }
    }
}

/// A firmware that is there twice: nothing distinguishes the upper address bit, and nothing is wrong.
#[test]
fn equal_halves_and_a_blank_chip_are_no_fault() {
    let half = random(1, SMALL / 2);
    for contents in
        [[half.clone(), half].concat(), sparse(), [vec![0xff; SMALL - 4096], random(2, 4096)].concat()]
    {
        for kind in KINDS {
            let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default());
            let mut clip = bench.clip().unwrap();
            backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet).unwrap();
            assert!(flash_bin(&bench.root()) == contents);
            bench.assert_no_misdeeds();
        }
    }
}

/// Halves that agree for longer than the proof looks, and an address bit that separates them and is not seen: both passes
/// read the lower half twice. A long answer over the boundary shows it.
#[test]
fn a_stuck_bit_whose_halves_agree_for_a_while_is_refused() {
    for kind in KINDS {
        for same in [0x2000, 0x1_0000, 0x3_0000, 0x3_f000, 0x3_fff0] {
            let mut contents = random(1, SMALL);
            contents.copy_within(..same, SMALL / 2);
            let fault = DataFault::StuckBit(18, false);
            let case = format!("{same:#x} by {kind:?}");
            let found = cause(back_up(kind, &contents, fault), &case);
            assert!(matches!(found, Cause::Addresses(_)), "{case}: {found}");
        }
    }
}

/// The same where the halves agree at the first boundary of the bit and differ after a later one, and where they agree for
/// longer than a burst is.
#[test]
fn a_stuck_bit_that_only_the_end_of_the_chip_shows_is_refused() {
    let mut later = random(1, SMALL);
    let (quarter, end) = (SMALL / 4, SMALL - 0x10);
    later.copy_within(..quarter, quarter);
    later.copy_within(2 * quarter..end - quarter, 3 * quarter);
    for kind in KINDS {
        let found = cause(back_up(kind, &later, DataFault::StuckBit(17, false)), "the second pair");
        assert!(matches!(found, Cause::Addresses(_)), "the second pair by {kind:?}: {found}");
    }
    let (contents, spec) = longer_than_a_burst();
    let bench = Bench::with_chip(ProgrammerKind::Ch341a, small(spec.clone(), &contents), Faults::default());
    let mut clip = bench.clip().unwrap();
    bench.emulator.set_faults(&Faults::default().with(Fault::Data(DataFault::StuckBit(19, false))));
    let error = backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::Addresses(AddressFault::Mirrored { bit: 19 })), "{error}");
    // The same contents on a chip that sees its address bits.
    bench.emulator.set_faults(&Faults::default());
    let taken = backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet).unwrap();
    assert!(taken.flash == contents);
    bench.assert_no_misdeeds();
}

/// 1 MiB, of which one half repeats the other for 300 KiB and at its end.
fn longer_than_a_burst() -> (Vec<u8>, crate::emulator::chip::spec::ChipSpec) {
    let mut spec = small_spec();
    (spec.name, spec.jedec_id, spec.size) = ("W25Q80".into(), vec![0xef, 0x40, 0x14], 2 * SMALL);
    // Density in the second dword of the basic table at 80h: 8 Mbit.
    spec.sfdp[0x84..0x88].copy_from_slice(&0x007f_ffff_u32.to_le_bytes());
    let mut contents = random(3, 2 * SMALL);
    contents.copy_within(..300 << 10, SMALL);
    let end = SMALL - 0x1_0000;
    contents.copy_within(end..SMALL, SMALL + end);
    (contents, spec)
}

#[test]
fn what_the_proof_of_the_addresses_saw_is_in_the_backup_or_there_is_none() {
    for kind in KINDS {
        for contents in [random(1, SMALL), sparse()] {
            for value in [0xff, 0x5a] {
                for n in [30, 80, 120, 250] {
                    let case = format!("{value:02x} from read {n} on, by {kind:?}");
                    if let Err(error) = back_up(kind, &contents, DataFault::Stops(n, value)) {
                        assert!(
                            matches!(
                                *error.cause,
                                Cause::DataLost { .. }
                                    | Cause::Changed(_)
                                    | Cause::Addresses(_)
                                    | Cause::Disagree { .. }
                            ),
                            "{case}: {error}"
                        );
                    }
                }
            }
        }
    }
    // Behind the proof, before the passes: both passes agree, and the id is right.
    let lost = |contents: &[u8]| {
        let (bench, mut clip) = bench(ProgrammerKind::Ch341a, contents, DataFault::Stops(u64::MAX, 0xff));
        let proof = crate::workflow::reading::prove(&mut clip, &[]).unwrap();
        bench.emulator.set_faults(&Faults::default().with(Fault::Data(DataFault::Stops(0, 0xff))));
        let options = BackupOptions { blank_allowed: true, ..BackupOptions::default() };
        let store = bench.store();
        let result = crate::workflow::backup::take(&mut clip, &store, &proof, &options, &mut quiet);
        assert!(store.list().unwrap().is_empty());
        result.expect_err("not its contents")
    };
    for contents in [random(1, SMALL), sparse()] {
        let error = lost(&contents);
        assert!(matches!(error, Cause::DataLost { now: 0xff, .. }), "{error}");
    }
}

/// A programmer whose answers are short cannot tell contents that repeat from an address bit that is not seen.
#[test]
fn contents_that_repeat_are_kept_only_where_an_answer_is_long_enough_to_decide() {
    let half = [vec![0xff; 0x2_0000], random(1, SMALL / 2 - 0x2_0000)].concat();
    let mut other = half.clone();
    other.extend([vec![0xff; 0x2_0000], random(2, SMALL / 2 - 0x2_0000)].concat());
    let twice = [half.clone(), half].concat();
    let (any, short) =
        (ProgrammerKind::Serprog(SerprogKind::PicoAny), ProgrammerKind::Serprog(SerprogKind::Short));
    let harmless = DataFault::Stops(u64::MAX, 0);
    back_up(any, &twice, harmless).unwrap();
    let found = cause(back_up(short, &twice, harmless), "answers of 64 KiB");
    assert!(
        matches!(found, Cause::Addresses(AddressFault::Undecided { bit: 18, room }) if room < 0x1_0100),
        "{found}"
    );
    let stuck = DataFault::StuckBit(18, false);
    let found = cause(back_up(any, &other, stuck), "a long answer");
    assert!(matches!(found, Cause::Addresses(AddressFault::Mirrored { bit: 18 })), "{found}");
    let found = cause(back_up(short, &other, stuck), "a short answer");
    assert!(matches!(found, Cause::Addresses(AddressFault::Undecided { bit: 18, .. })), "{found}");
}

#[test]
fn a_whole_chip_of_zeros_is_no_read_and_a_blank_one_is_said_to_be() {
    let said = |value: u8| {
        let bench = Bench::with_chip(
            ProgrammerKind::Ch341a,
            small(small_spec(), &vec![value; SMALL]),
            Faults::default(),
        );
        let mut clip = bench.clip().unwrap();
        let mut warnings = Vec::new();
        let result = read(&mut clip, Span::new(0, SMALL as u64), &ReadOptions::default(), &mut |event| {
            if let crate::workflow::Event::Warning(warning) = event {
                warnings.push(warning);
            }
            std::ops::ControlFlow::Continue(())
        });
        bench.assert_no_misdeeds();
        (result.map(|reading| reading.bytes), warnings)
    };
    let (zeros, _) = said(0);
    assert!(matches!(zeros, Err(Cause::Suspect { value: 0 })));
    let (blank, warnings) = said(0xff);
    assert!(blank.unwrap() == vec![0xff; SMALL]);
    assert_eq!(warnings, [crate::workflow::Warning::ReadsBlank]);
}
