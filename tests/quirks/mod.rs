//! Adapters that differ from the published model: every quirk with every kind of work, begun fast and plain.
//!
//! An adapter that other programs read right has to end right. One that loses or doubles answers may end in an error that
//! names the link; the chip is then untouched, or `resume` finishes the job.

#[cfg(unix)]
mod packets;
#[cfg(unix)]
mod streams;
#[cfg(unix)]
mod unruly;
#[cfg(unix)]
mod whole;

use crate::bench::{Clip, MEDIUM, Opened, SIZE, noise};
use norsplice::emulator::{Fault, Faults, Options, ProgrammerKind, Quirk, SerprogKind, SpidevKind};
use norsplice::flash::Chip;
use norsplice::spi::{Programmer, SpiError, Transaction};
use norsplice::usb::Pipe;
use std::time::Duration;

const CHIP: usize = SIZE as usize;
/// From the first answer that goes wrong to the error that ends the work.
const NOTICED: Duration = Duration::from_secs(2);

/// The programmer's name for `-p`, the emulated one, the quirk, and whether the fast shape must be left for it.
const CASES: &[(&str, ProgrammerKind, Quirk, bool)] = &[
    ("ch341a", ProgrammerKind::Ch341a, Quirk::SelectEarly, true),
    ("ch341a", ProgrammerKind::Ch341a, Quirk::Merge, false),
    ("ch341a", ProgrammerKind::Ch341a, Quirk::Hold, false),
    ("ch341a", ProgrammerKind::Ch341a, Quirk::Version20, true),
    ("ch341a", ProgrammerKind::Ch341a, Quirk::DualMode, false),
    ("ft232h", ProgrammerKind::Ft232h, Quirk::Stops, true),
    ("ft2232h", ProgrammerKind::Ft2232h, Quirk::Stops, true),
    ("ft232h", ProgrammerKind::Ft232h, Quirk::StopsAt(511), true),
    ("ft232h", ProgrammerKind::Ft232h, Quirk::StopsAt(1000), true),
    ("ft232h", ProgrammerKind::Ft232h, Quirk::StopsAt(4096), true),
    ("ft232h", ProgrammerKind::Ft232h, Quirk::StopsAt(30_000), true),
    ("ft2232h", ProgrammerKind::Ft2232h, Quirk::NoIdleClocks, false),
    ("ft2232h", ProgrammerKind::Ft2232h, Quirk::NoEcho, false),
    ("ft2232h", ProgrammerKind::Ft2232h, Quirk::Old, true),
    ("ft2232h", ProgrammerKind::Ft2232h, Quirk::Stranger, true),
    ("ch347", ProgrammerKind::Ch347t, Quirk::OldFirmware, false),
    ("ch347", ProgrammerKind::Ch347t, Quirk::NoFlags, true),
    ("ch347", ProgrammerKind::Ch347f, Quirk::FirstBit, false),
];

fn open(case: &(&str, ProgrammerKind, Quirk, bool), plain: bool, contents: &[u8]) -> (Clip, Opened, String) {
    let (name, programmer, quirk, _) = *case;
    let mut options = Options::new(programmer);
    options.quirks = vec![quirk];
    options.contents = Some(contents.to_vec());
    let clip = Clip::with(options).named(&format!("{name}{}", if plain { ":plain" } else { "" }));
    let case = format!("{} with {quirk:?}", clip.name);
    let programmer = clip.try_open().unwrap_or_else(|e| panic!("{case}: {e}"));
    (clip, programmer, case)
}

