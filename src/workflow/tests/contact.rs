//! The contact tests on chips that are well, and on such as are not.

use super::bench::{Bench, KINDS, SMALL, Tap, opcode, quiet, random, small, small_spec};
use crate::emulator::chip::DataFault;
use crate::emulator::{Fault, Faults, ProgrammerKind};
use crate::flash::Chip;
use crate::spi::{Op, Transaction};
use crate::workflow::Note;
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::contact::{
    ContactOptions, Likely, MOST, Verdict, before_writing, examine, find_clock, meter, wait_until_steady,
};
use crate::workflow::{Cause, Event};
use std::ops::ControlFlow;
use std::time::Duration;

const WRITES: ContactOptions = ContactOptions { writes: true, voltage_adapter: false };

fn bench(kind: ProgrammerKind, faults: Faults) -> Bench {
    Bench::with_chip(kind, small(small_spec(), &random(1, SMALL)), faults)
}

fn verdict(bench: &Bench) -> Verdict {
    examine(&mut bench.programmer().unwrap(), &WRITES, &mut quiet).unwrap()
}

#[test]
fn a_good_contact_passes_every_test_within_its_budget() {
    for kind in KINDS {
        let alone = bench(kind, Faults::default());
        drop(Chip::connect(alone.programmer().unwrap()).unwrap());
        let connecting = alone.emulator.counts().array_bytes_read();
        let bench = bench(kind, Faults::default());
        let verdict = verdict(&bench);
        assert!(verdict.good, "{verdict}");
        assert!(verdict.array_bytes <= MOST);
        assert!(connecting < 1024);
        assert_eq!(bench.emulator.counts().array_bytes_read(), connecting + verdict.array_bytes);
        assert!(verdict.error_rate.unwrap().below < 1e-4);
        bench.assert_no_misdeeds();
    }
}

#[test]
fn a_dead_bus_is_told_within_a_second_and_with_its_cause() {
    for (level, first) in [(0xff, Likely::Orientation), (0x00, Likely::Unpowered)] {
        for kind in KINDS {
            let bench = bench(kind, Faults::default().with(Fault::Stuck(level, Duration::ZERO)));
            let verdict = verdict(&bench);
            assert!(!verdict.good);
            assert_eq!(verdict.likely.first(), Some(&first), "{verdict}");
            assert!(bench.emulator.clock().now() < Duration::from_secs(1));
        }
    }
}

#[test]
fn flipping_bits_are_found_and_stop_a_write() {
    let bench = bench(ProgrammerKind::Ft2232h, Faults::seeded(3).with(Fault::BitFlips(2e-4)));
    let verdict = verdict(&bench);
    assert!(!verdict.good && verdict.likely.contains(&Likely::Wires), "{verdict}");
    let mut clip = bench.clip().unwrap();
    assert!(matches!(before_writing(&mut clip, &WRITES, &mut quiet), Err(Cause::Contact(_))));
}

#[test]
fn a_chip_that_does_not_hear_write_enable_is_not_written_to() {
    // The status reads as it would without the write enable: HOLD# low, or no contact on the data input.
    let bench = bench(ProgrammerKind::Ft2232h, Faults::default());
    let deaf = |_, batch: &mut [Transaction<'_>]| {
        for transaction in batch.iter_mut().filter(|t| opcode(t) == Some(0x05)) {
            if let Some(Op::Read(into)) = transaction.ops.get_mut(1) {
                into.iter_mut().for_each(|b| *b &= !0x02);
            }
        }
    };
    let mut clip = Chip::connect(Tap(bench.programmer().unwrap(), deaf)).unwrap();
    let Err(Cause::Contact(verdict)) = before_writing(&mut clip, &WRITES, &mut quiet) else { panic!() };
    assert_eq!(verdict.likely.first(), Some(&Likely::HoldOrWriteProtect), "{verdict}");
    // Where nothing may be sent that changes anything, nothing is, and this cannot be found.
    assert!(before_writing(&mut clip, &ContactOptions::default(), &mut quiet).is_ok());
}

#[test]
fn no_write_enable_is_sent_to_a_chip_that_is_not_read_right() {
    let fault = Fault::Data(DataFault::StuckBit(12, false));
    let bench = bench(ProgrammerKind::Ft2232h, Faults::default().with(fault));
    let mut clip = bench.clip().unwrap();
    let Err(Cause::Contact(verdict)) = before_writing(&mut clip, &WRITES, &mut quiet) else { panic!() };
    assert_eq!(verdict.likely.first(), Some(&Likely::AddressBit), "{verdict}");
    assert_eq!(bench.emulator.counts().opcodes.get(&0x06), None);
}

