//! Flipped bits: below the documented rate the backup is right, above it it is refused, and it is never wrong.

use super::bench::{Bench, Row, disagrees, every, images, quiet};
use norsplice::emulator::{Fault, Faults, ProgrammerKind};
use norsplice::workflow::ChipState;

/// Jobs with this chance of each bit read to flip. `must`: every one of them must come to its end.
fn flips(name: &'static str, kind: ProgrammerKind, rate: f64, must: bool) -> Row {
    let mut row = Row::new(name, kind);
    let (old, new) = images();
    for seed in (1..=24u64).step_by(every(4)) {
        row.tried += 1;
        let bench = Bench::new(kind, &old, &Faults::seeded(seed).with(Fault::BitFlips(rate)));
        let result = bench.write(&new, &mut quiet);
        bench.mend();
        let store = bench.store();
        // Whatever was stored is right, however the job ended.
        for listed in store.list().expect("the store is readable") {
            let stored = store.load(&listed.id).expect("what was stored is sound");
            if stored.flash != old {
                row.lost.push(format!("seed {seed}: a wrong backup"));
            }
        }
        match result {
            Ok(ChipState::Written) if bench.emulator.contents() == new => row.written += 1,
            Ok(state) => row.lost.push(format!("seed {seed}: {state:?} with other contents")),
            Err(error) if must => row.lost.push(format!("seed {seed}: {error}")),
            Err(error) if error.chip == ChipState::Untouched && bench.emulator.contents() == old => {
                if !disagrees(&error) {
                    println!("{name}, seed {seed}: {error}");
                }
                row.untouched += 1;
            }
            Err(error) => row.lost.push(format!("seed {seed}: {error}")),
        }
    }
    row
}

pub fn flips_1e_7(kind: ProgrammerKind) -> Row {
    flips("1 bit in 10,000,000 read flips", kind, 1e-7, true)
}

/// 1.25e-6 a bit is one flipped bit in 100,000 bytes: the documented limit.
pub fn flips_1e_6(kind: ProgrammerKind) -> Row {
    flips("1 bit in 100,000 bytes read flips", kind, 1.25e-6, true)
}

pub fn flips_1e_5(kind: ProgrammerKind) -> Row {
    flips("1 bit in 100,000 read flips", kind, 1e-5, false)
}

pub fn flips_1e_4(kind: ProgrammerKind) -> Row {
    flips("1 bit in 10,000 read flips", kind, 1e-4, false)
}

pub fn flips_1e_3(kind: ProgrammerKind) -> Row {
    flips("1 bit in 1,000 read flips", kind, 1e-3, false)
}
