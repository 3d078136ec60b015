//! Who the chip is, reading it, and the small questions.

use crate::bench::{Clip, PROGRAMMERS, SIZE, connected, noise, programmers};
use norsplice::emulator::chip::LeftState;
use norsplice::emulator::{Fault, Faults, Options};
use norsplice::flash::{Chip, Connecting, FlashError};
use norsplice::span::Span;
use norsplice::spi::{Programmer, Transaction};
use std::ops::ControlFlow;
use std::time::Duration;

#[test]
fn the_w25q64_generations_are_told_apart_without_asking() {
    for kind in programmers() {
        for (name, sr3) in [("W25Q64BV", false), ("W25Q64CV", false), ("W25Q64FV", false), ("W25Q64JV", true)]
        {
            let (clip, mut chip) = connected(kind, name, None);
            let identity = chip.identity();
            assert_eq!(
                (identity.part_name.as_str(), &identity.jedec_id[..]),
                (name, &[0xEF, 0x40, 0x17][..])
            );
            assert_eq!((identity.manufacturer, identity.device), (0xEF, [0x40, 0x17]));
            assert_eq!(identity.electronic_id, Some(0x16));
            assert_eq!(identity.sfdp.is_some(), name != "W25Q64BV");
            assert!(!identity.low_voltage && identity.conflict.is_none());
            let unique = clip.emulator.chip(|c| c.unique_id().to_vec());
            assert_eq!(identity.unique_id, Some(unique));
            assert_eq!(chip.geometry().size, SIZE);
            let status = chip.status().unwrap();
            assert_eq!(status.registers.sr3.is_some(), sr3, "{name}");
            assert!(status.protected.is_empty() && status.protection_known);
            clip.clean();
        }
    }
}

#[test]
fn questions_send_neither_06_nor_50() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64JV", Some(noise(SIZE as usize, 1)));
        chip.status().unwrap();
        chip.security_registers().unwrap();
        chip.read_to_vec(Span::new(0x1234, 0x5678)).unwrap();
        chip.rdid().unwrap();
        let counts = clip.emulator.counts();
        assert_eq!((counts.nonvolatile_writes, counts.volatile_writes, counts.operations), (0, 0, 0));
        assert_eq!(chip.sr1().unwrap() & 2, 0, "WEL");
        clip.clean();
    }
}

#[test]
fn both_read_engines_give_the_contents_from_any_place() {
    for kind in programmers() {
        let image = noise(SIZE as usize, 2);
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(image.clone()));
        for span in [Span::new(0, 0x3_0001), Span::new(0x7F_FFF0, SIZE), Span::new(0x12_3457, 0x14_0000)] {
            assert!(chip.read_to_vec(span).unwrap() == span.of(&image).unwrap());
            // From the end to the start.
            let (mut second, mut rest) = (vec![0; span.range().len()], span.end);
            let flow = chip.read_second_opinion(span, &mut |at, bytes| {
                assert_eq!(at + bytes.len() as u64, rest);
                rest = at;
                let at = (at - span.start) as usize;
                second[at..at + bytes.len()].copy_from_slice(bytes);
                ControlFlow::Continue(())
            });
            assert_eq!((flow, rest), (Ok(ControlFlow::Continue(())), span.start));
            assert!(second == span.of(&image).unwrap());
        }
        assert!(matches!(chip.read_to_vec(Span::new(SIZE - 1, SIZE + 1)), Err(FlashError::Outside { .. })));
        clip.clean();
    }
}

#[test]
fn break_stops_after_the_piece() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let mut pieces = 0;
        let flow = chip.read(Span::new(0, SIZE), &mut |_, _| {
            pieces += 1;
            if pieces == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((flow, pieces), (Ok(ControlFlow::Break(())), 2));
        clip.clean();
    }
}

#[test]
fn a_read_costs_one_wait_a_piece_and_keeps_to_the_wire() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let (from, before) = (clip.emulator.clock().now(), clip.emulator.counts().waits);
        let _ = chip.read(Span::new(0, 1 << 20), &mut |_, _| ControlFlow::Continue(())).unwrap();
        let limits = chip.programmer().limits();
        let wire = limits.wire_time(1 << 20).as_secs_f64();
        let took = (clip.emulator.clock().now() - from).as_secs_f64();
        assert!(took < wire * 1.05, "{kind:?}: {took} s, wire {wire} s");
        assert!(clip.emulator.counts().waits - before <= 16, "at most one a 64 KiB");
        clip.clean();
    }
}

#[test]
fn an_empty_clip_and_a_flickering_one_are_told_apart() {
    for kind in programmers() {
        for level in [0x00, 0xFF] {
            let clip = Clip::new(kind, "W25Q64FV", None);
            clip.emulator.set_faults(&Faults::default().with(Fault::Stuck(level, Duration::ZERO)));
            match clip.connect().err() {
                Some(FlashError::NoChip { seen }) => assert_eq!(seen, [level; 3]),
                other => panic!("{other:?}"),
            }
            clip.clean();
        }
        let clip = Clip::new(kind, "W25Q64FV", None);
        clip.emulator.set_faults(&Faults::seeded(3).with(Fault::BitFlips(0.05)));
        assert!(matches!(clip.connect().err(), Some(FlashError::Unstable { .. })));
        clip.clean();
    }
}

