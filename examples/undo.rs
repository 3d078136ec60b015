//! Go back: a job that was stopped is undone block by block, and a backup is put back onto its chip. Runs on the emulator:
//! `cargo run --example undo`.

use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::flash::Chip;
use norsplice::programmer::{self, Settings};
use norsplice::workflow::job::{self, Decide, JobOptions, Proposal, Wanted};
use norsplice::workflow::journal::{Direction, Verb};
use norsplice::workflow::restore::{RestoreOptions, restore};
use norsplice::workflow::resume::{ResumeOptions, resume};
use norsplice::workflow::{ChipState, Event, Stage, Store};
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

    let mut other = before.clone();
    other[0x10_0000..0x30_0000].fill(0x55);
    let mut wanted = |_: &_| Ok(Wanted::whole(other.clone(), Default::default()));
    let mut yes = |_: &Proposal<'_>| true;
    let options = JobOptions::new(Verb::Write);

    // The user stops it at the first block that has been written.
    let mut stop = |event: Event| match event {
        Event::Advance { stage: Stage::Write, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut yes };
    let stopped = job::run(&mut chip, &store, &options, &mut decide, &mut stop).expect_err("it was stopped");
    assert!(matches!(stopped.chip, ChipState::Partial { .. }));
    println!("stopped: {stopped}");

    // Its journal says which blocks it touched; those alone are put back.
    let mut quiet = |_: Event| ControlFlow::Continue(());
    let mut undo = ResumeOptions::default();
    undo.direction = Some(Direction::Undo);
    let undone = resume(&mut chip, &store, &undo, &mut quiet)?;
    assert!(emulator.contents() == before);
    println!("undone: {} pages written", undone.done.pages);

    // The same job to its end, and then its backup back onto the chip.
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut yes };
    let done = job::run(&mut chip, &store, &options, &mut decide, &mut quiet)?;
    assert!(emulator.contents() == other);
    let restored = restore(&mut chip, &store, &RestoreOptions::new(done.backup), &mut yes, &mut quiet)?;
    assert!(emulator.contents() == before);
    println!("restored: {} pages written", restored.done.pages);

    chip.release()?;
    assert_eq!(emulator.counts().misdeed_count(), 0);
    Ok(())
}