#[test]
fn an_adapter_that_others_read_right_is_read_and_written_right() {
    let contents = noise(CHIP, 0x1234_5678);
    for case in CASES {
        for plain in [false, true] {
            let (Clip { emulator, .. }, mut programmer, text) = open(case, plain, &contents);
            // Behind the proof, which tries commands that such a port does not know.
            emulator.reset_counts();
            let clock = programmer.limits().clock_hz;
            let mut said = programmer.take_notices();
            let mut chip = Chip::connect(programmer).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(chip.identity().part_name, "W25Q64FV", "{text}");
            let span = norsplice::span::Span::new(0x1_0000, 0x1_0000 + 400_000);
            let data = chip.read_to_vec(span).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert!(data == contents[span.range()], "{text}: wrong data");
            chip.status().unwrap_or_else(|e| panic!("{text}: {e}"));
            let page = [0x5Au8; 256];
            let mut status = [0; 1];
            let raw = chip.programmer();
            raw.run(&mut [Transaction::write(&[0x06]), Transaction::write(&[0x20, 0x10, 0, 0])]).unwrap();
            raw.sleep(Duration::from_millis(500));
            raw.run(&mut [
                Transaction::write(&[0x06]),
                Transaction::write2(&[0x02, 0x10, 0, 0], &page).then_pause(Duration::from_millis(5)),
                Transaction::read(&[0x05], &mut status),
            ])
            .unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(status, [0], "{text}: the page is done");
            assert_eq!(emulator.contents()[0x10_0000..0x10_0100], page, "{text}");
            said.extend(raw.take_notices());
            // Said once where the fast shape was left, and only there.
            if !plain {
                assert_eq!(said.len(), usize::from(case.3), "{text}: {said:?}");
            }
            // A port that stopped, and one whose proof failed, gets half the clock with its smaller shape.
            let slower =
                matches!(case.2, Quirk::Stops | Quirk::StopsAt(_) | Quirk::NoFlags) && !said.is_empty();
            let now = chip.programmer().limits().clock_hz;
            assert!(
                if slower { now * 2 <= clock } else { now == clock },
                "{text}: {clock} Hz, then {now} Hz"
            );
            drop(chip);
            if matches!(case.2, Quirk::NoIdleClocks | Quirk::NoEcho | Quirk::Old) {
                assert_eq!(emulator.counts().misdeed_text(), "", "{text}");
            }
            assert_eq!(emulator.pins().1, 0, "{text}: pins let go");
        }
    }
}

#[test]
fn lost_and_doubled_answers_are_never_wrong_data() {
    let contents = noise(CHIP, 0x1234_5678);
    for quirk in [Quirk::Loses, Quirk::Doubles, Quirk::Late, Quirk::Overruns] {
        for (name, kind) in [
            ("ch341a", ProgrammerKind::Ch341a),
            ("ft2232h", ProgrammerKind::Ft2232h),
            ("ch347", ProgrammerKind::Ch347t),
        ] {
            for plain in [false, true] {
                let (clip, mut programmer, case) = open(&(name, kind, quirk, false), plain, &contents);
                let (mut wrong, mut longest) = (0, Duration::ZERO);
                for at in (0..0x8_0000).step_by(0x1_0000) {
                    let mut data = vec![0; 0x1_0000];
                    clip.emulator.reset_counts();
                    let head = (at as u32).to_be_bytes();
                    let result = programmer
                        .run(&mut [Transaction::read(&[0x03, head[1], head[2], head[3]], &mut data)]);
                    let since = |first: &Duration| programmer.now() - *first;
                    match result {
                        // What comes late and is right may take its time.
                        Ok(()) => assert!(data == contents[at..at + 0x1_0000], "{}: {at:#x}", case),
                        Err(SpiError::Link(_)) => {
                            wrong += 1;
                            let struck = clip.emulator.struck();
                            // What comes twice shows at the end of a read, and is read anew in smaller shapes until it strikes again.
                            let noticed = if quirk == Quirk::Loses { struck.first() } else { struck.last() };
                            longest = longest.max(noticed.map_or(Duration::ZERO, since));
                        }
                        Err(other) => panic!("{}: {other}", case),
                    }
                }
                println!("{case}: {wrong} of 8 blocks ended in an error, {longest:?} at most");
                assert!(longest < NOTICED, "{case}: {longest:?}");
            }
        }
    }
}

