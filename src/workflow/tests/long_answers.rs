//! The one long answer that decides on contents that repeat: stopped, on a slow bus, and longer than any transaction.

use super::bench::{Bench, KINDS, SMALL, quiet, random, small, small_spec};
use crate::emulator::chip::FlashChip;
use crate::emulator::{Bus, Emulator, Faults, Options, ProgrammerKind};
use crate::flash::Chip;
use crate::programmer::{Settings, over};
use crate::span::Span;
use crate::workflow::Note;
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::{Cause, Event};
use std::ops::ControlFlow;

/// 512 KiB, of which the upper half repeats the lower.
fn halves() -> Vec<u8> {
    let half = random(1, SMALL / 2);
    [half.clone(), half].concat()
}

/// The last stage of the backup's reads can be stopped in its middle, and says what it found.
#[test]
fn the_long_answer_heeds_a_stop_and_repeating_contents_are_named() {
    for kind in KINDS {
        let bench = Bench::with_chip(kind, small(small_spec(), &halves()), Faults::default());
        let mut clip = bench.clip().unwrap();
        for stop in [true, false] {
            let (mut seen, mut named) = (0, false);
            let mut events = |event: Event| {
                match event {
                    Event::Advance { stage: crate::workflow::Stage::Reread, bytes } => seen += bytes,
                    Event::Note(note) => named |= note == Note::Repeats { every: 256 << 10 },
                    _ => {}
                }
                if stop && seen > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let taken = backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut events);
            match stop {
                true => {
                    assert!(matches!(*taken.unwrap_err().cause, Cause::Stopped));
                    assert!(seen <= 4123, "{seen} bytes after the stop");
                }
                false => assert!(taken.unwrap().flash == halves() && named),
            }
        }
        bench.assert_no_misdeeds();
    }
}

/// Chip select is low for seconds: the patience is with each part of the answer, not with all of it.
#[test]
fn a_slow_bus_is_no_silence_in_the_long_answer() {
    for (kind, name) in [
        (ProgrammerKind::Ch341a, "ch341a"),
        (ProgrammerKind::Ch341a, "ch341a:plain"),
        (KINDS[1], "ft2232h:speed=1MHz"),
    ] {
        let mut options = Options::new(kind);
        options.bus = Bus { slower: 4, host: std::time::Duration::from_millis(20), overlap: false };
        let emulator = Emulator::with_chip(&options, small(small_spec(), &halves())).unwrap();
        let mut clip =
            Chip::connect(over(emulator.pipe(), &Settings::parse(name).unwrap()).unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = crate::workflow::Store::open_locked(folder.path()).unwrap();
        let taken = backup(&mut clip, &store, &BackupOptions::default(), &mut quiet);
        assert!(taken.unwrap_or_else(|e| panic!("{name}: {e}")).flash == halves(), "{name}");
        assert_eq!(emulator.counts().misdeed_text(), "", "{name}");
    }
}

/// 100 MiB in one window: more than a transaction may have, ended after a few parts, and the chip is as before.
#[test]
fn an_answer_has_no_longest_length() {
    let chip = FlashChip::new(crate::emulator::chip::find("W25Q02JV").unwrap(), 1);
    let emulator = Emulator::with_chip(&Options::new(KINDS[1]), chip).unwrap();
    emulator.chip(|chip| chip.contents_mut()[..0x1_0000].copy_from_slice(&random(1, 0x1_0000)));
    let settings = Settings::parse("ft2232h:speed=30MHz").unwrap();
    let mut clip = Chip::connect(over(emulator.pipe(), &settings).unwrap()).unwrap();
    let mut got = Vec::new();
    clip.read_on(Span::new(0, 100 << 20), &mut |bytes| {
        got.extend_from_slice(bytes);
        if got.len() >= 0x8000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert!(got[..] == random(1, 0x1_0000)[..got.len()] && got.len() < 0x1_0000);
    assert!(clip.read_to_vec(Span::new(0, 0x100)).unwrap() == random(1, 0x100));
    assert_eq!(emulator.counts().misdeed_text(), "");
}
