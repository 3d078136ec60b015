//! The fault matrix: what goes wrong, how often it was tried, and what became of the chip.
//!
//! `cargo test --release --test faults -- --nocapture` prints the table; with `NORSPLICE_FAULTS=all` every case is tried
//! instead of a spread of them. Whatever happens, a job ends in time, without a panic, with the chip in the state that it
//! reports: untouched, the wanted contents, or an open job that can be finished and undone.

mod bench;
mod matrix;
mod noise;

use bench::{KINDS, Row};

/// All rows, run beside each other.
#[test]
fn no_fault_loses_anything() {
    let rows: Vec<fn(norsplice::emulator::ProgrammerKind) -> Row> = vec![
        matrix::power_cut_in_operation,
        matrix::power_cut_at_byte,
        matrix::unplug_at_transfer,
        matrix::usb_stall,
        matrix::usb_short,
        matrix::usb_lost,
        matrix::usb_double,
        matrix::silent_operation,
        matrix::busy_forever,
        matrix::stuck_at_ff,
        matrix::stuck_at_00,
        matrix::clip_off,
        matrix::stop_asked_for,
        noise::flips_1e_7,
        noise::flips_1e_6,
        noise::flips_1e_5,
        noise::flips_1e_4,
        noise::flips_1e_3,
    ];
    let jobs: Vec<_> = KINDS.into_iter().flat_map(|kind| rows.iter().map(move |row| (*row, kind))).collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(vec![None; jobs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((row, kind)) = jobs.get(n) else { break };
                    let row = row(*kind);
                    done.lock().unwrap()[n] = Some(row);
                }
            });
        }
    });
    let rows: Vec<Row> = done.into_inner().unwrap().into_iter().flatten().collect();
    assert_eq!(rows.len(), jobs.len());
    bench::print(&rows);
    let lost: Vec<String> = rows
        .iter()
        .flat_map(|r| r.lost.iter().map(move |case| format!("{} by {}, {case}", r.fault, r.programmer)))
        .collect();
    assert!(lost.is_empty(), "{} cases lost:\n{}", lost.len(), lost.join("\n"));
    for row in &rows {
        assert!(row.tried > 0, "{} by {}: nothing was tried", row.fault, row.programmer);
    }
}
