//! The main way: backup, plan, write, report; and what it costs.

use super::bench::{Bench, KINDS, LAST_LOOK, SIZE, flash_bin, quiet, random, slower_look};
use crate::emulator::ProgrammerKind;
use crate::emulator::chip::FlashChip;
use crate::flash::Chip;
use crate::workflow::{ChipState, Store};

#[test]
fn a_write_leaves_the_wanted_contents_and_a_backup_and_reads_the_array_twice() {
    for kind in KINDS {
        let old = random(1, SIZE);
        let mut new = old.clone();
        new[..0x2_0000].copy_from_slice(&random(2, 0x2_0000));
        let alone = Bench::new(kind, old.clone());
        drop(Chip::connect(alone.programmer().unwrap()).unwrap());
        // To settle the chip's modes, and to see that the erase type works.
        let looks = alone.emulator.counts().array_bytes_read() + 256;
        let bench = Bench::new(kind, old.clone());
        let report = bench.write(&new, &mut quiet).unwrap();
        assert_eq!(report.chip, ChipState::Written);
        assert!(bench.emulator.contents() == new);
        assert!(flash_bin(&bench.root()) == old);
        let counts = bench.emulator.counts();
        assert_eq!(report.backup_read, 2 * SIZE as u64);
        assert_eq!(report.done.verified, 0x2_0000);
        let beside = report.contact_read + report.done.neighbours;
        let looks = looks + slower_look(kind);
        assert_eq!(counts.array_bytes_read(), 2 * SIZE as u64 + 0x2_0000 + beside + looks + LAST_LOOK);
        assert!(beside <= 64 << 10);
        assert_eq!((report.done.erases, report.done.erased), (2, 0x2_0000));
        assert_eq!(counts.bytes_erased(), 0x2_0000);
        bench.assert_no_misdeeds();
        // Once more: nothing to do.
        bench.emulator.reset_counts();
        let again = bench.write(&new, &mut quiet).unwrap();
        assert_eq!((again.chip, again.job), (ChipState::Untouched, None));
        let counts = bench.emulator.counts();
        assert_eq!((counts.bytes_erased(), counts.pages, counts.operations), (0, 0, 0));
        bench.assert_no_misdeeds();
    }
}

#[test]
fn a_chip_past_16_mib_is_backed_up_and_written_on_both_sides_of_it() {
    const LARGE: usize = 32 << 20;
    let old: Vec<u8> = random(1, LARGE);
    let mut new = old.clone();
    new[0x10_0000..0x10_0100].copy_from_slice(&random(2, 0x100));
    new[0x190_0000..0x190_0100].copy_from_slice(&random(3, 0x100));
    // Address bits and mode as the board may have left them.
    let power_up = |_: &mut FlashChip| {};
    let upper = |chip: &mut FlashChip| chip.set_register(3, 1);
    let four_byte = |chip: &mut FlashChip| chip.set_four_byte_mode(true);
    for (part, left, leave) in [
        ("W25Q256JV", "power-up", power_up as fn(&mut FlashChip)),
        ("W25Q256JV", "upper", upper),
        ("W25Q256JV", "four", four_byte),
        ("W25Q256FV", "power-up", power_up),
        ("W25Q256FV", "upper", upper),
        ("W25Q256FV", "four", four_byte),
        ("S25FL256S", "upper", |chip| chip.set_register(2, 0x01)),
        ("S25FL256S", "four", |chip| chip.set_register(2, 0x80)),
    ] {
        let bench = Bench::with_part(ProgrammerKind::Ft2232h, part, old.clone());
        let state = || bench.emulator.chip(|chip| (chip.registers().1.to_vec(), chip.four_byte_mode()));
        bench.emulator.chip(leave);
        let found = state();
        let report = bench.write(&new, &mut quiet).unwrap_or_else(|e| panic!("{part} {left}: {e}"));
        assert_eq!((report.done.erases, report.backup_read), (2, 2 * LARGE as u64), "{part} {left}");
        assert!(bench.emulator.contents() == new, "{part} {left}");
        assert!(flash_bin(&bench.root()) == old, "{part} {left}");
        assert_eq!(state(), found, "{part} {left}");
        let store = Store::open(&bench.root());
        let notes = store.manifest(&report.backup).unwrap().notes;
        assert!(notes.iter().any(|n| n.contains("past 16 MiB")), "{notes:?}");
        bench.assert_no_misdeeds();
    }
}
