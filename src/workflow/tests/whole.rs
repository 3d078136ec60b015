//! The main way: backup, plan, write, report; and what it costs.

use super::bench::{Bench, KINDS, SIZE, flash_bin, quiet, random};
use crate::emulator::ProgrammerKind;
use crate::workflow::{ChipState, Store};

#[test]
fn a_write_leaves_the_wanted_contents_and_a_backup_and_reads_the_array_twice() {
    for kind in KINDS {
        let old = random(1, SIZE);
        let mut new = old.clone();
        new[..0x2_0000].copy_from_slice(&random(2, 0x2_0000));
        let bench = Bench::new(kind, old.clone());
        let report = bench.write(&new, &mut quiet).unwrap();
        assert_eq!(report.chip, ChipState::Written);
        assert!(bench.emulator.contents() == new);
        assert!(flash_bin(&bench.root()) == old);
        let counts = bench.emulator.counts();
        assert_eq!(report.backup_read, 2 * SIZE as u64);
        assert_eq!(report.done.verified, 0x2_0000);
        let beside = report.contact_read + report.done.neighbours;
        assert_eq!(counts.array_bytes_read(), 2 * SIZE as u64 + 0x2_0000 + beside);
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
    let bench = Bench::with_part(ProgrammerKind::Ft2232h, "W25Q256JV", old.clone());
    let report = bench.write(&new, &mut quiet).unwrap();
    assert_eq!((report.done.erases, report.backup_read), (2, 2 * LARGE as u64));
    assert!(bench.emulator.contents() == new);
    assert!(flash_bin(&bench.root()) == old);
    let store = Store::open(&bench.root());
    let notes = store.manifest(&report.backup).unwrap().notes;
    assert!(notes.iter().any(|n| n.contains("past 16 MiB")), "{notes:?}");
    bench.assert_no_misdeeds();
}
