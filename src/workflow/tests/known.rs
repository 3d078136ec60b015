//! A chip that the store already knows: one pass instead of two, and no less proof.

use super::bench::{Bench, KINDS, SMALL, Tap, quiet, random, small, small_spec};
use crate::emulator::chip::{DataFault, FlashChip, find};
use crate::emulator::{Fault, Faults};
use crate::flash::Chip;
use crate::spi::{Op, Transaction};
use crate::workflow::Cause;
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::store::ProvenBy;

fn take(bench: &Bench) -> crate::workflow::backup::Backup {
    let mut clip = bench.clip().unwrap();
    backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet).unwrap()
}

#[test]
fn a_known_chip_is_read_once_and_what_differs_twice() {
    for kind in KINDS {
        let old = random(1, SMALL);
        let bench = Bench::with_chip(kind, small(small_spec(), &old), Faults::default());
        let first = take(&bench);
        assert_eq!((first.bytes_read, first.manifest.reads.passes), (2 * SMALL as u64, 2));
        let again = take(&bench);
        assert_eq!((again.bytes_read, again.manifest.reads.passes), (SMALL as u64, 1));
        assert_eq!(again.manifest.reads.known_from, Some(first.manifest.id));
        assert!(again.time.as_nanos() * 100 <= first.time.as_nanos() * 55, "{:?}", (again.time, first.time));
        // A little is other than it was.
        bench.emulator.chip(|chip| chip.contents_mut()[0x1_2345] ^= 0x55);
        let third = take(&bench);
        assert_eq!(third.bytes_read, SMALL as u64 + 256);
        assert!(third.flash == bench.emulator.contents());
        let twice: Vec<_> =
            third.manifest.reads.proven.iter().filter(|p| p.by == ProvenBy::TwoReads).collect();
        assert_eq!((twice.len(), twice[0].start, twice[0].end), (1, 0x1_2300, 0x1_2400));
        // More than a twentieth is.
        bench.emulator.chip(|chip| chip.contents_mut()[..0x1_0000].copy_from_slice(&random(9, 0x1_0000)));
        let fourth = take(&bench);
        assert_eq!((fourth.bytes_read, fourth.manifest.reads.passes), (2 * SMALL as u64, 2));
        bench.assert_no_misdeeds();
    }
}

#[test]
fn what_a_job_wrote_is_known_too() {
    for kind in KINDS {
        let bench = Bench::with_chip(kind, small(small_spec(), &random(1, SMALL)), Faults::default());
        for seed in 2..4 {
            let report = bench.write(&random(seed, SMALL), &mut quiet).unwrap();
            let passes = if seed == 2 { 2 } else { 1 };
            assert_eq!(report.backup_read, passes * SMALL as u64, "{kind:?}");
        }
    }
}

#[test]
fn a_chip_without_a_telling_id_is_read_twice_again() {
    for id in [[0xff; 8], [0xab; 8]] {
        let bench = Bench::with_chip(KINDS[1], small(small_spec(), &random(1, SMALL)), Faults::default());
        bench.emulator.chip(|chip| chip.set_unique_id(&id));
        assert_eq!(take(&bench).bytes_read, 2 * SMALL as u64);
        assert_eq!(take(&bench).bytes_read, 2 * SMALL as u64);
    }
}

/// Chips of one make with one unique id and other contents: the id does not distinguish them, so neither is known by it.
#[test]
fn two_chips_with_one_unique_id_are_read_twice_each_time() {
    let contents = [random(1, SMALL), random(2, SMALL)];
    let bench = Bench::with_chip(KINDS[1], small(small_spec(), &contents[0]), Faults::default());
    take(&bench);
    for on_the_clip in [1, 0] {
        bench.emulator.chip(|chip| chip.contents_mut().copy_from_slice(&contents[on_the_clip]));
        let taken = take(&bench);
        assert!(taken.flash == contents[on_the_clip]);
        assert_eq!((taken.manifest.reads.passes, &taken.manifest.reads.known_from), (2, &None));
    }
}

#[test]
fn the_addresses_of_a_known_chip_are_proven_all_the_same() {
    let bench = Bench::with_chip(KINDS[1], small(small_spec(), &random(1, SMALL)), Faults::default());
    take(&bench);
    let mut clip = bench.clip().unwrap();
    bench.emulator.set_faults(&Faults::default().with(Fault::Data(DataFault::StuckBit(17, false))));
    let error = backup(&mut clip, &bench.store(), &BackupOptions::default(), &mut quiet).unwrap_err();
    assert!(matches!(*error.cause, Cause::Addresses(_)), "{error}");
}

/// A part whose row has no unique id: what it answers to `4B` is none.
#[test]
fn a_part_without_a_unique_id_in_its_row_has_none() {
    let mut spec = find("W25Q64FV").unwrap();
    (spec.name, spec.jedec_id, spec.legacy_id) = ("MX25L6405D".into(), vec![0xc2, 0x20, 0x17], [0xc2, 0x16]);
    let bench = Bench::with_chip(KINDS[1], FlashChip::new(spec, 1), Faults::default());
    let clip = bench.clip().unwrap();
    assert!(clip.identity().part_name.starts_with("MX25L64"), "{}", clip.identity().part_name);
    assert_eq!(clip.identity().unique_id, None);
}

/// A known chip of which one byte is another by now, and reads from odd places give it wrongly: what differs from the store is
/// read by the other engine as its pass would, not by another odd read.
#[test]
fn what_differs_from_the_store_is_read_as_the_other_pass_reads_it() {
    const AT: usize = 0x1_3456;
    for kind in KINDS {
        let bench = Bench::with_chip(kind, small(small_spec(), &random(1, SMALL)), Faults::default());
        take(&bench);
        bench.emulator.chip(|chip| chip.contents_mut()[AT] ^= 0x55);
        let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
            for transaction in batch.iter_mut() {
                let [Op::Write([0x03 | 0x0b, a, b, c, ..]), Op::Read(into)] = &mut transaction.ops[..] else {
                    continue;
                };
                let start = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
                if !start.is_multiple_of(4096) && (start..start + into.len()).contains(&AT) {
                    into[AT - start] ^= 0x10;
                }
            }
        });
        let mut chip = Chip::connect(tap).unwrap();
        let store = bench.store();
        if let Ok(taken) = backup(&mut chip, &store, &BackupOptions::default(), &mut quiet) {
            assert!(taken.flash == bench.emulator.contents(), "{kind:?}: a wrong backup");
        }
    }
}
