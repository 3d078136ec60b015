//! States that a board leaves, met through the USB drivers and the store: `write`, which takes a backup first.
//!
//! Every state on one part of each maker that has it, the smallest. By the CH341A, which is slow to emulate, one part a
//! state, and no part above 8 MiB, unless `NORSPLICE_FAULTS=all` asks for all of them by both.

use super::session::fill;
use crate::bench::{Clip, PROGRAMMERS, noise, write_options};
use norsplice::emulator::chip::{LeftState, find, names};
use norsplice::emulator::{Options, ProgrammerKind};
use norsplice::flash::FlashError;
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::{Cause, ChipState, Error, Store};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The parts for a state, the smallest of each maker, smallest first.
fn parts_of(state: LeftState) -> Vec<(usize, String)> {
    let mut smallest: BTreeMap<u8, (usize, String)> = BTreeMap::new();
    for name in names() {
        let spec = find(&name).unwrap();
        if !state.fits(&spec) {
            continue;
        }
        let one = smallest.entry(spec.jedec_id[0]).or_insert((usize::MAX, String::new()));
        if spec.size < one.0 {
            *one = (spec.size, name);
        }
    }
    let mut parts: Vec<_> = smallest.into_values().collect();
    parts.sort();
    parts
}

fn all() -> bool {
    std::env::var("NORSPLICE_FAULTS").is_ok_and(|asked| asked.split(',').any(|word| word == "all"))
}

/// The contents before, as the state makes them, and the job's result on a chip left in it.
fn write(kind: ProgrammerKind, name: &str, state: LeftState) -> Result<(), Error> {
    let case = format!("{name} {} by {kind:?}", state.name());
    let mut old = vec![0; find(name).unwrap().size];
    fill(&mut old, 9);
    let mut options = Options::new(kind);
    options.chip = name.into();
    options.contents = Some(old.clone());
    options.left = Some(state);
    let clip = Clip::with(options);
    let emulator = &clip.emulator;
    match state {
        LeftState::EraseSuspended | LeftState::Erasing => old[0x3000..0x4000].fill(0xff),
        LeftState::ProgramSuspended => old[0x3000..0x3010].iter_mut().for_each(|cell| *cell &= 0x0f),
        _ => {}
    }
    let mut new = old.clone();
    let end = 0x5123.min(new.len());
    new[0x3800..end].copy_from_slice(&noise(end - 0x3800, 77));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_locked(folder.path()).unwrap();
    let done = clip.connect().map_err(Error::from).and_then(|mut chip| {
        chip.confirm_voltage_adapter();
        let options = write_options();
        let mut wanted = |_: &_| Ok(Wanted::whole(new.clone(), Default::default()));
        let mut decide = Decide { wanted: &mut wanted, confirm: &mut |_| true };
        job::run(&mut chip, &store, &options, &mut decide, &mut |_| ControlFlow::Continue(()))
    });
    let stored = store.list().unwrap();
    match done {
        Ok(report) => {
            assert_eq!(report.chip, ChipState::Written, "{case}");
            assert_eq!(stored.len(), 1, "{case}");
            assert!(store.load(&stored[0].id).unwrap().flash == old, "{case}: the backup");
            assert!(emulator.contents() == new, "{case}: the chip");
            let counts = emulator.counts();
            assert_eq!(counts.misdeed_count(), 0, "{case}: {}", counts.misdeed_text());
            Ok(())
        }
        Err(error) => {
            assert!(stored.is_empty() && emulator.contents() == old, "{case}: {error}");
            Err(error)
        }
    }
}

#[test]
fn every_state_is_left_by_the_drivers_too_and_the_backup_is_right() {
    let all = all();
    let mut tried = BTreeMap::new();
    for state in LeftState::ALL {
        let parts = parts_of(state);
        for kind in PROGRAMMERS {
            let most = if kind == ProgrammerKind::Ch341a && !all { 1 } else { parts.len() };
            let slow = |size: usize| kind == ProgrammerKind::Ch341a && size > 8 << 20 && !all;
            for (size, name) in parts.iter().take(most).filter(|(size, _)| !slow(*size)) {
                let case = format!("{name} of {size:#x} bytes, {} by {kind:?}", state.name());
                *tried.entry((state, kind == PROGRAMMERS[0])).or_insert(0) += 1;
                match write(kind, name, state) {
                    Ok(()) => assert_ne!(state, LeftState::Qpi, "{case}"),
                    Err(error) => {
                        let silent = matches!(*error.cause, Cause::Flash(FlashError::NoChip { .. }));
                        assert!(state == LeftState::Qpi && silent, "{case}: {error}");
                    }
                }
            }
        }
    }
    for state in LeftState::ALL {
        assert!(tried.contains_key(&(state, false)), "{}: not tried", state.name());
    }
}
