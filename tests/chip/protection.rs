//! Protection: decoded, lifted volatile, put back, and explained when the chip refuses.

use super::bench::{PROGRAMMERS, bench, programmer};
use norsplice::emulator::chip::{FlashChip, find};
use norsplice::emulator::{Emulator, Options};
use norsplice::flash::{Chip, FlashError};
use norsplice::span::{Span, Spans};

fn sector(chip: &Chip<Box<dyn norsplice::spi::Programmer>>) -> norsplice::flash::geometry::EraseType {
    chip.geometry().erase[0]
}

#[test]
fn a_protected_erase_is_refused_with_the_range() {
    for kind in PROGRAMMERS {
        let mut bench = bench(kind, "W25Q64FV", None);
        // TB and BP0: the first 128 KiB.
        bench.emulator.chip(|c| c.set_register(0, 0x24));
        let permit = bench.permit();
        assert_eq!(bench.chip.status().unwrap().protected, Spans::from(Span::new(0, 0x2_0000)));
        let erase = sector(&bench.chip);
        match bench.chip.erase(&erase, 0x1_F000, &permit) {
            Err(FlashError::Protected { spans, .. }) => {
                assert_eq!(spans, Spans::from(Span::new(0x1_F000, 0x2_0000)))
            }
            other => panic!("{other:?}"),
        }
        bench.chip.erase(&erase, 0x2_0000, &permit).unwrap();
        assert_eq!(bench.chip.sr1().unwrap() & 2, 0, "WEL is not left set");
        bench.clean();
    }
}

#[test]
fn unlock_is_volatile_keeps_qe_and_locks_and_is_put_back() {
    for kind in PROGRAMMERS {
        for name in ["W25Q64FV", "W25Q64CV", "W25Q64JV"] {
            let mut bench = bench(kind, name, None);
            bench.emulator.chip(|c| {
                c.set_register(0, 0x1C);
                c.set_register(1, 0x0A);
            });
            let before = bench.chip.status().unwrap();
            let permit = bench.permit();
            let spans = Spans::from(Span::new(0x1000, 0x2000));
            let unlocked = bench.chip.unlock(&spans, &permit).unwrap();
            assert!(unlocked.volatile);
            let open = bench.chip.status().unwrap();
            assert!(open.protected.is_empty());
            assert_eq!(
                (open.registers.sr2, open.registers.sr3),
                (before.registers.sr2, before.registers.sr3)
            );
            let erase = sector(&bench.chip);
            bench.chip.erase(&erase, 0x1000, &permit).unwrap();
            bench.chip.relock(unlocked).unwrap();
            assert_eq!(bench.chip.status().unwrap(), before);
            let counts = bench.emulator.counts();
            assert_eq!((counts.nonvolatile_writes, counts.lock_bits_set), (0, 0), "{name}");
            assert!(counts.volatile_writes > 0);
            bench.clean();
        }
    }
}

#[test]
fn a_part_without_50h_is_unlocked_by_a_lasting_write_and_put_back() {
    for kind in PROGRAMMERS {
        let mut bench = bench(kind, "W25Q64BV", None);
        bench.emulator.chip(|c| {
            c.set_register(0, 0x1C);
            c.set_register(1, 0x02);
        });
        let permit = bench.permit();
        let unlocked = bench.chip.unlock(&Spans::from(Span::new(0, 0x1000)), &permit).unwrap();
        assert!(!unlocked.volatile);
        assert_eq!(bench.chip.status().unwrap().registers.sr2, Some(0x02), "QE stays");
        bench.chip.relock(unlocked).unwrap();
        assert_eq!(bench.chip.status().unwrap().registers.sr1, 0x1C);
        bench.clean();
    }
}

#[test]
fn complement_with_nothing_set_protects_everything_and_is_lifted() {
    for kind in PROGRAMMERS {
        let mut bench = bench(kind, "W25Q64FV", None);
        bench.emulator.chip(|c| c.set_register(1, 0x40));
        assert_eq!(bench.chip.status().unwrap().protected.len(), 8 << 20);
        let permit = bench.permit();
        bench.chip.unlock(&Spans::from(Span::new(0, 0x1000)), &permit).unwrap();
        assert!(bench.chip.status().unwrap().protected.is_empty());
        bench.clean();
    }
}

