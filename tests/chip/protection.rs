//! Protection: decoded, lifted volatile, put back, and explained when the chip refuses.

use crate::bench::{Clip, SIZE, connected, permit, programmers};
use norsplice::emulator::Options;
use norsplice::emulator::chip::find;
use norsplice::flash::{Chip, FlashError, RegisterLock};
use norsplice::span::{Span, Spans};

fn sector(chip: &Chip<Box<dyn norsplice::spi::Programmer>>) -> norsplice::flash::geometry::EraseType {
    chip.geometry().erase[0]
}

#[test]
fn a_protected_erase_is_refused_with_the_range() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        // TB and BP0: the first 128 KiB.
        clip.emulator.chip(|c| c.set_register(0, 0x24));
        let permit = permit(&chip);
        assert_eq!(chip.status().unwrap().protected, Spans::from(Span::new(0, 0x2_0000)));
        let erase = sector(&chip);
        match chip.erase(&erase, 0x1_F000, &permit) {
            Err(FlashError::Protected { spans, .. }) => {
                assert_eq!(spans, Spans::from(Span::new(0x1_F000, 0x2_0000)))
            }
            other => panic!("{other:?}"),
        }
        chip.erase(&erase, 0x2_0000, &permit).unwrap();
        assert_eq!(chip.sr1().unwrap() & 2, 0, "WEL is not left set");
        clip.clean();
    }
}

#[test]
fn unlock_is_volatile_keeps_qe_and_locks_and_is_put_back() {
    for kind in programmers() {
        for name in ["W25Q64FV", "W25Q64CV", "W25Q64JV"] {
            let (clip, mut chip) = connected(kind, name, None);
            clip.emulator.chip(|c| {
                c.set_register(0, 0x1C);
                c.set_register(1, 0x0A);
            });
            let before = chip.status().unwrap();
            let permit = permit(&chip);
            let spans = Spans::from(Span::new(0x1000, 0x2000));
            let unlocked = chip.unlock(&spans, &permit).unwrap();
            assert!(unlocked.volatile);
            let open = chip.status().unwrap();
            assert!(open.protected.is_empty());
            assert_eq!(
                (open.registers.sr2, open.registers.sr3),
                (before.registers.sr2, before.registers.sr3)
            );
            let erase = sector(&chip);
            chip.erase(&erase, 0x1000, &permit).unwrap();
            chip.relock(unlocked).unwrap();
            assert_eq!(chip.status().unwrap(), before);
            let counts = clip.emulator.counts();
            assert_eq!((counts.nonvolatile_writes, counts.lock_bits_set), (0, 0), "{name}");
            assert!(counts.volatile_writes > 0);
            clip.clean();
        }
    }
}

#[test]
fn a_part_without_50h_is_unlocked_by_a_lasting_write_and_put_back() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64BV", None);
        clip.emulator.chip(|c| {
            c.set_register(0, 0x1C);
            c.set_register(1, 0x02);
        });
        let permit = permit(&chip);
        let unlocked = chip.unlock(&Spans::from(Span::new(0, 0x1000)), &permit).unwrap();
        assert!(!unlocked.volatile);
        assert_eq!(chip.status().unwrap().registers.sr2, Some(0x02), "QE stays");
        chip.relock(unlocked).unwrap();
        assert_eq!(chip.status().unwrap().registers.sr1, 0x1C);
        clip.clean();
    }
}

#[test]
fn complement_with_nothing_set_protects_everything_and_is_lifted() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        clip.emulator.chip(|c| c.set_register(1, 0x40));
        assert_eq!(chip.status().unwrap().protected.len(), 8 << 20);
        let permit = permit(&chip);
        chip.unlock(&Spans::from(Span::new(0, 0x1000)), &permit).unwrap();
        assert!(chip.status().unwrap().protected.is_empty());
        clip.clean();
    }
}

#[test]
fn nothing_is_written_where_nothing_is_protected() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        clip.emulator.chip(|c| c.set_register(0, 0x04));
        let permit = permit(&chip);
        let unlocked = chip.unlock(&Spans::from(Span::new(0, 0x1000)), &permit).unwrap();
        assert_eq!(unlocked, norsplice::flash::Unlocked::default(), "only the top is protected");
        chip.relock(unlocked).unwrap();
        let counts = clip.emulator.counts();
        assert_eq!((counts.volatile_writes, counts.nonvolatile_writes), (0, 0));
        clip.clean();
    }
}

#[test]
fn wp_low_is_named_as_the_reason() {
    for kind in programmers() {
        let mut options = Options::new(kind);
        options.write_protect_high = false;
        let clip = Clip::with(options);
        clip.emulator.chip(|c| c.set_register(0, 0x9C));
        let mut chip = clip.connect().unwrap();
        let whole = Spans::from(Span::new(0, SIZE));
        let permit = permit(&chip);
        match chip.unlock(&whole, &permit) {
            Err(FlashError::StatusRefused {
                wanted: 0x80,
                found: 0x9C,
                lock: RegisterLock::ByPin,
                volatile_unproven: false,
                ..
            }) => {}
            other => panic!("{other:?}"),
        }
        clip.clean();
    }
}

/// No data sheet of W25Q64CV is at hand, and its SFDP is silent: that the part ignores 50h is as likely as a low WP#.
#[test]
fn a_part_that_ignores_50h_is_not_blamed_on_wp_alone() {
    for kind in programmers() {
        let mut spec = find("W25Q64CV").unwrap();
        spec.commands.retain(|c| c.opcode != 0x50);
        let clip = Clip::with_chip(kind, spec);
        clip.emulator.chip(|c| c.set_register(0, 0x9C));
        let mut chip = clip.connect().unwrap();
        let whole = Spans::from(Span::new(0, SIZE));
        let permit = permit(&chip);
        match chip.unlock(&whole, &permit) {
            Err(ref error @ FlashError::StatusRefused { lock, volatile_unproven, .. }) => {
                assert_eq!((lock, volatile_unproven), (RegisterLock::ByPin, true));
                assert!(["WP#", "50h"].iter().all(|word| error.to_string().contains(word)), "{error}")
            }
            other => panic!("{other:?}"),
        }
        assert!(chip.set_protection(&Spans::new(), true).unwrap().protected.is_empty(), "the way it names");
    }
}

#[test]
fn single_block_locks_are_read_lifted_and_put_back() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64JV", None);
        // WPS: after power-up every block is locked.
        clip.emulator.chip(|c| c.set_register(2, 0x64));
        clip.emulator.power_cut();
        clip.emulator.power_up();
        clip.emulator.clock().advance(std::time::Duration::from_millis(10));
        assert_eq!(chip.status().unwrap().protected.len(), 8 << 20);
        let (permit, erase) = (permit(&chip), sector(&chip));
        assert!(matches!(chip.erase(&erase, 0x1_0000, &permit), Err(FlashError::Protected { .. })));
        let spans = Spans::from(Span::new(0xF000, 0x1_1000));
        let unlocked = chip.unlock(&spans, &permit).unwrap();
        assert_eq!(unlocked.blocks, [Span::new(0xF000, 0x1_0000), Span::new(0x1_0000, 0x2_0000)]);
        chip.erase(&erase, 0xF000, &permit).unwrap();
        chip.erase(&erase, 0x1_0000, &permit).unwrap();
        chip.relock(unlocked).unwrap();
        assert_eq!(chip.status().unwrap().protected.len(), 8 << 20);
        clip.clean();
    }
}