#[test]
fn the_meter_shows_a_clip_that_comes_and_the_wait_goes_ahead_by_itself() {
    let on_at = Duration::from_secs(30);
    let bench = bench(ProgrammerKind::Ch341a, Faults::default().with(Fault::ClipOff(Duration::ZERO, on_at)));
    let mut programmer = bench.programmer().unwrap();
    let look = meter(&mut programmer).unwrap();
    assert_eq!((look.percent(), look.is_steady()), (0, false));
    let mut notes = Vec::new();
    let mut events = |event| {
        if let Event::Note(note) = event {
            notes.push(note);
        }
        ControlFlow::Continue(())
    };
    wait_until_steady(&mut programmer, &mut events).unwrap();
    let now = bench.emulator.clock().now();
    assert!(now >= on_at + Duration::from_millis(900) && now < on_at + Duration::from_secs(3), "{now:?}");
    let answers = |percent, steady| Note::Answers { percent, steady };
    assert_eq!(notes, [answers(0, false), answers(100, true)]);
    let look = meter(&mut programmer).unwrap();
    assert_eq!((look.percent(), look.is_steady()), (100, true));
    // No one puts the clip on: only the user ends the wait.
    let bench =
        self::bench(ProgrammerKind::Ch341a, Faults::default().with(Fault::Stuck(0xff, Duration::ZERO)));
    let mut left = 100;
    let mut stop = |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = wait_until_steady(&mut bench.programmer().unwrap(), &mut stop);
    assert!(matches!(stopped, Err(Cause::Stopped)));
}

/// Above this clock, every read of the array has wrong bits.
fn too_fast(limit_hz: u32) -> impl FnMut(u32, &mut [Transaction<'_>]) {
    move |hz, batch| {
        for transaction in batch.iter_mut().filter(|t| hz > limit_hz && opcode(t) == Some(0x03)) {
            if let Some(Op::Read(into)) = transaction.ops.get_mut(1) {
                // Another byte each time: a repeated read differs.
                let at = (into.len() / 2 + hz as usize) % into.len();
                into[at] ^= 1;
                into[0] = into[0].wrapping_add(hz.count_ones() as u8);
            }
        }
    }
}

#[test]
fn the_clock_is_the_highest_clean_one_and_a_step_back() {
    let bench = bench(ProgrammerKind::Ft2232h, Faults::default());
    let mut clip = Chip::connect(Tap(bench.programmer().unwrap(), too_fast(11_000_000))).unwrap();
    assert_eq!(find_clock(&mut clip, &mut quiet).unwrap(), Some(6_000_000));
    assert_eq!(clip.programmer().0.limits().clock_hz, 6_000_000);
    let mut free = bench.clip().unwrap();
    assert_eq!(find_clock(&mut free, &mut quiet).unwrap(), Some(15_000_000));
    let fixed = self::bench(ProgrammerKind::Ch341a, Faults::default());
    assert_eq!(find_clock(&mut fixed.clip().unwrap(), &mut quiet).unwrap(), None);
    bench.assert_no_misdeeds();
}

#[test]
fn a_read_that_fails_at_this_clock_slows_down_by_itself() {
    let bench = bench(ProgrammerKind::Ft2232h, Faults::default());
    // Noise that differs from read to read, above 10 MHz.
    let mut n = 0usize;
    let noisy = move |hz: u32, batch: &mut [Transaction<'_>]| {
        for transaction in batch.iter_mut().filter(|t| hz > 10_000_000 && opcode(t) == Some(0x03)) {
            if let Some(Op::Read(into)) = transaction.ops.get_mut(1) {
                for _ in 0..into.len() / 100 {
                    n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let at = (n >> 33) % into.len();
                    into[at] ^= 1 << (n % 8);
                }
            }
        }
    };
    let mut clip = Chip::connect(Tap(bench.programmer().unwrap(), noisy)).unwrap();
    let store = bench.store();
    let mut warnings = 0;
    let mut events = |event| {
        warnings += u32::from(matches!(event, Event::Warning(_)));
        ControlFlow::Continue(())
    };
    let backup = backup(&mut clip, &store, &BackupOptions::default(), &mut events).unwrap();
    assert!(backup.flash == random(1, SMALL));
    assert_eq!(warnings, 2, "30 to 15, 15 to 7.5 MHz");
    assert!(clip.programmer().0.limits().clock_hz <= 7_500_000);
    assert!(store.load(&backup.manifest.id).unwrap().flash == backup.flash);
}