/// An adapter that answers nothing more, in the middle of its work: named within two seconds, however it is driven.
#[test]
fn an_adapter_that_falls_silent_is_named_in_time() {
    for (name, kind) in [
        ("ch341a", ProgrammerKind::Ch341a),
        ("ft2232h", ProgrammerKind::Ft2232h),
        ("ft232h", ProgrammerKind::Ft232h),
        ("ch347", ProgrammerKind::Ch347t),
        ("serprog", ProgrammerKind::Serprog(SerprogKind::PicoAny)),
    ] {
        for (plain, packets) in [("", 0), (":plain", 0), ("", 3), (":plain", 3), ("", 7), (":plain", 7)] {
            let clip = Clip::with(Options::new(kind)).named(&format!("{name}{plain}"));
            let mut programmer = clip.open();
            clip.emulator.reset_counts();
            let silent = (packets + 1..packets + 2000)
                .fold(Faults::seeded(1), |all, n| all.with(Fault::LostPacket(n)));
            clip.emulator.set_faults(&silent);
            let before = programmer.now();
            let mut data = vec![0; 4096];
            let error = programmer.run(&mut [Transaction::read(&[0x03, 0, 0, 0], &mut data)]).unwrap_err();
            let took = programmer.now() - before;
            println!("{} after {packets} packets: {took:?}: {error}", clip.name);
            assert!(matches!(error, SpiError::Link(_)), "{}: {error}", clip.name);
            assert!(took < NOTICED, "{} after {packets} packets: {took:?}: {error}", clip.name);
        }
    }
}

/// An engine that has stopped leaves commands in its port: switched off with them, it would send them as UART data on the clock.
#[test]
fn a_stopped_port_is_recovered_without_a_clock_on_the_chip() {
    let mut options = Options::new(ProgrammerKind::Ft232h);
    options.quirks = vec![Quirk::StopsAt(600)];
    let clip = Clip::with(options).named("ft232h");
    let mut programmer = clip.open();
    let mut parts = vec![vec![0; 3000]; 8];
    let mut batch: Vec<_> = parts.iter_mut().map(|part| Transaction::read(&[0x03, 0, 0, 0], part)).collect();
    programmer.run(&mut batch).unwrap();
    assert_eq!(programmer.take_notices().len(), 1, "it stopped");
    drop(programmer);
    clip.clean();
}

/// What a host can see of this programmer: how it opens, and a read and a write of some size, in bytes and in time.
fn seen(kind: ProgrammerKind, quirks: Vec<Quirk>) -> String {
    let mut options = Options::new(kind);
    options.chip = MEDIUM.into();
    options.quirks = quirks;
    let clip = Clip::with(options);
    let about = clip.emulator.pipe().about();
    let mut opened = match clip.try_open() {
        Ok(opened) => opened,
        Err(error) => return format!("{about:?} {error}"),
    };
    let proven = opened.now();
    // Long answers, then many short ones.
    let longest = (opened.limits().max_transaction - 4).min(40_000);
    for len in std::iter::repeat_n(longest, 0x4_0000 / longest).chain([1; 450]) {
        let mut into = vec![0; len];
        if let Err(error) = opened.run(&mut [Transaction::read(&[0x03, 0, 0, 0], &mut into)]) {
            return format!("{about:?} {proven:?} {error} {:?}", opened.now());
        }
    }
    let (now, counts) = (opened.now(), clip.emulator.counts());
    format!("{about:?} {proven:?} {now:?} {counts:?} {:?}", clip.emulator.struck())
}

/// Differences that the drivers are written not to notice, by programmer: seen in single packets only.
const UNSEEN: &[(&str, &[&str])] = &[
    ("Ch341a", &["dual-mode"]),
    ("Ft", &["cs-late", "error-status", "latency-fixed", "purges-nothing", "purges-all"]),
    ("Ch347", &["first-bit"]),
];

/// A quirk that a programmer can have changes what a host sees of it; one that would not is refused.
#[test]
fn a_quirk_that_is_taken_changes_something() {
    for kind in [
        ProgrammerKind::Ch341a,
        ProgrammerKind::Ft2232h,
        ProgrammerKind::Ft232h,
        ProgrammerKind::Ft4232h,
        ProgrammerKind::Ch347t,
        ProgrammerKind::Ch347f,
        ProgrammerKind::Serprog(SerprogKind::PicoAny),
        ProgrammerKind::Spidev(SpidevKind::Pi),
    ] {
        let without = seen(kind, Vec::new());
        for name in Quirk::names_for(kind) {
            let family = format!("{kind:?}");
            let unseen = UNSEEN.iter().any(|(of, names)| family.starts_with(of) && names.contains(&name));
            let changed = seen(kind, vec![Quirk::named(name).unwrap()]) != without;
            assert_eq!(changed, !unseen, "{kind:?}: {name}");
        }
    }
}
