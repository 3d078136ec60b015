//! Erase and program: contents, counts, virtual time, refusals, faults.

use crate::bench::{Clip, Opened, PROGRAMMERS, SIZE, connected, noise, permit};
use norsplice::emulator::chip::find;
use norsplice::emulator::{Fault, Faults, ProgrammerKind};
use norsplice::flash::geometry::EraseType;
use norsplice::flash::{Chip, FlashError, Permit};
use norsplice::span::{Span, Spans};
use std::time::Duration;

fn erase_type(chip: &Chip<Opened>, size: u64) -> EraseType {
    *chip.geometry().erase.iter().find(|e| e.size == size).unwrap()
}

#[test]
fn a_block_is_erased_programmed_and_verified() {
    for kind in PROGRAMMERS {
        let before = noise(SIZE as usize, 4);
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(before.clone()));
        let (permit, block) = (permit(&chip), erase_type(&chip, 0x1_0000));
        let wanted = noise(0x1_0000, 5);
        chip.erase(&block, 0x2_0000, &permit).unwrap();
        let done = chip.program(0x2_0000, &wanted, &permit).unwrap();
        assert_eq!((done.pages, done.retried, done.blank), (256, 0, 0));
        assert!(chip.verify(0x2_0000, &wanted).unwrap().is_empty());
        let mut expected = before;
        expected[0x2_0000..0x3_0000].copy_from_slice(&wanted);
        assert!(clip.emulator.contents() == expected, "neighbours stay");
        clip.clean();
    }
}

#[test]
fn steady_state_keeps_to_the_budget() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
        let permit = permit(&chip);
        let image = noise(0x4_0000, 6);
        chip.program(0, &image[..0x1_0000], &permit).unwrap();
        let (from, counts) = (clip.emulator.clock().now(), clip.emulator.counts());
        chip.program(0x1_0000, &image[0x1_0000..], &permit).unwrap();
        let took = clip.emulator.clock().now() - from;
        let page = took / (0x3_0000 / 256);
        let budget = match kind {
            ProgrammerKind::Ch341a => Duration::from_micros(2400),
            // Status bytes are its pause, with a wider margin.
            ProgrammerKind::Ch347t => Duration::from_micros(900),
            _ => Duration::from_micros(800),
        };
        assert!(page <= budget, "{kind:?}: {page:?} a page");
        let after = clip.emulator.counts();
        assert!(after.waits - counts.waits <= 0x3_0000 / 256 / 16, "{} waits", after.waits - counts.waits);
        assert_eq!(after.sleeps, counts.sleeps);
        assert!(clip.emulator.contents()[..0x4_0000] == image);
        clip.clean();
    }
}

/// Chips differ, and one chip by its age and warmth: the window follows what this one shows, not the data sheet.
#[test]
fn quick_and_slow_chips_are_followed_as_closely() {
    for kind in PROGRAMMERS {
        for page_us in [150, 400, 1500, 3000] {
            let mut spec = find("W25Q64FV").unwrap();
            spec.times.page = Duration::from_micros(page_us);
            let clip = Clip::with_chip(kind, spec);
            let mut chip = clip.connect().unwrap();
            let (permit, image) = (permit(&chip), noise(0x3_0000, 7));
            chip.program(0, &image[..0x1_0000], &permit).unwrap();
            let (from, counts) = (clip.emulator.clock().now(), clip.emulator.counts());
            let done = chip.program(0x1_0000, &image[0x1_0000..], &permit).unwrap();
            let page = (clip.emulator.clock().now() - from) / (0x2_0000 / 256);
            // What 264 bytes and their packets take, and a margin on the chip's own time.
            let budget = Duration::from_micros(match kind {
                ProgrammerKind::Ch341a => 1560 + page_us * 6 / 5,
                ProgrammerKind::Ch347t => 130 + page_us * 6 / 5,
                _ => 110 + page_us * 11 / 10,
            });
            assert!(page <= budget, "{kind:?}, {page_us} us: {page:?} a page");
            let waits = clip.emulator.counts().waits - counts.waits;
            assert!(waits <= 0x2_0000 / 256 / 16, "{kind:?}, {page_us} us: {waits} waits, {done:?}");
            assert_eq!((done.pages, done.retried), (512, 0), "{kind:?}, {page_us} us");
            assert!(clip.emulator.contents()[..0x3_0000] == image);
            clip.clean();
        }
    }
}

