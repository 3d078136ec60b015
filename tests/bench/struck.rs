//! A write that a fault strikes, on any emulated programmer: it ends right, or in an error that `resume` finishes.

use super::{Clip, in_memory, noise, write_options};
use norsplice::emulator::{Emulator, Faults, Options, ProgrammerKind};
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::journal::Direction;
use norsplice::workflow::resume::{ResumeOptions, resume};
use norsplice::workflow::{ChipState, Store};
use std::ops::ControlFlow;

/// A part of 2 MiB.
pub const MEDIUM: &str = "GD25Q16C";
/// Its bytes.
pub const MEDIUM_SIZE: usize = 2 << 20;

/// A write of half a block by this programmer under these faults: whether it ends right, and what the driver has done wrong to the
/// chip. Where it does not end right, the chip is as it was, or `resume` finishes the job without the faults.
#[track_caller]
pub fn write_under(kind: ProgrammerKind, faults: Faults, case: &str) -> (bool, String) {
    let (old, mut new) = (noise(MEDIUM_SIZE, 3), noise(MEDIUM_SIZE, 3));
    new[0x2_0000..0x2_8000].copy_from_slice(&noise(0x8000, 9));
    let mut options = Options::new(kind);
    options.chip = MEDIUM.into();
    options.contents = Some(old.clone());
    options.faults = faults;
    let clip = Clip::of(kind, Emulator::new(options).expect("the options fit"));
    let folder = in_memory();
    let store = Store::open_locked(folder.path()).expect("a store of its own");
    let mut quiet = |_| ControlFlow::Continue(());
    let mut wanted = |_: &_| Ok(Wanted::whole(new.clone(), Default::default()));
    let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
    let done = clip.connect().map_err(|error| error.to_string()).and_then(|mut chip| {
        job::run(&mut chip, &store, &write_options(), &mut decide, &mut quiet)
            .map_err(|error| format!("{:?}", error.chip))
    });
    let contents = clip.emulator.contents();
    let right = match done {
        Ok(report) => {
            assert_eq!(report.chip, ChipState::Written, "{case}");
            assert!(contents == new, "{case}");
            true
        }
        Err(state) if state.starts_with("Partial") => {
            clip.emulator.set_faults(&Faults::default());
            let mut options = ResumeOptions::default();
            options.direction = Some(Direction::Finish);
            resume(&mut clip.connect().expect("it answers again"), &store, &options, &mut quiet)
                .unwrap_or_else(|error| panic!("{case}: {error}"));
            assert!(clip.emulator.contents() == new, "{case}: finished");
            false
        }
        Err(_) => {
            assert!(contents == old, "{case}: untouched");
            false
        }
    };
    (right, clip.emulator.counts().misdeed_text())
}