#[test]
fn nothing_is_written_where_nothing_is_protected() {
    for kind in PROGRAMMERS {
        let mut bench = bench(kind, "W25Q64FV", None);
        bench.emulator.chip(|c| c.set_register(0, 0x04));
        let permit = bench.permit();
        let unlocked = bench.chip.unlock(&Spans::from(Span::new(0, 0x1000)), &permit).unwrap();
        assert_eq!(unlocked, norsplice::flash::Unlocked::default(), "only the top is protected");
        bench.chip.relock(unlocked).unwrap();
        let counts = bench.emulator.counts();
        assert_eq!((counts.volatile_writes, counts.nonvolatile_writes), (0, 0));
        bench.clean();
    }
}

#[test]
fn wp_low_is_named_as_the_reason() {
    for kind in PROGRAMMERS {
        let options = Options { programmer: kind, write_protect_high: false, ..Options::default() };
        let emulator = Emulator::new(options).unwrap();
        emulator.chip(|c| c.set_register(0, 0x9C));
        let mut chip = Chip::connect(programmer(&emulator, kind)).unwrap();
        let whole = Spans::from(Span::new(0, 8 << 20));
        let permit =
            norsplice::flash::Permit::contents_are_backed_up(whole.clone(), &chip.identity().jedec_id);
        match chip.unlock(&whole, &permit) {
            Err(FlashError::StatusRefused { wanted: 0x80, found: 0x9C, why, .. }) => {
                assert!(why.contains("WP#") && !why.contains("50h"), "{why}")
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(emulator.counts().misdeed_text(), "");
    }
}

/// No data sheet of W25Q64CV is at hand, and its SFDP is silent: that the part ignores 50h is as likely as a low WP#.
#[test]
fn a_part_that_ignores_50h_is_not_blamed_on_wp_alone() {
    for kind in PROGRAMMERS {
        let mut spec = find("W25Q64CV").unwrap();
        spec.commands.retain(|c| c.opcode != 0x50);
        let options = Options { programmer: kind, ..Options::default() };
        let emulator = Emulator::with_chip(&options, FlashChip::new(spec, 1)).unwrap();
        emulator.chip(|c| c.set_register(0, 0x9C));
        let mut chip = Chip::connect(programmer(&emulator, kind)).unwrap();
        let whole = Spans::from(Span::new(0, 8 << 20));
        let permit =
            norsplice::flash::Permit::contents_are_backed_up(whole.clone(), &chip.identity().jedec_id);
        match chip.unlock(&whole, &permit) {
            Err(FlashError::StatusRefused { why, .. }) => {
                assert!(["WP#", "50h", "--permanent"].iter().all(|word| why.contains(word)), "{why}")
            }
            other => panic!("{other:?}"),
        }
        assert!(chip.set_protection(&Spans::new(), true).unwrap().protected.is_empty(), "the way it names");
    }
}

#[test]
fn single_block_locks_are_read_lifted_and_put_back() {
    for kind in PROGRAMMERS {
        let mut bench = bench(kind, "W25Q64JV", None);
        // WPS: after power-up every block is locked.
        bench.emulator.chip(|c| c.set_register(2, 0x64));
        bench.emulator.power_cut();
        bench.emulator.power_up();
        bench.emulator.clock().advance(std::time::Duration::from_millis(10));
        assert_eq!(bench.chip.status().unwrap().protected.len(), 8 << 20);
        let (permit, erase) = (bench.permit(), sector(&bench.chip));
        assert!(matches!(bench.chip.erase(&erase, 0x1_0000, &permit), Err(FlashError::Protected { .. })));
        let spans = Spans::from(Span::new(0xF000, 0x1_1000));
        let unlocked = bench.chip.unlock(&spans, &permit).unwrap();
        assert_eq!(unlocked.blocks, [Span::new(0xF000, 0x1_0000), Span::new(0x1_0000, 0x2_0000)]);
        bench.chip.erase(&erase, 0xF000, &permit).unwrap();
        bench.chip.erase(&erase, 0x1_0000, &permit).unwrap();
        bench.chip.relock(unlocked).unwrap();
        assert_eq!(bench.chip.status().unwrap().protected.len(), 8 << 20);
        bench.clean();
    }
}
