//! States that a board leaves, met through the USB drivers and the store.
//!
//! Every state on one part of each maker that has it, the smallest, by either programmer. The smallest of all are written,
//! which takes a backup first; a large chip takes long to emulate, so of the others some kilobytes are read, with the
//! addresses proven, unless `NORSPLICE_FAULTS=all` asks for the whole job everywhere.

use super::session::fill;
use crate::bench::{Clip, PROGRAMMERS, noise, write_options};
use norsplice::emulator::chip::{LeftState, find, names};
use norsplice::emulator::{Options, ProgrammerKind};
use norsplice::flash::FlashError;
use norsplice::span::Span;
use norsplice::workflow::job::{self, Decide, Wanted};
use norsplice::workflow::reading::{ReadOptions, read};
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

/// A clip on a chip that was left in the state, and the contents as the state makes them.
fn left(kind: ProgrammerKind, name: &str, state: LeftState) -> (Clip, Vec<u8>) {
    let mut old = vec![0; find(name).unwrap().size];
    fill(&mut old, 9);
    let mut options = Options::new(kind);
    options.chip = name.into();
    options.contents = Some(old.clone());
    options.left = Some(state);
    let clip = Clip::with(options);
    match state {
        LeftState::EraseSuspended | LeftState::Erasing => old[0x3000..0x4000].fill(0xff),
        LeftState::ProgramSuspended => old[0x3000..0x3010].iter_mut().for_each(|cell| *cell &= 0x0f),
        _ => {}
    }
    (clip, old)
}

/// A few kilobytes of a chip left in the state, by two passes; across 16 MiB where it reaches so far.
fn read_some(kind: ProgrammerKind, name: &str, state: LeftState) -> Result<(), Error> {
    const BORDER: u64 = 16 << 20;
    let case = format!("{name} {} by {kind:?}, read", state.name());
    let (clip, old) = left(kind, name, state);
    let size = old.len() as u64;
    let place = if size > BORDER { BORDER - 0x1000 } else { size / 2 };
    let spans = [Span::new(0, 0x4000.min(size)), Span::new(place, (place + 0x2000).min(size))];
    let done = clip.connect().map_err(Error::from).and_then(|mut chip| {
        for span in spans {
            let options = ReadOptions::default();
            let got = read(&mut chip, span, &options, &mut |_| ControlFlow::Continue(()));
            let got = got.map_err(norsplice::workflow::Cause::untouched)?;
            assert!(got.bytes == old[span.range()], "{case}: {span}");
        }
        Ok(())
    });
    let counts = clip.emulator.counts();
    assert_eq!(counts.misdeed_count(), 0, "{case}: {}", counts.misdeed_text());
    done
}

/// The whole job on a chip left in the state.
fn write(kind: ProgrammerKind, name: &str, state: LeftState) -> Result<(), Error> {
    let case = format!("{name} {} by {kind:?}", state.name());
    let (clip, old) = left(kind, name, state);
    let emulator = &clip.emulator;
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

/// Larger chips are written where all is asked for.
const LARGE: usize = 2 << 20;

#[test]
fn every_state_is_left_by_the_drivers_too_and_the_backup_is_right() {
    let mut tried = BTreeMap::new();
    for state in LeftState::ALL {
        for (n, (size, name)) in parts_of(state).into_iter().enumerate() {
            for kind in PROGRAMMERS {
                let case = format!("{name} of {size:#x} bytes, {} by {kind:?}", state.name());
                *tried.entry((state, kind == PROGRAMMERS[0])).or_insert(0) += 1;
                // The programmer that is quick to emulate writes the smallest in any case.
                let quick = kind == ProgrammerKind::Ft2232h;
                let whole = all() || size <= LARGE && (n == 0 || quick) || n == 0 && quick && size <= 8 << 20;
                match if whole { write(kind, &name, state) } else { read_some(kind, &name, state) } {
                    Ok(()) => assert_ne!(state, LeftState::Qpi, "{case}"),
                    Err(error) => {
                        let silent = matches!(*error.cause, Cause::Flash(FlashError::NoChip { .. }));
                        assert!(state == LeftState::Qpi && silent, "{case}: {error}");
                    }
                }
            }
        }
    }
    for (state, first) in LeftState::ALL.into_iter().flat_map(|state| [(state, true), (state, false)]) {
        assert!(tried.contains_key(&(state, first)), "{}: not tried", state.name());
    }
}
