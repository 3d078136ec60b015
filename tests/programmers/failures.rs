//! Failures of the way to the chip: healed where they can be, named where not, and never by a write sent twice.

use super::opened::{CHIP, KINDS, ask, clips, id, opened};
use crate::bench::{Clip, noise};
use norsplice::emulator::{Fault, Faults};
use norsplice::spi::{Programmer, Transaction};
use norsplice::usb::UsbError;
use std::time::Duration;

#[test]
fn a_usb_fault_is_healed_by_asking_in_another_shape_and_a_write_is_never_repeated() {
    for (fault, recovers) in [
        (Fault::StallAtTransfer(2), true),
        (Fault::LostPacket(2), true),
        (Fault::ShortPacket(2), true),
        (Fault::DoublePacket(2), true),
        (Fault::UnplugAtTransfer(2), false),
    ] {
        for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
            clip.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
            let wanted = &noise(2000, 1)[..];
            let start = programmer.now();
            let struck = ask(&mut programmer, &[0x03, 0, 0, 0], 2000);
            let taken = programmer.now() - start;
            assert!(taken < Duration::from_secs(10), "{}: {fault:?} took {taken:?}", clip.name);
            assert_eq!(clip.emulator.counts().faults, 1, "{}: {fault:?}", clip.name);
            let again = ask(&mut programmer, &[0x03, 0, 0, 0], 2000);
            if recovers {
                assert!(struck.unwrap() == wanted, "{}: {fault:?}", clip.name);
                assert!(again.unwrap() == wanted, "{}: {fault:?}", clip.name);
                clip.emulator.reset_counts();
                clip.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
                let mut into = vec![0; 2000];
                let batch =
                    &mut [Transaction::read(&[0x03, 0, 0, 0], &mut into), Transaction::write(&[0x04])];
                assert!(programmer.run(batch).is_err(), "{}: {fault:?} gave no error", clip.name);
                assert!(clip.emulator.counts().opcodes.get(&0x04).is_none_or(|n| *n == 1));
                assert!(
                    ask(&mut programmer, &[0x03, 0, 0, 0], 2000).unwrap() == wanted,
                    "{}: {fault:?}",
                    clip.name
                );
                clip.clean();
            } else {
                assert_eq!(struck, Err(UsbError::Gone.into()));
                assert_eq!(again, Err(UsbError::Gone.into()));
            }
        }
    }
}

#[test]
fn a_clock_is_set_although_a_fault_strikes_the_command() {
    for fault in [Fault::StallAtTransfer(1), Fault::LostPacket(1)] {
        for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))).filter(|(clip, _)| clip.name != "ch341a") {
            clip.emulator.set_faults(&Faults::seeded(1).with(fault.clone()));
            let hz =
                programmer.set_clock(1_000_000).unwrap_or_else(|e| panic!("{}: {fault:?}: {e}", clip.name));
            assert!(hz <= 1_000_000 && programmer.limits().clock_hz == hz, "{}", clip.name);
            let from = programmer.now();
            let wanted = &noise(2000, 1)[..];
            assert!(ask(&mut programmer, &[0x03, 0, 0, 0], 2000).unwrap() == wanted, "{}", clip.name);
            // The device has that clock too.
            let took = programmer.now() - from;
            assert!(took >= Duration::from_secs(2000 * 8) / hz, "{}: {took:?}", clip.name);
            clip.clean();
        }
    }
}

#[test]
fn what_a_broken_session_left_behind_is_cleared_at_the_start() {
    for kind in KINDS {
        let (clip, mut programmer) = opened(Clip::new(kind, "W25Q64FV", Some(noise(CHIP, 1))));
        clip.emulator.set_faults(&Faults::seeded(1).with(Fault::LostPacket(5)));
        // A driver that is killed: no release, answers unread.
        let mut into = vec![0; 5000];
        let batch = &mut [Transaction::read(&[0x03, 0, 0, 0], &mut into), Transaction::write(&[0x04])];
        let died = programmer.run(batch);
        assert!(died.is_err());
        std::mem::forget(programmer);
        assert_eq!(id(&mut clip.open()).unwrap(), [0xEF, 0x40, 0x17], "{}", clip.name);
    }
}
