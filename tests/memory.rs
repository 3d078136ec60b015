//! Memory and reach on large chips: a whole job on 512 Mbit, and on 2 Gbit, holds two copies of the chip, and no address
//! wraps.
//!
//! A program of its own, for its allocator counts for the whole process.

use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::flash::Chip;
use norsplice::programmer::{self, Settings};
use norsplice::workflow::job::{self, Decide, JobOptions, Wanted};
use norsplice::workflow::journal::Verb;
use norsplice::workflow::{Event, Store};
use peak_alloc::PeakAlloc;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test at a time: the allocator counts for all of them.
static ALONE: Mutex<()> = Mutex::new(());

/// Every word of four bytes occurs once: a read that wraps anywhere, or goes astray, shows.
fn numbered(size: usize) -> Vec<u8> {
    (0..size as u32 / 4).flat_map(|n| n.wrapping_mul(0x9e37_79b1).to_le_bytes()).collect()
}

#[test]
fn a_job_on_512_mbit_holds_two_copies_of_the_chip_and_wraps_nowhere() {
    // The last page below 16 MiB, the first above, both sides of the middle, the last of all.
    two_copies("W25Q512JV", 64 << 20, &[0xFF_FF00, 0x100_0000, 0x1FF_FF00, 0x200_0000, 0x3FF_FF00]);
}

#[test]
#[ignore = "holds 1.5 GiB, takes minutes unoptimised: cargo test --release --test memory -- --ignored"]
fn a_job_on_2_gbit_holds_two_copies_of_the_chip_and_wraps_nowhere() {
    let changes = [0xFF_FF00, 0x100_0000, 0x7FF_FF00, 0x800_0000, 0xFFF_FF00];
    two_copies("W25Q02JV", 256 << 20, &changes);
}

/// A whole job on a part, backup included, that changes the pages at `changes`.
fn two_copies(part: &str, size: usize, changes: &[usize]) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = numbered(size);
    let mut options = Options::new(ProgrammerKind::Ft2232h);
    options.chip = part.into();
    options.contents = Some(before.clone());
    let emulator = Emulator::new(options).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_locked(&dir.path().join("store")).unwrap();
    let settings = Settings::parse("ft2232h:speed=30MHz").unwrap();

    let standing = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let mut chip = Chip::connect(programmer::over(emulator.pipe(), &settings).unwrap()).unwrap();
    let mut wanted = |backup: &norsplice::workflow::backup::Backup| {
        let mut image = backup.flash.clone();
        changes.iter().for_each(|at| image[*at..at + 256].fill(0x5A));
        Ok(Wanted::whole(image, Default::default()))
    };
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
    let options = JobOptions::new(Verb::Write);
    let mut quiet = |_: Event| ControlFlow::Continue(());
    let report = job::run(&mut chip, &store, &options, &mut decide, &mut quiet).unwrap();
    let peak = MEMORY.peak_usage().saturating_sub(standing);
    drop(chip);

    // What was read, and what is wanted; the rest is pieces of it.
    assert!(peak < 2 * size + (8 << 20), "{} MiB for a chip of {}", peak >> 20, size >> 20);
    assert!(peak > 2 * size, "{peak} bytes: the counting does not work");
    assert_eq!(report.backup_read, 2 * size as u64);
    assert!(std::fs::read(store.root().join(&report.backup).join("flash.bin")).unwrap() == before);
    let after = emulator.contents();
    for (n, (old, new)) in before.chunks(256).zip(after.chunks(256)).enumerate() {
        let changed = changes.contains(&(n * 256));
        assert!(if changed { new == [0x5A; 256] } else { new == old }, "page {:#x}", n * 256);
    }
    assert_eq!(emulator.counts().misdeed_text(), "");
}
