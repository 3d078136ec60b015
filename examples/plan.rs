//! Write an image with a plan: a backup proven by two reads, the steps of least time shown, then erased, programmed and
//! verified, with a journal. Runs on the emulator: `cargo run --example plan`.

use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::flash::Chip;
use norsplice::programmer::{self, Settings};
use norsplice::units;
use norsplice::workflow::backup::Backup;
use norsplice::workflow::job::{self, Decide, JobOptions, Proposal, Wanted};
use norsplice::workflow::journal::Verb;
use norsplice::workflow::{ChipState, Event, Store};
use std::error::Error;
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn Error>> {
    let before: Vec<u8> = (0..8u32 << 20).map(|n| (n.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect();
    let mut options = Options::new(ProgrammerKind::Ft2232h);
    options.contents = Some(before.clone());
    let emulator = Emulator::new(options)?;
    let settings = Settings::parse("ft2232h:speed=30MHz")?;
    let mut chip = Chip::connect(programmer::over(emulator.pipe(), &settings)?)?;
    let folder = tempfile::tempdir()?;
    let store = Store::open_locked(&folder.path().join("store"))?;

    // What is wanted may depend on what the backup found. Here: a text at two places.
    let mut wanted = |backup: &Backup| {
        let mut image = backup.flash.clone();
        for at in [0x1_2345, 0x40_0000] {
            image[at..at + 12].copy_from_slice(b"hello, flash");
        }
        Ok(Wanted::whole(image, Default::default()))
    };
    // The plan is shown, and nothing has been erased yet; `false` would leave the chip as it is.
    let mut confirm = |proposal: &Proposal<'_>| {
        for step in &proposal.plan.steps {
            let erased = step.erase.map_or(0, |_| step.block.len());
            println!("{}: erase {}, program {} pages", step.block, units::size(erased), step.pages);
        }
        proposal.plan.counts().erases <= 2
    };
    // Called often; `Break` stops between two steps.
    let mut event = |event: Event| {
        if let Event::Stored { id } = event {
            println!("the old contents are in the store: {id}");
        }
        ControlFlow::Continue(())
    };
    let mut options = JobOptions::new(Verb::Write);
    options.programmer = "emulated ft2232h".into();
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut confirm };
    let report = job::run(&mut chip, &store, &options, &mut decide, &mut event)?;
    println!("{} pages written and verified", report.done.pages);

    assert_eq!(report.chip, ChipState::Written);
    assert_eq!(&emulator.contents()[0x1_2345..][..12], b"hello, flash");
    assert!(std::fs::read(store.root().join(&report.backup).join("flash.bin"))? == before);
    chip.release()?;
    assert_eq!(emulator.counts().misdeed_count(), 0);
    Ok(())
}
