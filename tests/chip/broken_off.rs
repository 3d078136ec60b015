//! Work that broke off, at every packet of it: nothing is sent to a chip that is busy, and it is left as it was found.

use crate::bench::{Clip, Opened, noise, permit, programmers};
use norsplice::emulator::{Fault, Faults, Options, ProgrammerKind};
use norsplice::flash::{Chip, FlashError, OtpPermit};
use norsplice::span::{Span, Spans};
use norsplice::spi::Programmer;
use std::time::Duration;

type Make = fn(u64) -> Fault;
const FAULTS: [Make; 2] = [Fault::LostPacket, Fault::DoublePacket];

/// Work on a chip that has just been connected, and what closes it.
type Work = fn(&mut Chip<Opened>) -> Result<(), FlashError>;

/// Does `work`, and leaves the chip, with one packet of it gone wrong; gives the packets that it took, and whether it ended well.
fn broken(clip: &Clip, fault: Option<(Make, u64)>, work: Work) -> (u64, bool) {
    let mut chip = clip.connect().unwrap();
    chip.confirm_voltage_adapter();
    let before = clip.emulator.counts().in_packets;
    if let Some((make, at)) = fault {
        clip.emulator.set_faults(&Faults::default().with(make(before + at)));
    }
    let done = work(&mut chip);
    drop(chip);
    let took = clip.emulator.counts().in_packets - before;
    clip.emulator.set_faults(&Faults::default());
    (took, done.is_ok())
}

/// Every packet of `work`, each fault: no misdeed, and `as_found` on the next session.
fn at_every_packet(
    kind: ProgrammerKind,
    part: &str,
    prepare: fn(&Clip),
    work: Work,
    as_found: fn(&str, &mut Chip<Opened>),
) {
    let clip = || {
        let mut options = Options::new(kind);
        options.chip = part.into();
        let clip = Clip::with(options);
        prepare(&clip);
        clip
    };
    let (packets, well) = broken(&clip(), None, work);
    assert!(well, "{kind:?} {part}");
    let mut ended_badly = 0;
    for make in FAULTS {
        for at in 1..=packets {
            let clip = clip();
            let (_, well) = broken(&clip, Some((make, at)), work);
            ended_badly += u32::from(!well);
            let case = format!("{kind:?} {part} {:?} of {packets}", make(at));
            let mut chip = clip.connect().unwrap_or_else(|error| panic!("{case}: {error}"));
            as_found(&case, &mut chip);
            drop(chip);
            assert_eq!(clip.emulator.counts().misdeed_text(), "", "{case}");
        }
    }
    assert!(ended_badly > 0, "{kind:?} {part}: no work broke off");
}

fn erase_and_program(chip: &mut Chip<Opened>) -> Result<(), FlashError> {
    let permit = permit(chip);
    let sector = chip.geometry().erase[0];
    chip.erase(&sector, sector.size, &permit)?;
    chip.program(sector.size, &noise(600, 9), &permit).map(drop)
}

#[test]
fn protection_that_was_lifted_is_put_back_after_work_that_broke_off() {
    let work: Work = |chip| {
        let permit = permit(chip);
        let unlocked = chip.unlock(&Spans::from(Span::new(0, 0x2_0000)), &permit)?;
        let done = erase_and_program(chip);
        // What the fault struck may be this itself.
        let back = chip.relock(unlocked);
        if done.is_err() {
            back.expect("the fault is over");
            assert!(!chip.status().unwrap().protected.is_empty(), "it was put back");
        }
        done
    };
    for kind in programmers() {
        at_every_packet(
            kind,
            "W25Q64FV",
            |clip| clip.emulator.chip(|chip| chip.set_register(0, 0x1C)),
            work,
            |_, _| {},
        );
    }
}

/// Waited for once, as long as its data sheet says twice over: what closes it looks and sends nothing.
#[test]
fn a_chip_that_stays_busy_is_not_waited_for_twice() {
    for kind in programmers() {
        let clip = Clip::new(kind, "W25Q64FV", None);
        clip.emulator.chip(|chip| chip.set_register(0, 0x1C));
        let mut chip = clip.connect().unwrap();
        let permit = permit(&chip);
        let unlocked = chip.unlock(&Spans::from(Span::new(0, 0x2_0000)), &permit).unwrap();
        clip.emulator.set_faults(&Faults::default().with(Fault::BusyForever(1)));
        let sector = chip.geometry().erase[0];
        let error = chip.erase(&sector, 0, &permit).unwrap_err();
        assert!(matches!(error, FlashError::StillBusy { .. }), "{kind:?}: {error}");
        let start = chip.programmer().now();
        let error = chip.relock(unlocked).unwrap_err();
        assert!(matches!(error, FlashError::StillBusy { .. }), "{kind:?}: {error}");
        let took = chip.programmer().now() - start;
        assert!(took < Duration::from_millis(100), "{kind:?}: {took:?}");
        drop(chip);
        clip.clean();
    }
}

/// The first has no erase with four address bytes: it is in 4-byte mode meanwhile. Of the other, the second die is at work.
#[test]
fn mode_and_die_are_as_found_after_work_that_broke_off() {
    let work: Work = |chip| {
        let permit = permit(chip);
        let sector = chip.geometry().erase[0];
        let last = chip.geometry().size - sector.size;
        let erased = chip.erase(&sector, last, &permit);
        let done = erased.and_then(|()| chip.program(last, &noise(256, 9), &permit).map(drop));
        if done.is_err() {
            // What is at work hears no read.
            chip.programmer().sleep(Duration::from_secs(1));
            assert_eq!(chip.read_to_vec(Span::new(0, 9)).unwrap(), b"the first");
        }
        done
    };
    for part in ["W25Q256FV", "W25M512JV"] {
        at_every_packet(
            ProgrammerKind::Ch341a,
            part,
            |clip| clip.emulator.chip(|chip| chip.contents_mut()[..9].copy_from_slice(b"the first")),
            work,
            |case, chip| {
                assert_eq!(chip.identity().left, [], "{case}");
                assert_eq!(chip.read_to_vec(Span::new(0, 9)).unwrap(), b"the first", "{case}");
            },
        );
    }
}

/// By the commands of a register, with an erase, and by a mode.
#[test]
fn a_security_register_is_closed_after_work_that_broke_off() {
    for (kind, part) in [
        (ProgrammerKind::Ch341a, "W25Q64FV"),
        (ProgrammerKind::Ch347t, "W25Q64FV"),
        (ProgrammerKind::Ch341a, "MX25L6433F"),
        (ProgrammerKind::Ch341a, "EN25QH64"),
    ] {
        at_every_packet(
            kind,
            part,
            |clip| {
                clip.emulator.chip(|chip| {
                    if chip.spec().name.starts_with("W25Q") {
                        chip.security_mut(2).expect("it has three").fill(0);
                    }
                });
            },
            |chip| {
                let permit = OtpPermit::registers_are_backed_up(&chip.identity().jedec_id.clone());
                let index = chip.security_registers()?.last().expect("it has some").index;
                chip.write_security_register(index, &noise(250, 9), &permit).map(drop)
            },
            |case, chip| assert_eq!(chip.identity().left, [], "{case}"),
        );
    }
}
