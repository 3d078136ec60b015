//! A data line that gives one byte whatever is asked: a fault of the bus, found within a second, and never "busy".

use crate::bench::{Clip, SIZE, connected, noise, permit, programmers};
use norsplice::emulator::{Fault, Faults};
use norsplice::flash::FlashError;
use std::time::Duration;

/// Constants that look idle, busy, write-enabled, protected, and like the first bytes of makers' ids.
const LEVELS: [u8; 10] = [0x00, 0x01, 0x02, 0x03, 0x0F, 0x1C, 0x55, 0x7F, 0xEF, 0xFF];

const LIMIT: Duration = Duration::from_secs(1);

fn is_bus_fault(error: &FlashError) -> bool {
    matches!(error, FlashError::BusStuck { .. } | FlashError::BusLost { .. } | FlashError::NoChip { .. })
}

#[test]
fn a_bus_that_is_stuck_from_the_start_is_no_chip() {
    for kind in programmers() {
        for level in LEVELS {
            let clip = Clip::new(kind, "W25Q64FV", None);
            clip.emulator.set_faults(&Faults::default().with(Fault::Stuck(level, Duration::ZERO)));
            let error = clip.connect().err().expect("no chip answers");
            assert!(is_bus_fault(&error), "{kind:?} {level:02x}: {error}");
            let took = clip.emulator.clock().now();
            assert!(took < LIMIT, "{kind:?} {level:02x}: {took:?}");
        }
    }
}

#[test]
fn a_bus_that_sticks_before_an_erase_or_program_is_lost_within_a_second() {
    for kind in programmers() {
        for level in LEVELS {
            let (clip, mut chip) = connected(kind, "W25Q64FV", Some(vec![0xFF; SIZE as usize]));
            let permit = permit(&chip);
            let block = *chip.geometry().erase.iter().find(|e| e.size == 0x1_0000).unwrap();
            let since = clip.emulator.clock().now();
            clip.emulator.set_faults(&Faults::default().with(Fault::Stuck(level, since)));
            let all = [
                chip.erase(&block, 0, &permit).unwrap_err(),
                chip.erase_chip(&permit).unwrap_err(),
                chip.program(0, &noise(0x1000, 8), &permit).map(drop).unwrap_err(),
            ];
            for error in all {
                assert!(is_bus_fault(&error), "{kind:?} {level:02x}: {error}");
            }
            let took = clip.emulator.clock().now() - since;
            assert!(took < 3 * LIMIT, "{kind:?} {level:02x}: three commands took {took:?}");
        }
    }
}

#[test]
fn a_bus_that_sticks_in_the_middle_is_lost_within_a_second() {
    for kind in programmers() {
        for level in LEVELS {
            // The chip erase runs for seconds: status 03 is what it shows, and what a line stuck at 03 shows.
            let (clip, mut chip) = connected(kind, "W25Q64FV", Some(noise(SIZE as usize, 3)));
            let permit = permit(&chip);
            let sticks = clip.emulator.clock().now() + Duration::from_millis(2500);
            clip.emulator.set_faults(&Faults::default().with(Fault::Stuck(level, sticks)));
            let error = chip.erase_chip(&permit);
            let late = clip.emulator.clock().now().saturating_sub(sticks);
            match (level, error) {
                // An idle status ends the wait: what was erased is read back by every job.
                (0x00 | 0x02, Ok(())) => {}
                (_, Err(error)) => assert!(is_bus_fault(&error), "{kind:?} {level:02x}: {error}"),
                (_, Ok(())) => panic!("{kind:?} {level:02x}: the erase counts as done"),
            }
            assert!(late < LIMIT, "{kind:?} {level:02x}: noticed after {late:?}");
        }
    }
}

#[test]
fn a_chip_that_is_busy_indeed_is_waited_for() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64FV", Some(noise(SIZE as usize, 3)));
        let permit = permit(&chip);
        chip.erase_chip(&permit).unwrap();
        assert!(
            clip.emulator.clock().now() > Duration::from_secs(5),
            "the wait was long enough to be doubted"
        );
        assert!(clip.emulator.contents().iter().all(|byte| *byte == 0xFF));
        assert!(clip.emulator.counts().opcodes[&0x9F] > 6, "the id was asked meanwhile");
        clip.clean();
    }
}
