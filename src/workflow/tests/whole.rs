//! The main way: backup, plan, write, report; and what it costs.

use super::bench::{Bench, KINDS, SIZE, flash_bin, quiet, random};
use crate::workflow::ChipState;

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