#[test]
fn a_block_is_read_back_in_the_batch_of_its_last_pages() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
        let permit = permit(&chip);
        let image = noise(SIZE as usize, 6);
        let [first, second, third] = [0, 1, 2].map(|n| Span::new(n * 0x1_0000, (n + 1) * 0x1_0000));
        chip.program(0, &image[first.range()], &permit).unwrap();
        clip.emulator.reset_counts();
        let (done, wrong) = chip.program_and_verify(&image, &[second], second, &permit).unwrap();
        let counts = clip.emulator.counts();
        assert!(wrong.is_empty());
        assert_eq!((done.pages, counts.waits), (256, done.batches), "{kind:?}: nothing but the batches");
        assert_eq!(counts.array_bytes_read(), 0x1_0000);
        // Several runs of pages go down together, and what differs is found.
        clip.emulator.reset_counts();
        let runs: Vec<Span> = third.pieces(0x1000).step_by(2).collect();
        let (done, wrong) = chip.program_and_verify(&image, &runs, third, &permit).unwrap();
        let counts = clip.emulator.counts();
        assert_eq!((done.pages, counts.waits), (128, done.batches), "{kind:?}");
        assert!(done.batches <= 3, "{kind:?}: {done:?}");
        let gaps = third.pieces(0x1000).skip(1).step_by(2).flat_map(|gap| {
            // Random contents hold an FF now and then: that byte is right on a blank chip.
            gap.range().filter(|i| image[*i] != 0xFF).map(|i| Span::new(i as u64, i as u64 + 1))
        });
        assert_eq!(wrong, gaps.collect::<Spans>(), "{kind:?}");
        clip.clean();
    }
}

#[test]
fn an_erase_takes_a_handful_of_waits_and_little_more_than_its_time() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let permit = permit(&chip);
        for (size, typical) in [(0x1000, 45), (0x8000, 120), (0x1_0000, 150)] {
            let erase = erase_type(&chip, size);
            for round in 0..4 {
                let (from, before) = (clip.emulator.clock().now(), clip.emulator.counts().waits);
                chip.erase(&erase, 0x10_0000 + round * size, &permit).unwrap();
                let took = clip.emulator.clock().now() - from;
                let waits = clip.emulator.counts().waits - before;
                assert!(waits <= 8, "{kind:?} {size:#x}: {waits} waits");
                if round > 0 {
                    let limit = Duration::from_micros(typical * 1020 + 4000);
                    assert!(took < limit, "{kind:?} {size:#x}: {took:?}");
                }
            }
        }
        clip.clean();
    }
}

#[test]
fn blank_pages_and_ends_of_ff_are_not_sent() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
        let permit = permit(&chip);
        let mut image = vec![0xFF; 0x2000];
        image[0x0F0..0x110].fill(0x5A);
        image[0x1FFF] = 0;
        clip.emulator.reset_counts();
        let done = chip.program(0x4000, &image, &permit).unwrap();
        assert_eq!((done.pages, done.bytes, done.blank), (3, 0x21, 29));
        let counts = clip.emulator.counts();
        // Three page commands, each after a write enable, and commands that ask for the status.
        let sent = counts.spi_bytes - counts.status_bytes - counts.status_polls;
        assert_eq!(sent, 3 * (1 + 4) + 0x21);
        assert!(clip.emulator.contents()[0x4000..0x6000] == image);
        clip.clean();
    }
}

#[test]
fn any_start_and_length_stays_inside_its_pages() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
        let permit = permit(&chip);
        let mut expected = vec![0xFF; SIZE as usize];
        for (i, (start, len)) in
            [(1, 1), (0x1FF, 2), (0x300, 256), (0x4FE, 0x403), (SIZE - 1, 1)].iter().enumerate()
        {
            let bytes = noise(*len, 10 + i as u64);
            chip.program(*start, &bytes, &permit).unwrap();
            let at = *start as usize;
            expected[at..at + len].copy_from_slice(&bytes);
        }
        assert!(clip.emulator.contents() == expected);
        clip.clean();
    }
}

#[test]
fn nothing_is_sent_without_the_right_permit() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let sector = erase_type(&chip, 0x1000);
        let narrow =
            Permit::contents_are_backed_up(Spans::from(Span::new(0x1000, 0x2000)), &[0xEF, 0x40, 0x17]);
        let other = Permit::contents_are_backed_up(Spans::from(Span::new(0, SIZE)), &[0xC2, 0x20, 0x17]);
        let chip = &mut chip;
        assert!(matches!(chip.erase(&sector, 0x2000, &narrow), Err(FlashError::NotAllowed { .. })));
        assert!(matches!(chip.erase(&sector, 0x1800, &narrow), Err(FlashError::Unsupported(_))));
        assert!(matches!(chip.erase_chip(&narrow), Err(FlashError::NotAllowed { .. })));
        assert!(matches!(chip.program(0x1FFF, &[0, 0], &narrow), Err(FlashError::NotAllowed { .. })));
        assert!(matches!(chip.erase(&sector, 0x1000, &other), Err(FlashError::OtherChip { .. })));
        assert!(matches!(chip.program(SIZE - 1, &[0, 0], &other), Err(FlashError::Outside { .. })));
        assert_eq!(clip.emulator.counts().operations, 0);
        clip.clean();
    }
}

