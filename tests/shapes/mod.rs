//! The traffic of our drivers, judged by rules that share no code with the emulator.
//!
//! `judge` knows what was published of the two kinds of adapter and of other drivers' habits, and nothing else: packets,
//! commands, and the windows that they make for the chip.

mod flashrom;
mod judge;
mod mpsse_shape;
mod record;
mod recording;

use judge::{Fault, Windows, ch341a, mpsse};
use norsplice::emulator::{Emulator, Options, ProgrammerKind};
use norsplice::programmer::{self, Settings};
use norsplice::spi::{Programmer, Transaction};
use record::{Recorded, Recorder};
use std::time::Duration;

/// The same SPI work on any programmer: id, status, a read of 10,000 bytes, an erase, a page, a run of questions.
fn work(programmer: &mut dyn Programmer) {
    let page = [0x5A; 256];
    let (mut id, mut data, mut status, mut after) = ([0; 3], vec![0; 10_000], [0; 2], [0; 40]);
    programmer.run(&mut [Transaction::read(&[0x9F], &mut id)]).unwrap();
    programmer.run(&mut [Transaction::read(&[0x03, 0, 0x10, 0], &mut data)]).unwrap();
    programmer.run(&mut [Transaction::write(&[0x06]), Transaction::write(&[0x20, 0, 0x10, 0])]).unwrap();
    programmer.sleep(Duration::from_millis(500));
    programmer
        .run(&mut [
            Transaction::write(&[0x06]),
            Transaction::write2(&[0x02, 0, 0x10, 0], &page).then_pause(Duration::from_millis(2)),
            Transaction::read(&[0x05], &mut status),
            Transaction::read(&[0x03, 0, 0x10, 0], &mut after),
        ])
        .unwrap();
    assert_eq!(after, [0x5A; 40]);
    let mut ids = [[0; 3]; 5];
    let mut many: Vec<_> = ids.iter_mut().map(|id| Transaction::read(&[0x9F], id)).collect();
    programmer.run(&mut many).unwrap();
}

/// What goes over the pipe for the work, begun in this way.
fn recorded(kind: ProgrammerKind, name: &str) -> Vec<Recorded> {
    let contents = Some((0..8u32 << 20).map(|i| (i >> 5) as u8).collect());
    let mut options = Options::new(kind);
    options.contents = contents;
    let emulator = Emulator::new(options).unwrap();
    let (recorder, tape) = Recorder::new(emulator.pipe());
    let mut programmer = programmer::over(recorder, &Settings::parse(name).unwrap()).unwrap();
    // Bring-up and proof are not the traffic that is judged.
    tape.clear();
    work(&mut *programmer);
    let all = tape.take();
    assert!(all.len() > 3, "{name}: nothing was recorded");
    all
}

#[test]
fn the_windows_of_plain_and_fast_traffic_are_the_same_and_keep_the_published_rules() {
    type Judge = fn(&[Recorded], bool) -> Result<Windows, Fault>;
    let cases: [(ProgrammerKind, &str, Judge); 4] = [
        (ProgrammerKind::Ch341a, "ch341a", ch341a),
        (ProgrammerKind::Ft2232h, "ft2232h", mpsse),
        (ProgrammerKind::Ft232h, "ft232h", mpsse),
        (ProgrammerKind::Ft4232h, "ft4232h", mpsse),
    ];
    for (kind, name, judge) in cases {
        let fast = recorded(kind, name);
        let plain = recorded(kind, &format!("{name}:plain"));
        let fast_windows = judge(&fast, false).unwrap_or_else(|fault| panic!("{name}, fast: {fault}"));
        let plain_windows = judge(&plain, true).unwrap_or_else(|fault| panic!("{name}, plain: {fault}"));
        let opcodes: Vec<u8> = plain_windows.iter().map(|window| window[0]).collect();
        assert_eq!(
            opcodes,
            [0x9F, 0x03, 0x06, 0x20, 0x06, 0x02, 0x05, 0x03, 0x9F, 0x9F, 0x9F, 0x9F, 0x9F],
            "{name}"
        );
        assert_eq!(fast_windows, plain_windows, "{name}: the chip sees the same in both modes");
        // The fast shape is no plain one: the judge can distinguish them.
        assert!(judge(&fast, true).is_err(), "{name}: the fast shape passes as a plain one");
    }
}