#[test]
fn a_sleeping_chip_and_one_left_in_continuous_read_are_woken() {
    for kind in programmers() {
        let asleep = Clip::new(kind, "W25Q64FV", None);
        asleep.emulator.chip(|c| c.set_asleep());
        assert_eq!(asleep.connect().unwrap().identity().part_name, "W25Q64FV");
        let reading = Clip::new(kind, "W25Q64FV", None);
        reading.emulator.chip(|c| c.set_continuous_read());
        assert_eq!(reading.connect().unwrap().identity().part_name, "W25Q64FV");
        let by_two = Clip::new(kind, "W25Q64FV", None);
        by_two.emulator.chip(|c| c.set_continuous_dual_read());
        assert_eq!(by_two.connect().unwrap().identity().part_name, "W25Q64FV");
    }
}

#[test]
fn write_enable_sets_and_clears_wel() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let waits = clip.emulator.counts().waits;
        let checks = chip.check_write_enable(8).unwrap();
        assert!(checks.len() == 8 && checks.iter().all(|check| check.passed()), "{checks:?}");
        let counts = clip.emulator.counts();
        assert_eq!(counts.waits - waits, 2, "one burst, and one that confirms");
        assert_eq!((counts.opcodes[&0x06], chip.sr1().unwrap()), (8, 0));
        clip.emulator.set_faults(&Faults::default().with(Fault::Stuck(0xFF, Duration::ZERO)));
        assert!(!chip.check_write_enable(1).unwrap()[0].passed());
        clip.clean();
    }
}

#[test]
fn security_registers_are_read_whole_with_their_locks() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        clip.emulator.chip(|c| {
            c.security_mut(1).unwrap()[..4].copy_from_slice(b"test");
            c.set_register(1, 0x08);
        });
        let registers = chip.security_registers().unwrap();
        let seen: Vec<_> = registers.iter().map(|r| (r.index, r.bytes.len(), r.locked, r.blank)).collect();
        assert_eq!(
            seen,
            [(1, 256, Some(true), true), (2, 256, Some(false), false), (3, 256, Some(false), true)]
        );
        assert!(registers[1].bytes.starts_with(b"test"));
        clip.clean();
    }
}

/// A run was killed in the middle of an erase, which continues in the chip: the next run begins at any moment of it.
#[test]
fn what_a_killed_run_left_running_is_waited_for() {
    const ERASE: Duration = Duration::from_millis(45);
    for kind in PROGRAMMERS {
        for step in 0..60 {
            let clip = Clip::new(kind, "W25Q64FV", None);
            clip.emulator.chip(|c| c.contents_mut()[0x1000..0x2000].fill(0));
            let mut killed = clip.open();
            let erase = [Transaction::write(&[0x06]), Transaction::write(&[0x20, 0, 0x10, 0])];
            killed.run(&mut { erase }).unwrap();
            // Densely before the end: the questions of the start-up fall on both sides of it.
            killed.sleep(ERASE.mul_f64(1.0 - f64::from(step * step) / 3600.0));
            drop(killed);
            let mut told = Vec::new();
            let chip = Chip::connect_telling(clip.open(), &mut |what| told.push(what));
            let chip = chip.unwrap_or_else(|error| panic!("{kind:?}, {step}: {error}"));
            assert_eq!(chip.identity().part_name, "W25Q64FV");
            assert!(
                told.len() <= 1 && (step < 50 || matches!(told[0], Connecting::Busy { .. })),
                "{step}: {told:?}"
            );
            assert_eq!(clip.emulator.contents()[0x1000..0x2000], [0xff; 0x1000]);
            clip.clean();
        }
    }
}

/// BUSY that never ends is reported, after a bounded time.
#[test]
fn a_chip_that_stays_busy_is_told() {
    for kind in programmers() {
        let clip = Clip::new(kind, "W25Q64FV", None);
        clip.emulator.set_faults(&Faults::default().with(Fault::BusyForever(1)));
        let erase = [Transaction::write(&[0x06]), Transaction::write(&[0x20, 0, 0x10, 0])];
        clip.open().run(&mut { erase }).unwrap();
        let error = clip.connect().map(drop).unwrap_err();
        assert!(matches!(error, FlashError::StillBusy { .. }), "{error}");
        assert!(clip.emulator.clock().now() < Duration::from_secs(300));
    }
}

/// In 4-byte mode the command takes one dummy byte more: an id that was read before the mode was left would be another one, and
/// the chip "another chip" later on.
#[test]
fn the_unique_id_is_the_same_whatever_address_mode_the_board_has_left() {
    for kind in programmers() {
        let ids = [None, Some(LeftState::FourByte)].map(|left| {
            let mut options = Options::new(kind);
            options.chip = "W25Q256JV".into();
            options.left = left;
            let clip = Clip::with(options);
            let wanted = clip.emulator.chip(|chip| chip.unique_id().to_vec());
            let chip = clip.connect().unwrap_or_else(|e| panic!("{kind:?}: {e}"));
            assert_eq!(chip.identity().unique_id.as_ref(), Some(&wanted), "{kind:?}, left {left:?}");
            wanted
        });
        assert_eq!(ids[0], ids[1]);
    }
}