#[test]
fn a_page_slower_than_its_window_is_followed_and_the_refused_ones_go_again() {
    for kind in PROGRAMMERS {
        // A BusyForever page represents one that is far slower than all before it: the wait ends by its limit.
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
        let permit = permit(&chip);
        clip.emulator.set_faults(&Faults::default().with(Fault::BusyForever(40)));
        let error = chip.program(0, &noise(0x1_0000, 7), &permit).unwrap_err();
        match error {
            FlashError::StillBusy { after, .. } => assert!(after >= Duration::from_millis(6), "{after:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_erase_that_never_ends_is_given_up_in_bounded_time() {
    for kind in PROGRAMMERS {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let (permit, block) = (permit(&chip), erase_type(&chip, 0x1_0000));
        clip.emulator.set_faults(&Faults::default().with(Fault::BusyForever(1)));
        let from = clip.emulator.clock().now();
        let error = chip.erase(&block, 0, &permit).unwrap_err();
        let took = clip.emulator.clock().now() - from;
        assert!(matches!(error, FlashError::StillBusy { status: 0x03, .. }), "{error:?}");
        assert!(took > block.busy.max * 2 && took < block.busy.max * 2 + Duration::from_secs(1), "{took:?}");
    }
}

#[test]
fn an_erase_that_ends_while_the_host_is_held_up_counts_as_done() {
    for kind in PROGRAMMERS {
        let count = |fault: Option<u64>| {
            let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0x5A; SIZE as usize]));
            let (permit, block) = (permit(&chip), erase_type(&chip, 0x1000));
            clip.emulator.reset_counts();
            if let Some(n) = fault {
                let held = Fault::HostHeldUp(n, Duration::from_millis(400));
                clip.emulator.set_faults(&Faults::default().with(held));
            }
            let done = chip.erase(&block, 0x2000, &permit);
            let contents = clip.emulator.contents();
            assert!(done.is_ok(), "{kind:?}, held up at transfer {fault:?}: {done:?}");
            assert!(contents[0x2000..0x3000].iter().all(|b| *b == 0xFF));
            assert!(contents[..0x2000].iter().chain(&contents[0x3000..]).all(|b| *b == 0x5A));
            let counts = clip.emulator.counts();
            clip.clean();
            counts.out_transfers + counts.in_transfers
        };
        for n in 1..=count(None) {
            count(Some(n));
        }
    }
}

#[test]
fn a_bus_that_dies_is_lost_within_a_second_and_never_busy() {
    for kind in PROGRAMMERS {
        for level in [0xFF, 0x00] {
            let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
            let (permit, block) = (permit(&chip), erase_type(&chip, 0x1_0000));
            let now = clip.emulator.clock().now();
            let dies = now + Duration::from_millis(50);
            clip.emulator.set_faults(&Faults::default().with(Fault::Stuck(level, dies)));
            let error = chip.program(0, &noise(0x2_0000, 8), &permit).unwrap_err();
            let took = clip.emulator.clock().now() - now;
            assert!(took < Duration::from_secs(1), "{took:?}");
            match (level, &error) {
                (0xFF, FlashError::BusLost { status: 0xFF, .. })
                | (0x00, FlashError::BusStuck { value: 0, .. }) => {}
                _ => panic!("{error:?}"),
            }
            let from = clip.emulator.clock().now();
            chip.erase(&block, 0, &permit).unwrap_err();
            assert!(clip.emulator.clock().now() - from < Duration::from_secs(1));
        }
    }
}

#[test]
fn verify_lists_all_differences() {
    for kind in PROGRAMMERS {
        let image = noise(SIZE as usize, 9);
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(image.clone()));
        let mut wanted = image[0x1_0000..0x4_0000].to_vec();
        for at in [0, 0x1_2345, 0x1_2346, 0x2_FFFF] {
            wanted[at] ^= 1;
        }
        let wrong = chip.verify(0x1_0000, &wanted).unwrap();
        let spans: Vec<_> = wrong.iter().map(|s| (s.start, s.len())).collect();
        assert_eq!(spans, [(0x1_0000, 1), (0x2_2345, 2), (0x3_FFFF, 1)]);
        clip.clean();
    }
}
